package dev.minke.tensor;

import org.junit.jupiter.api.Test;

/// Products of all experts, with empty ones at the beginning, in the middle and at the end.
public interface GroupedGemmContract extends ContractSupport {
    /// Slots of each expert.
    int[][] LOADS = {
        {0, 5, 0, 17, 1, 0}, {33}, {0, 0}, {1, 1, 1}, {64, 0, 207, 3}, {12, 13, 31, 100, 0, 16, 2}
    };

    /// n, k.
    int[][] WIDTHS = {{1, 1}, {17, 33}, {64, 31}, {100, 64}, {3, 207}};

    @Test
    default void everySlotMeetsItsOwnExpert() {
        for (int[] loads : LOADS) {
            for (int[] width : WIDTHS) {
                Sample sample = sample(11);
                int n = width[0];
                int k = width[1];
                Tensor offsets = sample.starts(loads);
                int slots = offsets.getInt(loads.length);
                Tensor a = sample.matrix(slots, k);
                Tensor b = sample.dense(loads.length, n, k);
                Tensor bt = sample.dense(loads.length, k, n);
                Tensor nt = sample.output(slots, n);
                Tensor nn = sample.output(slots, n);
                kernels().groupedGemmNt(a, b, offsets, nt, false);
                kernels().groupedGemmNn(a, bt, offsets, nn, false);
                for (int e = 0; e < loads.length; e++) {
                    int from = offsets.getInt(e);
                    int to = offsets.getInt(e + 1);
                    if (from == to) {
                        continue;
                    }
                    Tensor mine = a.range(from, to);
                    Close.same(
                            name("groupedGemmNt", loads, width, e),
                            nt.range(from, to),
                            GemmContract.chain(mine, false, b.slice(e), true));
                    Close.same(
                            name("groupedGemmNn", loads, width, e),
                            nn.range(from, to),
                            GemmContract.chain(mine, false, bt.slice(e), false));
                }
                Sample.frameUntouched("groupedGemmNt", nt);
                Sample.frameUntouched("groupedGemmNn", nn);
            }
        }
    }

    @Test
    default void weightGradientsSumOverTheSlotsOfEachExpert() {
        for (int[] loads : LOADS) {
            for (int[] width : WIDTHS) {
                Sample sample = sample(12);
                Tensor offsets = sample.starts(loads);
                int slots = offsets.getInt(loads.length);
                Tensor a = sample.matrix(slots, width[0]);
                Tensor b = sample.matrix(slots, width[1]);
                Tensor c = sample.blank(loads.length, width[0], width[1]);
                kernels().groupedGemmTn(a, b, offsets, c, false);
                for (int e = 0; e < loads.length; e++) {
                    int from = offsets.getInt(e);
                    int to = offsets.getInt(e + 1);
                    Close.same(
                            name("groupedGemmTn", loads, width, e),
                            c.slice(e),
                            GemmContract.chain(a.range(from, to), true, b.range(from, to), false));
                }
            }
        }
    }

    @Test
    default void groupedProductsAreAddedWhenAccumulating() {
        for (int[] loads : LOADS) {
            Sample sample = sample(13);
            int n = 37;
            int k = 50;
            Tensor offsets = sample.starts(loads);
            int slots = offsets.getInt(loads.length);
            Tensor a = sample.matrix(slots, k);
            Tensor g = sample.matrix(slots, n);
            Tensor b = sample.dense(loads.length, n, k);
            Tensor bt = sample.dense(loads.length, k, n);
            Tensor oldRows = sample.matrix(slots, n);
            Tensor oldWeights = sample.dense(loads.length, k, n);

            Tensor product = sample.output(slots, n);
            Tensor sum = sample.copy(oldRows);
            kernels().groupedGemmNt(a, b, offsets, product, false);
            kernels().groupedGemmNt(a, b, offsets, sum, true);
            Close.within("groupedGemmNt +=", sum, plus(oldRows, product), 1e-4);

            sum.copyFrom(oldRows);
            kernels().groupedGemmNn(a, bt, offsets, product, false);
            kernels().groupedGemmNn(a, bt, offsets, sum, true);
            Close.within("groupedGemmNn +=", sum, plus(oldRows, product), 1e-4);

            Tensor weights = sample.blank(loads.length, k, n);
            Tensor total = sample.blank(loads.length, k, n);
            total.copyFrom(oldWeights);
            kernels().groupedGemmTn(a, g, offsets, weights, false);
            kernels().groupedGemmTn(a, g, offsets, total, true);
            Close.within("groupedGemmTn +=", total, plus(oldWeights, weights), 1e-3);
        }
    }

    private static double[] plus(Tensor a, Tensor b) {
        double[] sum = Sample.doubles(a);
        float[] more = b.toFloats();
        for (int i = 0; i < sum.length; i++) {
            sum[i] += more[i];
        }
        return sum;
    }

    @Test
    default void anExpertWithoutSlotsGetsZerosOrKeepsItsGradient() {
        Sample sample = sample(14);
        Tensor offsets = sample.ints(0, 0, 4, 4);
        Tensor a = sample.matrix(4, 5);
        Tensor b = sample.matrix(4, 7);
        Tensor c = sample.blank(3, 5, 7);
        kernels().groupedGemmTn(a, b, offsets, c, false);
        Close.same("empty first expert", c.slice(0), new float[35]);
        Close.same("empty last expert", c.slice(2), new float[35]);
        sample.fill(c, 1);
        Tensor old = sample.blank(3, 5, 7);
        old.copyFrom(c);
        kernels().groupedGemmTn(a, b, offsets, c, true);
        Close.sameBits("empty first expert +=", c.slice(0), old.slice(0));
        Close.sameBits("empty last expert +=", c.slice(2), old.slice(2));
    }

    @Test
    default void groupedProductsHaveTheBitsOfPlainOnes() {
        Sample sample = sample(15);
        int[] loads = {7, 0, 30, 1};
        Tensor offsets = sample.starts(loads);
        Tensor a = sample.matrix(38, 65);
        Tensor b = sample.dense(4, 34, 65);
        Tensor all = sample.output(38, 34);
        kernels().groupedGemmNt(a, b, offsets, all, false);
        for (int slot : new int[] {0, 6, 7, 20, 36, 37}) {
            int e = slot < 7 ? 0 : slot < 37 ? 2 : 3;
            Tensor c = sample.output(1, 34);
            kernels().gemmNt(a.range(slot, slot + 1), b.slice(e), c, false);
            Close.sameBits("slot " + slot, all.range(slot, slot + 1), c);
        }
    }

    @Test
    default void groupedProductsHaveTheSameBitsOnAnyTeam() {
        for (int[] loads : LOADS) {
            Sample sample = sample(16);
            Tensor offsets = sample.starts(loads);
            int slots = offsets.getInt(loads.length);
            Tensor a = sample.matrix(slots, 65);
            Tensor g = sample.matrix(slots, 34);
            Tensor b = sample.dense(loads.length, 34, 65);
            Tensor bt = sample.dense(loads.length, 65, 34);
            Tensor old = sample.matrix(slots, 34);
            Tensor oldWeights = sample.dense(loads.length, 65, 34);
            sameBitsOnAnyTeam(
                    "grouped products",
                    kernels -> {
                        Tensor nt = sample.copy(old);
                        Tensor nn = sample.copy(old);
                        Tensor tn = sample.blank(loads.length, 65, 34);
                        tn.copyFrom(oldWeights);
                        kernels.groupedGemmNt(a, b, offsets, nt, true);
                        kernels.groupedGemmNn(a, bt, offsets, nn, false);
                        kernels.groupedGemmTn(a, g, offsets, tn, true);
                        return ContractSupport.join(nt, nn, tn);
                    });
        }
    }

    @Test
    default void groupedGemmNnAndTnAreTheGradientsOfGroupedGemmNt() {
        Sample sample = sample(17);
        int[] loads = {3, 0, 5};
        int n = 7;
        int k = 6;
        Tensor offsets = sample.starts(loads);
        Tensor x = sample.matrix(8, k);
        Tensor w = sample.dense(3, n, k);
        Tensor dy = sample.matrix(8, n);
        Tensor dx = sample.output(8, k);
        Tensor dw = sample.blank(3, n, k);
        kernels().groupedGemmNn(dy, w, offsets, dx, false);
        kernels().groupedGemmTn(dy, x, offsets, dw, false);
        double[] xs = Sample.doubles(x);
        double[] ws = Sample.doubles(w);
        double[] dys = Sample.doubles(dy);
        int[] starts = offsets.toInts();
        Differences.check("dx", dx, xs, v -> loss(v, ws, dys, starts, n, k), 1e-5);
        Differences.check("dw", dw, ws, v -> loss(xs, v, dys, starts, n, k), 1e-5);
    }

    private static double loss(double[] x, double[] w, double[] dy, int[] starts, int n, int k) {
        double loss = 0;
        for (int e = 0; e + 1 < starts.length; e++) {
            for (int i = starts[e]; i < starts[e + 1]; i++) {
                for (int j = 0; j < n; j++) {
                    for (int p = 0; p < k; p++) {
                        loss += dy[i * n + j] * x[i * k + p] * w[(e * n + j) * k + p];
                    }
                }
            }
        }
        return loss;
    }

    private static String name(String what, int[] loads, int[] width, int expert) {
        return "%s, expert %d of %d with %d slots, %d x %d"
                .formatted(what, expert, loads.length, loads[expert], width[0], width[1]);
    }
}
