package dev.minke.tensor;

import static org.assertj.core.api.Assertions.fail;

import java.util.Arrays;

/// Comparisons whose failure names the first wrong element and both values.
public final class Close {
    private Close() {}

    /// Check every element to within `tolerance`.
    public static void within(String what, Tensor actual, double[] expected, double tolerance) {
        double[] tolerances = new double[expected.length];
        Arrays.fill(tolerances, tolerance);
        within(what, actual, expected, tolerances);
    }

    /// Check every element to within its own tolerance; NaN is never right.
    public static void within(String what, Tensor actual, double[] expected, double[] tolerances) {
        float[] values = actual.toFloats();
        if (values.length != expected.length) {
            fail("%s: %d values, expected %d", what, values.length, expected.length);
        }
        for (int i = 0; i < values.length; i++) {
            if (!(Math.abs(values[i] - expected[i]) <= tolerances[i])) {
                fail(
                        "%s: element %s is %s, expected %s within %s",
                        what,
                        coordinate(i, (int) actual.cols()),
                        values[i],
                        expected[i],
                        tolerances[i]);
            }
        }
    }

    /// Check every element to within `tolerance` times the largest expected magnitude.
    public static void relative(String what, Tensor actual, double[] expected, double tolerance) {
        double largest = 0;
        for (double value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        within(what, actual, expected, tolerance * largest + 1e-30);
    }

    /// Check that all values are equal (0 equals -0).
    public static void same(String what, Tensor actual, float[] expected) {
        float[] values = actual.toFloats();
        if (values.length != expected.length) {
            fail("%s: %d values, expected %d", what, values.length, expected.length);
        }
        for (int i = 0; i < values.length; i++) {
            if (values[i] != expected[i]) {
                fail(describe(what, i, (int) actual.cols(), values[i], expected[i]));
            }
        }
    }

    /// Check that all bits are equal.
    public static void sameBits(String what, Tensor actual, Tensor expected) {
        sameBits(what, actual.toFloats(), expected.toFloats(), (int) expected.cols());
    }

    /// Check that all bits are equal; `cols` makes the coordinate in the message.
    public static void sameBits(String what, float[] actual, float[] expected, int cols) {
        if (actual.length != expected.length) {
            fail("%s: %d values, expected %d", what, actual.length, expected.length);
        }
        for (int i = 0; i < expected.length; i++) {
            int bits = Float.floatToRawIntBits(actual[i]);
            if (bits != Float.floatToRawIntBits(expected[i])) {
                fail(describe(what, i, cols, actual[i], expected[i]));
            }
        }
    }

    private static String describe(String what, int i, int cols, float actual, float expected) {
        return "%s: element %s is %s (%08x), expected %s (%08x)"
                .formatted(
                        what,
                        coordinate(i, cols),
                        actual,
                        Float.floatToRawIntBits(actual),
                        expected,
                        Float.floatToRawIntBits(expected));
    }

    private static String coordinate(int i, int cols) {
        return "[%d, %d]".formatted(i / cols, i % cols);
    }
}
