package dev.minke.model.text;

import java.text.Normalizer;
import java.util.BitSet;

/// Normalize to Unicode's form C as Hugging Face's tokenizers do, whose tables are of Unicode 9.
///
/// Marks and compositions of later versions are left as they stand, and so act as borders: on
/// either side of them Java's tables, of a later Unicode, say the same.
final class FormC {
    // Everything below is in form C already.
    private static final char FIRST_TO_CHANGE = 0x300;
    private static final BitSet LATER =
            set(
                    // Marks that have been given an order.
                    new int[][] {
                        {0x7FD},
                        {0x897, 0x89F},
                        {0x8CA, 0x8D3},
                        {0x9FE},
                        {0xC3C},
                        {0xD3B, 0xD3C},
                        {0xEBA},
                        {0x1715},
                        {0x1ABF, 0x1ACE},
                        {0x1DF6, 0x1DFA},
                        {0xA82C},
                        {0x10D24, 0x10D27},
                        {0x10D69, 0x10D6D},
                        {0x10EAB, 0x10EAC},
                        {0x10EFD, 0x10EFF},
                        {0x10F46, 0x10F50},
                        {0x10F82, 0x10F85},
                        {0x11070},
                        {0x1133B},
                        {0x113CE, 0x113D0},
                        {0x1145E},
                        {0x11839, 0x1183A},
                        {0x1193D, 0x1193E},
                        {0x11943},
                        {0x119E0},
                        {0x11A34},
                        {0x11A47},
                        {0x11A99},
                        {0x11D42},
                        {0x11D44, 0x11D45},
                        {0x11D97},
                        {0x11F41, 0x11F42},
                        {0x1612F},
                        {0x16FF0, 0x16FF1},
                        {0x1E08F},
                        {0x1E130, 0x1E136},
                        {0x1E2AE},
                        {0x1E2EC, 0x1E2EF},
                        {0x1E4EC, 0x1E4EF},
                        {0x1E5EE, 0x1E5EF}
                    },
                    // Compositions, and the characters they begin with.
                    new int[][] {
                        {0x105C9},
                        {0x105D2},
                        {0x105DA},
                        {0x105E4},
                        {0x11382, 0x11385},
                        {0x1138B},
                        {0x1138E},
                        {0x11390, 0x11391},
                        {0x113C2},
                        {0x113C5},
                        {0x113C7, 0x113C8},
                        {0x11935},
                        {0x11938},
                        {0x1611E},
                        {0x16121, 0x16129},
                        {0x16D63},
                        {0x16D67, 0x16D6A}
                    });

    private FormC() {}

    /// Normalize the characters from `start` to `end`.
    static String of(String text, int start, int end) {
        if (!mayChange(text, start, end)) {
            return text.substring(start, end);
        }
        var normal = new StringBuilder(end - start);
        int from = start;
        int at = start;
        while (at < end) {
            int point = text.codePointAt(at);
            int next = at + Character.charCount(point);
            if (LATER.get(point)) {
                normal.append(byJava(text, from, at)).appendCodePoint(point);
                from = next;
            }
            at = next;
        }
        return normal.append(byJava(text, from, end)).toString();
    }

    private static boolean mayChange(String text, int start, int end) {
        for (int i = start; i < end; i++) {
            if (text.charAt(i) >= FIRST_TO_CHANGE) {
                return true;
            }
        }
        return false;
    }

    private static String byJava(String text, int start, int end) {
        return start == end
                ? ""
                : Normalizer.normalize(text.substring(start, end), Normalizer.Form.NFC);
    }

    private static BitSet set(int[][]... ranges) {
        var set = new BitSet();
        for (int[][] part : ranges) {
            for (int[] range : part) {
                set.set(range[0], range[range.length - 1] + 1);
            }
        }
        return set;
    }
}
