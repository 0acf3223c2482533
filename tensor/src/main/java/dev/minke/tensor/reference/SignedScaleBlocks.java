package dev.minke.tensor.reference;

import dev.minke.tensor.F16;
import java.lang.foreign.MemorySegment;

/// Encodes Q6_K: x = d scale_j q for sub-blocks j of 16 values, q from -32 to 31.
///
/// For each sub-block a factor s of least squared error: a few inverse factors that lay the value
/// of largest magnitude near -32 are tried; each gives integers q, these give s in closed form.
/// Then s becomes a signed byte times d, and q is rounded once more. Every sum runs in ascending
/// order by fused multiply-add; the fast twin does the same in each lane.
final class SignedScaleBlocks {
    /// Trials: the extreme value is laid at -30.2 to -32.9.
    private static final int TRIALS = 10;

    private static final float FIRST = 30.2f;
    private static final float STEP = 0.3f;

    /// Smaller sub-blocks are zero: scales that small round to zero in binary16.
    private static final float TINY = 1e-10f;

    private SignedScaleBlocks() {}

    static void encode(float[] x, MemorySegment to, long at) {
        float[] scales = new float[16];
        float top = 0;
        for (int j = 0; j < 16; j++) {
            scales[j] = search(x, 16 * j);
            top = Math.abs(scales[j]) > Math.abs(top) ? scales[j] : top;
        }
        short dBits = top == 0 ? 0 : F16.saturated(top * (-1 / 128f));
        float d = F16.toFloat(dBits);
        int[] q = new int[256];
        for (int j = 0; j < 16; j++) {
            int scale = d == 0 ? 0 : MinScaleBlocks.nearest(scales[j] / d, -128, 127);
            float step = d * scale;
            float inverse = step == 0 ? 0 : 1 / step;
            for (int i = 16 * j; i < 16 * j + 16; i++) {
                q[i] = MinScaleBlocks.nearest(x[i] * inverse, -32, 31) + 32;
            }
            Memory.storeByte(to, at + 192 + j, scale);
        }
        Memory.storeF16(to, at + SuperBlocks.Q6_D, dBits);
        storeValues(q, to, at);
    }

    /// The factor of the 16 values from `at` on.
    private static float search(float[] x, int at) {
        float extreme = 0;
        for (int i = at; i < at + 16; i++) {
            extreme = Math.abs(x[i]) > Math.abs(extreme) ? x[i] : extreme;
        }
        if (Math.abs(extreme) < TINY) {
            return 0;
        }
        float s = 0;
        float best = 0;
        for (int k = 0; k < TRIALS; k++) {
            float inverse = -(FIRST + STEP * k) / extreme;
            float sumXq = 0;
            float sumQq = 0;
            for (int i = at; i < at + 16; i++) {
                float q = MinScaleBlocks.nearest(x[i] * inverse, -32, 31);
                sumXq = Math.fma(x[i], q, sumXq);
                sumQq = Math.fma(q, q, sumQq);
            }
            float factor = sumXq / sumQq;
            float gain = factor * sumXq; // the squared error is a constant minus this
            if (gain > best) {
                best = gain;
                s = factor;
            }
        }
        return s;
    }

    /// In each half, byte l and l + 32 hold groups 0 and 1 in the lower nibbles, 2 and 3 in the
    /// upper ones; bits 2g and 2g + 1 of byte 128 + l belong to group g.
    private static void storeValues(int[] q, MemorySegment to, long at) {
        for (int half = 0; half < 2; half++) {
            for (int l = 0; l < 32; l++) {
                int i = 128 * half + l;
                int upper = 0;
                for (int group = 0; group < 4; group++) {
                    upper |= q[i + 32 * group] >>> 4 << 2 * group;
                }
                Memory.storeByte(to, at + 64 * half + l, q[i] & 15 | (q[i + 64] & 15) << 4);
                Memory.storeByte(
                        to, at + 64 * half + 32 + l, q[i + 32] & 15 | (q[i + 96] & 15) << 4);
                Memory.storeByte(to, at + 128 + 32 * half + l, upper);
            }
        }
    }
}
