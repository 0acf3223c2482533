package dev.minke.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Panels of F32 and BF16. F32: for each input four vectors of floats. BF16: for each input two
/// vectors of pairs, outputs j and L + j in the lower and upper half of a word, then the others;
/// one shift and one mask widen them.
final class PlainPanels {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final VectorSpecies<Integer> I = Lanes.INT;
    private static final int L = Lanes.COUNT;
    private static final int VECTOR = 4 * L;
    private static final int NR = Tile.NR;
    private static final int HIGH = 0xFFFF0000;

    private PlainPanels() {}

    /// s[0..4L] += x[k0..k1] * the inputs from byte `at` on.
    static void dotF32(MemorySegment b, long at, int k0, int k1, float[] x, float[] s) {
        FloatVector s0 = FloatVector.fromArray(F, s, 0);
        FloatVector s1 = FloatVector.fromArray(F, s, L);
        FloatVector s2 = FloatVector.fromArray(F, s, 2 * L);
        FloatVector s3 = FloatVector.fromArray(F, s, 3 * L);
        for (int i = k0; i < k1; i++) {
            FloatVector v = FloatVector.broadcast(F, x[i]);
            long from = at + (long) (i - k0) * 4 * VECTOR;
            s0 = v.fma(FloatVector.fromMemorySegment(F, b, from, LITTLE_ENDIAN), s0);
            s1 = v.fma(FloatVector.fromMemorySegment(F, b, from + VECTOR, LITTLE_ENDIAN), s1);
            s2 = v.fma(FloatVector.fromMemorySegment(F, b, from + 2 * VECTOR, LITTLE_ENDIAN), s2);
            s3 = v.fma(FloatVector.fromMemorySegment(F, b, from + 3 * VECTOR, LITTLE_ENDIAN), s3);
        }
        s0.intoArray(s, 0);
        s1.intoArray(s, L);
        s2.intoArray(s, 2 * L);
        s3.intoArray(s, 3 * L);
    }

    /// As [#dotF32].
    static void dotBf16(MemorySegment b, long at, int k0, int k1, float[] x, float[] s) {
        FloatVector s0 = FloatVector.fromArray(F, s, 0);
        FloatVector s1 = FloatVector.fromArray(F, s, L);
        FloatVector s2 = FloatVector.fromArray(F, s, 2 * L);
        FloatVector s3 = FloatVector.fromArray(F, s, 3 * L);
        for (int i = k0; i < k1; i++) {
            FloatVector v = FloatVector.broadcast(F, x[i]);
            long from = at + (long) (i - k0) * 2 * VECTOR;
            IntVector one = IntVector.fromMemorySegment(I, b, from, LITTLE_ENDIAN);
            IntVector two = IntVector.fromMemorySegment(I, b, from + VECTOR, LITTLE_ENDIAN);
            s0 = v.fma(one.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s0);
            s1 = v.fma(one.and(HIGH).reinterpretAsFloats(), s1);
            s2 = v.fma(two.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s2);
            s3 = v.fma(two.and(HIGH).reinterpretAsFloats(), s3);
        }
        s0.intoArray(s, 0);
        s1.intoArray(s, L);
        s2.intoArray(s, 2 * L);
        s3.intoArray(s, 3 * L);
    }

    /// Copy `k` inputs of half a panel, [#NR] outputs from vector `half` on (0 or 2), to a panel of
    /// floats.
    static void unpackF32(MemorySegment b, long at, int half, int k, float[] to, int toAt) {
        for (int i = 0; i < k; i++) {
            long from = at + ((long) i * 4 + half) * VECTOR;
            int out = toAt + i * NR;
            FloatVector.fromMemorySegment(F, b, from, LITTLE_ENDIAN).intoArray(to, out);
            FloatVector.fromMemorySegment(F, b, from + VECTOR, LITTLE_ENDIAN)
                    .intoArray(to, out + L);
        }
    }

    /// As [#unpackF32].
    static void unpackBf16(MemorySegment b, long at, int half, int k, float[] to, int toAt) {
        for (int i = 0; i < k; i++) {
            long from = at + ((long) i * 2 + half / 2) * VECTOR;
            int out = toAt + i * NR;
            IntVector pair = IntVector.fromMemorySegment(I, b, from, LITTLE_ENDIAN);
            pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(to, out);
            pair.and(HIGH).reinterpretAsFloats().intoArray(to, out + L);
        }
    }
}
