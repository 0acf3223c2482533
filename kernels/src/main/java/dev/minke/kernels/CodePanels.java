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
/// its value + 128 as u.) 32 inputs are, see [CodePacking], a vector of nibbles for every two
/// inputs, in which byte q of word w belongs to output q L + w, then vectors of fifth or of upper
/// bits; scales stand before the block.
///
/// d u is exact in F32 (at most 18 and 6 bits), or m is 128 d and d (u - 128) the value, so one FMA
/// has the bits of product and difference. A code in byte q counts 256^q times, which a smaller d
/// makes up for: codes are not moved.
///
/// Calls stay out of the inner loops: C2 stops inlining methods (but those of the Vector API) in
/// methods as large as these.
final class CodePanels {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final VectorSpecies<Integer> I = Lanes.INT;
    private static final int L = Lanes.COUNT;
    private static final int VECTOR = 4 * L;
    private static final int NR = Tile.NR;

    /// Vectors of nibbles of 32 inputs.
    private static final int NIBBLES = 16;

    private static final int LOW = 0x0F0F0F0F;
    private static final int FIFTH = 0x10101010;
    private static final int UPPER = 0x30303030;

    /// Where the scales of a block begin, behind the sums: for each sub-block four vectors of d and
    /// four of -m.
    private static final int SCALES = 4 * L;

    private static final int SUB = 8 * L;

    /// From the scales of a block to where d and the minimum of a super-block stand, behind the
    /// scales of 16 sub-blocks.
    private static final int PAIR = 16 * SUB;

    /// Floats that the kernels here need: sums and the scales of a block.
    static final int FLOATS = SCALES + PAIR + 2 * L;

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
        int subs = subs(coding);
        int head = CodePacking.head(coding) * VECTOR;
        int step = CodePacking.step(coding) * VECTOR;
        for (int i = k0; i < k1; i += coding.size) {
            scales(coding, b, at, 0, 4, s, SCALES);
            if (step == NIBBLES * VECTOR && !table(coding)) {
                dotNibbles(b, at + head, parts, x, i, s, SCALES);
            } else {
                for (int j = 0; j < parts; j++) {
                    expand(coding, b, at + head + (long) j * step, codes);
                    for (int h = 0; h < subs; h++) {
                        int scaleAt = SCALES + (subs * j + h) * SUB;
                        dotBytes(codes, h * 16 * L, 32 / subs, x, i + 32 * j + 16 * h, s, scaleAt);
                    }
                }
            }
            at += (long) coding.bytes * Packed.WIDTH;
        }
    }

    /// As [#dot] for `rows` rows, two or four: x from `xAt` on, rows `lda` apart; their sums are
    /// rows of 4L of `c`.
    static void dotRows(
            Coding coding,
            MemorySegment b,
            long at,
            int k,
            int rows,
            float[] x,
            int xAt,
            int lda,
            float[] s,
            int[] codes,
            float[] c,
            int cAt) {
        int parts = coding.size / 32;
        int subs = subs(coding);
        int head = CodePacking.head(coding) * VECTOR;
        int step = CodePacking.step(coding) * VECTOR;
        for (int i = 0; i < k; i += coding.size) {
            scales(coding, b, at, 0, 4, s, SCALES);
            for (int j = 0; j < parts; j++) {
                expand(coding, b, at + head + (long) j * step, codes);
                for (int h = 0; h < subs; h++) {
                    int from = xAt + i + 32 * j + 16 * h;
                    int scaleAt = SCALES + (subs * j + h) * SUB;
                    if (rows == 2) {
                        dotBytes2(codes, h * 16 * L, 32 / subs, x, from, lda, s, scaleAt, c, cAt);
                    } else {
                        dotBytes4(codes, h * 16 * L, 32 / subs, x, from, lda, s, scaleAt, c, cAt);
                    }
                }
            }
            at += (long) coding.bytes * Packed.WIDTH;
        }
    }

    private static boolean table(Coding coding) {
        return coding == Coding.IQ4_NL || coding == Coding.IQ4_XS;
    }

    /// Sub-blocks of 32 inputs.
    private static int subs(Coding coding) {
        return coding == Coding.Q6_K ? 2 : 1;
    }

    /// Unpack `k` inputs, from input `start` of the block at byte `at` on, of half a panel ([#NR]
    /// outputs from vector `half` on, 0 or 2), to a panel of floats.
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
        int subs = subs(coding);
        int head = CodePacking.head(coding) * VECTOR;
        int step = CodePacking.step(coding) * VECTOR;
        for (int i = 0; i < k; i += 32) {
            int inside = (start + i) % coding.size;
            long block = at + (start + i) / coding.size * (long) coding.bytes * Packed.WIDTH;
            if (inside == 0 || i == 0) {
                scales(coding, b, block, half, half + 2, s, SCALES);
            }
            int j = inside / 32;
            expand(coding, b, block + head + (long) j * step, codes);
            for (int h = 0; h < subs; h++) {
                int scaleAt = SCALES + half * L + (subs * j + h) * SUB;
                int out = toAt + (i + 16 * h) * NR;
                unpackBytes(codes, h * 16 * L, 32 / subs, 8 * half, s, scaleAt, to, out);
            }
        }
    }

    /// Scales and minima of a block, for the vectors `first` to `last` of its outputs.
    private static void scales(
            Coding coding, MemorySegment b, long at, int first, int last, float[] s, int to) {
        switch (coding) {
            case Q4_0 -> signed(b, at, -8, s, to);
            case Q5_0 -> signed(b, at, -16, s, to);
            case IQ4_NL -> signed(b, at, -128, s, to);
            case IQ4_XS -> {
                for (int q = first; q < last; q++) {
                    Scales.pairs(b, at + q * VECTOR, s, to + PAIR);
                    tableScales(b, at + q * VECTOR, s, to, q);
                }
            }
            case Q4_1, Q5_1 -> {
                for (int q = first; q < last; q++) {
                    Scales.pairs(b, at + q * VECTOR, s, to + PAIR);
                    System.arraycopy(s, to + PAIR, s, to + q * L, L);
                    System.arraycopy(s, to + PAIR + L, s, to + (4 + q) * L, L);
                }
            }
            case Q4_K, Q5_K -> {
                for (int q = first; q < last; q++) {
                    Scales.pairs(b, at + q * VECTOR, s, to + PAIR);
                    sixBitScales(b, at + q * VECTOR, s, to, q);
                }
            }
            default -> {
                Scales.pairs(b, at, s, to);
                Scales.pairs(b, at + VECTOR, s, to + 2 * L);
                // the highest first: the first sub-block's place holds d
                for (int q = first; q < last; q++) {
                    for (int j = 3; j >= 0; j--) {
                        byteScales(b, at + (2 + 4 * j + q) * VECTOR, s, to, 4 * j, q);
                    }
                }
            }
        }
    }

    private static void signed(MemorySegment b, long at, int zero, float[] s, int to) {
        Scales.pairs(b, at, s, to);
        Scales.pairs(b, at + VECTOR, s, to + 2 * L);
        for (int i = 0; i < 4 * L; i += L) {
            FloatVector d = FloatVector.fromArray(F, s, to + i);
            d.mul(zero).intoArray(s, to + 4 * L + i);
        }
    }

    /// Q4_K and Q5_K: d and its six-bit factors, -min and its factors, of L outputs.
    private static void sixBitScales(MemorySegment b, long at, float[] s, int base, int q) {
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
        FloatVector d = FloatVector.fromArray(F, s, base + PAIR);
        FloatVector min = FloatVector.fromArray(F, s, base + PAIR + L).neg();
        for (int i = 0; i < 4; i++) {
            int at0 = base + i * SUB + q * L;
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
    private static void tableScales(MemorySegment b, long at, float[] s, int base, int q) {
        IntVector both = IntVector.fromMemorySegment(I, b, at, LITTLE_ENDIAN);
        IntVector low = IntVector.fromMemorySegment(I, b, at + 4 * VECTOR, LITTLE_ENDIAN);
        FloatVector d = FloatVector.fromArray(F, s, base + PAIR);
        IntVector high = both.lanewise(VectorOperators.LSHR, 12);
        for (int j = 0; j < 8; j++) {
            IntVector factor = low.and(0x0F).or(high.and(0x30)).sub(32);
            FloatVector scale = ((FloatVector) factor.convert(VectorOperators.I2F, 0)).mul(d);
            scale.intoArray(s, base + j * SUB + q * L);
            scale.mul(-128).intoArray(s, base + j * SUB + (4 + q) * L);
            low = low.lanewise(VectorOperators.LSHR, 4);
            high = high.lanewise(VectorOperators.LSHR, 2);
        }
    }

    /// Q6_K: d times each of four signed bytes, from sub-block `first` on, of the outputs `q`.
    private static void byteScales(
            MemorySegment b, long at, float[] s, int base, int first, int q) {
        FloatVector d = FloatVector.fromArray(F, s, base + q * L);
        IntVector words = IntVector.fromMemorySegment(I, b, at, LITTLE_ENDIAN);
        for (int i = 3; i >= 0; i--) {
            IntVector factor = words.lanewise(VectorOperators.ASHR, 24);
            FloatVector scale = ((FloatVector) factor.convert(VectorOperators.I2F, 0)).mul(d);
            int to = base + (first + i) * SUB + q * L;
            scale.intoArray(s, to);
            scale.mul(-32).intoArray(s, to + 4 * L);
            words = words.lanewise(VectorOperators.LSHL, 8);
        }
    }

    /// The codes of 32 inputs as bytes, a vector for each input.
    private static void expand(Coding coding, MemorySegment b, long at, int[] codes) {
        switch (coding) {
            case IQ4_NL, IQ4_XS -> tableBytes(b, at, codes);
            case Q5_0, Q5_1, Q5_K -> fiveBits(b, at, codes);
            case Q6_K -> sixBits(b, at, codes);
            default -> fourBits(b, at, codes);
        }
    }

    private static void fourBits(MemorySegment b, long at, int[] codes) {
        MemorySegment lines = b.asSlice(at, NIBBLES * VECTOR);
        for (int t = 0; t < NIBBLES; t++) {
            IntVector w = IntVector.fromMemorySegment(I, lines, t * VECTOR, LITTLE_ENDIAN);
            w.and(LOW).intoArray(codes, 2 * t * L);
            w.lanewise(VectorOperators.LSHR, 4).and(LOW).intoArray(codes, (2 * t + 1) * L);
        }
    }

    private static void tableBytes(MemorySegment b, long at, int[] codes) {
        MemorySegment lines = b.asSlice(at, NIBBLES * VECTOR);
        for (int t = 0; t < NIBBLES; t++) {
            IntVector w = IntVector.fromMemorySegment(I, lines, t * VECTOR, LITTLE_ENDIAN);
            IntVector high = w.lanewise(VectorOperators.LSHR, 4);
            ByteVector one = w.and(LOW).reinterpretAsBytes().selectFrom(TABLE);
            ByteVector two = high.and(LOW).reinterpretAsBytes().selectFrom(TABLE);
            one.reinterpretAsInts().intoArray(codes, 2 * t * L);
            two.reinterpretAsInts().intoArray(codes, (2 * t + 1) * L);
        }
    }

    private static void fiveBits(MemorySegment b, long at, int[] codes) {
        MemorySegment lines = b.asSlice(at, 20 * VECTOR);
        for (int j = 0; j < 4; j++) {
            IntVector top =
                    IntVector.fromMemorySegment(I, lines, (NIBBLES + j) * VECTOR, LITTLE_ENDIAN)
                            .lanewise(VectorOperators.ROL, 4);
            for (int t = 4 * j; t < 4 * j + 4; t++) {
                IntVector w = IntVector.fromMemorySegment(I, lines, t * VECTOR, LITTLE_ENDIAN);
                IntVector next = top.lanewise(VectorOperators.ROR, 1);
                w.and(LOW).or(top.and(FIFTH)).intoArray(codes, 2 * t * L);
                w.lanewise(VectorOperators.LSHR, 4)
                        .and(LOW)
                        .or(next.and(FIFTH))
                        .intoArray(codes, (2 * t + 1) * L);
                top = top.lanewise(VectorOperators.ROR, 2);
            }
        }
    }

    private static void sixBits(MemorySegment b, long at, int[] codes) {
        MemorySegment lines = b.asSlice(at, 24 * VECTOR);
        for (int j = 0; j < 8; j++) {
            IntVector top =
                    IntVector.fromMemorySegment(I, lines, (NIBBLES + j) * VECTOR, LITTLE_ENDIAN)
                            .lanewise(VectorOperators.ROL, 4);
            for (int t = 2 * j; t < 2 * j + 2; t++) {
                IntVector w = IntVector.fromMemorySegment(I, lines, t * VECTOR, LITTLE_ENDIAN);
                IntVector next = top.lanewise(VectorOperators.ROR, 2);
                w.and(LOW).or(top.and(UPPER)).intoArray(codes, 2 * t * L);
                w.lanewise(VectorOperators.LSHR, 4)
                        .and(LOW)
                        .or(next.and(UPPER))
                        .intoArray(codes, (2 * t + 1) * L);
                top = top.lanewise(VectorOperators.ROR, 4);
            }
        }
    }

    /// s[0..4L] += x * `parts` times 32 inputs of nibbles from byte `at` on.
    private static void dotNibbles(
            MemorySegment b, long at, int parts, float[] x, int xAt, float[] s, int scaleAt) {
        IntVector mask0 = IntVector.broadcast(I, 0x0F);
        IntVector mask1 = IntVector.broadcast(I, 0x0F00);
        IntVector mask2 = IntVector.broadcast(I, 0x0F0000);
        IntVector mask3 = IntVector.broadcast(I, 0x0F000000);
        FloatVector s0 = FloatVector.fromArray(F, s, 0);
        FloatVector s1 = FloatVector.fromArray(F, s, L);
        FloatVector s2 = FloatVector.fromArray(F, s, 2 * L);
        FloatVector s3 = FloatVector.fromArray(F, s, 3 * L);
        for (int j = 0; j < parts; j++) {
            MemorySegment lines = b.asSlice(at, NIBBLES * VECTOR);
            at += NIBBLES * VECTOR;
            FloatVector d0 = FloatVector.fromArray(F, s, scaleAt);
            FloatVector d1 = FloatVector.fromArray(F, s, scaleAt + L);
            FloatVector d2 = FloatVector.fromArray(F, s, scaleAt + 2 * L);
            FloatVector d3 = FloatVector.fromArray(F, s, scaleAt + 3 * L);
            FloatVector m0 = FloatVector.fromArray(F, s, scaleAt + 4 * L);
            FloatVector m1 = FloatVector.fromArray(F, s, scaleAt + 5 * L);
            FloatVector m2 = FloatVector.fromArray(F, s, scaleAt + 6 * L);
            FloatVector m3 = FloatVector.fromArray(F, s, scaleAt + 7 * L);
            FloatVector e1 = d1.mul(0x1p-8f);
            FloatVector e2 = d2.mul(0x1p-16f);
            FloatVector e3 = d3.mul(0x1p-24f);
            scaleAt += SUB;
            for (int t = 0; t < NIBBLES; t++) {
                IntVector w = IntVector.fromMemorySegment(I, lines, t * VECTOR, LITTLE_ENDIAN);
                FloatVector v = FloatVector.broadcast(F, x[xAt + 2 * t]);
                IntVector u0 = w.and(mask0);
                FloatVector y0 = ((FloatVector) u0.convert(VectorOperators.I2F, 0)).fma(d0, m0);
                s0 = v.fma(y0, s0);
                IntVector u1 = w.and(mask1);
                FloatVector y1 = ((FloatVector) u1.convert(VectorOperators.I2F, 0)).fma(e1, m1);
                s1 = v.fma(y1, s1);
                IntVector u2 = w.and(mask2);
                FloatVector y2 = ((FloatVector) u2.convert(VectorOperators.I2F, 0)).fma(e2, m2);
                s2 = v.fma(y2, s2);
                IntVector u3 = w.and(mask3);
                FloatVector y3 = ((FloatVector) u3.convert(VectorOperators.I2F, 0)).fma(e3, m3);
                s3 = v.fma(y3, s3);
                w = w.lanewise(VectorOperators.LSHR, 4);
                FloatVector vn = FloatVector.broadcast(F, x[xAt + 2 * t + 1]);
                IntVector u0n = w.and(mask0);
                FloatVector y0n = ((FloatVector) u0n.convert(VectorOperators.I2F, 0)).fma(d0, m0);
                s0 = vn.fma(y0n, s0);
                IntVector u1n = w.and(mask1);
                FloatVector y1n = ((FloatVector) u1n.convert(VectorOperators.I2F, 0)).fma(e1, m1);
                s1 = vn.fma(y1n, s1);
                IntVector u2n = w.and(mask2);
                FloatVector y2n = ((FloatVector) u2n.convert(VectorOperators.I2F, 0)).fma(e2, m2);
                s2 = vn.fma(y2n, s2);
                IntVector u3n = w.and(mask3);
                FloatVector y3n = ((FloatVector) u3n.convert(VectorOperators.I2F, 0)).fma(e3, m3);
                s3 = vn.fma(y3n, s3);
            }
            xAt += 32;
        }
        s0.intoArray(s, 0);
        s1.intoArray(s, L);
        s2.intoArray(s, 2 * L);
        s3.intoArray(s, 3 * L);
    }

    /// s[0..4L] += x * `count` vectors of bytes.
    private static void dotBytes(
            int[] codes, int at, int count, float[] x, int xAt, float[] s, int scaleAt) {
        IntVector mask0 = IntVector.broadcast(I, 0xFF);
        IntVector mask1 = IntVector.broadcast(I, 0xFF00);
        IntVector mask2 = IntVector.broadcast(I, 0xFF0000);
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
        FloatVector e1 = d1.mul(0x1p-8f);
        FloatVector e2 = d2.mul(0x1p-16f);
        for (int j = 0; j < count; j++) {
            IntVector w = IntVector.fromArray(I, codes, at + j * L);
            FloatVector v = FloatVector.broadcast(F, x[xAt + j]);
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
        s0.intoArray(s, 0);
        s1.intoArray(s, L);
        s2.intoArray(s, 2 * L);
        s3.intoArray(s, 3 * L);
    }

    /// As [#dotBytes] for two rows.
    private static void dotBytes2(
            int[] codes,
            int at,
            int count,
            float[] x,
            int xAt,
            int lda,
            float[] s,
            int scaleAt,
            float[] c,
            int cAt) {
        IntVector mask0 = IntVector.broadcast(I, 0xFF);
        IntVector mask1 = IntVector.broadcast(I, 0xFF00);
        IntVector mask2 = IntVector.broadcast(I, 0xFF0000);
        FloatVector s00 = FloatVector.fromArray(F, c, cAt);
        FloatVector s01 = FloatVector.fromArray(F, c, cAt + L);
        FloatVector s02 = FloatVector.fromArray(F, c, cAt + 2 * L);
        FloatVector s03 = FloatVector.fromArray(F, c, cAt + 3 * L);
        FloatVector s10 = FloatVector.fromArray(F, c, cAt + 4 * L);
        FloatVector s11 = FloatVector.fromArray(F, c, cAt + 5 * L);
        FloatVector s12 = FloatVector.fromArray(F, c, cAt + 6 * L);
        FloatVector s13 = FloatVector.fromArray(F, c, cAt + 7 * L);
        FloatVector d0 = FloatVector.fromArray(F, s, scaleAt);
        FloatVector d1 = FloatVector.fromArray(F, s, scaleAt + L);
        FloatVector d2 = FloatVector.fromArray(F, s, scaleAt + 2 * L);
        FloatVector d3 = FloatVector.fromArray(F, s, scaleAt + 3 * L);
        FloatVector m0 = FloatVector.fromArray(F, s, scaleAt + 4 * L);
        FloatVector m1 = FloatVector.fromArray(F, s, scaleAt + 5 * L);
        FloatVector m2 = FloatVector.fromArray(F, s, scaleAt + 6 * L);
        FloatVector m3 = FloatVector.fromArray(F, s, scaleAt + 7 * L);
        FloatVector e1 = d1.mul(0x1p-8f);
        FloatVector e2 = d2.mul(0x1p-16f);
        for (int j = 0; j < count; j++) {
            IntVector w = IntVector.fromArray(I, codes, at + j * L);
            int from = xAt + j;
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
        s00.intoArray(c, cAt);
        s01.intoArray(c, cAt + L);
        s02.intoArray(c, cAt + 2 * L);
        s03.intoArray(c, cAt + 3 * L);
        s10.intoArray(c, cAt + 4 * L);
        s11.intoArray(c, cAt + 5 * L);
        s12.intoArray(c, cAt + 6 * L);
        s13.intoArray(c, cAt + 7 * L);
    }

    /// As [#dotBytes] for four rows.
    private static void dotBytes4(
            int[] codes,
            int at,
            int count,
            float[] x,
            int xAt,
            int lda,
            float[] s,
            int scaleAt,
            float[] c,
            int cAt) {
        IntVector mask0 = IntVector.broadcast(I, 0xFF);
        IntVector mask1 = IntVector.broadcast(I, 0xFF00);
        IntVector mask2 = IntVector.broadcast(I, 0xFF0000);
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
        FloatVector d0 = FloatVector.fromArray(F, s, scaleAt);
        FloatVector d1 = FloatVector.fromArray(F, s, scaleAt + L);
        FloatVector d2 = FloatVector.fromArray(F, s, scaleAt + 2 * L);
        FloatVector d3 = FloatVector.fromArray(F, s, scaleAt + 3 * L);
        FloatVector m0 = FloatVector.fromArray(F, s, scaleAt + 4 * L);
        FloatVector m1 = FloatVector.fromArray(F, s, scaleAt + 5 * L);
        FloatVector m2 = FloatVector.fromArray(F, s, scaleAt + 6 * L);
        FloatVector m3 = FloatVector.fromArray(F, s, scaleAt + 7 * L);
        FloatVector e1 = d1.mul(0x1p-8f);
        FloatVector e2 = d2.mul(0x1p-16f);
        for (int j = 0; j < count; j++) {
            IntVector w = IntVector.fromArray(I, codes, at + j * L);
            int from = xAt + j;
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

    /// Decode `count` vectors of bytes of [#NR] outputs, those of bytes `shift / 8` and the next.
    private static void unpackBytes(
            int[] codes,
            int at,
            int count,
            int shift,
            float[] s,
            int scaleAt,
            float[] to,
            int toAt) {
        FloatVector d0 = FloatVector.fromArray(F, s, scaleAt);
        FloatVector d1 = FloatVector.fromArray(F, s, scaleAt + L);
        FloatVector m0 = FloatVector.fromArray(F, s, scaleAt + 4 * L);
        FloatVector m1 = FloatVector.fromArray(F, s, scaleAt + 5 * L);
        for (int j = 0; j < count; j++) {
            IntVector w = IntVector.fromArray(I, codes, at + j * L);
            IntVector u0 = w.lanewise(VectorOperators.LSHR, shift).and(0xFF);
            IntVector u1 = w.lanewise(VectorOperators.LSHR, shift + 8).and(0xFF);
            int out = toAt + j * NR;
            ((FloatVector) u0.convert(VectorOperators.I2F, 0)).fma(d0, m0).intoArray(to, out);
            ((FloatVector) u1.convert(VectorOperators.I2F, 0)).fma(d1, m1).intoArray(to, out + L);
        }
    }
}
