package dev.minke.kernels;

import dev.minke.kernels.Gemm.Layout;
import dev.minke.kernels.Gemm.Operand;
import dev.minke.kernels.Gemm.Product;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.spi.KernelSet.PackedMatrix;
import java.util.List;

/// Products of the experts of a layer with packed weights, in one parallel region over (expert,
/// rows, columns).
///
/// An expert with few slots is a task for each run of panels, as in [GemmPacked]; one with many is
/// blocks as in [Gemm]. The heavy experts come first, so that the small tasks fill the end.
///
/// Numerics as in [Gemm].
final class GroupedPacked {
    /// Columns of a block of many slots: wide enough to be worth the copy of A.
    private static final int COLS = 256;

    private static final float[] NONE = {};

    private GroupedPacked() {}

    static void run(
            Team team,
            Scratch.Pool pool,
            Tensor a,
            List<PackedMatrix> b,
            Tensor offsets,
            Tensor c,
            boolean accumulate) {
        int experts = b.size();
        Tasks tasks = new Tasks(experts);
        for (int pass = 0; pass < 2; pass++) {
            for (int e = 0; e < experts; e++) {
                int from = offsets.getInt(e);
                int rows = offsets.getInt(e + 1) - from;
                if (rows > 0 && rows > GemmPacked.FEW == (pass == 0)) {
                    tasks.add(e, from, rows, GemmPacked.of("groupedGemmPacked", b.get(e)));
                }
            }
        }
        Operand left = Operand.of(a);
        Operand to = Operand.of(c);
        int k = Math.toIntExact(a.cols());
        team.run(
                tasks.count(),
                (index, worker) -> {
                    Scratch scratch = pool.take(worker);
                    int i = tasks.find(index);
                    int part = index - tasks.first[i];
                    Packed weight = GemmPacked.of("groupedGemmPacked", b.get(tasks.expert[i]));
                    int from = tasks.from[i];
                    int rows = tasks.rows[i];
                    int step = tasks.step[i];
                    if (rows <= GemmPacked.FEW) {
                        int last = Math.min(weight.panels(), (part + 1) * step);
                        GemmPacked.block(
                                scratch, a, from, rows, weight, c, part * step, last, accumulate);
                    } else {
                        int blocks = Math.ceilDiv(rows, Scratch.ROWS);
                        int row = part % blocks * Scratch.ROWS;
                        int col = part / blocks * step;
                        new Product(
                                        Layout.PACKED,
                                        left.rows(from),
                                        Operand.of(weight),
                                        to.rows(from),
                                        k,
                                        accumulate,
                                        NONE,
                                        0)
                                .block(
                                        scratch,
                                        row,
                                        Math.min(Scratch.ROWS, rows - row),
                                        col,
                                        (int) Math.min(step, weight.rows() - col));
                    }
                    pool.give(worker, scratch);
                });
    }

    /// Experts with slots and how each is cut.
    private static final class Tasks {
        final int[] expert;
        final int[] from;
        final int[] rows;

        /// Panels or columns of a task.
        final int[] step;

        /// The first task of each, and the number of all.
        final int[] first;

        private int size;

        Tasks(int most) {
            expert = new int[most];
            from = new int[most];
            rows = new int[most];
            step = new int[most];
            first = new int[most + 1];
        }

        void add(int e, int start, int count, Packed weight) {
            expert[size] = e;
            from[size] = start;
            rows[size] = count;
            int tasks;
            if (count <= GemmPacked.FEW) {
                step[size] = GemmPacked.panelStep(weight, weight.panels(), Integer.MAX_VALUE);
                tasks = Math.ceilDiv(weight.panels(), step[size]);
            } else {
                step[size] = COLS;
                tasks =
                        Math.toIntExact(Math.ceilDiv(weight.rows(), COLS))
                                * Math.ceilDiv(count, Scratch.ROWS);
            }
            first[size + 1] = first[size] + tasks;
            size++;
        }

        int count() {
            return first[size];
        }

        int find(int task) {
            int i = 0;
            while (task >= first[i + 1]) {
                i++;
            }
            return i;
        }
    }
}
