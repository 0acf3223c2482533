package dev.minke.tensor;

import static org.assertj.core.api.Assertions.fail;

import java.util.function.ToDoubleFunction;

/// Gradients by central differences in double.
public final class Differences {
    private static final int LIMIT = 300;
    private static final double STEP = 1e-4;

    private Differences() {}

    /// Check `gradient` of `loss` at `x`: all coordinates, or 300 random ones of a larger tensor.
    ///
    /// @param tolerance allowed error, relative to the largest component that was looked at; what
    ///   cancels to nothing may leave rounding errors of numbers around 0.01
    public static void check(
            String what,
            Tensor gradient,
            double[] x,
            ToDoubleFunction<double[]> loss,
            double tolerance) {
        float[] actual = gradient.toFloats();
        if (actual.length != x.length) {
            fail("%s: %d values, expected %d", what, actual.length, x.length);
        }
        int count = Math.min(x.length, LIMIT);
        int[] at = new int[count];
        double[] expected = new double[count];
        double largest = 0;
        Rng rng = new Rng(x.length);
        for (int i = 0; i < count; i++) {
            at[i] = count == x.length ? i : rng.nextInt(x.length);
            expected[i] = difference(x, at[i], loss);
            largest = Math.max(largest, Math.abs(expected[i]));
        }
        for (int i = 0; i < count; i++) {
            if (!(Math.abs(actual[at[i]] - expected[i]) <= tolerance * (largest + 0.01))) {
                int cols = (int) gradient.cols();
                fail(
                        "%s: gradient at [%d, %d] is %s, differences give %s (largest %s)",
                        what, at[i] / cols, at[i] % cols, actual[at[i]], expected[i], largest);
            }
        }
    }

    private static double difference(double[] x, int i, ToDoubleFunction<double[]> loss) {
        double old = x[i];
        double step = STEP * Math.max(1, Math.abs(old));
        x[i] = old + step;
        double above = loss.applyAsDouble(x);
        x[i] = old - step;
        double below = loss.applyAsDouble(x);
        x[i] = old;
        return (above - below) / (2 * step);
    }

    /// sum of a[i] * b[i]: a loss whose gradient by `b` is `a`.
    public static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
