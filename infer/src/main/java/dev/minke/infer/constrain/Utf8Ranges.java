package dev.minke.infer.constrain;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Splits a set of code points into sequences of byte ranges, which together are its UTF-8.
///
/// A sequence is packed into a long, 16 bits per byte from the lowest up: least byte, greatest
/// byte. No greatest byte is 0 but that of the sequence for U+0000 alone, which is packed as 0.
final class Utf8Ranges {
    private static final int[] LAST_OF_LENGTH = {0x7F, 0x7FF, 0xFFFF, CodePoints.LAST};

    private Utf8Ranges() {}

    static long[] of(CodePoints set) {
        List<Long> out = new ArrayList<>();
        for (int r = 0; r < set.rangeCount(); r++) {
            int lo = set.lo(r);
            for (int last : LAST_OF_LENGTH) {
                int hi = Math.min(set.hi(r), last);
                if (lo <= hi) {
                    split(lo, hi, out);
                    lo = hi + 1;
                }
            }
        }
        return out.stream().mapToLong(Long::longValue).toArray();
    }

    /// Cut a range of one length until each byte position is a range of its own.
    private static void split(int lo, int hi, List<Long> out) {
        for (int bits = 6; bits < 21 && lo > 0x7F; bits += 6) {
            int mask = (1 << bits) - 1;
            if ((lo & ~mask) != (hi & ~mask)) {
                if ((lo & mask) != 0) {
                    split(lo, lo | mask, out);
                    split((lo | mask) + 1, hi, out);
                    return;
                }
                if ((hi & mask) != mask) {
                    split(lo, (hi & ~mask) - 1, out);
                    split(hi & ~mask, hi, out);
                    return;
                }
            }
        }
        out.add(pack(utf8(lo), utf8(hi)));
    }

    private static byte[] utf8(int codePoint) {
        return Character.toString(codePoint).getBytes(StandardCharsets.UTF_8);
    }

    private static long pack(byte[] lo, byte[] hi) {
        if (lo.length != hi.length) {
            throw new AssertionError(Arrays.toString(lo) + " " + Arrays.toString(hi));
        }
        long packed = 0;
        for (int i = lo.length - 1; i >= 0; i--) {
            packed = packed << 16 | (hi[i] & 0xFF) << 8 | lo[i] & 0xFF;
        }
        return packed;
    }
}
