package dev.minke.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.minke.kernels.Packed.Coding;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Brings blocks of codes of four, five and six bits into the order of [CodePanels].
///
/// First the vectors of scales as in the file. Then for every 32 inputs four words of each output:
/// word t holds inputs 8t to 8t + 3 in the lower halves of its bytes and the next four in the upper
/// ones. Then for five bits a word whose byte i holds the fifth bits of inputs 4g + i at bit g; for
/// six bits two words whose byte i holds the upper bits of inputs 4g + i at bit 2g, four g in each.
final class CodePacking {
    private static final VectorSpecies<Integer> I = Lanes.INT;
    private static final int L = Lanes.COUNT;
    private static final int VECTOR = 4 * L;
    private static final int LOW = 0x0F0F0F0F;

    private CodePacking() {}

    /// Vectors of scales before the codes of a block.
    static int head(Coding coding) {
        return switch (coding) {
            case Q4_0, Q5_0, IQ4_NL -> 2;
            case Q4_1, Q5_1 -> 4;
            case IQ4_XS -> 8;
            case Q4_K, Q5_K -> 16;
            case Q6_K -> 18;
            default -> throw new IllegalArgumentException(coding + " has no codes");
        };
    }

    /// Vectors of the codes of 32 inputs.
    static int step(Coding coding) {
        return (coding.bytes - head(coding)) / (coding.size / 32);
    }

    /// Write a block whose words stand lane by lane, word w of output j at `words` + w * 4L + j.
    static void arrange(Coding coding, int[] lanes, int words, MemorySegment to, long at) {
        long codes = at + head(coding) * VECTOR;
        switch (coding) {
            case Q4_0, IQ4_NL -> simple(lanes, words, to, codes);
            case IQ4_XS -> {
                Packing.copy(lanes, words, 8, to, at);
                for (int j = 0; j < 8; j++) {
                    simple(lanes, words + (2 + 4 * j) * 4 * L, to, codes);
                    codes += 16 * VECTOR;
                }
            }
            case Q4_1 -> {
                Packing.copy(lanes, words, 4, to, at);
                simple(lanes, words + 4 * L, to, codes);
            }
            case Q5_0 -> {
                simple(lanes, words + 4 * L, to, codes);
                fifth(lanes, words, to, codes + 16 * VECTOR);
            }
            case Q5_1 -> {
                Packing.copy(lanes, words, 4, to, at);
                simple(lanes, words + 8 * L, to, codes);
                fifth(lanes, words + 4 * L, to, codes + 16 * VECTOR);
            }
            case Q4_K -> {
                Packing.copy(lanes, words, 16, to, at);
                for (int j = 0; j < 8; j++) {
                    nibbles(lanes, words + (4 + j / 2 * 8) * 4 * L, j % 2, 4, to, codes);
                    codes += 16 * VECTOR;
                }
            }
            case Q5_K -> {
                Packing.copy(lanes, words, 16, to, at);
                for (int j = 0; j < 8; j++) {
                    nibbles(lanes, words + (12 + j / 2 * 8) * 4 * L, j % 2, 4, to, codes);
                    gather(lanes, words + 4 * 4 * L, j, 1, 8, to, codes + 16 * VECTOR);
                    codes += 20 * VECTOR;
                }
            }
            case Q6_K -> {
                Packing.copy(lanes, words + 48 * 4 * L, 16, to, at + 2 * VECTOR);
                for (int j = 0; j < 8; j++) {
                    int from = words + (j / 4 * 16 + j % 2 * 8) * 4 * L;
                    nibbles(lanes, from, j / 2 % 2, 4, to, codes);
                    int top = words + (32 + j / 4 * 8) * 4 * L;
                    int shift = j % 4 * 2;
                    gather(lanes, top, shift, 2, 4, to, codes + 16 * VECTOR);
                    gather(lanes, top + 16 * L, shift, 2, 4, to, codes + 20 * VECTOR);
                    codes += 24 * VECTOR;
                }
            }
            default -> throw new IllegalArgumentException(coding + " has no codes");
        }
    }

    /// Four words of nibbles whose upper halves are the last 16 inputs.
    private static void simple(int[] lanes, int from, MemorySegment to, long at) {
        nibbles(lanes, from, 0, 2, to, at);
        nibbles(lanes, from, 1, 2, to, at + 8 * VECTOR);
    }

    /// Join the lower (`half` 0) or upper nibbles of two words into one, `count` times.
    private static void nibbles(
            int[] lanes, int from, int half, int count, MemorySegment to, long at) {
        for (int t = 0; t < count; t++) {
            for (int q = 0; q < 4; q++) {
                int place = from + (8 * t + q) * L;
                IntVector first = IntVector.fromArray(I, lanes, place);
                IntVector second = IntVector.fromArray(I, lanes, place + 4 * L);
                IntVector low = first.lanewise(VectorOperators.LSHR, 4 * half).and(LOW);
                IntVector high = second.lanewise(VectorOperators.LSHR, 4 * half).and(LOW);
                low.or(high.lanewise(VectorOperators.LSHL, 4))
                        .intoMemorySegment(to, at + (4 * t + q) * VECTOR, LITTLE_ENDIAN);
            }
        }
    }

    /// Join `bits` bits of each byte, from bit `shift` on, of `count` words into one.
    private static void gather(
            int[] lanes, int from, int shift, int bits, int count, MemorySegment to, long at) {
        int mask = 0x01010101 * ((1 << bits) - 1);
        for (int q = 0; q < 4; q++) {
            IntVector all = IntVector.zero(I);
            for (int g = 0; g < count; g++) {
                IntVector word = IntVector.fromArray(I, lanes, from + (4 * g + q) * L);
                IntVector part = word.lanewise(VectorOperators.LSHR, shift).and(mask);
                all = all.or(part.lanewise(VectorOperators.LSHL, bits * g));
            }
            all.intoMemorySegment(to, at + q * VECTOR, LITTLE_ENDIAN);
        }
    }

    /// A word whose bit 4g + i belongs to input 4g + i.
    private static void fifth(int[] lanes, int from, MemorySegment to, long at) {
        for (int q = 0; q < 4; q++) {
            IntVector bits = IntVector.fromArray(I, lanes, from + q * L);
            IntVector all = IntVector.zero(I);
            for (int k = 0; k < 32; k++) {
                IntVector bit = bits.lanewise(VectorOperators.LSHR, k).and(1);
                all = all.or(bit.lanewise(VectorOperators.LSHL, k % 4 * 8 + k / 4));
            }
            all.intoMemorySegment(to, at + q * VECTOR, LITTLE_ENDIAN);
        }
    }
}
