package dev.minke.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Panels of Q8_0. A block of 32 inputs: two vectors of pairs of scales (see [Scales#pairs]), then
/// for every four inputs a word of each output.
///
/// A byte of a word holds u = q + 128; a word that keeps one byte only converts exactly to u times
/// a power of two, which a smaller d makes up for. One FMA has the bits of d q: d u is exact (11
/// and 8 bits), 128 d too.
///
/// Calls stay out of the loops: C2 stops inlining methods (but those of the Vector API) in methods
/// as large as these.
final class Q8Panels {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final VectorSpecies<Integer> I = Lanes.INT;
    private static final int L = Lanes.COUNT;
    private static final int VECTOR = 4 * L;
    private static final int NR = Tile.NR;

    /// Bytes of a block of a panel, and of the words of four inputs.
    private static final int BLOCK = 34 * VECTOR;

    private static final int STEP = 4 * VECTOR;

    private Q8Panels() {}

    /// Make a word of a panel out of one of the file.
    static int word(int stored) {
        return stored ^ 0x80808080;
    }

    /// s[0..4L] += x[k0..k1] * the blocks from byte `at` on; s[4L..8L] is overwritten.
    static void dot(MemorySegment b, long at, int k0, int k1, float[] x, float[] s) {
        for (int i = k0; i < k1; i += 32) {
            Scales.pairs(b, at, s, 4 * L);
            Scales.pairs(b, at + VECTOR, s, 6 * L);
            dotBlock(b, at + 2 * VECTOR, x, i, s);
            at += BLOCK;
        }
    }

    /// 32 inputs.
    private static void dotBlock(MemorySegment b, long at, float[] x, int xAt, float[] s) {
        IntVector mask0 = IntVector.broadcast(I, 0xFF);
        IntVector mask1 = IntVector.broadcast(I, 0xFF00);
        IntVector mask2 = IntVector.broadcast(I, 0xFF0000);
        FloatVector s0 = FloatVector.fromArray(F, s, 0);
        FloatVector s1 = FloatVector.fromArray(F, s, L);
        FloatVector s2 = FloatVector.fromArray(F, s, 2 * L);
        FloatVector s3 = FloatVector.fromArray(F, s, 3 * L);
        FloatVector d0 = FloatVector.fromArray(F, s, 4 * L);
        FloatVector d1 = FloatVector.fromArray(F, s, 5 * L);
        FloatVector d2 = FloatVector.fromArray(F, s, 6 * L);
        FloatVector d3 = FloatVector.fromArray(F, s, 7 * L);
        FloatVector m0 = d0.mul(-128);
        FloatVector m1 = d1.mul(-128);
        FloatVector m2 = d2.mul(-128);
        FloatVector m3 = d3.mul(-128);
        FloatVector e0 = d0.mul(0x1p-8f);
        FloatVector e1 = d1.mul(0x1p-8f);
        FloatVector e2 = d2.mul(0x1p-8f);
        FloatVector e3 = d3.mul(0x1p-8f);
        FloatVector f0 = d0.mul(0x1p-16f);
        FloatVector f1 = d1.mul(0x1p-16f);
        FloatVector f2 = d2.mul(0x1p-16f);
        FloatVector f3 = d3.mul(0x1p-16f);
        for (int j = 0; j < 8; j++) {
            long from = at + j * STEP;
            IntVector w0 = IntVector.fromMemorySegment(I, b, from, LITTLE_ENDIAN);
            IntVector w1 = IntVector.fromMemorySegment(I, b, from + VECTOR, LITTLE_ENDIAN);
            IntVector w2 = IntVector.fromMemorySegment(I, b, from + 2 * VECTOR, LITTLE_ENDIAN);
            IntVector w3 = IntVector.fromMemorySegment(I, b, from + 3 * VECTOR, LITTLE_ENDIAN);
            FloatVector x0 = FloatVector.broadcast(F, x[xAt + 4 * j]);
            IntVector u00 = w0.and(mask0);
            FloatVector y00 = ((FloatVector) u00.convert(VectorOperators.I2F, 0)).fma(d0, m0);
            s0 = x0.fma(y00, s0);
            IntVector u10 = w1.and(mask0);
            FloatVector y10 = ((FloatVector) u10.convert(VectorOperators.I2F, 0)).fma(d1, m1);
            s1 = x0.fma(y10, s1);
            IntVector u20 = w2.and(mask0);
            FloatVector y20 = ((FloatVector) u20.convert(VectorOperators.I2F, 0)).fma(d2, m2);
            s2 = x0.fma(y20, s2);
            IntVector u30 = w3.and(mask0);
            FloatVector y30 = ((FloatVector) u30.convert(VectorOperators.I2F, 0)).fma(d3, m3);
            s3 = x0.fma(y30, s3);
            FloatVector x1 = FloatVector.broadcast(F, x[xAt + 4 * j + 1]);
            IntVector u01 = w0.and(mask1);
            FloatVector y01 = ((FloatVector) u01.convert(VectorOperators.I2F, 0)).fma(e0, m0);
            s0 = x1.fma(y01, s0);
            IntVector u11 = w1.and(mask1);
            FloatVector y11 = ((FloatVector) u11.convert(VectorOperators.I2F, 0)).fma(e1, m1);
            s1 = x1.fma(y11, s1);
            IntVector u21 = w2.and(mask1);
            FloatVector y21 = ((FloatVector) u21.convert(VectorOperators.I2F, 0)).fma(e2, m2);
            s2 = x1.fma(y21, s2);
            IntVector u31 = w3.and(mask1);
            FloatVector y31 = ((FloatVector) u31.convert(VectorOperators.I2F, 0)).fma(e3, m3);
            s3 = x1.fma(y31, s3);
            FloatVector x2 = FloatVector.broadcast(F, x[xAt + 4 * j + 2]);
            IntVector u02 = w0.and(mask2);
            FloatVector y02 = ((FloatVector) u02.convert(VectorOperators.I2F, 0)).fma(f0, m0);
            s0 = x2.fma(y02, s0);
            IntVector u12 = w1.and(mask2);
            FloatVector y12 = ((FloatVector) u12.convert(VectorOperators.I2F, 0)).fma(f1, m1);
            s1 = x2.fma(y12, s1);
            IntVector u22 = w2.and(mask2);
            FloatVector y22 = ((FloatVector) u22.convert(VectorOperators.I2F, 0)).fma(f2, m2);
            s2 = x2.fma(y22, s2);
            IntVector u32 = w3.and(mask2);
            FloatVector y32 = ((FloatVector) u32.convert(VectorOperators.I2F, 0)).fma(f3, m3);
            s3 = x2.fma(y32, s3);
            FloatVector x3 = FloatVector.broadcast(F, x[xAt + 4 * j + 3]);
            IntVector u03 = w0.lanewise(VectorOperators.LSHR, 24);
            FloatVector y03 = ((FloatVector) u03.convert(VectorOperators.I2F, 0)).fma(d0, m0);
            s0 = x3.fma(y03, s0);
            IntVector u13 = w1.lanewise(VectorOperators.LSHR, 24);
            FloatVector y13 = ((FloatVector) u13.convert(VectorOperators.I2F, 0)).fma(d1, m1);
            s1 = x3.fma(y13, s1);
            IntVector u23 = w2.lanewise(VectorOperators.LSHR, 24);
            FloatVector y23 = ((FloatVector) u23.convert(VectorOperators.I2F, 0)).fma(d2, m2);
            s2 = x3.fma(y23, s2);
            IntVector u33 = w3.lanewise(VectorOperators.LSHR, 24);
            FloatVector y33 = ((FloatVector) u33.convert(VectorOperators.I2F, 0)).fma(d3, m3);
            s3 = x3.fma(y33, s3);
        }
        s0.intoArray(s, 0);
        s1.intoArray(s, L);
        s2.intoArray(s, 2 * L);
        s3.intoArray(s, 3 * L);
    }

    /// Unpack `k` inputs of half a panel, [#NR] outputs from vector `half` on (0 or 2), to a panel
    /// of floats. s[4L..6L] is overwritten.
    static void unpack(MemorySegment b, long at, int half, int k, float[] s, float[] to, int toAt) {
        for (int i = 0; i < k; i += 32) {
            Scales.pairs(b, at + half / 2 * VECTOR, s, 4 * L);
            unpackBlock(b, at + (2 + half) * VECTOR, s, to, toAt + i * NR);
            at += BLOCK;
        }
    }

    private static void unpackBlock(MemorySegment b, long at, float[] s, float[] to, int toAt) {
        FloatVector d0 = FloatVector.fromArray(F, s, 4 * L);
        FloatVector d1 = FloatVector.fromArray(F, s, 5 * L);
        FloatVector m0 = d0.mul(-128);
        FloatVector m1 = d1.mul(-128);
        for (int j = 0; j < 8; j++) {
            long from = at + j * STEP;
            IntVector w0 = IntVector.fromMemorySegment(I, b, from, LITTLE_ENDIAN);
            IntVector w1 = IntVector.fromMemorySegment(I, b, from + VECTOR, LITTLE_ENDIAN);
            for (int i = 0; i < 4; i++) {
                IntVector u0 = w0.and(0xFF);
                IntVector u1 = w1.and(0xFF);
                int out = toAt + (4 * j + i) * NR;
                FloatVector y0 = ((FloatVector) u0.convert(VectorOperators.I2F, 0)).fma(d0, m0);
                FloatVector y1 = ((FloatVector) u1.convert(VectorOperators.I2F, 0)).fma(d1, m1);
                y0.intoArray(to, out);
                y1.intoArray(to, out + L);
                w0 = w0.lanewise(VectorOperators.LSHR, 8);
                w1 = w1.lanewise(VectorOperators.LSHR, 8);
            }
        }
    }
}
