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

    /// As [#dotBf16] for two rows of `k` inputs: x from `xAt` on, rows `lda` apart; their sums are
    /// rows of 4L of `c`.
    static void dotBf16x2(
            MemorySegment b, long at, int k, float[] x, int xAt, int lda, float[] c, int cAt) {
        FloatVector s00 = FloatVector.fromArray(F, c, cAt);
        FloatVector s01 = FloatVector.fromArray(F, c, cAt + L);
        FloatVector s02 = FloatVector.fromArray(F, c, cAt + 2 * L);
        FloatVector s03 = FloatVector.fromArray(F, c, cAt + 3 * L);
        FloatVector s10 = FloatVector.fromArray(F, c, cAt + 4 * L);
        FloatVector s11 = FloatVector.fromArray(F, c, cAt + 5 * L);
        FloatVector s12 = FloatVector.fromArray(F, c, cAt + 6 * L);
        FloatVector s13 = FloatVector.fromArray(F, c, cAt + 7 * L);
        for (int i = 0; i < k; i++) {
            long from = at + (long) i * 2 * VECTOR;
            IntVector one = IntVector.fromMemorySegment(I, b, from, LITTLE_ENDIAN);
            IntVector two = IntVector.fromMemorySegment(I, b, from + VECTOR, LITTLE_ENDIAN);
            FloatVector y0 = one.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector y1 = one.and(HIGH).reinterpretAsFloats();
            FloatVector y2 = two.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector y3 = two.and(HIGH).reinterpretAsFloats();
            FloatVector v0 = FloatVector.broadcast(F, x[xAt + i]);
            s00 = v0.fma(y0, s00);
            s01 = v0.fma(y1, s01);
            s02 = v0.fma(y2, s02);
            s03 = v0.fma(y3, s03);
            FloatVector v1 = FloatVector.broadcast(F, x[xAt + lda + i]);
            s10 = v1.fma(y0, s10);
            s11 = v1.fma(y1, s11);
            s12 = v1.fma(y2, s12);
            s13 = v1.fma(y3, s13);
        }
        s00.intoArray(c, cAt);
        s01.intoArray(c, cAt + L);
        s02.intoArray(c, cAt + 2 * L);
        s03.intoArray(c, cAt + 3 * L);
        s10.intoArray(c, cAt + 4 * L);
        s11.intoArray(c, cAt + 5 * L);
        s12.intoArray(c, cAt + 6 * L);
        s13.intoArray(c, cAt + 7 * L);
    }

    /// As [#dotBf16x2] for four rows.
    static void dotBf16x4(
            MemorySegment b, long at, int k, float[] x, int xAt, int lda, float[] c, int cAt) {
        FloatVector s00 = FloatVector.fromArray(F, c, cAt);
        FloatVector s01 = FloatVector.fromArray(F, c, cAt + L);
        FloatVector s02 = FloatVector.fromArray(F, c, cAt + 2 * L);
        FloatVector s03 = FloatVector.fromArray(F, c, cAt + 3 * L);
        FloatVector s10 = FloatVector.fromArray(F, c, cAt + 4 * L);
        FloatVector s11 = FloatVector.fromArray(F, c, cAt + 5 * L);
        FloatVector s12 = FloatVector.fromArray(F, c, cAt + 6 * L);
        FloatVector s13 = FloatVector.fromArray(F, c, cAt + 7 * L);
        FloatVector s20 = FloatVector.fromArray(F, c, cAt + 8 * L);
        FloatVector s21 = FloatVector.fromArray(F, c, cAt + 9 * L);
        FloatVector s22 = FloatVector.fromArray(F, c, cAt + 10 * L);
        FloatVector s23 = FloatVector.fromArray(F, c, cAt + 11 * L);
        FloatVector s30 = FloatVector.fromArray(F, c, cAt + 12 * L);
        FloatVector s31 = FloatVector.fromArray(F, c, cAt + 13 * L);
        FloatVector s32 = FloatVector.fromArray(F, c, cAt + 14 * L);
        FloatVector s33 = FloatVector.fromArray(F, c, cAt + 15 * L);
        for (int i = 0; i < k; i++) {
            long from = at + (long) i * 2 * VECTOR;
            IntVector one = IntVector.fromMemorySegment(I, b, from, LITTLE_ENDIAN);
            IntVector two = IntVector.fromMemorySegment(I, b, from + VECTOR, LITTLE_ENDIAN);
            FloatVector y0 = one.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector y1 = one.and(HIGH).reinterpretAsFloats();
            FloatVector y2 = two.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector y3 = two.and(HIGH).reinterpretAsFloats();
            FloatVector v0 = FloatVector.broadcast(F, x[xAt + i]);
            s00 = v0.fma(y0, s00);
            s01 = v0.fma(y1, s01);
            s02 = v0.fma(y2, s02);
            s03 = v0.fma(y3, s03);
            FloatVector v1 = FloatVector.broadcast(F, x[xAt + lda + i]);
            s10 = v1.fma(y0, s10);
            s11 = v1.fma(y1, s11);
            s12 = v1.fma(y2, s12);
            s13 = v1.fma(y3, s13);
            FloatVector v2 = FloatVector.broadcast(F, x[xAt + 2 * lda + i]);
            s20 = v2.fma(y0, s20);
            s21 = v2.fma(y1, s21);
            s22 = v2.fma(y2, s22);
            s23 = v2.fma(y3, s23);
            FloatVector v3 = FloatVector.broadcast(F, x[xAt + 3 * lda + i]);
            s30 = v3.fma(y0, s30);
            s31 = v3.fma(y1, s31);
            s32 = v3.fma(y2, s32);
            s33 = v3.fma(y3, s33);
        }
        s00.intoArray(c, cAt);
        s01.intoArray(c, cAt + L);
        s02.intoArray(c, cAt + 2 * L);
        s03.intoArray(c, cAt + 3 * L);
        s10.intoArray(c, cAt + 4 * L);
        s11.intoArray(c, cAt + 5 * L);
        s12.intoArray(c, cAt + 6 * L);
        s13.intoArray(c, cAt + 7 * L);
        s20.intoArray(c, cAt + 8 * L);
        s21.intoArray(c, cAt + 9 * L);
        s22.intoArray(c, cAt + 10 * L);
        s23.intoArray(c, cAt + 11 * L);
        s30.intoArray(c, cAt + 12 * L);
        s31.intoArray(c, cAt + 13 * L);
        s32.intoArray(c, cAt + 14 * L);
        s33.intoArray(c, cAt + 15 * L);
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
