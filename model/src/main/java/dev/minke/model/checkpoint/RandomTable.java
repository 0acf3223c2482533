package dev.minke.model.checkpoint;

import dev.minke.tensor.Bf16;
import dev.minke.tensor.Fp8;
import dev.minke.tensor.Rng;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Draws normal numbers from a table: sixteen random bits choose one of 65,536 quantiles.
///
/// Four values from one random word are ten times faster than Box and Muller, and the table can
/// hold finished codes of any type. Mean is 0 and standard deviation 1 to rounding, tails end at
/// [#LARGEST] deviations. Enough for tests and benchmarks; not for training, which draws its own.
final class RandomTable {
    private static final int SIZE = 1 << 16;
    private static final int STEPS = 4;
    private static final float[] QUANTILES = quantiles();

    /// The largest quantile, about 4.3 standard deviations.
    static final float LARGEST = QUANTILES[SIZE - 1];

    private static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final StoredType type;
    private final int[] codes;

    /// @param codes little-endian bits of each quantile, or of the one value there is
    private RandomTable(StoredType type, int[] codes) {
        this.type = type;
        this.codes = codes;
    }

    /// Normal numbers of mean 0.
    static RandomTable normal(StoredType type, double std) {
        int[] codes = new int[SIZE];
        for (int i = 0; i < SIZE; i++) {
            codes[i] = code(type, (float) (QUANTILES[i] * std));
        }
        return new RandomTable(type, codes);
    }

    /// One number throughout.
    static RandomTable constant(StoredType type, float value) {
        return new RandomTable(type, new int[] {code(type, value)});
    }

    private static int code(StoredType type, float value) {
        return switch (type) {
            case F32 -> Float.floatToRawIntBits(value);
            case BF16 -> Bf16.fromFloat(value) & 0xFFFF;
            case F8_E4M3 -> Fp8.fromFloat(value) & 0xFF;
            default -> throw new IllegalArgumentException("no random numbers of type " + type);
        };
    }

    /// Type of the codes.
    StoredType type() {
        return type;
    }

    /// Fill `count` values from byte `offset` of `to`.
    void fill(MemorySegment to, long offset, int count, Rng rng) {
        int last = codes.length - 1;
        int whole = count & -4;
        switch (type.bytes()) {
            case 4 -> {
                for (int i = 0; i < whole; i += 4) {
                    long bits = rng.nextLong();
                    to.set(LONG, offset + 4L * i, pair32(bits, last));
                    to.set(LONG, offset + 4L * i + 8, pair32(bits >>> 32, last));
                }
            }
            case 2 -> {
                for (int i = 0; i < whole; i += 4) {
                    long bits = rng.nextLong();
                    long low = pair16(bits, last);
                    to.set(LONG, offset + 2L * i, low | pair16(bits >>> 32, last) << 32);
                }
            }
            default -> {
                for (int i = 0; i < whole; i += 4) {
                    long bits = rng.nextLong();
                    int low = pair8(bits, last);
                    to.set(INT, offset + i, low | pair8(bits >>> 32, last) << 16);
                }
            }
        }
        long bits = rng.nextLong();
        for (int i = whole; i < count; i++) {
            set(to, offset, i, codes[(int) bits & 0xFFFF & last]);
            bits >>>= 16;
        }
    }

    private long pair32(long bits, int last) {
        long low = codes[(int) bits & 0xFFFF & last] & 0xFFFFFFFFL;
        return low | (long) codes[(int) (bits >>> 16) & 0xFFFF & last] << 32;
    }

    private long pair16(long bits, int last) {
        int high = codes[(int) (bits >>> 16) & 0xFFFF & last];
        return (codes[(int) bits & 0xFFFF & last] | high << 16) & 0xFFFFFFFFL;
    }

    private int pair8(long bits, int last) {
        int high = codes[(int) (bits >>> 16) & 0xFFFF & last];
        return codes[(int) bits & 0xFFFF & last] | high << 8;
    }

    private void set(MemorySegment to, long offset, int i, int code) {
        switch (type.bytes()) {
            case 4 -> to.set(INT, offset + 4L * i, code);
            case 2 -> to.set(SHORT, offset + 2L * i, (short) code);
            default -> to.set(ValueLayout.JAVA_BYTE, offset + i, (byte) code);
        }
    }

    /// Middles of 65,536 equal parts of the normal distribution, scaled to variance 1.
    ///
    /// The quantile solves `x' = sqrt(2 pi) exp(x^2 / 2)` from `x(1/2) = 0`; Runge and Kutta's
    /// classical steps, with StrictMath, as a seed means the same weights on every machine.
    private static float[] quantiles() {
        double[] upper = new double[SIZE / 2];
        double squares = 0;
        double x = 0;
        for (int i = 0; i < upper.length; i++) {
            double width = (i == 0 ? 0.5 : 1.0) / SIZE / STEPS;
            for (int step = 0; step < STEPS; step++) {
                double k1 = slope(x);
                double k2 = slope(x + width / 2 * k1);
                double k3 = slope(x + width / 2 * k2);
                double k4 = slope(x + width * k3);
                x += width / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
            }
            upper[i] = x;
            squares += x * x;
        }
        double scale = StrictMath.sqrt(upper.length / squares);
        float[] quantiles = new float[SIZE];
        for (int i = 0; i < upper.length; i++) {
            quantiles[SIZE / 2 + i] = (float) (upper[i] * scale);
            quantiles[SIZE / 2 - 1 - i] = -quantiles[SIZE / 2 + i];
        }
        return quantiles;
    }

    private static double slope(double x) {
        return StrictMath.sqrt(2 * Math.PI) * StrictMath.exp(x * x / 2);
    }
}
