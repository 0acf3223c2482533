package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.minke.tensor.BlockFormat;
import dev.minke.tensor.F16;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Encodes Q4_K and Q5_K; the reference's class of the same name explains the search.
///
/// Two blocks have 16 sub-blocks of 32 values. They are transposed, so that a lane holds a
/// sub-block and all sums of the search stay within a lane, in the reference's order; 11 trials of
/// about ten vector operations for each L values. The rounding at the end goes along the rows.
final class MinScaleBlocks {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final int L = Lanes.COUNT;

    /// Sub-blocks that are searched together.
    private static final int WIDTH = 16;

    private static final int LENGTH = 32;

    private static final int TRIALS = 11;
    private static final float STEP = 0.2f;
    private static final float TINY = 1e-10f;

    /// Where the pieces of the working memory lie: values, their transpose, their weights, then
    /// results for each sub-block, then what a block's rounding needs.
    private static final int TRANSPOSED = WIDTH * LENGTH;

    private static final int WEIGHTS = 2 * WIDTH * LENGTH;
    private static final int SCALES = 3 * WIDTH * LENGTH;
    private static final int MINS = SCALES + WIDTH;
    private static final int OFFSETS = MINS + WIDTH;
    private static final int INVERSES = OFFSETS + WIDTH;

    /// Floats of working memory.
    static final int WORK = INVERSES + WIDTH;

    private MinScaleBlocks() {}

    /// Encode one block or two, whose values are at the start of `work`.
    static void encode(BlockFormat format, float[] work, int blocks, MemorySegment to, long at) {
        int most = format == BlockFormat.Q4_K ? 15 : 31;
        if (blocks == 1) {
            Arrays.fill(work, 256, 512, 0);
        }
        transpose(work);
        for (int j = 0; j < WIDTH; j += L) {
            search(work, j, most);
        }
        for (int b = 0; b < blocks; b++) {
            long block = at + (long) b * format.blockBytes();
            chooseScales(work, 8 * b, to, block);
            if (most == 15) {
                storeQ4(work, b, to, block + 16);
            } else {
                storeQ5(work, b, to, block + 16);
            }
        }
    }

    private static void transpose(float[] work) {
        for (int i = 0; i < LENGTH; i++) {
            for (int j = 0; j < WIDTH; j++) {
                work[TRANSPOSED + WIDTH * i + j] = work[LENGTH * j + i];
            }
        }
    }

    /// Find scale and minimum of the sub-blocks `j` to `j + L - 1`.
    private static void search(float[] work, int j, int most) {
        int begin = TRANSPOSED + j;
        int end = begin + LENGTH * WIDTH;
        FloatVector zero = FloatVector.zero(F);
        FloatVector low = zero;
        FloatVector high = FloatVector.fromArray(F, work, begin);
        FloatVector squares = zero;
        for (int i = begin; i < end; i += WIDTH) {
            FloatVector x = FloatVector.fromArray(F, work, i);
            low = low.blend(x, x.compare(VectorOperators.LT, low));
            high = high.blend(x, x.compare(VectorOperators.GT, high));
            squares = x.fma(x, squares);
        }
        FloatVector rms = squares.mul(1 / 32f).sqrt();
        FloatVector sumW = zero;
        FloatVector sumX = zero;
        for (int i = begin; i < end; i += WIDTH) {
            FloatVector x = FloatVector.fromArray(F, work, i);
            FloatVector w = rms.add(x.abs());
            w.intoArray(work, i + WEIGHTS - TRANSPOSED);
            sumW = sumW.add(w);
            sumX = w.fma(x, sumX);
        }
        FloatVector s = high.sub(low).div(most);
        FloatVector m = low;
        FloatVector best = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
        for (int k = 0; k < TRIALS; k++) {
            FloatVector reach = high.sub(m);
            reach = reach.blend(TINY, reach.compare(VectorOperators.LT, TINY));
            FloatVector inverse = FloatVector.broadcast(F, most - 1 + STEP * k).div(reach);
            FloatVector shift = m.neg().mul(inverse);
            FloatVector sumQ = zero;
            FloatVector sumQq = zero;
            FloatVector sumXq = zero;
            for (int i = begin; i < end; i += WIDTH) {
                FloatVector x = FloatVector.fromArray(F, work, i);
                FloatVector q = Nearest.floats(x.fma(inverse, shift), 0, most);
                FloatVector wq = FloatVector.fromArray(F, work, i + WEIGHTS - TRANSPOSED).mul(q);
                sumQ = sumQ.add(wq);
                sumQq = wq.fma(q, sumQq);
                sumXq = wq.fma(x, sumXq);
            }
            FloatVector det = sumW.mul(sumQq).sub(sumQ.mul(sumQ));
            FloatVector slope = sumW.mul(sumXq).sub(sumX.mul(sumQ)).div(det);
            FloatVector start = sumQq.mul(sumX).sub(sumQ.mul(sumXq)).div(det);
            VectorMask<Float> positive = start.compare(VectorOperators.GT, 0);
            start = start.blend(0, positive);
            slope = slope.blend(sumXq.div(sumQq), positive);
            FloatVector gain = slope.mul(sumXq).add(start.mul(sumX));
            VectorMask<Float> better =
                    gain.compare(VectorOperators.GT, best).and(det.compare(VectorOperators.GT, 0));
            best = best.blend(gain, better);
            s = s.blend(slope, better);
            m = m.blend(start, better);
        }
        VectorMask<Float> flat = high.sub(low).compare(VectorOperators.LT, TINY);
        s.blend(0, flat).intoArray(work, SCALES + j);
        m.blend(low, flat).neg().intoArray(work, MINS + j);
    }

    /// Round the scales and minima of one block to six bits, store them, and leave what its values
    /// need: the minimum to add and the inverse of the scale.
    private static void chooseScales(float[] work, int first, MemorySegment to, long at) {
        float topScale = 0;
        float topMin = 0;
        for (int j = first; j < first + 8; j++) {
            topScale = Math.max(topScale, work[SCALES + j]);
            topMin = Math.max(topMin, work[MINS + j]);
        }
        short dBits = F16.saturated(topScale / 63);
        short minBits = F16.saturated(topMin / 63);
        float d = F16.toFloat(dBits);
        float dmin = F16.toFloat(minBits);
        to.set(JAVA_SHORT_UNALIGNED, at, dBits);
        to.set(JAVA_SHORT_UNALIGNED, at + 2, minBits);
        long scales = 0;
        long mins = 0;
        for (int j = 0; j < 8; j++) {
            int scale = d > 0 ? Nearest.integer(work[SCALES + first + j] / d, 0, 63) : 0;
            int min = dmin > 0 ? Nearest.integer(work[MINS + first + j] / dmin, 0, 63) : 0;
            float step = d * scale;
            work[OFFSETS + j] = dmin * min;
            work[INVERSES + j] = step > 0 ? 1 / step : 0;
            scales |= (long) scale << 8 * j;
            mins |= (long) min << 8 * j;
        }
        storeScales(scales, mins, to, at + 4);
    }

    /// Inverse of [SuperBlocks]' unpacking: eight pairs of six bits in 12 bytes.
    private static void storeScales(long scales, long mins, MemorySegment to, long at) {
        int upperScales = (int) (scales >>> 32);
        int upperMins = (int) (mins >>> 32);
        int first = (int) scales | (upperScales & 0x30303030) << 2;
        int second = (int) mins | (upperMins & 0x30303030) << 2;
        int third = upperScales & 0x0F0F0F0F | (upperMins & 0x0F0F0F0F) << 4;
        to.set(JAVA_INT_UNALIGNED, at, first);
        to.set(JAVA_INT_UNALIGNED, at + 4, second);
        to.set(JAVA_INT_UNALIGNED, at + 8, third);
    }

    private static void storeQ4(float[] work, int block, MemorySegment to, long at) {
        for (int p = 0; p < 4; p++) {
            for (int i = 0; i < LENGTH; i += L) {
                IntVector low = value(work, 256 * block, 2 * p, i, 15);
                IntVector up = value(work, 256 * block, 2 * p + 1, i, 15);
                Bytes.store(low.or(up.lanewise(VectorOperators.LSHL, 4)), to, at + 32 * p + i);
            }
        }
    }

    private static void storeQ5(float[] work, int block, MemorySegment to, long at) {
        for (int i = 0; i < LENGTH; i += L) {
            IntVector fifth = IntVector.zero(Lanes.INT);
            for (int p = 0; p < 4; p++) {
                IntVector low = value(work, 256 * block, 2 * p, i, 31);
                IntVector up = value(work, 256 * block, 2 * p + 1, i, 31);
                IntVector bits =
                        low.lanewise(VectorOperators.LSHR, 4)
                                .or(up.lanewise(VectorOperators.LSHR, 3).and(2));
                fifth = fifth.or(bits.lanewise(VectorOperators.LSHL, 2 * p));
                IntVector nibbles = low.and(15).or(up.lanewise(VectorOperators.LSHL, 4));
                Bytes.store(nibbles, to, at + 32 + 32 * p + i);
            }
            Bytes.store(fifth, to, at + i);
        }
    }

    /// L values of sub-block `j` of a block, rounded.
    private static IntVector value(float[] work, int block, int j, int i, int most) {
        FloatVector x = FloatVector.fromArray(F, work, block + LENGTH * j + i);
        return Nearest.integers(x.add(work[OFFSETS + j]).mul(work[INVERSES + j]), 0, most);
    }
}
