package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.minke.tensor.F16;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Encodes Q6_K; the reference's class of the same name explains the search.
///
/// The 16 sub-blocks of 16 values are transposed, so that a lane holds a sub-block and all sums
/// stay within a lane, in the reference's order. The rounding at the end goes along the rows.
final class SignedScaleBlocks {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final int L = Lanes.COUNT;

    /// Sub-blocks, and values in each.
    private static final int WIDTH = 16;

    private static final int TRIALS = 10;
    private static final float FIRST = 30.2f;
    private static final float STEP = 0.3f;
    private static final float TINY = 1e-10f;

    /// Where the pieces of the working memory lie: two blocks of values, the transpose of one,
    /// scales and their inverses.
    private static final int TRANSPOSED = 2 * WIDTH * WIDTH;

    private static final int SCALES = 3 * WIDTH * WIDTH;
    private static final int INVERSES = SCALES + WIDTH;

    private SignedScaleBlocks() {}

    /// Encode the block whose values are at `work[xAt]`.
    static void encode(float[] work, int xAt, MemorySegment to, long at) {
        for (int i = 0; i < WIDTH; i++) {
            for (int j = 0; j < WIDTH; j++) {
                work[TRANSPOSED + WIDTH * i + j] = work[xAt + WIDTH * j + i];
            }
        }
        for (int j = 0; j < WIDTH; j += L) {
            search(work, j);
        }
        chooseScales(work, to, at);
        for (int half = 0; half < 2; half++) {
            store(work, xAt, half, to, at);
        }
    }

    /// Find the scale of the sub-blocks `j` to `j + L - 1`.
    private static void search(float[] work, int j) {
        int begin = TRANSPOSED + j;
        int end = begin + WIDTH * WIDTH;
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
        for (int k = 0; k < TRIALS; k++) {
            FloatVector inverse = FloatVector.broadcast(F, -(FIRST + STEP * k)).div(extreme);
            FloatVector sumXq = zero;
            FloatVector sumQq = zero;
            for (int i = begin; i < end; i += WIDTH) {
                FloatVector x = FloatVector.fromArray(F, work, i);
                FloatVector q = Nearest.floats(x.mul(inverse), -32, 31);
                sumXq = x.fma(q, sumXq);
                sumQq = q.fma(q, sumQq);
            }
            FloatVector factor = sumXq.div(sumQq);
            FloatVector gain = factor.mul(sumXq);
            VectorMask<Float> better = gain.compare(VectorOperators.GT, best);
            best = best.blend(gain, better);
            s = s.blend(factor, better);
        }
        s.blend(0, none).intoArray(work, SCALES + j);
    }

    /// Round the scales to signed bytes, store them, and leave their inverses.
    private static void chooseScales(float[] work, MemorySegment to, long at) {
        float top = 0;
        for (int j = 0; j < WIDTH; j++) {
            float scale = work[SCALES + j];
            top = Math.abs(scale) > Math.abs(top) ? scale : top;
        }
        short dBits = top == 0 ? 0 : F16.saturated(top * (-1 / 128f));
        float d = F16.toFloat(dBits);
        to.set(JAVA_SHORT_UNALIGNED, at + SuperBlocks.Q6_D, dBits);
        for (int j = 0; j < WIDTH; j++) {
            int scale = d == 0 ? 0 : Nearest.integer(work[SCALES + j] / d, -128, 127);
            float step = d * scale;
            work[INVERSES + j] = step == 0 ? 0 : 1 / step;
            to.set(JAVA_BYTE, at + 192 + j, (byte) scale);
        }
    }

    private static void store(float[] work, int xAt, int half, MemorySegment to, long at) {
        long lowAt = at + 64 * half;
        long highAt = at + 128 + 32 * half;
        for (int i = 0; i < 32; i += L) {
            int x = xAt + 128 * half + i;
            int scale = INVERSES + 8 * half + i / 16;
            IntVector q0 = value(work, x, scale);
            IntVector q1 = value(work, x + 32, scale + 2);
            IntVector q2 = value(work, x + 64, scale + 4);
            IntVector q3 = value(work, x + 96, scale + 6);
            IntVector first = q0.and(15).or(q2.lanewise(VectorOperators.LSHL, 4));
            IntVector second = q1.and(15).or(q3.lanewise(VectorOperators.LSHL, 4));
            IntVector high =
                    top(q0).or(top(q1).lanewise(VectorOperators.LSHL, 2))
                            .or(top(q2).lanewise(VectorOperators.LSHL, 4))
                            .or(top(q3).lanewise(VectorOperators.LSHL, 6));
            Bytes.store(first, to, lowAt + i);
            Bytes.store(second, to, lowAt + 32 + i);
            Bytes.store(high, to, highAt + i);
        }
    }

    /// L rounded values, 0 to 63.
    private static IntVector value(float[] work, int at, int scale) {
        FloatVector x = FloatVector.fromArray(F, work, at);
        return Nearest.integers(x.mul(work[scale]), -32, 31).add(32);
    }

    private static IntVector top(IntVector q) {
        return q.lanewise(VectorOperators.LSHR, 4);
    }
}
