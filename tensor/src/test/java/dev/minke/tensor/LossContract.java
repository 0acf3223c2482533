package dev.minke.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.minke.tensor.spi.KernelSet.AdamWStep;
import org.junit.jupiter.api.Test;

/// Cross entropy, the optimiser and the sum of squares.
public interface LossContract extends ContractSupport {
    /// rows, classes.
    int[][] LOSS_SIZES = {{1, 1}, {3, 15}, {16, 16}, {17, 33}, {5, 100}, {40, 207}, {2, 5000}};

    @Test
    default void crossEntropyIsTheLossAndItsGradientReplacesTheLogits() {
        for (int[] size : LOSS_SIZES) {
            for (double deviation : new double[] {1, 0, 30, 1000}) {
                Sample sample = sample(71);
                int n = size[1];
                Tensor logits = sample.fill(sample.output(size[0], n), deviation);
                Tensor targets = sample.indices(n, size[0]);
                Tensor weights = sample.dense(size[0]);
                Tensor loss = sample.blank(size[0]);
                double[] z = Sample.doubles(logits);
                double[] expected = new double[size[0]];
                double[] gradient = new double[z.length];
                for (int t = 0; t < size[0]; t++) {
                    expected[t] = loss(z, t, n, targets.getInt(t));
                    for (int j = 0; j < n; j++) {
                        double hot = j == targets.getInt(t) ? 1 : 0;
                        double p = Math.exp(-loss(z, t, n, j));
                        gradient[t * n + j] = (p - hot) * weights.getFloat(0, t);
                    }
                }
                kernels().softmaxCrossEntropy(logits, targets, weights, loss);
                String what = "cross entropy %d x %d of %s".formatted(size[0], n, deviation);
                Close.within(what, loss, expected, 1e-5 * (1 + deviation));
                Close.within(what + " gradient", logits, gradient, 1e-5);
                Sample.frameUntouched(what, logits);
            }
        }
    }

    private static double loss(double[] z, int t, int n, int target) {
        double max = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < n; j++) {
            max = Math.max(max, z[t * n + j]);
        }
        double sum = 0;
        for (int j = 0; j < n; j++) {
            sum += Math.exp(z[t * n + j] - max);
        }
        return Math.log(sum) + max - z[t * n + target];
    }

    @Test
    default void crossEntropyGradientsAreDifferencesOfTheWeightedLoss() {
        for (int n : new int[] {3, 17, 33, 207}) {
            Sample sample = sample(72);
            Tensor logits = sample.matrix(4, n);
            Tensor targets = sample.indices(n, 4);
            Tensor weights = sample.dense(4);
            double[] z = Sample.doubles(logits);
            double[] w = Sample.doubles(weights);
            kernels().softmaxCrossEntropy(logits, targets, weights, sample.blank(4));
            Differences.check(
                    "dlogits of " + n,
                    logits,
                    z,
                    v -> {
                        double sum = 0;
                        for (int t = 0; t < 4; t++) {
                            sum += w[t] * loss(v, t, n, targets.getInt(t));
                        }
                        return sum;
                    },
                    1e-5);
        }
    }

    @Test
    default void aTargetOfMinusOneHasNoLossAndNoGradient() {
        Sample sample = sample(73);
        Tensor logits = sample.matrix(3, 33);
        logits.setFloat(1, 5, Float.POSITIVE_INFINITY); // even where the logits are broken
        Tensor loss = sample.blank(3);
        kernels().softmaxCrossEntropy(logits, sample.ints(4, -1, 0), sample.floats(1, 1, 1), loss);
        assertThat(loss.getFloat(0, 1)).isZero();
        Close.same("gradient", logits.slice(1), new float[33]);
        assertThat(loss.getFloat(0, 0)).isPositive();
        assertThat(logits.getFloat(0, 4)).isNegative();
    }

    @Test
    default void aMaskedClassHasNoProbability() {
        Sample sample = sample(74);
        Tensor logits = sample.matrix(2, 21);
        logits.setFloat(0, 20, Float.NEGATIVE_INFINITY);
        logits.setFloat(0, 0, Float.NEGATIVE_INFINITY);
        Tensor loss = sample.blank(2);
        kernels().softmaxCrossEntropy(logits, sample.ints(3, 4), sample.floats(1, 1), loss);
        assertThat(loss.getFloat(0, 0)).isFinite();
        assertThat(logits.getFloat(0, 20)).isZero();
        assertThat(logits.getFloat(0, 0)).isZero();
        double sum = 0;
        for (float d : logits.slice(0).toFloats()) {
            sum += d;
        }
        assertThat(sum).isCloseTo(0, within(1e-5));
    }

    @Test
    default void adamWFollowsItsFormulaOverSeveralSteps() {
        for (int n : new int[] {1, 3, 15, 16, 17, 33, 207, 50_001}) {
            Sample sample = sample(75);
            Tensor p = sample.dense(n);
            Tensor g = sample.dense(n);
            Tensor m = Tensor.zeros(arena(), n);
            Tensor v = Tensor.zeros(arena(), n);
            double[] ps = Sample.doubles(p);
            double[] ms = new double[n];
            double[] vs = new double[n];
            for (int step = 1; step <= 4; step++) {
                sample.fill(g, 1);
                float lr = 0.01f * step;
                kernels()
                        .adamW(p, g, m, v, new AdamWStep(lr, 0.9f, 0.95f, 1e-8f, 0.1f, step, 0.5f));
                for (int i = 0; i < n; i++) {
                    double gradient = 0.5 * g.getFloat(0, i);
                    ms[i] = 0.9f * ms[i] + (1 - 0.9f) * gradient;
                    vs[i] = 0.95f * vs[i] + (1 - 0.95f) * gradient * gradient;
                    double first = ms[i] / (1 - Math.pow(0.9f, step));
                    double second = vs[i] / (1 - Math.pow(0.95f, step));
                    ps[i] -= (double) lr * 0.1f * ps[i];
                    ps[i] -= lr * first / (Math.sqrt(second) + 1e-8f);
                }
                Close.within("p of " + n, p, ps, 4e-6);
                Close.within("m of " + n, m, ms, 2e-6);
                Close.within("v of " + n, v, vs, 3e-6);
            }
        }
    }

    @Test
    default void adamWLeavesAParameterWithoutGradientOrDecayAlone() {
        Sample sample = sample(76);
        Tensor p = sample.dense(5, 7);
        Tensor old = sample.blank(5, 7);
        old.copyFrom(p);
        Tensor zero = Tensor.zeros(arena(), 5, 7);
        Tensor m = Tensor.zeros(arena(), 5, 7);
        Tensor v = Tensor.zeros(arena(), 5, 7);
        kernels().adamW(p, zero, m, v, new AdamWStep(0.1f, 0.9f, 0.95f, 1e-8f, 0, 1, 1));
        Close.sameBits("p", p, old);
    }

    @Test
    default void sumOfSquaresIsExactToDouble() {
        for (int[] size : new int[][] {{1, 1}, {3, 15}, {33, 207}, {1, 100_003}, {1000, 64}}) {
            Sample sample = sample(77);
            for (Tensor x :
                    new Tensor[] {
                        sample.matrix(size[0], size[1]), sample.dense(size[0], size[1])
                    }) {
                double expected = 0;
                for (double value : Sample.doubles(x)) {
                    expected += value * value;
                }
                assertThat(kernels().sumOfSquares(x)).isCloseTo(expected, within(1e-10 * expected));
                assertThat(oneThread().sumOfSquares(x)).isEqualTo(kernels().sumOfSquares(x));
            }
        }
        assertThat(kernels().sumOfSquares(sample(78).floats(1e30f, -1e30f)))
                .isCloseTo(2e60, within(1e54));
    }

    @Test
    default void lossesHaveTheSameBitsOnAnyTeamAndInAnyCompany() {
        Sample sample = sample(79);
        Tensor logits = sample.matrix(65, 203);
        Tensor targets = sample.indices(203, 65);
        Tensor weights = sample.dense(65);
        sameBitsOnAnyTeam(
                "cross entropy and adamW",
                kernels -> {
                    Tensor z = sample.copy(logits);
                    Tensor loss = sample.blank(65);
                    kernels.softmaxCrossEntropy(z, targets, weights, loss);
                    Tensor p = Tensor.copyOf(arena(), logits.toFloats(), logits.size());
                    Tensor g = Tensor.copyOf(arena(), z.toFloats(), z.size());
                    Tensor m = Tensor.zeros(arena(), p.size());
                    Tensor v = Tensor.zeros(arena(), p.size());
                    kernels.adamW(p, g, m, v, new AdamWStep(0.1f, 0.9f, 0.95f, 1e-8f, 0.1f, 1, 1));
                    return ContractSupport.join(z, loss, p, m, v);
                });
        Tensor all = sample.copy(logits);
        Tensor losses = sample.blank(65);
        kernels().softmaxCrossEntropy(all, targets, weights, losses);
        Tensor one = sample.copy(logits.range(31, 32));
        Tensor loss = sample.blank(1);
        kernels().softmaxCrossEntropy(one, targets.range(31, 32), weights.range(31, 32), loss);
        Close.sameBits("gradient", one, all.range(31, 32));
        Close.sameBits("loss", loss, losses.range(31, 32));
    }
}
