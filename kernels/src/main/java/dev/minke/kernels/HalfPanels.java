package dev.minke.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Panels of F16, laid out as those of BF16 in [PlainPanels], widened exactly.
///
/// Moved to its place in binary32 a number is 2^-112 of its value, which a product makes up for,
/// also where it is subnormal. Matrices with infinities or NaN are packed as F32.
final class HalfPanels {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final VectorSpecies<Integer> I = Lanes.INT;
    private static final int L = Lanes.COUNT;
    private static final int VECTOR = 4 * L;
    private static final int NR = Tile.NR;

    /// Sign, exponent and fraction behind the move.
    private static final int NUMBER = 0x8FFFE000;

    private static final float WIDER = 0x1p112f;

    private HalfPanels() {}

    /// Whether the halves of `count` words hold an infinity or NaN.
    static boolean special(int[] halves, int at, int count) {
        int carry = 0;
        for (int i = 0; i < count; i++) {
            carry |= (halves[at + i] & 0x7C007C00) + 0x04000400;
        }
        return (carry & 0x80008000) != 0;
    }

    /// s[0..4L] += x[k0..k1] * the inputs from byte `at` on.
    static void dot(MemorySegment b, long at, int k0, int k1, float[] x, float[] s) {
        FloatVector s0 = FloatVector.fromArray(F, s, 0);
        FloatVector s1 = FloatVector.fromArray(F, s, L);
        FloatVector s2 = FloatVector.fromArray(F, s, 2 * L);
        FloatVector s3 = FloatVector.fromArray(F, s, 3 * L);
        FloatVector wider = FloatVector.broadcast(F, WIDER);
        IntVector number = IntVector.broadcast(I, NUMBER);
        for (int i = k0; i < k1; i++) {
            FloatVector v = FloatVector.broadcast(F, x[i]);
            long from = at + (long) (i - k0) * 2 * VECTOR;
            IntVector one = IntVector.fromMemorySegment(I, b, from, LITTLE_ENDIAN);
            IntVector two = IntVector.fromMemorySegment(I, b, from + VECTOR, LITTLE_ENDIAN);
            IntVector low = one.lanewise(VectorOperators.LSHL, 16);
            IntVector next = two.lanewise(VectorOperators.LSHL, 16);
            IntVector w0 = low.lanewise(VectorOperators.ASHR, 3).and(number);
            IntVector w1 = one.lanewise(VectorOperators.ASHR, 3).and(number);
            IntVector w2 = next.lanewise(VectorOperators.ASHR, 3).and(number);
            IntVector w3 = two.lanewise(VectorOperators.ASHR, 3).and(number);
            s0 = v.fma(w0.reinterpretAsFloats().mul(wider), s0);
            s1 = v.fma(w1.reinterpretAsFloats().mul(wider), s1);
            s2 = v.fma(w2.reinterpretAsFloats().mul(wider), s2);
            s3 = v.fma(w3.reinterpretAsFloats().mul(wider), s3);
        }
        s0.intoArray(s, 0);
        s1.intoArray(s, L);
        s2.intoArray(s, 2 * L);
        s3.intoArray(s, 3 * L);
    }

    /// Widen `k` inputs of half a panel, [Tile#NR] outputs from vector `half` on (0 or 2), to a
    /// panel of floats.
    static void unpack(MemorySegment b, long at, int half, int k, float[] to, int toAt) {
        for (int i = 0; i < k; i++) {
            long from = at + ((long) i * 2 + half / 2) * VECTOR;
            int out = toAt + i * NR;
            IntVector pair = IntVector.fromMemorySegment(I, b, from, LITTLE_ENDIAN);
            widen(pair.lanewise(VectorOperators.LSHL, 16)).intoArray(to, out);
            widen(pair).intoArray(to, out + L);
        }
    }

    /// Values of the upper halves.
    private static FloatVector widen(IntVector words) {
        IntVector moved = words.lanewise(VectorOperators.ASHR, 3).and(NUMBER);
        return moved.reinterpretAsFloats().mul(WIDER);
    }
}
