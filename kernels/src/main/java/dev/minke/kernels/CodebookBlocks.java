package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.minke.tensor.F16;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Formats whose nibbles are indices into a fixed table of 16 values; the reference's class of the
/// same name explains the search.
///
/// 16 blocks are transposed, so that a lane holds a block and all sums stay within a lane, in the
/// reference's order. The rounding at the end goes along the rows.
final class CodebookBlocks {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final VectorSpecies<Integer> I = Lanes.INT;
    private static final int L = Lanes.COUNT;

    static final int[] VALUES = {
        -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
    };

    private static final float[] TARGETS = {-119, -123, -127, -131, 113};
    private static final float TINY = 1e-10f;

    /// Blocks encoded at a time.
    private static final int WIDTH = 16;

    /// Where the pieces of the working memory lie: values, their transpose, scales.
    private static final int TRANSPOSED = 32 * WIDTH;

    private static final int SCALES = 2 * TRANSPOSED;

    private CodebookBlocks() {}

    static void decodeNl(MemorySegment from, long at, int blocks, float[] y, int yAt) {
        for (int b = 0; b < blocks; b++) {
            decode(from, at + 2, Blocks.half(from, at), y, yAt);
            at += 18;
            yAt += 32;
        }
    }

    static void decodeXs(MemorySegment from, long at, int blocks, float[] y, int yAt) {
        for (int b = 0; b < blocks; b++) {
            float d = Blocks.half(from, at);
            for (int j = 0; j < 8; j++) {
                int low = from.get(JAVA_BYTE, at + 4 + j / 2) >>> j % 2 * 4 & 15;
                int high = from.get(JAVA_BYTE, at + 2 + j / 4) >>> j % 4 * 2 & 3;
                float scale = d * ((low | high << 4) - 32);
                decode(from, at + 8 + 16L * j, scale, y, yAt + 32 * j);
            }
            at += 136;
            yAt += 256;
        }
    }

    private static void decode(MemorySegment from, long at, float scale, float[] y, int yAt) {
        for (int i = 0; i < 16; i += L) {
            IntVector q = Bytes.unsigned(from, at + i);
            value(q.and(15)).mul(scale).intoArray(y, yAt + i);
            value(q.lanewise(VectorOperators.LSHR, 4)).mul(scale).intoArray(y, yAt + 16 + i);
        }
    }

    /// Table values of indices 0 to 15: one permutation for each L entries of the table.
    private static FloatVector value(IntVector index) {
        IntVector part = index.and(L - 1);
        IntVector value = part.selectFrom(IntVector.fromArray(I, VALUES, 0));
        for (int i = L; i < 16; i += L) {
            IntVector other = part.selectFrom(IntVector.fromArray(I, VALUES, i));
            value = value.blend(other, index.compare(VectorOperators.GE, i));
        }
        return (FloatVector) value.convert(VectorOperators.I2F, 0);
    }

    /// Encode up to 16 blocks, whose values are at the start of `work`.
    static void encodeNl(float[] work, int blocks, MemorySegment to, long at) {
        Arrays.fill(work, 32 * blocks, TRANSPOSED, 0);
        for (int i = 0; i < 32; i++) {
            for (int b = 0; b < WIDTH; b++) {
                work[TRANSPOSED + WIDTH * i + b] = work[32 * b + i];
            }
        }
        for (int b = 0; b < blocks; b += L) {
            search(work, b);
        }
        for (int b = 0; b < blocks; b++) {
            short dBits = F16.saturated(work[SCALES + b]);
            float d = F16.toFloat(dBits);
            to.set(JAVA_SHORT_UNALIGNED, at, dBits);
            storeIndices(work, 32 * b, d == 0 ? 0 : 1 / d, to, at + 2);
            at += 18;
        }
    }

    /// Find the scale of the blocks `b` to `b + L - 1`.
    private static void search(float[] work, int b) {
        int begin = TRANSPOSED + b;
        int end = begin + 32 * WIDTH;
        FloatVector zero = FloatVector.zero(F);
        FloatVector extreme = zero;
        for (int i = begin; i < end; i += WIDTH) {
            FloatVector x = FloatVector.fromArray(F, work, i);
            extreme = extreme.blend(x, x.abs().compare(VectorOperators.GT, extreme.abs()));
        }
        VectorMask<Float> none = extreme.abs().compare(VectorOperators.LT, TINY);
        extreme = extreme.blend(1, none);
        FloatVector s = zero;
        FloatVector best = zero;
        for (float target : TARGETS) {
            FloatVector inverse = FloatVector.broadcast(F, target).div(extreme);
            FloatVector sumXq = zero;
            FloatVector sumQq = zero;
            for (int i = begin; i < end; i += WIDTH) {
                FloatVector x = FloatVector.fromArray(F, work, i);
                FloatVector q = value(nearest(x.mul(inverse)));
                sumXq = x.fma(q, sumXq);
                sumQq = q.fma(q, sumQq);
            }
            FloatVector factor = sumXq.div(sumQq);
            FloatVector gain = factor.mul(sumXq);
            VectorMask<Float> better = gain.compare(VectorOperators.GT, best);
            best = best.blend(gain, better);
            s = s.blend(factor, better);
        }
        s.blend(0, none).intoArray(work, SCALES + b);
    }

    private static void storeIndices(float[] x, int xAt, float inverse, MemorySegment to, long at) {
        for (int i = 0; i < 16; i += L) {
            IntVector low = nearest(FloatVector.fromArray(F, x, xAt + i).mul(inverse));
            IntVector up = nearest(FloatVector.fromArray(F, x, xAt + 16 + i).mul(inverse));
            Bytes.store(low.or(up.lanewise(VectorOperators.LSHL, 4)), to, at + i);
        }
    }

    /// Indices of the nearest table values, halfway the upper one.
    private static IntVector nearest(FloatVector x) {
        IntVector index = IntVector.zero(I);
        for (int k = 0; k < 15; k++) {
            float middle = (VALUES[k] + VALUES[k + 1]) * 0.5f;
            VectorMask<Float> above = x.compare(VectorOperators.GE, middle);
            index = index.add(1, above.cast(I));
        }
        return index;
    }
}
