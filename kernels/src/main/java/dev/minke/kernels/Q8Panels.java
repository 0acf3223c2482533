package dev.minke.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Panels of Q8_0. A block of 32 inputs: two vectors of pairs of scales (see [Scales#pairs]), then
/// one vector for each input, in which byte q of word w belongs to output q L + w.
///
/// A byte holds u = q + 128; a word that keeps one byte only converts exactly to u times a power of
/// two, which a smaller d makes up for. One FMA has the bits of d q: d u is exact (11 and 8 bits),
/// 128 d too.
///
/// Calls stay out of the inner loops: C2 stops inlining methods (but those of the Vector API) in
/// methods as large as these.
final class Q8Panels {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final VectorSpecies<Integer> I = Lanes.INT;
    private static final int L = Lanes.COUNT;
    private static final int VECTOR = 4 * L;
    private static final int NR = Tile.NR;

    /// Inputs of a block, and its bytes in a panel.
    private static final int SIZE = 32;

    private static final int BLOCK = (2 + SIZE) * VECTOR;

    /// Binary logarithm of the bits of a vector.
    private static final int BITS = Integer.numberOfTrailingZeros(8 * VECTOR);

    /// Where the scales of every second block stand, behind the sums; the others stand 8 L away.
    private static final int SCALES = 4 * L;

    private Q8Panels() {}

    /// Make a word of a panel out of one of the file.
    static int word(int stored) {
        return stored ^ 0x80808080;
    }

    /// s[0..4L] += x[k0..k1] * the blocks from byte `at` on; s[4L..16L] is overwritten.
    ///
    /// The scales of a block are loaded before the block in front of it is computed, because all of
    /// a block waits for them. The inner loop counts bits: C2 unrolls loops of small steps only,
    /// and where one instruction loads all vectors the processor fetches ahead best. Slices of
    /// constant size leave no checks of bounds in the loop.
    static void dot(MemorySegment b, long at, int k0, int k1, float[] x, float[] s) {
        IntVector mask0 = IntVector.broadcast(I, 0xFF);
        IntVector mask1 = IntVector.broadcast(I, 0xFF00);
        IntVector mask2 = IntVector.broadcast(I, 0xFF0000);
        long last = b.byteSize() - BLOCK;
        int here = SCALES;
        scales(b, at, s, here);
        FloatVector s0 = FloatVector.fromArray(F, s, 0);
        FloatVector s1 = FloatVector.fromArray(F, s, L);
        FloatVector s2 = FloatVector.fromArray(F, s, 2 * L);
        FloatVector s3 = FloatVector.fromArray(F, s, 3 * L);
        for (int i = k0; i < k1; i += SIZE) {
            MemorySegment block = b.asSlice(at, BLOCK);
            at += BLOCK;
            scales(b, Math.min(at, last), s, here ^ 8 * L);
            FloatVector d0 = FloatVector.fromArray(F, s, here);
            FloatVector d1 = FloatVector.fromArray(F, s, here + L);
            FloatVector d2 = FloatVector.fromArray(F, s, here + 2 * L);
            FloatVector d3 = FloatVector.fromArray(F, s, here + 3 * L);
            here ^= 8 * L;
            FloatVector m0 = d0.mul(-128);
            FloatVector m1 = d1.mul(-128);
            FloatVector m2 = d2.mul(-128);
            FloatVector m3 = d3.mul(-128);
            FloatVector e1 = d1.mul(0x1p-8f);
            FloatVector e2 = d2.mul(0x1p-16f);
            for (int bit = 0; bit < SIZE << BITS; bit += 1 << BITS) {
                int place = 2 * VECTOR + (bit >>> 3);
                IntVector w = IntVector.fromMemorySegment(I, block, place, LITTLE_ENDIAN);
                FloatVector v = FloatVector.broadcast(F, x[i + (bit >>> BITS)]);
                IntVector u0 = w.and(mask0);
                FloatVector y0 = ((FloatVector) u0.convert(VectorOperators.I2F, 0)).fma(d0, m0);
                s0 = v.fma(y0, s0);
                IntVector u1 = w.and(mask1);
                FloatVector y1 = ((FloatVector) u1.convert(VectorOperators.I2F, 0)).fma(e1, m1);
                s1 = v.fma(y1, s1);
                IntVector u2 = w.and(mask2);
                FloatVector y2 = ((FloatVector) u2.convert(VectorOperators.I2F, 0)).fma(e2, m2);
                s2 = v.fma(y2, s2);
                IntVector u3 = w.lanewise(VectorOperators.LSHR, 24);
                FloatVector y3 = ((FloatVector) u3.convert(VectorOperators.I2F, 0)).fma(d3, m3);
                s3 = v.fma(y3, s3);
            }
        }
        s0.intoArray(s, 0);
        s1.intoArray(s, L);
        s2.intoArray(s, 2 * L);
        s3.intoArray(s, 3 * L);
    }

    /// As [#dot] for two rows: x from `xAt` on, rows `lda` apart; their sums are rows of 4L of `c`.
    static void dot2(
            MemorySegment b,
            long at,
            int k,
            float[] x,
            int xAt,
            int lda,
            float[] s,
            float[] c,
            int cAt) {
        IntVector mask0 = IntVector.broadcast(I, 0xFF);
        IntVector mask1 = IntVector.broadcast(I, 0xFF00);
        IntVector mask2 = IntVector.broadcast(I, 0xFF0000);
        long last = b.byteSize() - BLOCK;
        int here = SCALES;
        scales(b, at, s, here);
        FloatVector s00 = FloatVector.fromArray(F, c, cAt);
        FloatVector s01 = FloatVector.fromArray(F, c, cAt + L);
        FloatVector s02 = FloatVector.fromArray(F, c, cAt + 2 * L);
        FloatVector s03 = FloatVector.fromArray(F, c, cAt + 3 * L);
        FloatVector s10 = FloatVector.fromArray(F, c, cAt + 4 * L);
        FloatVector s11 = FloatVector.fromArray(F, c, cAt + 5 * L);
        FloatVector s12 = FloatVector.fromArray(F, c, cAt + 6 * L);
        FloatVector s13 = FloatVector.fromArray(F, c, cAt + 7 * L);
        for (int i = xAt; i < xAt + k; i += SIZE) {
            long block = at + 2 * VECTOR;
            at += BLOCK;
            scales(b, Math.min(at, last), s, here ^ 8 * L);
            FloatVector d0 = FloatVector.fromArray(F, s, here);
            FloatVector d1 = FloatVector.fromArray(F, s, here + L);
            FloatVector d2 = FloatVector.fromArray(F, s, here + 2 * L);
            FloatVector d3 = FloatVector.fromArray(F, s, here + 3 * L);
            here ^= 8 * L;
            FloatVector m0 = d0.mul(-128);
            FloatVector m1 = d1.mul(-128);
            FloatVector m2 = d2.mul(-128);
            FloatVector m3 = d3.mul(-128);
            FloatVector e1 = d1.mul(0x1p-8f);
            FloatVector e2 = d2.mul(0x1p-16f);
            for (int bit = 0; bit < SIZE << BITS; bit += 1 << BITS) {
                long place = block + (bit >>> 3);
                IntVector w = IntVector.fromMemorySegment(I, b, place, LITTLE_ENDIAN);
                int from = i + (bit >>> BITS);
                FloatVector v0 = FloatVector.broadcast(F, x[from]);
                FloatVector v1 = FloatVector.broadcast(F, x[from + lda]);
                IntVector u0 = w.and(mask0);
                FloatVector y0 = ((FloatVector) u0.convert(VectorOperators.I2F, 0)).fma(d0, m0);
                s00 = v0.fma(y0, s00);
                s10 = v1.fma(y0, s10);
                IntVector u1 = w.and(mask1);
                FloatVector y1 = ((FloatVector) u1.convert(VectorOperators.I2F, 0)).fma(e1, m1);
                s01 = v0.fma(y1, s01);
                s11 = v1.fma(y1, s11);
                IntVector u2 = w.and(mask2);
                FloatVector y2 = ((FloatVector) u2.convert(VectorOperators.I2F, 0)).fma(e2, m2);
                s02 = v0.fma(y2, s02);
                s12 = v1.fma(y2, s12);
                IntVector u3 = w.lanewise(VectorOperators.LSHR, 24);
                FloatVector y3 = ((FloatVector) u3.convert(VectorOperators.I2F, 0)).fma(d3, m3);
                s03 = v0.fma(y3, s03);
                s13 = v1.fma(y3, s13);
            }
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

    /// As [#dot2] for four rows.
    static void dot4(
            MemorySegment b,
            long at,
            int k,
            float[] x,
            int xAt,
            int lda,
            float[] s,
            float[] c,
            int cAt) {
        IntVector mask0 = IntVector.broadcast(I, 0xFF);
        IntVector mask1 = IntVector.broadcast(I, 0xFF00);
        IntVector mask2 = IntVector.broadcast(I, 0xFF0000);
        long last = b.byteSize() - BLOCK;
        int here = SCALES;
        scales(b, at, s, here);
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
        for (int i = xAt; i < xAt + k; i += SIZE) {
            long block = at + 2 * VECTOR;
            at += BLOCK;
            scales(b, Math.min(at, last), s, here ^ 8 * L);
            FloatVector d0 = FloatVector.fromArray(F, s, here);
            FloatVector d1 = FloatVector.fromArray(F, s, here + L);
            FloatVector d2 = FloatVector.fromArray(F, s, here + 2 * L);
            FloatVector d3 = FloatVector.fromArray(F, s, here + 3 * L);
            here ^= 8 * L;
            FloatVector m0 = d0.mul(-128);
            FloatVector m1 = d1.mul(-128);
            FloatVector m2 = d2.mul(-128);
            FloatVector m3 = d3.mul(-128);
            FloatVector e1 = d1.mul(0x1p-8f);
            FloatVector e2 = d2.mul(0x1p-16f);
            for (int bit = 0; bit < SIZE << BITS; bit += 1 << BITS) {
                long place = block + (bit >>> 3);
                IntVector w = IntVector.fromMemorySegment(I, b, place, LITTLE_ENDIAN);
                int from = i + (bit >>> BITS);
                FloatVector v0 = FloatVector.broadcast(F, x[from]);
                FloatVector v1 = FloatVector.broadcast(F, x[from + lda]);
                FloatVector v2 = FloatVector.broadcast(F, x[from + 2 * lda]);
                FloatVector v3 = FloatVector.broadcast(F, x[from + 3 * lda]);
                IntVector u0 = w.and(mask0);
                FloatVector y0 = ((FloatVector) u0.convert(VectorOperators.I2F, 0)).fma(d0, m0);
                s00 = v0.fma(y0, s00);
                s10 = v1.fma(y0, s10);
                s20 = v2.fma(y0, s20);
                s30 = v3.fma(y0, s30);
                IntVector u1 = w.and(mask1);
                FloatVector y1 = ((FloatVector) u1.convert(VectorOperators.I2F, 0)).fma(e1, m1);
                s01 = v0.fma(y1, s01);
                s11 = v1.fma(y1, s11);
                s21 = v2.fma(y1, s21);
                s31 = v3.fma(y1, s31);
                IntVector u2 = w.and(mask2);
                FloatVector y2 = ((FloatVector) u2.convert(VectorOperators.I2F, 0)).fma(e2, m2);
                s02 = v0.fma(y2, s02);
                s12 = v1.fma(y2, s12);
                s22 = v2.fma(y2, s22);
                s32 = v3.fma(y2, s32);
                IntVector u3 = w.lanewise(VectorOperators.LSHR, 24);
                FloatVector y3 = ((FloatVector) u3.convert(VectorOperators.I2F, 0)).fma(d3, m3);
                s03 = v0.fma(y3, s03);
                s13 = v1.fma(y3, s13);
                s23 = v2.fma(y3, s23);
                s33 = v3.fma(y3, s33);
            }
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

    private static void scales(MemorySegment b, long at, float[] s, int to) {
        Scales.pairs(b, at, s, to);
        Scales.pairs(b, at + VECTOR, s, to + 2 * L);
    }

    /// Unpack `k` inputs of half a panel, [#NR] outputs from vector `half` on (0 or 2), to a panel
    /// of floats. s[4L..6L] is overwritten.
    static void unpack(MemorySegment b, long at, int half, int k, float[] s, float[] to, int toAt) {
        for (int i = 0; i < k; i += SIZE) {
            Scales.pairs(b, at + half / 2 * VECTOR, s, SCALES);
            unpackBlock(b, at, 8 * half, s, to, toAt + i * NR);
            at += BLOCK;
        }
    }

    private static void unpackBlock(
            MemorySegment b, long at, int shift, float[] s, float[] to, int toAt) {
        MemorySegment block = b.asSlice(at, BLOCK);
        FloatVector d0 = FloatVector.fromArray(F, s, SCALES);
        FloatVector d1 = FloatVector.fromArray(F, s, SCALES + L);
        FloatVector m0 = d0.mul(-128);
        FloatVector m1 = d1.mul(-128);
        for (int i = 0; i < SIZE; i++) {
            IntVector w =
                    IntVector.fromMemorySegment(I, block, (2 + i) * VECTOR, LITTLE_ENDIAN)
                            .lanewise(VectorOperators.LSHR, shift);
            IntVector u0 = w.and(0xFF);
            IntVector u1 = w.lanewise(VectorOperators.LSHR, 8).and(0xFF);
            int out = toAt + i * NR;
            ((FloatVector) u0.convert(VectorOperators.I2F, 0)).fma(d0, m0).intoArray(to, out);
            ((FloatVector) u1.convert(VectorOperators.I2F, 0)).fma(d1, m1).intoArray(to, out + L);
        }
    }
}
