package dev.minke.tensor.reference;

import dev.minke.tensor.BlockFormat;
import dev.minke.tensor.F16;
import java.lang.foreign.MemorySegment;

/// Encodes Q4_K and Q5_K: x = d scale_j q - dmin min_j for sub-blocks j of 32 values.
///
/// For each sub-block a line x = s q + m, m at most 0, of least squared error, weighted by |x| +
/// rms: a few inverse scales are tried; each gives integers q, these give s and m in closed form,
/// and the best m so far is where the next trial starts. Then s and m become six-bit multiples of d
/// and dmin, and q is rounded once more. Every sum runs in ascending order by fused multiply-add;
/// the fast twin does the same in each lane.
final class MinScaleBlocks {
    /// Trials: the span of a sub-block is laid on `most` - 1 to `most` + 1 steps.
    private static final int TRIALS = 11;

    private static final float STEP = 0.2f;

    /// Narrower sub-blocks are flat: scales that small round to zero in binary16.
    private static final float TINY = 1e-10f;

    private MinScaleBlocks() {}

    static void encode(BlockFormat format, float[] x, MemorySegment to, long at) {
        int most = format == BlockFormat.Q4_K ? 15 : 31;
        float[] scales = new float[8];
        float[] mins = new float[8];
        float topScale = 0;
        float topMin = 0;
        for (int j = 0; j < 8; j++) {
            search(x, 32 * j, most, scales, mins, j);
            topScale = Math.max(topScale, scales[j]);
            topMin = Math.max(topMin, mins[j]);
        }
        short dBits = F16.saturated(topScale / 63);
        short minBits = F16.saturated(topMin / 63);
        float d = F16.toFloat(dBits);
        float dmin = F16.toFloat(minBits);
        Memory.storeF16(to, at, dBits);
        Memory.storeF16(to, at + 2, minBits);
        int[] q = new int[256];
        int[] scale = new int[8];
        int[] min = new int[8];
        for (int j = 0; j < 8; j++) {
            scale[j] = d > 0 ? nearest(scales[j] / d, 0, 63) : 0;
            min[j] = dmin > 0 ? nearest(mins[j] / dmin, 0, 63) : 0;
            float step = d * scale[j];
            float offset = dmin * min[j];
            float inverse = step > 0 ? 1 / step : 0;
            for (int i = 32 * j; i < 32 * j + 32; i++) {
                q[i] = nearest((x[i] + offset) * inverse, 0, most);
            }
        }
        storeScales(scale, min, to, at + 4);
        boolean fifth = format == BlockFormat.Q5_K;
        if (fifth) {
            storeFifthBits(q, to, at + 16);
        }
        storeNibbles(q, to, at + (fifth ? 48 : 16));
    }

    /// Find s and -m of the 32 values from `at` on.
    private static void search(float[] x, int at, int most, float[] scales, float[] mins, int j) {
        float low = 0;
        float high = x[at];
        float squares = 0;
        for (int i = at; i < at + 32; i++) {
            low = x[i] < low ? x[i] : low;
            high = x[i] > high ? x[i] : high;
            squares = Math.fma(x[i], x[i], squares);
        }
        float rms = (float) Math.sqrt(squares * (1 / 32f));
        float sumW = 0;
        float sumX = 0;
        for (int i = at; i < at + 32; i++) {
            float w = rms + Math.abs(x[i]);
            sumW += w;
            sumX = Math.fma(w, x[i], sumX);
        }
        float s = (high - low) / most;
        float m = low;
        float best = Float.NEGATIVE_INFINITY;
        for (int k = 0; k < TRIALS; k++) {
            float inverse = (most - 1 + STEP * k) / Math.max(high - m, TINY);
            float shift = -m * inverse;
            float sumQ = 0;
            float sumQq = 0;
            float sumXq = 0;
            for (int i = at; i < at + 32; i++) {
                float q = nearest(Math.fma(x[i], inverse, shift), 0, most);
                float wq = (rms + Math.abs(x[i])) * q;
                sumQ += wq;
                sumQq = Math.fma(wq, q, sumQq);
                sumXq = Math.fma(wq, x[i], sumXq);
            }
            float det = sumW * sumQq - sumQ * sumQ;
            float slope = (sumW * sumXq - sumX * sumQ) / det;
            float start = (sumQq * sumX - sumQ * sumXq) / det;
            if (start > 0) {
                start = 0;
                slope = sumXq / sumQq;
            }
            // the squared error is a constant minus this
            float gain = slope * sumXq + start * sumX;
            if (det > 0 && gain > best) {
                best = gain;
                s = slope;
                m = start;
            }
        }
        boolean flat = high - low < TINY;
        scales[j] = flat ? 0 : s;
        mins[j] = flat ? -low : -m;
    }

    static int nearest(float value, int least, int most) {
        return (int) Math.clamp(Math.rint(value), least, most);
    }

    /// Eight pairs of six bits in 12 bytes: the lower four pairs whole, the upper ones in the third
    /// word of nibbles and the top two bits of the others.
    private static void storeScales(int[] scale, int[] min, MemorySegment to, long at) {
        for (int j = 0; j < 4; j++) {
            Memory.storeByte(to, at + j, scale[j] | scale[j + 4] >>> 4 << 6);
            Memory.storeByte(to, at + j + 4, min[j] | min[j + 4] >>> 4 << 6);
            Memory.storeByte(to, at + j + 8, scale[j + 4] & 15 | (min[j + 4] & 15) << 4);
        }
    }

    private static void storeFifthBits(int[] q, MemorySegment to, long at) {
        for (int l = 0; l < 32; l++) {
            int bits = 0;
            for (int j = 0; j < 8; j++) {
                bits |= q[32 * j + l] >>> 4 << j;
            }
            Memory.storeByte(to, at + l, bits);
        }
    }

    private static void storeNibbles(int[] q, MemorySegment to, long at) {
        for (int i = 0; i < 128; i++) {
            int first = i / 32 * 64 + i % 32;
            Memory.storeByte(to, at + i, q[first] & 15 | (q[first + 32] & 15) << 4);
        }
    }
}
