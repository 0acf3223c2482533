package dev.minke.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.minke.kernels.Packed.Coding;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Panels of the formats with codes of four, five and six bits, a scale and a minimum: y = d u - m.
/// (Formats with signed values have m = 8 d, 16 d or 32 d; those with a table of signed bytes use
/// its value + 128 as u.) 32 inputs are, see [CodePacking], four words of nibbles for each output,
/// then one word of fifth or two of upper bits; scales stand before the block.
///
/// d u is exact in F32 (at most 18 and 6 bits), or m is 128 d and d (u - 128) the value, so one FMA
/// has the bits of product and difference. A code at bit 8 counts 256 times, which a smaller d
/// makes up for: half of them are not moved.
///
/// Calls stay out of the loops: C2 stops inlining methods (but those of the Vector API) in methods
/// as large as these.
final class CodePanels {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final VectorSpecies<Integer> I = Lanes.INT;
    private static final int L = Lanes.COUNT;
    private static final int VECTOR = 4 * L;
    private static final int NR = Tile.NR;

    /// Where the scales of a block begin, behind the sums: for each sub-block four vectors of d and
    /// four of -m.
    private static final int SCALES = 4 * L;

    private static final int SUB = 8 * L;

    /// Where d and the minimum of a super-block stand, behind the scales of 16 sub-blocks.
    private static final int PAIR = SCALES + 16 * SUB;

    private static final float PER_256 = 0x1p-8f;

    private static final VectorSpecies<Byte> B =
            VectorSpecies.of(byte.class, Lanes.INT.vectorShape());

    /// The values of IQ4 + 128.
    private static final ByteVector TABLE = table();

    private CodePanels() {}

    private static ByteVector table() {
        byte[] values = new byte[B.length()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (byte) (CodebookBlocks.VALUES[i % 16] + 128);
        }
        return ByteVector.fromArray(B, values, 0);
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
        int parts = coding.size / 32;
        int head = CodePacking.head(coding) * VECTOR;
        int step = CodePacking.step(coding) * VECTOR;
        int upper = step / VECTOR - 16;
        boolean table = coding == Coding.IQ4_NL || coding == Coding.IQ4_XS;
        for (int i = k0; i < k1; i += coding.size) {
            scales(coding, b, at, 0, 4, s);
            long from = at + head;
            for (int j = 0; j < parts; j++) {
                int to = i + 32 * j;
                if (table) {
                    tableBytes(b, from, 0, 4, codes);
                    dotCodes(codes, 0, 8, x, to, s, SCALES + j * SUB);
                } else if (upper == 0) {
                    dotNibbles(b, from, x, to, s, SCALES + j * SUB);
                } else if (upper == 4) {
                    fiveBits(b, from, 0, 4, codes);
                    dotCodes(codes, 0, 8, x, to, s, SCALES + j * SUB);
                } else {
                    sixBits(b, from, 0, 4, codes);
                    dotCodes(codes, 0, 4, x, to, s, SCALES + 2 * j * SUB);
                    dotCodes(codes, 16 * L, 4, x, to + 16, s, SCALES + (2 * j + 1) * SUB);
                }
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
        int head = CodePacking.head(coding) * VECTOR;
        int step = CodePacking.step(coding) * VECTOR;
        int upper = step / VECTOR - 16;
        boolean table = coding == Coding.IQ4_NL || coding == Coding.IQ4_XS;
        for (int i = 0; i < k; i += 32) {
            int inside = (start + i) % coding.size;
            long block = at + (start + i) / coding.size * (long) coding.bytes * Packed.WIDTH;
            if (inside == 0 || i == 0) {
                scales(coding, b, block, half, half + 2, s);
            }
            int j = inside / 32;
            long from = block + head + (long) j * step;
            int out = toAt + i * NR;
            int scaleAt = SCALES + half * L;
            if (table) {
                tableBytes(b, from, half, half + 2, codes);
                unpackCodes(codes, half * L, 8, s, scaleAt + j * SUB, to, out);
            } else if (upper == 0) {
                fourBits(b, from, half, half + 2, codes);
                unpackCodes(codes, half * L, 8, s, scaleAt + j * SUB, to, out);
            } else if (upper == 4) {
                fiveBits(b, from, half, half + 2, codes);
                unpackCodes(codes, half * L, 8, s, scaleAt + j * SUB, to, out);
            } else {
                sixBits(b, from, half, half + 2, codes);
                unpackCodes(codes, half * L, 4, s, scaleAt + 2 * j * SUB, to, out);
                int second = scaleAt + (2 * j + 1) * SUB;
                unpackCodes(codes, half * L + 16 * L, 4, s, second, to, out + 16 * NR);
            }
        }
    }

    /// Scales and minima of a block, for the vectors `first` to `last` of its outputs.
    private static void scales(
            Coding coding, MemorySegment b, long at, int first, int last, float[] s) {
        switch (coding) {
            case Q4_0 -> signed(b, at, -8, s);
            case Q5_0 -> signed(b, at, -16, s);
            case IQ4_NL -> signed(b, at, -128, s);
            case IQ4_XS -> {
                for (int q = first; q < last; q++) {
                    Scales.pairs(b, at + q * VECTOR, s, PAIR);
                    tableScales(b, at + q * VECTOR, s, SCALES + q * L);
                }
            }
            case Q4_1, Q5_1 -> {
                for (int q = first; q < last; q++) {
                    Scales.pairs(b, at + q * VECTOR, s, PAIR);
                    System.arraycopy(s, PAIR, s, SCALES + q * L, L);
                    System.arraycopy(s, PAIR + L, s, SCALES + 4 * L + q * L, L);
                }
            }
            case Q4_K, Q5_K -> {
                for (int q = first; q < last; q++) {
                    Scales.pairs(b, at + q * VECTOR, s, PAIR);
                    sixBitScales(b, at + q * VECTOR, s, SCALES + q * L);
                }
            }
            default -> {
                Scales.pairs(b, at, s, SCALES);
                Scales.pairs(b, at + VECTOR, s, SCALES + 2 * L);
                // the highest first: the first sub-block's place holds d
                for (int q = first; q < last; q++) {
                    for (int j = 3; j >= 0; j--) {
                        byteScales(b, at + (2 + 4 * j + q) * VECTOR, s, 4 * j, q);
                    }
                }
            }
        }
    }

    private static void signed(MemorySegment b, long at, int zero, float[] s) {
        Scales.pairs(b, at, s, SCALES);
        Scales.pairs(b, at + VECTOR, s, SCALES + 2 * L);
        for (int i = 0; i < 4 * L; i += L) {
            FloatVector d = FloatVector.fromArray(F, s, SCALES + i);
            d.mul(zero).intoArray(s, SCALES + 4 * L + i);
        }
    }

    /// Q4_K and Q5_K: d and its six-bit factors, -min and its factors, of L outputs.
    private static void sixBitScales(MemorySegment b, long at, float[] s, int to) {
        IntVector one = IntVector.fromMemorySegment(I, b, at + 4 * VECTOR, LITTLE_ENDIAN);
        IntVector two = IntVector.fromMemorySegment(I, b, at + 8 * VECTOR, LITTLE_ENDIAN);
        IntVector three = IntVector.fromMemorySegment(I, b, at + 12 * VECTOR, LITTLE_ENDIAN);
        IntVector top = one.lanewise(VectorOperators.LSHR, 2).and(0x30303030);
        IntVector topMin = two.lanewise(VectorOperators.LSHR, 2).and(0x30303030);
        IntVector upper = three.lanewise(VectorOperators.LSHR, 4).and(0x0F0F0F0F);
        IntVector d0 = one.and(0x3F3F3F3F);
        IntVector d4 = three.and(0x0F0F0F0F).or(top);
        IntVector m0 = two.and(0x3F3F3F3F);
        IntVector m4 = upper.or(topMin);
        FloatVector d = FloatVector.fromArray(F, s, PAIR);
        FloatVector min = FloatVector.fromArray(F, s, PAIR + L).neg();
        for (int i = 0; i < 4; i++) {
            int at0 = to + i * SUB;
            int at4 = at0 + 4 * SUB;
            ((FloatVector) d0.and(0xFF).convert(VectorOperators.I2F, 0)).mul(d).intoArray(s, at0);
            ((FloatVector) d4.and(0xFF).convert(VectorOperators.I2F, 0)).mul(d).intoArray(s, at4);
            at0 += 4 * L;
            at4 += 4 * L;
            ((FloatVector) m0.and(0xFF).convert(VectorOperators.I2F, 0)).mul(min).intoArray(s, at0);
            ((FloatVector) m4.and(0xFF).convert(VectorOperators.I2F, 0)).mul(min).intoArray(s, at4);
            d0 = d0.lanewise(VectorOperators.LSHR, 8);
            d4 = d4.lanewise(VectorOperators.LSHR, 8);
            m0 = m0.lanewise(VectorOperators.LSHR, 8);
            m4 = m4.lanewise(VectorOperators.LSHR, 8);
        }
    }

    /// IQ4_XS: d, and its factors - 32 of 2 + 4 bits.
    private static void tableScales(MemorySegment b, long at, float[] s, int to) {
        IntVector both = IntVector.fromMemorySegment(I, b, at, LITTLE_ENDIAN);
        IntVector low = IntVector.fromMemorySegment(I, b, at + 4 * VECTOR, LITTLE_ENDIAN);
        FloatVector d = FloatVector.fromArray(F, s, PAIR);
        IntVector high = both.lanewise(VectorOperators.LSHR, 12);
        for (int j = 0; j < 8; j++) {
            IntVector factor = low.and(0x0F).or(high.and(0x30)).sub(32);
            FloatVector scale = ((FloatVector) factor.convert(VectorOperators.I2F, 0)).mul(d);
            scale.intoArray(s, to + j * SUB);
            scale.mul(-128).intoArray(s, to + j * SUB + 4 * L);
            low = low.lanewise(VectorOperators.LSHR, 4);
            high = high.lanewise(VectorOperators.LSHR, 2);
        }
    }

    /// Q6_K: d times each of four signed bytes, from sub-block `first` on, of the outputs `q`.
    private static void byteScales(MemorySegment b, long at, float[] s, int first, int q) {
        FloatVector d = FloatVector.fromArray(F, s, SCALES + q * L);
        IntVector words = IntVector.fromMemorySegment(I, b, at, LITTLE_ENDIAN);
        for (int i = 3; i >= 0; i--) {
            IntVector factor = words.lanewise(VectorOperators.ASHR, 24);
            FloatVector scale = ((FloatVector) factor.convert(VectorOperators.I2F, 0)).mul(d);
            int to = SCALES + (first + i) * SUB + q * L;
            scale.intoArray(s, to);
            scale.mul(-32).intoArray(s, to + 4 * L);
            words = words.lanewise(VectorOperators.LSHL, 8);
        }
    }

    /// Codes of 32 inputs as bytes: for each four inputs a word of each output.
    private static void fourBits(MemorySegment b, long at, int first, int last, int[] codes) {
        for (int t = 0; t < 4; t++) {
            for (int q = first; q < last; q++) {
                long from = at + (4 * t + q) * VECTOR;
                IntVector word = IntVector.fromMemorySegment(I, b, from, LITTLE_ENDIAN);
                int to = (8 * t + q) * L;
                word.and(0x0F0F0F0F).intoArray(codes, to);
                word.lanewise(VectorOperators.LSHR, 4).and(0x0F0F0F0F).intoArray(codes, to + 4 * L);
            }
        }
    }

    private static void tableBytes(MemorySegment b, long at, int first, int last, int[] codes) {
        for (int t = 0; t < 4; t++) {
            for (int q = first; q < last; q++) {
                long from = at + (4 * t + q) * VECTOR;
                IntVector word = IntVector.fromMemorySegment(I, b, from, LITTLE_ENDIAN);
                IntVector high = word.lanewise(VectorOperators.LSHR, 4);
                ByteVector one = word.and(0x0F0F0F0F).reinterpretAsBytes().selectFrom(TABLE);
                ByteVector two = high.and(0x0F0F0F0F).reinterpretAsBytes().selectFrom(TABLE);
                int to = (8 * t + q) * L;
                one.reinterpretAsInts().intoArray(codes, to);
                two.reinterpretAsInts().intoArray(codes, to + 4 * L);
            }
        }
    }

    private static void fiveBits(MemorySegment b, long at, int first, int last, int[] codes) {
        for (int q = first; q < last; q++) {
            long high = at + (16 + q) * VECTOR;
            IntVector top = IntVector.fromMemorySegment(I, b, high, LITTLE_ENDIAN);
            top = top.lanewise(VectorOperators.ROL, 4);
            for (int t = 0; t < 4; t++) {
                long from = at + (4 * t + q) * VECTOR;
                IntVector word = IntVector.fromMemorySegment(I, b, from, LITTLE_ENDIAN);
                IntVector next = top.lanewise(VectorOperators.ROR, 1);
                int to = (8 * t + q) * L;
                word.and(0x0F0F0F0F).or(top.and(0x10101010)).intoArray(codes, to);
                word.lanewise(VectorOperators.LSHR, 4)
                        .and(0x0F0F0F0F)
                        .or(next.and(0x10101010))
                        .intoArray(codes, to + 4 * L);
                top = top.lanewise(VectorOperators.ROR, 2);
            }
        }
    }

    private static void sixBits(MemorySegment b, long at, int first, int last, int[] codes) {
        for (int q = first; q < last; q++) {
            for (int t = 0; t < 4; t++) {
                long high = at + (16 + t / 2 * 4 + q) * VECTOR;
                IntVector top = IntVector.fromMemorySegment(I, b, high, LITTLE_ENDIAN);
                top = top.lanewise(VectorOperators.ROL, 4 - t % 2 * 4);
                long from = at + (4 * t + q) * VECTOR;
                IntVector word = IntVector.fromMemorySegment(I, b, from, LITTLE_ENDIAN);
                IntVector next = top.lanewise(VectorOperators.ROR, 2);
                int to = (8 * t + q) * L;
                word.and(0x0F0F0F0F).or(top.and(0x30303030)).intoArray(codes, to);
                word.lanewise(VectorOperators.LSHR, 4)
                        .and(0x0F0F0F0F)
                        .or(next.and(0x30303030))
                        .intoArray(codes, to + 4 * L);
            }
        }
    }

    /// s[0..4L] += x * 32 inputs of nibbles from byte `at` on.
    private static void dotNibbles(
            MemorySegment b, long at, float[] x, int xAt, float[] s, int scaleAt) {
        IntVector low = IntVector.broadcast(I, 0x0F);
        IntVector next = IntVector.broadcast(I, 0x0F00);
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
            long from = at + j / 2 * 4 * VECTOR;
            int shift = j % 2 * 4;
            IntVector w0 = IntVector.fromMemorySegment(I, b, from, LITTLE_ENDIAN);
            IntVector w1 = IntVector.fromMemorySegment(I, b, from + VECTOR, LITTLE_ENDIAN);
            IntVector w2 = IntVector.fromMemorySegment(I, b, from + 2 * VECTOR, LITTLE_ENDIAN);
            IntVector w3 = IntVector.fromMemorySegment(I, b, from + 3 * VECTOR, LITTLE_ENDIAN);
            w0 = w0.lanewise(VectorOperators.LSHR, shift);
            w1 = w1.lanewise(VectorOperators.LSHR, shift);
            w2 = w2.lanewise(VectorOperators.LSHR, shift);
            w3 = w3.lanewise(VectorOperators.LSHR, shift);
            FloatVector x0 = FloatVector.broadcast(F, x[xAt + 4 * j]);
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
            FloatVector x1 = FloatVector.broadcast(F, x[xAt + 4 * j + 1]);
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
            w0 = w0.lanewise(VectorOperators.LSHR, 16);
            w1 = w1.lanewise(VectorOperators.LSHR, 16);
            w2 = w2.lanewise(VectorOperators.LSHR, 16);
            w3 = w3.lanewise(VectorOperators.LSHR, 16);
            FloatVector x2 = FloatVector.broadcast(F, x[xAt + 4 * j + 2]);
            IntVector u02 = w0.and(low);
            FloatVector y02 = ((FloatVector) u02.convert(VectorOperators.I2F, 0)).fma(d0, m0);
            s0 = x2.fma(y02, s0);
            IntVector u12 = w1.and(low);
            FloatVector y12 = ((FloatVector) u12.convert(VectorOperators.I2F, 0)).fma(d1, m1);
            s1 = x2.fma(y12, s1);
            IntVector u22 = w2.and(low);
            FloatVector y22 = ((FloatVector) u22.convert(VectorOperators.I2F, 0)).fma(d2, m2);
            s2 = x2.fma(y22, s2);
            IntVector u32 = w3.and(low);
            FloatVector y32 = ((FloatVector) u32.convert(VectorOperators.I2F, 0)).fma(d3, m3);
            s3 = x2.fma(y32, s3);
            FloatVector x3 = FloatVector.broadcast(F, x[xAt + 4 * j + 3]);
            IntVector u03 = w0.and(next);
            FloatVector y03 = ((FloatVector) u03.convert(VectorOperators.I2F, 0)).fma(e0, m0);
            s0 = x3.fma(y03, s0);
            IntVector u13 = w1.and(next);
            FloatVector y13 = ((FloatVector) u13.convert(VectorOperators.I2F, 0)).fma(e1, m1);
            s1 = x3.fma(y13, s1);
            IntVector u23 = w2.and(next);
            FloatVector y23 = ((FloatVector) u23.convert(VectorOperators.I2F, 0)).fma(e2, m2);
            s2 = x3.fma(y23, s2);
            IntVector u33 = w3.and(next);
            FloatVector y33 = ((FloatVector) u33.convert(VectorOperators.I2F, 0)).fma(e3, m3);
            s3 = x3.fma(y33, s3);
        }
        s0.intoArray(s, 0);
        s1.intoArray(s, L);
        s2.intoArray(s, 2 * L);
        s3.intoArray(s, 3 * L);
    }

    /// s[0..4L] += x * `groups` groups of four inputs.
    private static void dotCodes(
            int[] codes, int at, int groups, float[] x, int xAt, float[] s, int scaleAt) {
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
        for (int j = 0; j < groups; j++) {
            int from = at + 4 * j * L;
            IntVector w0 = IntVector.fromArray(I, codes, from);
            IntVector w1 = IntVector.fromArray(I, codes, from + L);
            IntVector w2 = IntVector.fromArray(I, codes, from + 2 * L);
            IntVector w3 = IntVector.fromArray(I, codes, from + 3 * L);
            FloatVector x0 = FloatVector.broadcast(F, x[xAt + 4 * j]);
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
            FloatVector x1 = FloatVector.broadcast(F, x[xAt + 4 * j + 1]);
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
            w0 = w0.lanewise(VectorOperators.LSHR, 16);
            w1 = w1.lanewise(VectorOperators.LSHR, 16);
            w2 = w2.lanewise(VectorOperators.LSHR, 16);
            w3 = w3.lanewise(VectorOperators.LSHR, 16);
            FloatVector x2 = FloatVector.broadcast(F, x[xAt + 4 * j + 2]);
            IntVector u02 = w0.and(low);
            FloatVector y02 = ((FloatVector) u02.convert(VectorOperators.I2F, 0)).fma(d0, m0);
            s0 = x2.fma(y02, s0);
            IntVector u12 = w1.and(low);
            FloatVector y12 = ((FloatVector) u12.convert(VectorOperators.I2F, 0)).fma(d1, m1);
            s1 = x2.fma(y12, s1);
            IntVector u22 = w2.and(low);
            FloatVector y22 = ((FloatVector) u22.convert(VectorOperators.I2F, 0)).fma(d2, m2);
            s2 = x2.fma(y22, s2);
            IntVector u32 = w3.and(low);
            FloatVector y32 = ((FloatVector) u32.convert(VectorOperators.I2F, 0)).fma(d3, m3);
            s3 = x2.fma(y32, s3);
            FloatVector x3 = FloatVector.broadcast(F, x[xAt + 4 * j + 3]);
            IntVector u03 = w0.and(next);
            FloatVector y03 = ((FloatVector) u03.convert(VectorOperators.I2F, 0)).fma(e0, m0);
            s0 = x3.fma(y03, s0);
            IntVector u13 = w1.and(next);
            FloatVector y13 = ((FloatVector) u13.convert(VectorOperators.I2F, 0)).fma(e1, m1);
            s1 = x3.fma(y13, s1);
            IntVector u23 = w2.and(next);
            FloatVector y23 = ((FloatVector) u23.convert(VectorOperators.I2F, 0)).fma(e2, m2);
            s2 = x3.fma(y23, s2);
            IntVector u33 = w3.and(next);
            FloatVector y33 = ((FloatVector) u33.convert(VectorOperators.I2F, 0)).fma(e3, m3);
            s3 = x3.fma(y33, s3);
        }
        s0.intoArray(s, 0);
        s1.intoArray(s, L);
        s2.intoArray(s, 2 * L);
        s3.intoArray(s, 3 * L);
    }

    /// Decode `groups` groups of four inputs of [#NR] outputs.
    private static void unpackCodes(
            int[] codes, int at, int groups, float[] s, int scaleAt, float[] to, int toAt) {
        FloatVector d0 = FloatVector.fromArray(F, s, scaleAt);
        FloatVector d1 = FloatVector.fromArray(F, s, scaleAt + L);
        FloatVector m0 = FloatVector.fromArray(F, s, scaleAt + 4 * L);
        FloatVector m1 = FloatVector.fromArray(F, s, scaleAt + 5 * L);
        for (int j = 0; j < groups; j++) {
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
