package dev.minke.tensor;

import org.junit.jupiter.api.Test;

/// Normalisation, rotation and activation.
public interface LayerContract extends ContractSupport {
    /// rows, columns.
    int[][] LAYER_SIZES = {
        {1, 1},
        {3, 15},
        {16, 16},
        {17, 17},
        {5, 31},
        {33, 33},
        {2, 64},
        {70, 100},
        {9, 207},
        {0, 8},
        {1, 7168},
        {40, 1000}
    };

    @Test
    default void rmsNormDividesByTheRootMeanSquare() {
        for (int[] size : LAYER_SIZES) {
            for (double deviation : new double[] {1, 0, 1e-6, 1e6}) {
                Sample sample = sample(61);
                Tensor x = sample.fill(sample.output(size[0], size[1]), deviation);
                Tensor gain = sample.dense(size[1]);
                Tensor y = sample.output(size[0], size[1]);
                Tensor rstd = sample.blank(size[0]);
                kernels().rmsNorm(x, gain, 1e-6f, y, rstd);
                double[] inverse = new double[size[0]];
                double[] expected =
                        norm(Sample.doubles(x), Sample.doubles(gain), size[1], 1e-6f, inverse);
                String what = "rmsNorm %d x %d of %s".formatted(size[0], size[1], deviation);
                Close.relative(what, y, expected, 3e-6);
                Close.relative(what + " rstd", rstd, inverse, 3e-6);
                Sample.frameUntouched(what, y);
            }
        }
    }

    private static double[] norm(double[] x, double[] gain, int n, double eps, double[] inverse) {
        double[] y = new double[x.length];
        for (int t = 0; t < inverse.length; t++) {
            double sum = 0;
            for (int j = 0; j < n; j++) {
                sum += x[t * n + j] * x[t * n + j];
            }
            inverse[t] = 1 / Math.sqrt(sum / n + eps);
            for (int j = 0; j < n; j++) {
                y[t * n + j] = gain[j] * x[t * n + j] * inverse[t];
            }
        }
        return y;
    }

    @Test
    default void rmsNormGradientsAreThoseOfTheForwardPass() {
        for (int[] size : new int[][] {{1, 1}, {3, 15}, {17, 17}, {5, 31}, {2, 64}, {9, 207}}) {
            Sample sample = sample(62);
            int n = size[1];
            Tensor x = sample.matrix(size[0], n);
            Tensor gain = sample.dense(n);
            Tensor dy = sample.matrix(size[0], n);
            Tensor rstd = sample.blank(size[0]);
            Tensor dx = sample.output(size[0], n);
            Tensor dgain = Tensor.zeros(arena(), n);
            kernels().rmsNorm(x, gain, 1e-3f, sample.output(size[0], n), rstd);
            kernels().rmsNormBackward(dy, x, gain, rstd, dx, false, dgain);
            double[] xs = Sample.doubles(x);
            double[] g = Sample.doubles(gain);
            double[] up = Sample.doubles(dy);
            double[] inverse = new double[size[0]];
            Differences.check(
                    "dx of " + n,
                    dx,
                    xs,
                    v -> Differences.dot(up, norm(v, g, n, 1e-3f, inverse)),
                    2e-5);
            Differences.check(
                    "dgain of " + n,
                    dgain,
                    g,
                    v -> Differences.dot(up, norm(xs, v, n, 1e-3f, inverse)),
                    2e-5);
            Sample.frameUntouched("dx", dx);
        }
    }

    @Test
    default void rmsNormGradientsAreAdded() {
        Sample sample = sample(63);
        Tensor x = sample.matrix(21, 50);
        Tensor gain = sample.dense(50);
        Tensor dy = sample.matrix(21, 50);
        Tensor rstd = sample.blank(21);
        kernels().rmsNorm(x, gain, 1e-6f, sample.output(21, 50), rstd);
        Tensor dx = sample.output(21, 50);
        Tensor dgain = Tensor.zeros(arena(), 50);
        kernels().rmsNormBackward(dy, x, gain, rstd, dx, false, dgain);
        Tensor old = sample.matrix(21, 50);
        Tensor oldGain = sample.dense(50);
        double[] expected = Sample.doubles(old);
        double[] expectedGain = Sample.doubles(oldGain);
        for (int i = 0; i < expected.length; i++) {
            expected[i] += dx.getFloat(i / 50, i % 50);
        }
        for (int i = 0; i < 50; i++) {
            expectedGain[i] += dgain.getFloat(0, i);
        }
        kernels().rmsNormBackward(dy, x, gain, rstd, old, true, oldGain);
        Close.within("dx +=", old, expected, 1e-5);
        Close.within("dgain +=", oldGain, expectedGain, 1e-5);
    }

    @Test
    default void ropeTurnsInterleavedPairsOfAPartOfEachHead() {
        for (int[] size :
                new int[][] {{1, 2, 0, 2}, {3, 9, 3, 4}, {2, 24, 16, 8}, {4, 97, 33, 64}}) {
            Sample sample = sample(64);
            int heads = size[0];
            int headDim = size[1];
            int from = size[2];
            Tensor table = angles(sample, 50, size[3]);
            Tensor positions = sample.indices(50, 23);
            Tensor x = sample.matrix(23, (long) heads * headDim);
            double[] expected = turned(x, heads, headDim, from, positions, table, 1);
            double[] back = Sample.doubles(x);
            kernels().rope(x, heads, headDim, from, positions, table, false);
            Close.within("rope", x, expected, 8e-6);
            Sample.frameUntouched("rope", x);
            double[] inverse = turned(x, heads, headDim, from, positions, table, -1);
            kernels().rope(x, heads, headDim, from, positions, table, true);
            Close.within("inverse rope", x, inverse, 8e-6);
            Close.within("there and back", x, back, 1e-5);
        }
    }

    @Test
    default void theInverseRotationIsTheGradientOfRope() {
        Sample sample = sample(65);
        Tensor table = angles(sample, 9, 6);
        Tensor positions = sample.indices(9, 5);
        Tensor x = sample.matrix(5, 22);
        Tensor dy = sample.matrix(5, 22);
        double[] up = Sample.doubles(dy);
        kernels().rope(dy, 2, 11, 4, positions, table, true);
        Differences.check(
                "dx",
                dy,
                Sample.doubles(x),
                v -> Differences.dot(up, turned(v, 2, 11, 4, positions, table, 1)),
                1e-5);
    }

    private static Tensor angles(Sample sample, int positions, int width) {
        Tensor table = sample.output(positions, width);
        for (int p = 0; p < positions; p++) {
            for (int i = 0; i < width / 2; i++) {
                double angle = p * Math.pow(10000, -2.0 * i / width);
                table.setFloat(p, 2L * i, (float) Math.cos(angle));
                table.setFloat(p, 2L * i + 1, (float) Math.sin(angle));
            }
        }
        return table;
    }

    private static double[] turned(
            Tensor x, int heads, int headDim, int from, Tensor positions, Tensor table, int sign) {
        return turned(Sample.doubles(x), heads, headDim, from, positions, table, sign);
    }

    private static double[] turned(
            double[] x,
            int heads,
            int headDim,
            int from,
            Tensor positions,
            Tensor table,
            int sign) {
        double[] y = x.clone();
        for (int t = 0; t < positions.size(); t++) {
            for (int h = 0; h < heads; h++) {
                for (int i = 0; i < table.cols(); i += 2) {
                    double cos = table.getFloat(positions.getInt(t), i);
                    double sin = sign * table.getFloat(positions.getInt(t), i + 1);
                    int at = (t * heads + h) * headDim + from + i;
                    y[at] = x[at] * cos - x[at + 1] * sin;
                    y[at + 1] = x[at] * sin + x[at + 1] * cos;
                }
            }
        }
        return y;
    }

    @Test
    default void swiGluIsSiluOfTheGateTimesTheOther() {
        for (int[] size : LAYER_SIZES) {
            for (double deviation : new double[] {1, 0, 30, 300}) {
                Sample sample = sample(66);
                Tensor gate = sample.fill(sample.output(size[0], size[1]), deviation);
                Tensor up = sample.matrix(size[0], size[1]);
                Tensor y = sample.output(size[0], size[1]);
                kernels().swiGlu(gate, up, y);
                double[] expected = swiGlu(Sample.doubles(gate), Sample.doubles(up));
                double[] tolerances = new double[expected.length];
                for (int i = 0; i < tolerances.length; i++) {
                    tolerances[i] = 2e-6 * Math.abs(expected[i]) + 1e-30;
                }
                String what = "swiGlu %d x %d of %s".formatted(size[0], size[1], deviation);
                Close.within(what, y, expected, tolerances);
                Sample.frameUntouched(what, y);
            }
        }
    }

    private static double[] swiGlu(double[] gate, double[] up) {
        double[] y = new double[gate.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = gate[i] / (1 + Math.exp(-gate[i])) * up[i];
        }
        return y;
    }

    @Test
    default void swiGluOfHugeGatesIsFinite() {
        Sample sample = sample(67);
        Tensor gate = sample.floats(-1e30f, -1000, -90, -88, 0, 88, 1000, 1e30f).reshape(1, 8);
        Tensor up = sample.floats(1, 1, 1, 1, 1, 1, 1, 1).reshape(1, 8);
        Tensor y = sample.output(1, 8);
        Tensor dgate = sample.output(1, 8);
        Tensor dup = sample.output(1, 8);
        kernels().swiGlu(gate, up, y);
        kernels().swiGluBackward(up, gate, up, dgate, dup);
        Close.within("swiGlu", y.columns(0, 7), new double[] {0, 0, 0, 0, 0, 88, 1000}, 1e-4);
        Close.within("dgate", dgate, new double[] {0, 0, 0, 0, 0.5, 1, 1, 1}, 1e-4);
        Close.within("dup", dup.columns(0, 7), new double[] {0, 0, 0, 0, 0, 88, 1000}, 1e-4);
        Close.same("largest", y.columns(7, 8), new float[] {1e30f});
    }

    @Test
    default void swiGluGradientsAreThoseOfTheForwardPassAlsoInPlace() {
        for (int[] size : new int[][] {{1, 1}, {3, 15}, {17, 17}, {5, 31}, {2, 64}, {9, 207}}) {
            Sample sample = sample(68);
            Tensor gate = sample.fill(sample.output(size[0], size[1]), 3);
            Tensor up = sample.matrix(size[0], size[1]);
            Tensor dy = sample.matrix(size[0], size[1]);
            Tensor dgate = sample.output(size[0], size[1]);
            Tensor dup = sample.output(size[0], size[1]);
            kernels().swiGluBackward(dy, gate, up, dgate, dup);
            double[] g = Sample.doubles(gate);
            double[] u = Sample.doubles(up);
            double[] d = Sample.doubles(dy);
            Differences.check("dgate", dgate, g, v -> Differences.dot(d, swiGlu(v, u)), 1e-5);
            Differences.check("dup", dup, u, v -> Differences.dot(d, swiGlu(g, v)), 1e-5);
            Sample.frameUntouched("dgate", dgate);
            Sample.frameUntouched("dup", dup);
            kernels().swiGluBackward(dy, gate, up, gate, up);
            Close.sameBits("dgate in place", gate, dgate);
            Close.sameBits("dup in place", up, dup);
        }
    }

    @Test
    default void layersHaveTheSameBitsOnAnyTeamAndInAnyCompany() {
        for (int n : new int[] {1, 17, 100, 207}) {
            Sample sample = sample(69);
            // contiguous too: rows must not be joined into one long vector with another tail
            for (boolean dense : new boolean[] {false, true}) {
                Tensor x = dense ? sample.dense(101, n) : sample.matrix(101, n);
                Tensor dy = dense ? sample.dense(101, n) : sample.matrix(101, n);
                Tensor gain = sample.dense(n);
                sameBitsOnAnyTeam(
                        "layers of " + n,
                        kernels -> ContractSupport.join(layers(kernels, sample, x, dy, gain)));
                Tensor[] all = layers(kernels(), sample, x, dy, gain);
                Tensor[] one = layers(kernels(), sample, x.range(77, 78), dy.range(77, 78), gain);
                for (int i = 0; i < 6; i++) {
                    Close.sameBits("output " + i, one[i], all[i].range(77, 78));
                }
            }
        }
    }

    /// y, dx, swiGlu, dgate, dup, rope; then rstd and dgain, which are sums or vectors.
    private Tensor[] layers(Kernels kernels, Sample sample, Tensor x, Tensor dy, Tensor gain) {
        long rows = x.rows();
        long n = x.cols();
        Tensor y = sample.blank(rows, n);
        Tensor rstd = sample.blank(rows);
        Tensor dx = sample.blank(rows, n);
        Tensor dgain = Tensor.zeros(arena(), n);
        kernels.rmsNorm(x, gain, 1e-6f, y, rstd);
        kernels.rmsNormBackward(dy, x, gain, rstd, dx, false, dgain);
        Tensor product = sample.blank(rows, n);
        Tensor dgate = sample.blank(rows, n);
        Tensor dup = sample.blank(rows, n);
        kernels.swiGlu(x, dy, product);
        kernels.swiGluBackward(y, x, dy, dgate, dup);
        Tensor turned = sample.blank(rows, n);
        turned.copyFrom(x);
        Tensor positions = Tensor.zeros(arena(), DType.I32, rows);
        for (long t = 0; t < rows; t++) {
            positions.setInt(t, 3);
        }
        Tensor table = angles(sample, 4, (int) (n / 2 * 2));
        kernels.rope(turned, 1, (int) n, 0, positions, table, false);
        return new Tensor[] {y, dx, product, dgate, dup, turned, rstd, dgain};
    }
}
