package dev.minke.tensor.reference;

import java.lang.foreign.MemorySegment;

/// Decodes the "K" formats: blocks of 256 values whose sub-blocks of 16 or 32 have small scales of
/// their own (spec 2.6).
///
/// Products are F32 from left to right, (d scale) q - (dmin min), without fused multiply-add.
final class SuperBlocks {
    /// Byte of Q6_K's d.
    static final int Q6_D = 208;

    private SuperBlocks() {}

    /// Sub-blocks of 16; in each half, pass p takes bits 2p and 2p + 1 of 32 bytes.
    static void decodeQ2(MemorySegment from, long at, float[] y) {
        float d = Memory.loadF16(from, at + 80);
        float dmin = Memory.loadF16(from, at + 82);
        for (int i = 0; i < 256; i++) {
            int both = Memory.loadByte(from, at + i / 16);
            int q = Memory.loadByte(from, at + 16 + i / 128 * 32 + i % 32) >>> 2 * (i % 128 / 32);
            y[i] = d * (both & 15) * (q & 3) - dmin * (both >>> 4);
        }
    }

    /// As Q2_K with a third bit: bit i / 32 of byte i % 32 of the mask, absent means minus 4.
    static void decodeQ3(MemorySegment from, long at, float[] y) {
        float d = Memory.loadF16(from, at + 108);
        for (int i = 0; i < 256; i++) {
            int low = Memory.loadByte(from, at + 32 + i / 128 * 32 + i % 32) >>> 2 * (i % 128 / 32);
            int high = Memory.loadByte(from, at + i % 32) >>> i / 32 & 1;
            y[i] = d * (scaleQ3(from, at + 96, i / 16) - 32) * ((low & 3) + 4 * high - 4);
        }
    }

    /// Scale k of 16: four bits in bytes 0 to 7 (k below 8 in the lower nibbles), two in bytes 8 to
    /// 11.
    private static int scaleQ3(MemorySegment from, long at, int k) {
        int low = Memory.loadByte(from, at + k % 8) >>> k / 8 * 4 & 15;
        int high = Memory.loadByte(from, at + 8 + k % 4) >>> k / 4 * 2 & 3;
        return low | high << 4;
    }

    /// Sub-blocks of 32; 32 bytes hold sub-block 2p in the lower nibbles, 2p + 1 in the upper ones.
    static void decodeQ4(MemorySegment from, long at, float[] y) {
        float d = Memory.loadF16(from, at);
        float dmin = Memory.loadF16(from, at + 2);
        for (int i = 0; i < 256; i++) {
            int j = i / 32;
            int q = Memory.loadByte(from, at + 16 + j / 2 * 32 + i % 32) >>> j % 2 * 4 & 15;
            y[i] = d * scale(from, at + 4, j) * q - dmin * min(from, at + 4, j);
        }
    }

    /// As Q4_K with a fifth bit: bit j of byte i % 32.
    static void decodeQ5(MemorySegment from, long at, float[] y) {
        float d = Memory.loadF16(from, at);
        float dmin = Memory.loadF16(from, at + 2);
        for (int i = 0; i < 256; i++) {
            int j = i / 32;
            int low = Memory.loadByte(from, at + 48 + j / 2 * 32 + i % 32) >>> j % 2 * 4 & 15;
            int high = Memory.loadByte(from, at + 16 + i % 32) >>> j & 1;
            y[i] = d * scale(from, at + 4, j) * (low + 16 * high) - dmin * min(from, at + 4, j);
        }
    }

    /// Scale of sub-block j of 8 in Q4_K and Q5_K, six bits.
    private static int scale(MemorySegment from, long at, int j) {
        return j < 4
                ? Memory.loadByte(from, at + j) & 63
                : Memory.loadByte(from, at + j + 4) & 15
                        | Memory.loadByte(from, at + j - 4) >>> 6 << 4;
    }

    /// Minimum of sub-block j of 8 in Q4_K and Q5_K, six bits.
    private static int min(MemorySegment from, long at, int j) {
        return j < 4
                ? Memory.loadByte(from, at + j + 4) & 63
                : Memory.loadByte(from, at + j + 4) >>> 4
                        | Memory.loadByte(from, at + j) >>> 6 << 4;
    }

    /// Two halves of four groups of 32: nibbles of 64 bytes (groups 0 and 1 lower, 2 and 3 upper),
    /// two more bits in 32 bytes, one signed scale for 16 values.
    static void decodeQ6(MemorySegment from, long at, float[] y) {
        float d = Memory.loadF16(from, at + Q6_D);
        for (int i = 0; i < 256; i++) {
            int half = i / 128;
            int group = i % 128 / 32;
            int l = i % 32;
            int low = Memory.loadByte(from, at + 64 * half + group % 2 * 32 + l) >>> group / 2 * 4;
            int high = Memory.loadByte(from, at + 128 + 32 * half + l) >>> 2 * group;
            int scale = (byte) Memory.loadByte(from, at + 192 + i / 16);
            y[i] = d * scale * ((low & 15 | (high & 3) << 4) - 32);
        }
    }
}
