package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Decodes the "K" formats, blocks of 256 values with scales of sub-blocks; the reference's class
/// of the same name explains them. Products from left to right without fused multiply-add.
final class SuperBlocks {
    private static final int L = Lanes.COUNT;

    /// Byte of Q6_K's d.
    static final int Q6_D = 208;

    private SuperBlocks() {}

    static void decodeQ2(MemorySegment from, long at, int blocks, float[] y, int yAt) {
        for (int b = 0; b < blocks; b++) {
            float d = Blocks.half(from, at + 80);
            float dmin = Blocks.half(from, at + 82);
            for (int j = 0; j < 16; j++) {
                int both = from.get(JAVA_BYTE, at + j) & 0xFF;
                float step = d * (both & 15);
                float min = dmin * (both >>> 4);
                long qAt = at + 16 + j / 8 * 32 + j % 2 * 16;
                int shift = j % 8 / 2 * 2;
                for (int i = 0; i < 16; i += L) {
                    IntVector q = bits(Bytes.unsigned(from, qAt + i), shift, 3);
                    floats(q).mul(step).sub(min).intoArray(y, yAt + 16 * j + i);
                }
            }
            at += 84;
            yAt += 256;
        }
    }

    static void decodeQ3(MemorySegment from, long at, int blocks, float[] y, int yAt) {
        for (int b = 0; b < blocks; b++) {
            float d = Blocks.half(from, at + 108);
            for (int j = 0; j < 16; j++) {
                int low = from.get(JAVA_BYTE, at + 96 + j % 8) >>> j / 8 * 4 & 15;
                int high = from.get(JAVA_BYTE, at + 104 + j % 4) >>> j / 4 * 2 & 3;
                float step = d * ((low | high << 4) - 32);
                long maskAt = at + j % 2 * 16;
                long qAt = at + 32 + j / 8 * 32 + j % 2 * 16;
                int shift = j % 8 / 2 * 2;
                for (int i = 0; i < 16; i += L) {
                    IntVector third = bits(Bytes.unsigned(from, maskAt + i), j / 2, 1);
                    IntVector q = bits(Bytes.unsigned(from, qAt + i), shift, 3);
                    IntVector whole = q.add(third.lanewise(VectorOperators.LSHL, 2)).sub(4);
                    floats(whole).mul(step).intoArray(y, yAt + 16 * j + i);
                }
            }
            at += 110;
            yAt += 256;
        }
    }

    static void decodeQ4(MemorySegment from, long at, int blocks, float[] y, int yAt) {
        for (int b = 0; b < blocks; b++) {
            float d = Blocks.half(from, at);
            float dmin = Blocks.half(from, at + 2);
            long scales = scales(from, at + 4);
            long mins = mins(from, at + 4);
            for (int p = 0; p < 4; p++) {
                float step = d * (scales >>> 16 * p & 63);
                float min = dmin * (mins >>> 16 * p & 63);
                float nextStep = d * (scales >>> 16 * p + 8 & 63);
                float nextMin = dmin * (mins >>> 16 * p + 8 & 63);
                for (int i = 0; i < 32; i += L) {
                    IntVector q = Bytes.unsigned(from, at + 16 + 32 * p + i);
                    int to = yAt + 64 * p + i;
                    floats(q.and(15)).mul(step).sub(min).intoArray(y, to);
                    floats(bits(q, 4, 15)).mul(nextStep).sub(nextMin).intoArray(y, to + 32);
                }
            }
            at += 144;
            yAt += 256;
        }
    }

    static void decodeQ5(MemorySegment from, long at, int blocks, float[] y, int yAt) {
        for (int b = 0; b < blocks; b++) {
            float d = Blocks.half(from, at);
            float dmin = Blocks.half(from, at + 2);
            long scales = scales(from, at + 4);
            long mins = mins(from, at + 4);
            for (int p = 0; p < 4; p++) {
                float step = d * (scales >>> 16 * p & 63);
                float min = dmin * (mins >>> 16 * p & 63);
                float nextStep = d * (scales >>> 16 * p + 8 & 63);
                float nextMin = dmin * (mins >>> 16 * p + 8 & 63);
                for (int i = 0; i < 32; i += L) {
                    IntVector q = Bytes.unsigned(from, at + 48 + 32 * p + i);
                    IntVector fifth = bits(Bytes.unsigned(from, at + 16 + i), 2 * p, 3);
                    IntVector low = q.and(15).or(fifth.and(1).lanewise(VectorOperators.LSHL, 4));
                    IntVector up =
                            bits(q, 4, 15).or(fifth.and(2).lanewise(VectorOperators.LSHL, 3));
                    int to = yAt + 64 * p + i;
                    floats(low).mul(step).sub(min).intoArray(y, to);
                    floats(up).mul(nextStep).sub(nextMin).intoArray(y, to + 32);
                }
            }
            at += 176;
            yAt += 256;
        }
    }

    /// The six-bit scales of the eight sub-blocks of Q4_K and Q5_K, a byte each.
    private static long scales(MemorySegment from, long at) {
        int first = from.get(JAVA_INT_UNALIGNED, at);
        int third = from.get(JAVA_INT_UNALIGNED, at + 8);
        int upper = third & 0x0F0F0F0F | first >>> 2 & 0x30303030;
        return first & 0x3F3F3F3FL | (long) upper << 32;
    }

    /// The six-bit minima of the eight sub-blocks of Q4_K and Q5_K, a byte each.
    private static long mins(MemorySegment from, long at) {
        int second = from.get(JAVA_INT_UNALIGNED, at + 4);
        int third = from.get(JAVA_INT_UNALIGNED, at + 8);
        int upper = third >>> 4 & 0x0F0F0F0F | second >>> 2 & 0x30303030;
        return second & 0x3F3F3F3FL | (long) upper << 32;
    }

    static void decodeQ6(MemorySegment from, long at, int blocks, float[] y, int yAt) {
        for (int b = 0; b < blocks; b++) {
            float d = Blocks.half(from, at + Q6_D);
            for (int half = 0; half < 2; half++) {
                for (int i = 0; i < 32; i += L) {
                    long scaleAt = at + 192 + 8 * half + i / 16;
                    long lowAt = at + 64 * half + i;
                    IntVector high = Bytes.unsigned(from, at + 128 + 32 * half + i);
                    int to = yAt + 128 * half + i;
                    for (int g = 0; g < 2; g++) {
                        IntVector low = Bytes.unsigned(from, lowAt + 32 * g);
                        IntVector q = low.and(15).or(top(bits(high, 2 * g, 3)));
                        IntVector up = bits(low, 4, 15).or(top(bits(high, 2 * g + 4, 3)));
                        float step = d * from.get(JAVA_BYTE, scaleAt + 2 * g);
                        float upStep = d * from.get(JAVA_BYTE, scaleAt + 2 * g + 4);
                        floats(q.sub(32)).mul(step).intoArray(y, to + 32 * g);
                        floats(up.sub(32)).mul(upStep).intoArray(y, to + 32 * g + 64);
                    }
                }
            }
            at += 210;
            yAt += 256;
        }
    }

    private static IntVector top(IntVector bits) {
        return bits.lanewise(VectorOperators.LSHL, 4);
    }

    private static IntVector bits(IntVector q, int shift, int mask) {
        return q.lanewise(VectorOperators.LSHR, shift).and(mask);
    }

    private static FloatVector floats(IntVector q) {
        return (FloatVector) q.convert(VectorOperators.I2F, 0);
    }
}
