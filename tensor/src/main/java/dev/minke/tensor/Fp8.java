package dev.minke.tensor;

/// The 8-bit floating point numbers of DeepSeek's weights (spec 2.3): e4m3 values in the variant
/// without infinities, and e8m0 scales.
///
/// An e4m3 code has a sign, four exponent bits of bias 7 and three mantissa bits; exponent 0 holds
/// multiples of 2^-9, and the codes 0x7F and 0xFF are NaN.
public final class Fp8 {
    /// The largest finite e4m3 value, code 0x7E.
    public static final float MAX = 448;

    private static final float[] VALUES = values();

    /// 2^14, whose unit in the last place is 2^-9, that of the smallest codes.
    private static final float SMALL = 0x1p14f;

    private static final int SMALL_BITS = Float.floatToRawIntBits(SMALL);
    private static final int LEAST_NORMAL_BITS = Float.floatToRawIntBits(0x1p-6f);

    private Fp8() {}

    private static float[] values() {
        float[] values = new float[256];
        for (int code = 0; code < 128; code++) {
            int exponent = code >> 3;
            int mantissa = code & 7;
            float value =
                    exponent == 0
                            ? mantissa * 0x1p-9f
                            : Math.scalb(1 + mantissa / 8f, exponent - 7);
            values[code] = code == 127 ? Float.NaN : value;
            values[code + 128] = -values[code];
        }
        return values;
    }

    /// Value of an e4m3 code.
    public static float toFloat(byte code) {
        return VALUES[code & 0xFF];
    }

    /// The nearest e4m3 code, ties to the even mantissa; numbers beyond [#MAX] and infinities
    /// become the largest code of their sign, NaN stays NaN.
    public static byte fromFloat(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = bits >>> 24 & 0x80;
        if (Float.isNaN(value)) {
            return (byte) (sign | 0x7F);
        }
        float size = Math.min(Math.abs(value), MAX);
        int up = Float.floatToRawIntBits(size);
        if (up < LEAST_NORMAL_BITS) {
            return (byte) (sign | Float.floatToRawIntBits(size + SMALL) - SMALL_BITS);
        }
        int rounded = up + 0x7FFFF + (up >>> 20 & 1);
        return (byte) (sign | (rounded >>> 20) - (120 << 3));
    }

    /// Scale of a block whose largest finite magnitude is `amax`: amax / 448, rounded up to a power
    /// of two if asked (`ue8m0`); 1 for a block of zeros, and never below 2^-126, so that no
    /// division by it gives NaN.
    public static float scale(float amax, boolean powerOfTwo) {
        if (amax == 0) {
            return 1;
        }
        float scale = Math.max(amax / MAX, Float.MIN_NORMAL);
        return powerOfTwo ? powerFrom(scale) : scale;
    }

    /// Value of an e8m0 code: 2^(code - 127), NaN for 255.
    public static float scaleToFloat(byte code) {
        int exponent = code & 0xFF;
        return exponent == 255 ? Float.NaN : Math.scalb(1f, exponent - 127);
    }

    /// The e8m0 code of the smallest power of two that is at least `scale`; at most 2^127, NaN and
    /// negative numbers give 255.
    public static byte scaleFromFloat(float scale) {
        if (!(scale >= 0)) {
            return (byte) 255;
        }
        if (scale <= 0x1p-127f) {
            return 0;
        }
        if (scale < Float.MIN_NORMAL) {
            return 1;
        }
        return (byte) Math.min(254, Float.floatToRawIntBits(powerFrom(scale)) >>> 23);
    }

    /// The smallest power of two from a normal number on.
    private static float powerFrom(float normal) {
        int bits = Float.floatToRawIntBits(normal);
        return Float.intBitsToFloat((bits + 0x7FFFFF) & 0xFF800000);
    }
}
