package dev.minke.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.minke.kernels.Packed.Coding;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Panels of Q2_K and Q3_K: y = d u - m with codes of two and three bits and a scale for every 16
/// inputs. First the scales as in the file; then for every 32 inputs two words of each output, of
/// which byte i holds inputs 4g + i at bit 2g, four g in each; for three bits a third word whose
/// byte i holds the third bits of inputs 4g + i at bit g (m is 4 d).
///
/// d u is exact in F32 (at most 17 and 3 bits), so one FMA has the bits of product and difference.
final class NarrowPanels {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final VectorSpecies<Integer> I = Lanes.INT;
    private static final int L = Lanes.COUNT;
    private static final int VECTOR = 4 * L;
    private static final int NR = Tile.NR;
    private static final int SIZE = 256;

    /// Where the scales of a block begin, behind the sums: for each sub-block four vectors of d and
    /// four of -m.
    private static final int SCALES = 4 * L;

    private static final int SUB = 8 * L;

    /// Where d and the minimum of a block stand, behind the scales of 16 sub-blocks.
    private static final int PAIR = SCALES + 16 * SUB;

    private static final float PER_256 = 0x1p-8f;

    private NarrowPanels() {}

    /// Vectors of scales before the codes of a block, and of the codes of 32 inputs.
    private static int head(Coding coding) {
        return coding == Coding.Q2_K ? 20 : 14;
    }

    private static int step(Coding coding) {
        return coding == Coding.Q2_K ? 8 : 12;
    }

    /// s[0..4L] += x[k0..k1] * the blocks from byte `at` on; the rest of `s` and `codes` are
    /// working memory.
    static void dot(
            Coding coding,
            MemorySegment b,
            long at,
            int k0,
            int k1,
            float[] x,
            float[] s,
            int[] codes) {
        int step = step(coding) * VECTOR;
        for (int i = k0; i < k1; i += SIZE) {
            scales(coding, b, at, 0, 4, s);
            long from = at + head(coding) * VECTOR;
            for (int j = 0; j < 8; j++) {
                codes(coding, b, from, 0, 4, codes);
                dotCodes(codes, 0, x, i + 32 * j, s, SCALES + 2 * j * SUB);
                dotCodes(codes, 16 * L, x, i + 32 * j + 16, s, SCALES + (2 * j + 1) * SUB);
                from += step;
            }
            at += (long) coding.bytes * Packed.WIDTH;
        }
    }

    /// Unpack `k` inputs, from input `start` of the block at byte `at` on, of half a panel ([#NR]
    /// outputs from vector `half` on, 0 or 2) to a panel of floats.
    static void unpack(
            Coding coding,
            MemorySegment b,
            long at,
            int half,
            int start,
            int k,
            float[] s,
            int[] codes,
            float[] to,
            int toAt) {
        for (int i = 0; i < k; i += 32) {
            int inside = (start + i) % SIZE;
            long block = at + (start + i) / SIZE * (long) coding.bytes * Packed.WIDTH;
            if (inside == 0 || i == 0) {
                scales(coding, b, block, half, half + 2, s);
            }
            int j = inside / 32;
            long from = block + (head(coding) + j * step(coding)) * VECTOR;
            codes(coding, b, from, half, half + 2, codes);
            int first = SCALES + 2 * j * SUB + half * L;
            int out = toAt + i * NR;
            unpackCodes(codes, half * L, s, first, to, out);
            unpackCodes(codes, half * L + 16 * L, s, first + SUB, to, out + 16 * NR);
        }
    }

    /// Scales and minima of a block, for the vectors `first` to `last` of its outputs.
    private static void scales(
            Coding coding, MemorySegment b, long at, int first, int last, float[] s) {
        if (coding == Coding.Q2_K) {
            for (int q = first; q < last; q++) {
                Scales.pairs(b, at + q * VECTOR, s, PAIR);
                for (int c = 0; c < 4; c++) {
                    long from = at + (4 + 4 * c + q) * VECTOR;
                    fourBitScales(b, from, s, SCALES + 4 * c * SUB + q * L);
                }
            }
        } else {
            for (int q = first; q < last; q++) {
                Scales.pairs(b, at + q / 2 * VECTOR, s, PAIR);
                sixBitScales(b, at + (2 + q) * VECTOR, s, PAIR + q % 2 * L, SCALES + q * L);
            }
        }
    }

    /// Q2_K: d and -min times the lower and upper halves of four bytes.
    private static void fourBitScales(MemorySegment b, long at, float[] s, int to) {
        IntVector words = IntVector.fromMemorySegment(I, b, at, LITTLE_ENDIAN);
        FloatVector d = FloatVector.fromArray(F, s, PAIR);
        FloatVector min = FloatVector.fromArray(F, s, PAIR + L).neg();
        for (int i = 0; i < 4; i++) {
            IntVector factor = words.and(15);
            IntVector minimum = words.lanewise(VectorOperators.LSHR, 4).and(15);
            int place = to + i * SUB;
            ((FloatVector) factor.convert(VectorOperators.I2F, 0)).mul(d).intoArray(s, place);
            place += 4 * L;
            ((FloatVector) minimum.convert(VectorOperators.I2F, 0)).mul(min).intoArray(s, place);
            words = words.lanewise(VectorOperators.LSHR, 8);
        }
    }

    /// Q3_K: d times 16 numbers of 4 + 2 bits less 32.
    private static void sixBitScales(MemorySegment b, long at, float[] s, int scale, int to) {
        IntVector one = IntVector.fromMemorySegment(I, b, at, LITTLE_ENDIAN);
        IntVector two = IntVector.fromMemorySegment(I, b, at + 4 * VECTOR, LITTLE_ENDIAN);
        IntVector top = IntVector.fromMemorySegment(I, b, at + 8 * VECTOR, LITTLE_ENDIAN);
        FloatVector d = FloatVector.fromArray(F, s, scale);
        for (int c = 0; c < 4; c++) {
            IntVector low = (c % 2 == 0 ? one : two).lanewise(VectorOperators.LSHR, c / 2 * 4);
            IntVector high = top.lanewise(VectorOperators.LSHR, 2 * c).and(0x03030303);
            IntVector all = low.and(0x0F0F0F0F).or(high.lanewise(VectorOperators.LSHL, 4));
            for (int i = 0; i < 4; i++) {
                IntVector factor = all.and(0xFF).sub(32);
                FloatVector product = ((FloatVector) factor.convert(VectorOperators.I2F, 0)).mul(d);
                int place = to + (4 * c + i) * SUB;
                product.intoArray(s, place);
                product.mul(-4).intoArray(s, place + 4 * L);
                all = all.lanewise(VectorOperators.LSHR, 8);
            }
        }
    }

    /// Codes of 32 inputs as bytes: for each four inputs a word of each output.
    private static void codes(
            Coding coding, MemorySegment b, long at, int first, int last, int[] codes) {
        boolean third = coding == Coding.Q3_K;
        for (int q = first; q < last; q++) {
            long upper = at + (third ? 8 + q : q) * VECTOR;
            IntVector top = IntVector.fromMemorySegment(I, b, upper, LITTLE_ENDIAN);
            top = third ? top.lanewise(VectorOperators.ROL, 2) : IntVector.zero(I);
            for (int t = 0; t < 8; t += 4) {
                long from = at + (t + q) * VECTOR;
                IntVector word = IntVector.fromMemorySegment(I, b, from, LITTLE_ENDIAN);
                for (int g = 0; g < 4; g++) {
                    word.and(0x03030303)
                            .or(top.and(0x04040404))
                            .intoArray(codes, ((t + g) * 4 + q) * L);
                    word = word.lanewise(VectorOperators.LSHR, 2);
                    top = top.lanewise(VectorOperators.ROR, 1);
                }
            }
        }
    }

    /// s[0..4L] += x * 16 inputs.
    private static void dotCodes(int[] codes, int at, float[] x, int xAt, float[] s, int scaleAt) {
        IntVector low = IntVector.broadcast(I, 0xFF);
        IntVector next = IntVector.broadcast(I, 0xFF00);
        FloatVector s0 = FloatVector.fromArray(F, s, 0);
        FloatVector s1 = FloatVector.fromArray(F, s, L);
        FloatVector s2 = FloatVector.fromArray(F, s, 2 * L);
        FloatVector s3 = FloatVector.fromArray(F, s, 3 * L);
        FloatVector d0 = FloatVector.fromArray(F, s, scaleAt);
        FloatVector d1 = FloatVector.fromArray(F, s, scaleAt + L);
        FloatVector d2 = FloatVector.fromArray(F, s, scaleAt + 2 * L);
        FloatVector d3 = FloatVector.fromArray(F, s, scaleAt + 3 * L);
        FloatVector m0 = FloatVector.fromArray(F, s, scaleAt + 4 * L);
        FloatVector m1 = FloatVector.fromArray(F, s, scaleAt + 5 * L);
        FloatVector m2 = FloatVector.fromArray(F, s, scaleAt + 6 * L);
        FloatVector m3 = FloatVector.fromArray(F, s, scaleAt + 7 * L);
        FloatVector e0 = d0.mul(PER_256);
        FloatVector e1 = d1.mul(PER_256);
        FloatVector e2 = d2.mul(PER_256);
        FloatVector e3 = d3.mul(PER_256);
        for (int j = 0; j < 8; j++) {
            // two of four inputs at a time
            int from = at + j / 2 * 4 * L;
            int shift = j % 2 * 16;
            IntVector w0 = IntVector.fromArray(I, codes, from);
            IntVector w1 = IntVector.fromArray(I, codes, from + L);
            IntVector w2 = IntVector.fromArray(I, codes, from + 2 * L);
            IntVector w3 = IntVector.fromArray(I, codes, from + 3 * L);
            w0 = w0.lanewise(VectorOperators.LSHR, shift);
            w1 = w1.lanewise(VectorOperators.LSHR, shift);
            w2 = w2.lanewise(VectorOperators.LSHR, shift);
            w3 = w3.lanewise(VectorOperators.LSHR, shift);
            FloatVector x0 = FloatVector.broadcast(F, x[xAt + 2 * j]);
            IntVector u00 = w0.and(low);
            FloatVector y00 = ((FloatVector) u00.convert(VectorOperators.I2F, 0)).fma(d0, m0);
            s0 = x0.fma(y00, s0);
            IntVector u10 = w1.and(low);
            FloatVector y10 = ((FloatVector) u10.convert(VectorOperators.I2F, 0)).fma(d1, m1);
            s1 = x0.fma(y10, s1);
            IntVector u20 = w2.and(low);
            FloatVector y20 = ((FloatVector) u20.convert(VectorOperators.I2F, 0)).fma(d2, m2);
            s2 = x0.fma(y20, s2);
            IntVector u30 = w3.and(low);
            FloatVector y30 = ((FloatVector) u30.convert(VectorOperators.I2F, 0)).fma(d3, m3);
            s3 = x0.fma(y30, s3);
            FloatVector x1 = FloatVector.broadcast(F, x[xAt + 2 * j + 1]);
            IntVector u01 = w0.and(next);
            FloatVector y01 = ((FloatVector) u01.convert(VectorOperators.I2F, 0)).fma(e0, m0);
            s0 = x1.fma(y01, s0);
            IntVector u11 = w1.and(next);
            FloatVector y11 = ((FloatVector) u11.convert(VectorOperators.I2F, 0)).fma(e1, m1);
            s1 = x1.fma(y11, s1);
            IntVector u21 = w2.and(next);
            FloatVector y21 = ((FloatVector) u21.convert(VectorOperators.I2F, 0)).fma(e2, m2);
            s2 = x1.fma(y21, s2);
            IntVector u31 = w3.and(next);
            FloatVector y31 = ((FloatVector) u31.convert(VectorOperators.I2F, 0)).fma(e3, m3);
            s3 = x1.fma(y31, s3);
        }
        s0.intoArray(s, 0);
        s1.intoArray(s, L);
        s2.intoArray(s, 2 * L);
        s3.intoArray(s, 3 * L);
    }

    /// Decode 16 inputs of [#NR] outputs.
    private static void unpackCodes(
            int[] codes, int at, float[] s, int scaleAt, float[] to, int toAt) {
        FloatVector d0 = FloatVector.fromArray(F, s, scaleAt);
        FloatVector d1 = FloatVector.fromArray(F, s, scaleAt + L);
        FloatVector m0 = FloatVector.fromArray(F, s, scaleAt + 4 * L);
        FloatVector m1 = FloatVector.fromArray(F, s, scaleAt + 5 * L);
        for (int j = 0; j < 4; j++) {
            IntVector w0 = IntVector.fromArray(I, codes, at + 4 * j * L);
            IntVector w1 = IntVector.fromArray(I, codes, at + 4 * j * L + L);
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
