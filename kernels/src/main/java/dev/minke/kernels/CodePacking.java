package dev.minke.kernels;

import dev.minke.kernels.Packed.Coding;

/// Brings the words of a block of codes into the order of [CodePanels], [NarrowPanels], [Q8Panels]
/// and [Fp8Panels].
///
/// First the scales as in the file. Then, for codes of four bits and more, for every 32 inputs four
/// words of each output with two inputs in a byte, the first in its lower half. Then for five bits
/// a word of the fifth bits; for six bits two words of the upper bits; both begin with the first
/// input in the lowest bits.
///
/// Most methods take one block of one row from `from[at]` on; its words go to every
/// [Packed#WIDTH]th place of `to`. At last [#lines] deals the bytes of all rows out, so that vector
/// i has byte i of every output.
final class CodePacking {
    private static final int L = Lanes.COUNT;
    private static final int WIDTH = Packed.WIDTH;
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

    /// Write one block, but for the half word of a type that has one.
    static void arrange(Coding coding, int[] from, int at, int[] to, int lane) {
        switch (coding) {
            case Q4_1 -> {
                copy(from, at, 1, to, lane);
                simple(from, at + 1, to, lane + WIDTH);
            }
            case Q5_1 -> {
                copy(from, at, 1, to, lane);
                simple(from, at + 2, to, lane + WIDTH);
                to[lane + 5 * WIDTH] = from[at + 1];
            }
            case IQ4_XS -> {
                copy(from, at, 2, to, lane);
                for (int j = 0; j < 8; j++) {
                    simple(from, at + 2 + 4 * j, to, lane + (2 + 4 * j) * WIDTH);
                }
            }
            case Q2_K -> {
                copy(from, at + 20, 1, to, lane);
                copy(from, at, 4, to, lane + WIDTH);
                narrow(from, at + 4, to, lane + 5 * WIDTH, 2 * WIDTH);
            }
            case Q3_K -> {
                copy(from, at + 24, 3, to, lane);
                narrow(from, at + 8, to, lane + 3 * WIDTH, 3 * WIDTH);
                eighths(from, at, to, lane + 5 * WIDTH, 3 * WIDTH);
            }
            case FP8 -> copy(from, at, 32, to, lane + WIDTH); // the scale comes later
            case Q4_K -> {
                copy(from, at, 4, to, lane);
                for (int p = 0; p < 4; p++) {
                    nibbles(from, at + 4 + 8 * p, to, lane + (4 + 8 * p) * WIDTH, 4 * WIDTH);
                }
            }
            case Q5_K -> {
                copy(from, at, 4, to, lane);
                for (int p = 0; p < 4; p++) {
                    nibbles(from, at + 12 + 8 * p, to, lane + (4 + 10 * p) * WIDTH, 5 * WIDTH);
                }
                eighths(from, at + 4, to, lane + 8 * WIDTH, 5 * WIDTH);
                for (int j = 0; j < 8; j++) {
                    int place = lane + (8 + 5 * j) * WIDTH;
                    to[place] = straight(to[place]);
                }
            }
            case Q6_K -> {
                copy(from, at + 48, 4, to, lane);
                int first = lane + 4 * WIDTH;
                for (int h = 0; h < 2; h++) {
                    // sub-blocks h * 4 and + 2, then + 1 and + 3
                    nibbles(from, at + 16 * h, to, first + 24 * h * WIDTH, 12 * WIDTH);
                    nibbles(from, at + 16 * h + 8, to, first + (24 * h + 6) * WIDTH, 12 * WIDTH);
                    int top = at + 32 + 8 * h;
                    int upper = first + (24 * h + 4) * WIDTH;
                    quarters(from, top, 1, to, upper, 6 * WIDTH);
                    quarters(from, top + 4, 1, to, upper + WIDTH, 6 * WIDTH);
                    for (int j = 0; j < 4; j++) {
                        int place = upper + 6 * j * WIDTH;
                        to[place] = pairs(to[place]);
                        to[place + WIDTH] = pairs(to[place + WIDTH]);
                    }
                }
            }
            default -> throw new IllegalArgumentException(coding + " has no codes");
        }
    }

    private static void copy(int[] from, int at, int words, int[] to, int lane) {
        for (int i = 0; i < words; i++) {
            to[lane + i * WIDTH] = from[at + i];
        }
    }

    /// As [#arrange] for blocks of 32 inputs that begin with a half word, which may stand in either
    /// half: their words begin `shift` bits, 16 or 0, behind the start of a word.
    static void arrangeShort(Coding coding, int[] from, int at, int shift, int[] to, int lane) {
        switch (coding) {
            case Q8_0 -> bytes(from, at, shift, to, lane);
            case Q4_0, IQ4_NL -> {
                int up = 16 - shift;
                int b = from[at + 1];
                int c = from[at + 2];
                int d = from[at + 3];
                simple(
                        from[at] >>> shift | b << 16 << up,
                        b >>> shift | c << 16 << up,
                        c >>> shift | d << 16 << up,
                        d >>> shift | from[at + 4] << 16 << up,
                        to,
                        lane);
            }
            case Q5_0 -> {
                int up = 16 - shift;
                int b = from[at + 1];
                int c = from[at + 2];
                int d = from[at + 3];
                int e = from[at + 4];
                to[lane + 4 * WIDTH] = from[at] >>> shift | b << 16 << up;
                simple(
                        b >>> shift | c << 16 << up,
                        c >>> shift | d << 16 << up,
                        d >>> shift | e << 16 << up,
                        e >>> shift | from[at + 5] << 16 << up,
                        to,
                        lane);
            }
            default -> throw new IllegalArgumentException(coding + " begins with no half word");
        }
    }

    /// Deal out the bytes of the codes of a block at `at` of `words`: of every four vectors, vector
    /// i gets byte i of each output, that of output q L + w as byte q of its word w.
    static void lines(Coding coding, int[] words, int at) {
        int first =
                switch (coding) {
                    case Q8_0 -> 2;
                    case Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS -> head(coding);
                    default -> coding.bytes;
                };
        for (int v = first; v < coding.bytes; v += 4) {
            transpose(words, at + v * L);
        }
    }

    private static void transpose(int[] words, int at) {
        for (int i = at; i < at + L; i++) {
            int a = words[i];
            int b = words[i + L];
            int c = words[i + 2 * L];
            int d = words[i + 3 * L];
            int x = (a >>> 8 ^ b) & 0x00FF00FF;
            int y = (c >>> 8 ^ d) & 0x00FF00FF;
            a ^= x << 8;
            b ^= x;
            c ^= y << 8;
            d ^= y;
            x = (a >>> 16 ^ c) & 0xFFFF;
            y = (b >>> 16 ^ d) & 0xFFFF;
            words[i] = a ^ x << 16;
            words[i + L] = b ^ y << 16;
            words[i + 2 * L] = c ^ x;
            words[i + 3 * L] = d ^ y;
        }
    }

    /// Eight words of signed bytes.
    private static void bytes(int[] from, int at, int shift, int[] to, int lane) {
        int up = 16 - shift;
        int b = from[at + 1];
        int c = from[at + 2];
        int d = from[at + 3];
        int e = from[at + 4];
        int f = from[at + 5];
        int g = from[at + 6];
        int h = from[at + 7];
        to[lane] = Q8Panels.word(from[at] >>> shift | b << 16 << up);
        to[lane + WIDTH] = Q8Panels.word(b >>> shift | c << 16 << up);
        to[lane + 2 * WIDTH] = Q8Panels.word(c >>> shift | d << 16 << up);
        to[lane + 3 * WIDTH] = Q8Panels.word(d >>> shift | e << 16 << up);
        to[lane + 4 * WIDTH] = Q8Panels.word(e >>> shift | f << 16 << up);
        to[lane + 5 * WIDTH] = Q8Panels.word(f >>> shift | g << 16 << up);
        to[lane + 6 * WIDTH] = Q8Panels.word(g >>> shift | h << 16 << up);
        to[lane + 7 * WIDTH] = Q8Panels.word(h >>> shift | from[at + 8] << 16 << up);
    }

    /// Four words of nibbles whose upper halves are the last 16 inputs.
    private static void simple(int[] from, int at, int[] to, int lane) {
        simple(from[at], from[at + 1], from[at + 2], from[at + 3], to, lane);
    }

    private static void simple(int a, int b, int c, int d, int[] to, int lane) {
        to[lane] = join(a & LOW, b & LOW);
        to[lane + WIDTH] = join(c & LOW, d & LOW);
        to[lane + 2 * WIDTH] = join(a >>> 4 & LOW, b >>> 4 & LOW);
        to[lane + 3 * WIDTH] = join(c >>> 4 & LOW, d >>> 4 & LOW);
    }

    /// Bytes of two words, below 16, two to a byte.
    private static int join(int first, int second) {
        int a = first | first >>> 4;
        int b = second | second >>> 4;
        return a & 0xFF | a >>> 8 & 0xFF00 | (b & 0xFF) << 16 | b << 8 & 0xFF000000;
    }

    /// Eight words of nibbles whose upper halves belong to another 32 inputs, `upper` further on.
    private static void nibbles(int[] from, int at, int[] to, int lane, int upper) {
        for (int t = 0; t < 4; t++) {
            int first = from[at + 2 * t];
            int second = from[at + 2 * t + 1];
            to[lane + t * WIDTH] = join(first & LOW, second & LOW);
            to[lane + t * WIDTH + upper] = join(first >>> 4 & LOW, second >>> 4 & LOW);
        }
    }

    /// Move bit 8i + g to bit 4g + i: four exchanges of two bits of the bits' numbers.
    private static int straight(int bits) {
        int x = exchange(bits, 8, 0x0000FF00);
        x = exchange(x, 12, 0x0000F0F0);
        x = exchange(x, 6, 0x00CC00CC);
        return exchange(x, 3, 0x0A0A0A0A);
    }

    /// Move bits 8i + 2g to 8g + 2i.
    private static int pairs(int bits) {
        return exchange(exchange(bits, 6, 0x00CC00CC), 12, 0x0000F0F0);
    }

    /// Exchange the bits of `mask` with those `distance` above.
    private static int exchange(int x, int distance, int mask) {
        int different = (x ^ x >>> distance) & mask;
        return x ^ different ^ different << distance;
    }

    /// Sixteen words of two bits: two words for every 32 inputs, `step` apart.
    private static void narrow(int[] from, int at, int[] to, int lane, int step) {
        for (int h = 0; h < 2; h++) {
            int first = lane + 4 * h * step;
            quarters(from, at + 8 * h, 1, to, first, step);
            quarters(from, at + 8 * h + 4, 1, to, first + WIDTH, step);
        }
    }

    /// Four words, `next` apart, of which byte i holds in its quarter p two bits of one input of
    /// sub-block p: each sub-block gets its word, `step` apart, a transposition.
    private static void quarters(int[] from, int at, int next, int[] to, int lane, int step) {
        int a = from[at];
        int b = from[at + next];
        int c = from[at + 2 * next];
        int d = from[at + 3 * next];
        int x = (a >>> 2 ^ b) & 0x33333333;
        int y = (c >>> 2 ^ d) & 0x33333333;
        a ^= x << 2;
        b ^= x;
        c ^= y << 2;
        d ^= y;
        x = (a >>> 4 ^ c) & LOW;
        y = (b >>> 4 ^ d) & LOW;
        to[lane] = a ^ x << 4;
        to[lane + step] = b ^ y << 4;
        to[lane + 2 * step] = c ^ x;
        to[lane + 3 * step] = d ^ y;
    }

    /// As [#quarters] for eight words of single bits.
    private static void eighths(int[] from, int at, int[] to, int lane, int step) {
        for (int g = 0; g < 8; g += 2) {
            int a = from[at + g];
            int b = from[at + g + 1];
            to[lane + g * step] = a & 0x55555555 | (b & 0x55555555) << 1;
            to[lane + (g + 1) * step] = a >>> 1 & 0x55555555 | b & 0xAAAAAAAA;
        }
        quarters(to, lane, 2 * step, to, lane, 2 * step);
        quarters(to, lane + step, 2 * step, to, lane + step, 2 * step);
    }
}
