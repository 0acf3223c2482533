package dev.minke.tensor.reference;

import dev.minke.tensor.F16;
import java.lang.foreign.MemorySegment;

/// Formats whose nibbles are indices into a fixed table, denser around zero.
///
/// The encoder looks for a factor s of least squared error: a few inverse factors that lay the
/// value of largest magnitude near either end of the table are tried; each gives table values q,
/// these give s in closed form. Then s becomes d and the indices are chosen once more. Every sum
/// runs in ascending order by fused multiply-add; the fast twin does the same in each lane.
final class CodebookBlocks {
    /// The table of IQ4_NL and IQ4_XS.
    private static final int[] VALUES = {
        -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
    };

    /// Where the trials lay the extreme value.
    private static final float[] TARGETS = {-119, -123, -127, -131, 113};

    /// Smaller blocks are zero: scales that small round to zero in binary16.
    private static final float TINY = 1e-10f;

    private CodebookBlocks() {}

    /// 32 values: d, then nibbles as in Q4_0.
    static void decodeNl(MemorySegment from, long at, float[] y) {
        decode(from, at + 2, Memory.loadF16(from, at), y, 0);
    }

    /// 256 values in sub-blocks of 32 as in IQ4_NL; scale j has four bits in nibble j of 4 bytes
    /// and two in bits 2j and 2j + 1 of a 16-bit word, minus 32.
    static void decodeXs(MemorySegment from, long at, float[] y) {
        float d = Memory.loadF16(from, at);
        for (int j = 0; j < 8; j++) {
            int low = Memory.loadByte(from, at + 4 + j / 2) >>> j % 2 * 4 & 15;
            int high = Memory.loadByte(from, at + 2 + j / 4) >>> j % 4 * 2 & 3;
            float scale = d * ((low | high << 4) - 32);
            decode(from, at + 8 + 16 * j, scale, y, 32 * j);
        }
    }

    private static void decode(MemorySegment from, long at, float scale, float[] y, int yAt) {
        for (int i = 0; i < 16; i++) {
            int both = Memory.loadByte(from, at + i);
            y[yAt + i] = scale * VALUES[both & 15];
            y[yAt + i + 16] = scale * VALUES[both >>> 4];
        }
    }

    static void encodeNl(float[] x, MemorySegment to, long at) {
        short dBits = F16.saturated(search(x));
        float d = F16.toFloat(dBits);
        float inverse = d == 0 ? 0 : 1 / d;
        Memory.storeF16(to, at, dBits);
        for (int i = 0; i < 16; i++) {
            int low = nearest(x[i] * inverse);
            int high = nearest(x[i + 16] * inverse);
            Memory.storeByte(to, at + 2 + i, low | high << 4);
        }
    }

    private static float search(float[] x) {
        float extreme = 0;
        for (int i = 0; i < 32; i++) {
            extreme = Math.abs(x[i]) > Math.abs(extreme) ? x[i] : extreme;
        }
        if (Math.abs(extreme) < TINY) {
            return 0;
        }
        float s = 0;
        float best = 0;
        for (float target : TARGETS) {
            float inverse = target / extreme;
            float sumXq = 0;
            float sumQq = 0;
            for (int i = 0; i < 32; i++) {
                float q = VALUES[nearest(x[i] * inverse)];
                sumXq = Math.fma(x[i], q, sumXq);
                sumQq = Math.fma(q, q, sumQq);
            }
            float factor = sumXq / sumQq;
            float gain = factor * sumXq; // the squared error is a constant minus this
            if (gain > best) {
                best = gain;
                s = factor;
            }
        }
        return s;
    }

    /// Index of the nearest table value, halfway the upper one.
    private static int nearest(float value) {
        int index = 0;
        while (index < 15 && value >= (VALUES[index] + VALUES[index + 1]) * 0.5f) {
            index++;
        }
        return index;
    }
}
