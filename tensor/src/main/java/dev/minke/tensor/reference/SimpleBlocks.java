package dev.minke.tensor.reference;

import dev.minke.tensor.BlockFormat;
import dev.minke.tensor.F16;
import java.lang.foreign.MemorySegment;

/// Blocks of 32 values with one scale d and perhaps an offset m, both binary16.
///
/// Nibbles: byte i holds value i below and value i + 16 above. Fifth bits: bit i of a 32-bit word
/// belongs to value i. The encoders choose d and m from the extreme values alone, as GGML does, and
/// give the same bytes.
final class SimpleBlocks {
    /// The largest float below one half: adding it and cutting rounds to nearest, ties away from
    /// zero, also just below one half.
    private static final float HALF = 0x1.fffffep-2f;

    /// Blocks of smaller scales are zero.
    private static final float TINY = 1e-30f;

    private SimpleBlocks() {}

    static void decode(BlockFormat format, MemorySegment from, long at, float[] y) {
        float d = Memory.loadF16(from, at);
        switch (format) {
            case Q4_0 -> {
                for (int i = 0; i < 32; i++) {
                    y[i] = d * (nibble(from, at + 2, i) - 8);
                }
            }
            case Q4_1 -> {
                float m = Memory.loadF16(from, at + 2);
                for (int i = 0; i < 32; i++) {
                    y[i] = d * nibble(from, at + 4, i) + m;
                }
            }
            case Q5_0 -> {
                int high = Memory.loadInt(from, at + 2);
                for (int i = 0; i < 32; i++) {
                    y[i] = d * ((nibble(from, at + 6, i) | (high >>> i & 1) << 4) - 16);
                }
            }
            case Q5_1 -> {
                float m = Memory.loadF16(from, at + 2);
                int high = Memory.loadInt(from, at + 4);
                for (int i = 0; i < 32; i++) {
                    y[i] = d * (nibble(from, at + 8, i) | (high >>> i & 1) << 4) + m;
                }
            }
            default -> { // Q8_0
                for (int i = 0; i < 32; i++) {
                    y[i] = d * (byte) Memory.loadByte(from, at + 2 + i);
                }
            }
        }
    }

    private static int nibble(MemorySegment from, long at, int i) {
        int both = Memory.loadByte(from, at + i % 16);
        return i < 16 ? both & 15 : both >>> 4;
    }

    static void encode(BlockFormat format, float[] x, MemorySegment to, long at) {
        switch (format) {
            case Q4_0 -> encodeSigned(x, 15, to, at);
            case Q4_1 -> encodeOffset(x, 15, to, at);
            case Q5_0 -> encodeSigned(x, 31, to, at);
            case Q5_1 -> encodeOffset(x, 31, to, at);
            default -> encodeQ8(x, to, at);
        }
    }

    /// Q4_0 and Q5_0: the value of largest magnitude becomes exactly -8 or -16.
    private static void encodeSigned(float[] x, int most, MemorySegment to, long at) {
        float extreme = 0;
        for (int i = 0; i < 32; i++) {
            extreme = Math.abs(x[i]) > Math.abs(extreme) ? x[i] : extreme;
        }
        float half = (most + 1) / 2f;
        float d = -extreme / half;
        Memory.storeF16(to, at, F16.saturated(d));
        storeSteps(x, 0, d, half + 0.5f, most, to, at + 2);
    }

    /// Q4_1 and Q5_1: the least value becomes 0, the greatest 15 or 31.
    private static void encodeOffset(float[] x, int most, MemorySegment to, long at) {
        float min = x[0];
        float max = x[0];
        for (int i = 1; i < 32; i++) {
            min = x[i] < min ? x[i] : min; // of zeros the first, whose sign is kept
            max = x[i] > max ? x[i] : max;
        }
        min = Math.clamp(min, -F16.MAX, F16.MAX);
        float d = (max - min) / most;
        Memory.storeF16(to, at, F16.saturated(d));
        Memory.storeF16(to, at + 2, F16.fromFloat(min));
        storeSteps(x, min, d, 0.5f, most, to, at + 4);
    }

    /// Store q = (x - base) / d + shift, cut to integers of four or five bits.
    private static void storeSteps(
            float[] x, float base, float d, float shift, int most, MemorySegment to, long at) {
        float inverse = Math.abs(d) < TINY ? 0 : 1 / d;
        int[] q = new int[32];
        int fifth = 0;
        for (int i = 0; i < 32; i++) {
            q[i] = Math.clamp((int) ((x[i] - base) * inverse + shift), 0, most);
            fifth |= q[i] >>> 4 << i;
        }
        long nibbles = at;
        if (most == 31) {
            Memory.storeInt(to, at, fifth);
            nibbles += 4;
        }
        for (int i = 0; i < 16; i++) {
            Memory.storeByte(to, nibbles + i, q[i] & 15 | (q[i + 16] & 15) << 4);
        }
    }

    /// Q8_0: d = amax / 127, ties away from zero.
    private static void encodeQ8(float[] x, MemorySegment to, long at) {
        float amax = 0;
        for (int i = 0; i < 32; i++) {
            amax = Math.max(amax, Math.abs(x[i]));
        }
        float d = amax / 127;
        float inverse = d < TINY ? 0 : 1 / d;
        Memory.storeF16(to, at, F16.saturated(d));
        for (int i = 0; i < 32; i++) {
            float scaled = x[i] * inverse;
            Memory.storeByte(to, at + 2 + i, (int) (scaled + Math.copySign(HALF, scaled)));
        }
    }
}
