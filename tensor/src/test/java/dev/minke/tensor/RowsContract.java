package dev.minke.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// Rows by index: embedding, dispatch and combination.
public interface RowsContract extends ContractSupport {
    /// Widths of rows.
    int[] WIDTHS_OF_ROWS = {1, 3, 15, 16, 17, 31, 33, 64, 100, 207};

    @Test
    default void gatherRowsCopiesF32AndWidensBf16() {
        for (int d : WIDTHS_OF_ROWS) {
            Sample sample = sample(51);
            Tensor rows = sample.indices(13, 40);
            for (Tensor x : new Tensor[] {sample.matrix(13, d), sample.bf16(13, d)}) {
                Tensor y = sample.output(40, d);
                kernels().gatherRows(x, rows, y);
                for (int i = 0; i < 40; i++) {
                    Close.sameBits("row " + i, y.slice(i), copy(x.slice(rows.getInt(i))));
                }
                Sample.frameUntouched("gatherRows", y);
            }
        }
    }

    @Test
    default void aVectorIsOneRow() {
        Sample sample = sample(57);
        Tensor x = sample.matrix(1, 33).slice(0);
        Tensor first = Tensor.zeros(arena(), DType.I32, 5);
        Tensor y = sample.output(5, 33);
        kernels().gatherRows(x, first, y);
        Tensor sum = Tensor.zeros(arena(), 33);
        kernels().scatterAddRows(y, first, sum);
        float[] once = x.toFloats();
        for (int j = 0; j < 33; j++) {
            float added = 0;
            for (int i = 0; i < 5; i++) {
                assertThat(y.getFloat(i, j)).isEqualTo(once[j]);
                added += once[j];
            }
            assertThat(sum.getFloat(0, j)).isEqualTo(added);
        }
    }

    private Tensor copy(Tensor x) {
        return Tensor.copyOf(arena(), x.toFloats(), x.size());
    }

    @Test
    default void scatterAddRowsAddsInOrderAlsoToTheSameRow() {
        for (int d : WIDTHS_OF_ROWS) {
            Sample sample = sample(52);
            Tensor y = sample.matrix(90, d);
            Tensor rows = sample.indices(7, 90);
            Tensor x = sample.matrix(7, d);
            float[] expected = x.toFloats();
            float[] added = y.toFloats();
            for (int i = 0; i < 90; i++) {
                for (int j = 0; j < d; j++) {
                    expected[rows.getInt(i) * d + j] += added[i * d + j];
                }
            }
            kernels().scatterAddRows(y, rows, x);
            Close.same("scatterAddRows of " + d, x, expected);
            Sample.frameUntouched("scatterAddRows", x);
        }
    }

    @Test
    default void combineWeighsTheRowsOfEachTokensSlots() {
        for (int d : WIDTHS_OF_ROWS) {
            for (int k : new int[] {1, 2, 5, 8}) {
                Sample sample = sample(53);
                Tensor slots = sample.permutation(11 * k, 11, k);
                Tensor y = sample.matrix(11L * k, d);
                Tensor weight = sample.matrix(11, k);
                Tensor x = sample.output(11, d);
                kernels().combine(y, slots, weight, x, false);
                double[] expected = combined(y, slots, Sample.doubles(weight));
                Close.within("combine", x, expected, 1e-5);
                Tensor sum = sample.matrix(11, d);
                double[] total = plus(expected, sum);
                kernels().combine(y, slots, weight, sum, true);
                Close.within("combine +=", sum, total, 1e-5);
                Sample.frameUntouched("combine", x);
                Sample.frameUntouched("combine +=", sum);
            }
        }
    }

    @Test
    default void sumSlotsAddsTheRowsOfEachTokensSlots() {
        for (int d : WIDTHS_OF_ROWS) {
            Sample sample = sample(54);
            Tensor slots = sample.permutation(33, 11, 3);
            Tensor y = sample.matrix(33, d);
            double[] ones = new double[33];
            java.util.Arrays.fill(ones, 1);
            double[] expected = combined(y, slots, ones);
            Tensor x = sample.output(11, d);
            kernels().sumSlots(y, slots, x, false);
            Close.within("sumSlots", x, expected, 1e-5);
            Tensor sum = sample.matrix(11, d);
            double[] total = plus(expected, sum);
            kernels().sumSlots(y, slots, sum, true);
            Close.within("sumSlots +=", sum, total, 1e-5);
            Sample.frameUntouched("sumSlots", x);
        }
    }

    private static double[] combined(Tensor y, Tensor slots, double[] weight) {
        return combined(Sample.doubles(y), slots, weight, (int) y.cols());
    }

    private static double[] combined(double[] y, Tensor slots, double[] weight, int d) {
        int k = (int) slots.cols();
        double[] x = new double[(int) slots.rows() * d];
        for (int i = 0; i < weight.length; i++) {
            for (int j = 0; j < d; j++) {
                x[i / k * d + j] += weight[i] * y[slots.getInt(i) * d + j];
            }
        }
        return x;
    }

    private static double[] plus(double[] a, Tensor b) {
        double[] sum = Sample.doubles(b);
        for (int i = 0; i < sum.length; i++) {
            sum[i] += a[i];
        }
        return sum;
    }

    @Test
    default void combineGradientsAreThoseOfTheForwardPass() {
        for (int d : WIDTHS_OF_ROWS) {
            Sample sample = sample(55);
            Tensor slots = sample.permutation(15, 5, 3);
            Tensor y = sample.matrix(15, d);
            Tensor weight = sample.matrix(5, 3);
            Tensor dx = sample.matrix(5, d);
            Tensor dy = sample.output(15, d);
            Tensor dweight = sample.output(5, 3);
            kernels().combineBackward(dx, y, slots, weight, dy, dweight);
            double[] up = Sample.doubles(dx);
            double[] ys = Sample.doubles(y);
            double[] ws = Sample.doubles(weight);
            Differences.check(
                    "dy", dy, ys, v -> Differences.dot(up, combined(v, slots, ws, d)), 1e-5);
            Differences.check(
                    "dweight",
                    dweight,
                    ws,
                    v -> Differences.dot(up, combined(ys, slots, v, d)),
                    1e-5);
            Sample.frameUntouched("dy", dy);
            Sample.frameUntouched("dweight", dweight);
        }
    }

    @Test
    default void rowOperationsHaveTheSameBitsOnAnyTeam() {
        Sample sample = sample(56);
        Tensor slots = sample.permutation(402, 201, 2);
        Tensor y = sample.matrix(402, 100);
        Tensor weight = sample.matrix(201, 2);
        Tensor dx = sample.matrix(201, 100);
        Tensor rows = sample.indices(50, 402);
        Tensor old = sample.matrix(50, 100);
        sameBitsOnAnyTeam(
                "row operations",
                kernels -> {
                    Tensor scattered = sample.copy(old);
                    Tensor gathered = sample.output(402, 100);
                    Tensor combined = sample.output(201, 100);
                    Tensor summed = sample.output(201, 100);
                    Tensor dy = sample.output(402, 100);
                    Tensor dweight = sample.output(201, 2);
                    kernels.scatterAddRows(y, rows, scattered);
                    kernels.gatherRows(old, rows, gathered);
                    kernels.combine(y, slots, weight, combined, false);
                    kernels.sumSlots(y, slots, summed, false);
                    kernels.combineBackward(dx, y, slots, weight, dy, dweight);
                    return ContractSupport.join(scattered, gathered, combined, summed, dy, dweight);
                });
    }

    @Test
    default void planDispatchSortsPairsByExpertInTokenOrder() {
        Sample sample = sample(57);
        Tensor index = Tensor.copyOf(arena(), new int[] {2, 0, 0, 3, 2, 3}, 3, 2);
        Tensor offsets = sample.indices(1, 6);
        Tensor tokens = sample.indices(1, 6);
        Tensor slots = sample.indices(1, 3, 2);
        kernels().planDispatch(index, offsets, tokens, slots);
        assertThat(offsets.toInts()).containsExactly(0, 2, 2, 4, 6, 6);
        assertThat(tokens.toInts()).containsExactly(0, 1, 0, 2, 1, 2);
        assertThat(slots.toInts()).containsExactly(2, 0, 1, 4, 3, 5);
    }
}
