package dev.minke.tensor;

/// Conversion between binary32 and binary16 (IEEE 754 half precision).
public final class F16 {
    /// The largest finite value.
    public static final float MAX = 65_504;

    private F16() {}

    /// Widen exactly, subnormal numbers included; NaN stays NaN.
    public static float toFloat(short bits) {
        return Float.float16ToFloat(bits);
    }

    /// Round to nearest, ties to even; beyond [#MAX] to infinity, below 2^-24 to subnormal numbers
    /// and zero; NaN stays NaN.
    public static short fromFloat(float value) {
        return Float.floatToFloat16(value);
    }

    /// As [#fromFloat], but numbers beyond [#MAX] become the largest finite one.
    public static short saturated(float value) {
        return Float.floatToFloat16(Math.min(MAX, Math.max(-MAX, value)));
    }
}
