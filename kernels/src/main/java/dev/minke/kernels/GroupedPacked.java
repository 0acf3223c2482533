package dev.minke.kernels;

import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.spi.KernelSet.PackedMatrix;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Products of the experts of a layer with packed weights, in one parallel region over (expert,
/// rows, columns).
///
/// An expert with few slots is a few tasks, long runs of panels as in [GemmPacked]; one with many
/// is blocks as in [Gemm]. The heavy experts come first, so that the small tasks fill the end.
///
/// Numerics as in [Gemm].
final class GroupedPacked {
    private static final int NR = Tile.NR;
    private static final int KC = Tile.KC;

    /// Columns of a block of many slots: wide enough to be worth the copy of A.
    private static final int COLS = 256;

    /// Tasks of experts with few slots for each thread, at least.
    private static final int TASKS = 4;

    private GroupedPacked() {}

    static void run(
            Team team,
            Scratch.Pool pool,
            Tensor a,
            List<PackedMatrix> b,
            Tensor offsets,
            Tensor c,
            boolean accumulate) {
        Region region = pool.grouped();
        region.run(team, pool, a, b, offsets, c, accumulate);
        pool.give(region);
    }

    /// The parallel region, see [GemmPacked.Region].
    static final class Region implements Team.Task {
        private Scratch.@Nullable Pool pool;
        private @Nullable Tensor a;
        private @Nullable Tensor c;
        private boolean accumulate;

        /// The weights that have slots, and how each is cut.
        private Packed[] weight = {};

        private int[] from = {};
        private int[] rows = {};

        /// Tasks of each side by side: runs of panels or blocks of columns.
        private int[] parts = {};

        /// The first task of each, and the number of all.
        private int[] first = {0};

        private int size;

        private void run(
                Team team,
                Scratch.Pool pool,
                Tensor a,
                List<PackedMatrix> b,
                Tensor offsets,
                Tensor c,
                boolean accumulate) {
            this.pool = pool;
            this.a = a;
            this.c = c;
            this.accumulate = accumulate;
            plan(b, offsets, TASKS * team.size());
            team.run(first[size], this);
            Arrays.fill(weight, 0, size, Packed.NONE);
            this.a = null;
            this.c = null;
        }

        private void plan(List<PackedMatrix> b, Tensor offsets, int tasks) {
            int experts = b.size();
            if (weight.length < experts) {
                weight = new Packed[experts];
                Arrays.fill(weight, Packed.NONE);
                from = new int[experts];
                rows = new int[experts];
                parts = new int[experts];
                first = new int[experts + 1];
            }
            int few = 0;
            for (int e = 0; e < experts; e++) {
                int count = offsets.getInt(e + 1) - offsets.getInt(e);
                few += count > 0 && count <= GemmPacked.FEW ? 1 : 0;
            }
            int least = few == 0 ? 1 : Math.max(2, Math.ceilDiv(tasks, few));
            size = 0;
            for (int pass = 0; pass < 2; pass++) {
                for (int e = 0; e < experts; e++) {
                    int start = offsets.getInt(e);
                    int count = offsets.getInt(e + 1) - start;
                    if (count > 0 && count > GemmPacked.FEW == (pass == 0)) {
                        add(GemmPacked.of("groupedGemmPacked", b.get(e)), start, count, least);
                    }
                }
            }
        }

        private void add(Packed b, int start, int count, int least) {
            boolean many = count > GemmPacked.FEW;
            weight[size] = b;
            from[size] = start;
            rows[size] = count;
            int across =
                    many
                            ? Math.toIntExact(Math.ceilDiv(b.rows(), COLS))
                            : Math.min(least, b.panels());
            parts[size] = across;
            int down = many ? Math.ceilDiv(count, Scratch.ROWS) : 1;
            first[size + 1] = first[size] + across * down;
            size++;
        }

        @Override
        public void run(int index, int worker) {
            Scratch.Pool pool = Objects.requireNonNull(this.pool);
            Tensor a = Objects.requireNonNull(this.a);
            Tensor c = Objects.requireNonNull(this.c);
            int i = 0;
            while (index >= first[i + 1]) {
                i++;
            }
            Packed b = weight[i];
            int part = index - first[i];
            Scratch scratch = pool.take(worker);
            if (rows[i] <= GemmPacked.FEW) {
                int start = part * b.panels() / parts[i];
                int end = (part + 1) * b.panels() / parts[i];
                GemmPacked.block(scratch, a, from[i], rows[i], b, c, start, end, accumulate);
            } else {
                int row = part / parts[i] * Scratch.ROWS;
                int col = part % parts[i] * COLS;
                int height = Math.min(Scratch.ROWS, rows[i] - row);
                int width = (int) Math.min(COLS, b.rows() - col);
                block(scratch, a, from[i] + row, height, b, col, width, c, accumulate);
            }
            pool.give(worker, scratch);
        }
    }

    /// `rows` rows of C from `row` on by `cols` columns from `col` on, see [Gemm].
    private static void block(
            Scratch scratch,
            Tensor a,
            int row,
            int rows,
            Packed b,
            int col,
            int cols,
            Tensor c,
            boolean accumulate) {
        int k = Math.toIntExact(b.cols());
        float[] sums = scratch.c;
        long to = c.offset() + (row * c.rowStride() + col) * Float.BYTES;
        if (accumulate) {
            Panels.copyIn(c.segment(), to, c.rowStride(), rows, cols, sums, 0, Scratch.CS);
        } else if (k == 0) {
            Arrays.fill(sums, 0);
        }
        for (int k0 = 0; k0 < k; k0 += KC) {
            int kc = Math.min(KC, k - k0);
            long from = a.offset() + (row * a.rowStride() + k0) * Float.BYTES;
            Panels.copyIn(a.segment(), from, a.rowStride(), rows, kc, scratch.a, 0, Tile.AS);
            for (int j = 0; j < cols; j += NR) {
                int half = (col + j) / NR;
                GemmPacked.unpack(scratch, b, half, k0, kc, scratch.b, 0);
                boolean first = k0 == 0 && !accumulate;
                Gemm.rowTiles(scratch.a, scratch.b, 0, kc, sums, j, rows, first);
            }
        }
        Panels.copyOut(sums, 0, Scratch.CS, rows, cols, c.segment(), to, c.rowStride());
    }
}
