package dev.minke.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.tensor.spi.KernelSet.PackedMatrix;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/// Matrix products.
public interface GemmContract extends ContractSupport {
    /// m, n, k: around the widths of vectors, register tiles and cache blocks.
    int[][] SIZES = {
        {1, 1, 1}, {1, 3, 15}, {3, 16, 17}, {15, 31, 33}, {16, 64, 100}, {17, 100, 207},
        {31, 33, 64}, {33, 1, 31}, {64, 207, 3}, {100, 15, 16}, {207, 17, 1}, {1, 207, 100},
        {13, 65, 48}, {12, 32, 64}, {0, 5, 7}, {130, 300, 530}, {5, 40, 1100}, {3, 1100, 20}
    };

    @Test
    default void gemmNtIsAChainOfFusedMultiplyAddsOverAscendingK() {
        for (int[] size : SIZES) {
            Sample sample = sample(1);
            Tensor a = sample.matrix(size[0], size[2]);
            Tensor b = sample.matrix(size[1], size[2]);
            Tensor c = sample.output(size[0], size[1]);
            kernels().gemmNt(a, b, c, false);
            String what = name("gemmNt", size);
            Close.same(what, c, chain(a, false, b, true));
            Sample.frameUntouched(what, c);
        }
    }

    @Test
    default void gemmNtWidensABf16WeightFirst() {
        for (int[] size : SIZES) {
            Sample sample = sample(2);
            Tensor a = sample.matrix(size[0], size[2]);
            Tensor b = sample.bf16(size[1], size[2]);
            Tensor c = sample.output(size[0], size[1]);
            kernels().gemmNt(a, b, c, false);
            Close.same(name("gemmNt bf16", size), c, chain(a, false, b, true));
        }
    }

    @Test
    default void gemmNnIsAChainOfFusedMultiplyAddsOverAscendingK() {
        for (int[] size : SIZES) {
            Sample sample = sample(3);
            Tensor a = sample.matrix(size[0], size[2]);
            Tensor b = sample.matrix(size[2], size[1]);
            Tensor c = sample.output(size[0], size[1]);
            kernels().gemmNn(a, b, c, false);
            String what = name("gemmNn", size);
            Close.same(what, c, chain(a, false, b, false));
            Sample.frameUntouched(what, c);
        }
    }

    @Test
    default void gemmTnIsAChainOfFusedMultiplyAddsOverAscendingK() {
        for (int[] size : SIZES) {
            Sample sample = sample(4);
            Tensor a = sample.matrix(size[2], size[0]);
            Tensor b = sample.matrix(size[2], size[1]);
            Tensor c = sample.output(size[0], size[1]);
            kernels().gemmTn(a, b, c, false);
            String what = name("gemmTn", size);
            Close.same(what, c, chain(a, true, b, false));
            Sample.frameUntouched(what, c);
        }
    }

    @Test
    default void productsAreAddedWhenAccumulating() {
        for (int[] size : SIZES) {
            Sample sample = sample(5);
            int m = size[0];
            int n = size[1];
            int k = size[2];
            Tensor a = sample.matrix(m, k);
            Tensor at = sample.matrix(k, m);
            Tensor b = sample.matrix(n, k);
            Tensor bt = sample.matrix(k, n);
            Tensor old = sample.matrix(m, n);
            float[] nt = chain(a, false, b, true);
            Tensor c = sample.copy(old);
            kernels().gemmNt(a, b, c, true);
            added(name("gemmNt +=", size), c, old, nt, k);
            Tensor packed = sample.copy(old);
            kernels().gemmPacked(a, kernels().pack(b, arena()), packed, true);
            Close.sameBits(name("gemmPacked +=", size), packed, c);
            Sample.frameUntouched("gemmPacked +=", packed);
            c.copyFrom(old);
            kernels().gemmNn(a, bt, c, true);
            added(name("gemmNn +=", size), c, old, chain(a, false, bt, false), k);
            c.copyFrom(old);
            kernels().gemmTn(at, bt, c, true);
            added(name("gemmTn +=", size), c, old, chain(at, true, bt, false), k);
        }
    }

    /// The old value may stand at either end of the chain.
    private static void added(String what, Tensor c, Tensor old, float[] product, int k) {
        double[] expected = Sample.doubles(old);
        for (int i = 0; i < expected.length; i++) {
            expected[i] += product[i];
        }
        Close.within(what, c, expected, 1e-6 * (4 + k));
        Sample.frameUntouched(what, c);
    }

    @Test
    default void aPackedMatrixGivesTheBitsOfGemmNt() {
        for (int[] size : SIZES) {
            Sample sample = sample(6);
            Tensor a = sample.matrix(size[0], size[2]);
            Tensor wide = sample.matrix(size[1], size[2]);
            Tensor narrow = sample.bf16(size[1], size[2]);
            for (Tensor b : new Tensor[] {wide, narrow}) {
                Tensor expected = sample.output(size[0], size[1]);
                kernels().gemmNt(a, b, expected, false);
                PackedMatrix packed = kernels().pack(b, arena());
                assertThat(packed.rows()).isEqualTo(size[1]);
                assertThat(packed.cols()).isEqualTo(size[2]);
                assertThat(packed.byteSize()).isGreaterThanOrEqualTo(b.byteSize());
                Tensor c = sample.output(size[0], size[1]);
                kernels().gemmPacked(a, packed, c, false);
                String what = name("gemmPacked " + b.dtype(), size);
                Close.sameBits(what, c, expected);
                Sample.frameUntouched(what, c);
            }
        }
    }

    @Test
    default void aPackedMatrixIsACopy() {
        Sample sample = sample(7);
        Tensor a = sample.matrix(3, 20);
        Tensor b = sample.matrix(19, 20);
        Tensor expected = sample.output(3, 19);
        kernels().gemmNt(a, b, expected, false);
        PackedMatrix packed = kernels().pack(b, arena());
        b.clear();
        Tensor c = sample.output(3, 19);
        kernels().gemmPacked(a, packed, c, false);
        Close.sameBits("gemmPacked after the matrix changed", c, expected);
    }

    @Test
    default void aRowHasTheSameBitsInABatchOfAnySize() {
        Sample sample = sample(8);
        int n = 67;
        int k = 149;
        Tensor a = sample.matrix(70, k);
        Tensor b = sample.matrix(n, k);
        Tensor bt = sample.matrix(k, n);
        PackedMatrix packed = kernels().pack(b, arena());
        Tensor nt = sample.output(70, n);
        Tensor nn = sample.output(70, n);
        kernels().gemmNt(a, b, nt, false);
        kernels().gemmNn(a, bt, nn, false);
        for (int rows : new int[] {1, 2, 5, 11, 12, 13, 24, 64}) {
            int from = 70 - rows;
            Tensor c = sample.output(rows, n);
            kernels().gemmNt(a.range(from, 70), b, c, false);
            Close.sameBits("gemmNt of " + rows + " rows", c, nt.range(from, 70));
            kernels().gemmPacked(a.range(from, 70), packed, c, false);
            Close.sameBits("gemmPacked of " + rows + " rows", c, nt.range(from, 70));
            kernels().gemmNn(a.range(from, 70), bt, c, false);
            Close.sameBits("gemmNn of " + rows + " rows", c, nn.range(from, 70));
        }
    }

    @Test
    default void productsHaveTheSameBitsOnAnyTeam() {
        for (int[] size : SIZES) {
            Sample sample = sample(9);
            Tensor a = sample.matrix(size[0], size[2]);
            Tensor at = sample.matrix(size[2], size[0]);
            Tensor b = sample.matrix(size[1], size[2]);
            Tensor bt = sample.matrix(size[2], size[1]);
            Tensor old = sample.matrix(size[0], size[1]);
            sameBitsOnAnyTeam(
                    name("products", size),
                    kernels -> {
                        Supplier<Tensor> fresh = () -> sample.copy(old);
                        Tensor[] c = {
                            fresh.get(), fresh.get(), fresh.get(), fresh.get(), fresh.get()
                        };
                        kernels.gemmNt(a, b, c[0], false);
                        kernels.gemmNt(a, b, c[1], true);
                        kernels.gemmNn(a, bt, c[2], true);
                        kernels.gemmTn(at, bt, c[3], true);
                        kernels.gemmPacked(a, kernels.pack(b, arena()), c[4], true);
                        return ContractSupport.join(c);
                    });
        }
    }

    @Test
    default void gemmNnAndGemmTnAreTheGradientsOfGemmNt() {
        for (int[] size : new int[][] {{17, 15, 33}, {1, 31, 3}, {64, 16, 5}}) {
            Sample sample = sample(10);
            int m = size[0];
            int n = size[1];
            int k = size[2];
            Tensor x = sample.matrix(m, k);
            Tensor w = sample.matrix(n, k);
            Tensor dy = sample.matrix(m, n);
            Tensor dx = sample.output(m, k);
            Tensor dw = sample.output(n, k);
            kernels().gemmNn(dy, w, dx, false);
            kernels().gemmTn(dy, x, dw, false);
            double[] xs = Sample.doubles(x);
            double[] ws = Sample.doubles(w);
            double[] dys = Sample.doubles(dy);
            Differences.check("dx", dx, xs, v -> product(v, ws, dys, m, n, k), 1e-5);
            Differences.check("dw", dw, ws, v -> product(xs, v, dys, m, n, k), 1e-5);
        }
    }

    private static double product(double[] x, double[] w, double[] dy, int m, int n, int k) {
        double loss = 0;
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double y = 0;
                for (int p = 0; p < k; p++) {
                    y += x[i * k + p] * w[j * k + p];
                }
                loss += y * dy[i * n + j];
            }
        }
        return loss;
    }

    /// The product by the contract: one fused multiply-add after the other from zero.
    static float[] chain(Tensor a, boolean aTransposed, Tensor b, boolean bTransposed) {
        int m = (int) (aTransposed ? a.cols() : a.rows());
        int k = (int) (aTransposed ? a.rows() : a.cols());
        int n = (int) (bTransposed ? b.rows() : b.cols());
        float[] as = a.toFloats();
        float[] bs = b.toFloats();
        float[] c = new float[m * n];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                float sum = 0;
                for (int p = 0; p < k; p++) {
                    float x = as[aTransposed ? p * m + i : i * k + p];
                    sum = Math.fma(x, bs[bTransposed ? j * k + p : p * n + j], sum);
                }
                c[i * n + j] = sum;
            }
        }
        return c;
    }

    private static String name(String what, int[] size) {
        return "%s m %d n %d k %d".formatted(what, size[0], size[1], size[2]);
    }
}
