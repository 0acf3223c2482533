package dev.minke.tensor;

/// Conversion between binary32 and bfloat16 (its upper 16 bits).
public final class Bf16 {
    private Bf16() {}

    /// Widen exactly.
    public static float toFloat(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /// Round to nearest, ties to even; NaN stays NaN (its quiet bit is set).
    public static short fromFloat(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >>> 16) | 0x40);
        }
        return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
    }
}
