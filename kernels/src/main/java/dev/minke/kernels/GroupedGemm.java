package dev.minke.kernels;

import dev.minke.kernels.Gemm.Layout;
import dev.minke.kernels.Gemm.Operand;
import dev.minke.kernels.Gemm.Product;
import dev.minke.tensor.DType;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.util.Arrays;

/// The matrix products of all experts of a layer in one parallel region (contracts:
/// [dev.minke.tensor.Kernels]): blocks as in [Gemm], one task for each block of each expert.
///
/// Numerics as in [Gemm]; an output does not depend on how many slots any expert has.
final class GroupedGemm {
    /// Below this many multiply-adds a task is not split further: about 20 microseconds.
    private static final long MIN_WORK = 2_000_000;

    private static final float[] NONE = {};

    private GroupedGemm() {}

    static void nt(
            Team team,
            Scratch.Pool pool,
            Tensor a,
            Tensor b,
            Tensor offsets,
            Tensor c,
            boolean accumulate) {
        Layout layout = b.dtype() == DType.BF16 ? Layout.NT_BF16 : Layout.NT;
        rows(team, pool, layout, a, b, offsets, c, accumulate);
    }

    static void nn(
            Team team,
            Scratch.Pool pool,
            Tensor a,
            Tensor b,
            Tensor offsets,
            Tensor c,
            boolean accumulate) {
        rows(team, pool, Layout.NN, a, b, offsets, c, accumulate);
    }

    private static void rows(
            Team team,
            Scratch.Pool pool,
            Layout layout,
            Tensor a,
            Tensor b,
            Tensor offsets,
            Tensor c,
            boolean accumulate) {
        int n = Math.toIntExact(c.cols());
        int k = Math.toIntExact(a.cols());
        int[] slots = offsets.toInts();
        Blocks blocks = new Blocks();
        int colStep = colStep(n, (long) k * a.rows(), blockRows(slots, Scratch.ROWS), team.size());
        for (int e = 0; e + 1 < slots.length; e++) {
            blocks.add(e, slots[e + 1] - slots[e], Scratch.ROWS, n, colStep);
        }
        Operand from = Operand.of(a);
        Operand to = Operand.of(c);
        long expert = b.dim(1) * b.rowStride() * b.dtype().bytes();
        team.run(
                blocks.count,
                (index, worker) -> {
                    int e = blocks.expert(index);
                    Operand weight =
                            new Operand(b.segment(), b.offset() + e * expert, b.rowStride());
                    Scratch scratch = pool.take(worker);
                    new Product(
                                    layout,
                                    from.rows(slots[e]),
                                    weight,
                                    to.rows(slots[e]),
                                    k,
                                    accumulate,
                                    NONE,
                                    0)
                            .block(
                                    scratch,
                                    blocks.row(index),
                                    blocks.rows(index),
                                    blocks.col(index),
                                    blocks.cols(index));
                    pool.give(worker, scratch);
                });
    }

    static void tn(
            Team team,
            Scratch.Pool pool,
            Tensor a,
            Tensor b,
            Tensor offsets,
            Tensor c,
            boolean accumulate) {
        int m = Math.toIntExact(a.cols());
        int n = Math.toIntExact(b.cols());
        int[] slots = offsets.toInts();
        int experts = slots.length - 1;
        Blocks blocks = new Blocks();
        int rowBlocks = Math.ceilDiv(m, Tile.KC);
        int colStep = colStep(n, m * a.rows(), experts * rowBlocks, team.size());
        for (int e = 0; e < experts; e++) {
            if (slots[e + 1] > slots[e] || !accumulate) {
                blocks.add(e, m, Tile.KC, n, colStep);
            }
        }
        Operand left = Operand.of(a);
        Operand right = Operand.of(b);
        Operand to = Operand.of(c);
        team.run(
                blocks.count,
                (index, worker) -> {
                    int e = blocks.expert(index);
                    Scratch scratch = pool.take(worker);
                    new Product(
                                    Layout.TN,
                                    left.rows(slots[e]),
                                    right.rows(slots[e]),
                                    to.rows((long) e * m),
                                    slots[e + 1] - slots[e],
                                    accumulate,
                                    NONE,
                                    0)
                            .block(
                                    scratch,
                                    blocks.row(index),
                                    blocks.rows(index),
                                    blocks.col(index),
                                    blocks.cols(index));
                    pool.give(worker, scratch);
                });
    }

    private static int blockRows(int[] slots, int most) {
        int count = 0;
        for (int e = 0; e + 1 < slots.length; e++) {
            count += Math.ceilDiv(slots[e + 1] - slots[e], most);
        }
        return count;
    }

    /// Columns of a block: at least four tasks for each thread while they are worth it. `work` is
    /// the multiply-adds of one column of all experts.
    private static int colStep(int n, long work, int rowBlocks, int threads) {
        int blocks = Math.ceilDiv(n, Scratch.COLS);
        while (threads > 1
                && rowBlocks * blocks < 4 * threads
                && n > blocks * Tile.NR
                && work * n / (rowBlocks * (long) blocks + 1) > MIN_WORK) {
            blocks++;
        }
        return Math.ceilDiv(Math.ceilDiv(n, blocks), Tile.NR) * Tile.NR;
    }

    /// A list of blocks: expert, first row, rows, first column, columns.
    private static final class Blocks {
        private static final int FIELDS = 5;

        private int[] fields = new int[64 * FIELDS];
        private int count;

        /// Cut an m x n result into equal blocks of at most `mostRows` x `colStep`.
        void add(int expert, int m, int mostRows, int n, int colStep) {
            if (m == 0) {
                return;
            }
            int step = Math.ceilDiv(Math.ceilDiv(m, Math.ceilDiv(m, mostRows)), Tile.MR) * Tile.MR;
            for (int i = 0; i < m; i += step) {
                for (int j = 0; j < n; j += colStep) {
                    if ((count + 1) * FIELDS > fields.length) {
                        fields = Arrays.copyOf(fields, 2 * fields.length);
                    }
                    int at = count++ * FIELDS;
                    fields[at] = expert;
                    fields[at + 1] = i;
                    fields[at + 2] = Math.min(step, m - i);
                    fields[at + 3] = j;
                    fields[at + 4] = Math.min(colStep, n - j);
                }
            }
        }

        int expert(int index) {
            return fields[index * FIELDS];
        }

        int row(int index) {
            return fields[index * FIELDS + 1];
        }

        int rows(int index) {
            return fields[index * FIELDS + 2];
        }

        int col(int index) {
            return fields[index * FIELDS + 3];
        }

        int cols(int index) {
            return fields[index * FIELDS + 4];
        }
    }
}
