package dev.minke.kernels;

import dev.minke.tensor.DType;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Matrix products of F32 in three layouts (contracts: [dev.minke.tensor.Kernels]).
///
/// C is split into blocks, one task each. A task walks over k in steps of [Tile#KC]: it copies its
/// rows of A into cache, then re-lays one panel of B after the other and runs register tiles of it
/// against all rows. The block of C stays in cache until k is done, so one parallel region does
/// all.
///
/// Numerics: each element is one chain of F32 FMAs over ascending k, from 0 or from the old C; the
/// split changes no bit. 2mnk flop; re-laying costs about 4 % of them at [Scratch#ROWS] rows.
final class Gemm {
    private static final int MR = Tile.MR;
    private static final int NR = Tile.NR;
    private static final int KC = Tile.KC;
    private static final int AS = Tile.AS;
    private static final int CS = Scratch.CS;

    /// Work below which a task is not split further: about 20 microseconds.
    private static final long MIN_FLOP = 4_000_000;

    /// Columns of B that are re-laid together: long runs of memory, few streams of stores.
    private static final int GROUP = Scratch.GROUP;

    /// Most floats of B that are re-laid at once: 128 MB.
    private static final long MOST_SHARED = 32L << 20;

    private static final float[] NONE = {};

    /// Where a product's operands lie; A is [m, k] unless said.
    enum Layout {
        /// B is F32 [n, k].
        NT,
        /// B is BF16 [n, k].
        NT_BF16,
        /// B is [k, n].
        NN,
        /// A is [k, m], B is [k, n].
        TN,
        /// B is panels of any type, see [Packed].
        PACKED
    }

    /// An operand's memory, the byte of its first element and the elements between its rows; or a
    /// packed weight.
    record Operand(MemorySegment segment, long offset, long stride, Packed packed) {
        Operand(MemorySegment segment, long offset, long stride) {
            this(segment, offset, stride, Packed.NONE);
        }

        static Operand of(Tensor x) {
            return new Operand(x.segment(), x.offset(), x.rowStride());
        }

        static Operand of(Packed weight) {
            return new Operand(weight.segment(), 0, 0, weight);
        }

        /// The same from row `row` on.
        Operand rows(long row) {
            return new Operand(segment, offset + row * stride * Float.BYTES, stride, packed);
        }
    }

    /// How C is split into tasks.
    record Grid(int rowStep, int colStep, int rowBlocks, int colBlocks) {
        int tasks() {
            return rowBlocks * colBlocks;
        }

        /// Split an m x n product into blocks that fit into a [Scratch], at least four for each
        /// thread while they are worth a task.
        static Grid of(Layout layout, int m, int n, int k, int threads) {
            int most = layout == Layout.TN ? KC : Scratch.ROWS;
            int rowBlocks = Math.ceilDiv(m, most);
            int colBlocks = Math.ceilDiv(n, Scratch.COLS);
            long flop = 2L * m * n * k;
            int wanted = threads == 1 ? 1 : (int) Math.min(4L * threads, flop / MIN_FLOP);
            while (rowBlocks * colBlocks < wanted) {
                int rows = Math.ceilDiv(m, rowBlocks);
                int cols = Math.ceilDiv(n, colBlocks);
                if (rows > cols && rows > 4 * MR) {
                    rowBlocks++;
                } else if (cols > NR) {
                    colBlocks++;
                } else {
                    break;
                }
            }
            int rowStep = Math.ceilDiv(Math.ceilDiv(m, rowBlocks), MR) * MR;
            int colStep = Math.ceilDiv(Math.ceilDiv(n, colBlocks), NR) * NR;
            return new Grid(rowStep, colStep, Math.ceilDiv(m, rowStep), Math.ceilDiv(n, colStep));
        }
    }

    private Gemm() {}

    static void nt(Team team, Scratch.Pool pool, Tensor a, Tensor b, Tensor c, boolean accumulate) {
        Layout layout = b.dtype() == DType.BF16 ? Layout.NT_BF16 : Layout.NT;
        run(team, pool, layout, Operand.of(a), Operand.of(b), c, a.cols(), accumulate);
    }

    static void nn(Team team, Scratch.Pool pool, Tensor a, Tensor b, Tensor c, boolean accumulate) {
        run(team, pool, Layout.NN, Operand.of(a), Operand.of(b), c, a.cols(), accumulate);
    }

    static void tn(Team team, Scratch.Pool pool, Tensor a, Tensor b, Tensor c, boolean accumulate) {
        run(team, pool, Layout.TN, Operand.of(a), Operand.of(b), c, a.rows(), accumulate);
    }

    static void run(
            Team team,
            Scratch.Pool pool,
            Layout layout,
            Operand a,
            Operand b,
            Tensor c,
            long inner,
            boolean accumulate) {
        int m = Math.toIntExact(c.rows());
        int n = Math.toIntExact(c.cols());
        int k = Math.toIntExact(inner);
        if (m == 0 || n == 0) {
            return;
        }
        Grid grid = Grid.of(layout, m, n, k, team.size());
        int width = Math.ceilDiv(n, NR) * NR;
        boolean share = grid.rowBlocks() > 1 && (long) width * k <= MOST_SHARED;
        Scratch common = pool.take(team.size());
        float[] panels = share ? common.rows(width * k) : NONE;
        Product product = new Product(layout, a, b, Operand.of(c), k, accumulate, panels, width);
        if (share) {
            product.packShared(team, pool, n);
        }
        team.run(
                grid.tasks(),
                (index, worker) -> {
                    int i = index / grid.colBlocks() * grid.rowStep();
                    int j = index % grid.colBlocks() * grid.colStep();
                    int rows = Math.min(grid.rowStep(), m - i);
                    int cols = Math.min(grid.colStep(), n - j);
                    Scratch scratch = pool.take(worker);
                    product.block(scratch, i, rows, j, cols);
                    pool.give(worker, scratch);
                });
        pool.give(team.size(), common);
    }

    /// One product. If several blocks of rows need the panels of B, `panels` holds them all, those
    /// of a step of k (`width` columns) behind one another; else it is empty and each task re-lays
    /// its own.
    record Product(
            Layout layout,
            Operand a,
            Operand b,
            Operand c,
            int k,
            boolean accumulate,
            float[] panels,
            int width) {
        private void packShared(Team team, Scratch.Pool pool, int n) {
            int steps = Math.ceilDiv(k, KC);
            int groups = Math.ceilDiv(n, GROUP);
            team.run(
                    steps * groups,
                    (index, worker) -> {
                        int k0 = index / groups * KC;
                        int kc = Math.min(KC, k - k0);
                        int j = index % groups * GROUP;
                        int cols = Math.min(GROUP, n - j);
                        Scratch scratch = pool.take(worker);
                        loadB(scratch, panels, k0 * width + j * kc, j, cols, k0, kc);
                        pool.give(worker, scratch);
                    });
        }

        /// Rows `i` to `i + rows` and columns `j` to `j + cols` of C; `j` is a multiple of NR.
        void block(Scratch scratch, int i, int rows, int j, int cols) {
            float[] block = scratch.c;
            long to = c.offset + (i * c.stride + j) * Float.BYTES;
            if (accumulate) {
                Panels.copyIn(c.segment, to, c.stride, rows, cols, block, 0, CS);
            } else if (k == 0) {
                Arrays.fill(block, 0);
            }
            boolean shared = panels.length > 0;
            for (int k0 = 0; k0 < k; k0 += KC) {
                int kc = Math.min(KC, k - k0);
                boolean first = k0 == 0 && !accumulate;
                loadA(scratch.a, i, rows, k0, kc);
                for (int j0 = 0; j0 < cols; j0 += NR) {
                    int next = j0 % GROUP;
                    if (!shared && next == 0) {
                        int group = Math.min(GROUP, cols - j0);
                        loadB(scratch, scratch.b, 0, j + j0, group, k0, kc);
                    }
                    float[] panel = shared ? panels : scratch.b;
                    int at = shared ? k0 * width + (j + j0) * kc : next * kc;
                    if (layout == Layout.TN) {
                        columnTiles(scratch.a, panel, at, kc, block, j0, rows, first);
                    } else {
                        rowTiles(scratch.a, panel, at, kc, block, j0, rows, first);
                    }
                }
            }
            Panels.copyOut(block, 0, CS, rows, cols, c.segment, to, c.stride);
        }

        private void loadA(float[] to, int i, int rows, int k0, int kc) {
            if (layout == Layout.TN) {
                long from = a.offset + (k0 * a.stride + i) * Float.BYTES;
                Panels.copyIn(a.segment, from, a.stride, kc, rows, to, 0, AS);
            } else {
                long from = a.offset + (i * a.stride + k0) * Float.BYTES;
                Panels.copyIn(a.segment, from, a.stride, rows, kc, to, 0, AS);
            }
        }

        private void loadB(Scratch scratch, float[] to, int at, int j, int cols, int k0, int kc) {
            switch (layout) {
                case NT -> {
                    long from = b.offset + (j * b.stride + k0) * Float.BYTES;
                    Panels.fromColumns(b.segment, from, b.stride, kc, cols, to, at);
                }
                case NT_BF16 -> {
                    long from = b.offset + (j * b.stride + k0) * Short.BYTES;
                    Panels.fromColumnsBf16(b.segment, from, b.stride, kc, cols, to, at);
                }
                case NN, TN -> {
                    long from = b.offset + (k0 * b.stride + j) * Float.BYTES;
                    Panels.fromRows(b.segment, from, b.stride, kc, cols, to, at);
                }
                case PACKED -> {
                    for (int p = 0; p < cols; p += NR) {
                        int half = (j + p) / NR;
                        GemmPacked.unpack(scratch, b.packed, half, k0, kc, to, at + p * kc);
                    }
                }
            }
        }
    }

    static void rowTiles(
            float[] a, float[] b, int panel, int kc, float[] c, int j, int rows, boolean first) {
        int i = 0;
        // a tile that is a quarter full takes no longer than its rows one by one
        for (; i < rows - MR / 4 + 1; i += MR) {
            Tile.rows(a, i * AS, b, panel, kc, c, i * CS + j, CS, first);
        }
        for (; i < rows; i++) {
            Tile.row(a, i * AS, b, panel, kc, c, i * CS + j, CS, first);
        }
    }

    private static void columnTiles(
            float[] a, float[] b, int panel, int kc, float[] c, int j, int rows, boolean first) {
        for (int i = 0; i < rows; i += MR) {
            Tile.columns(a, i, b, panel, kc, c, i * CS + j, CS, first);
        }
    }
}
