package dev.minke.infer.engine;

import java.util.Arrays;

/// Finds where the last few tokens of a growing text occurred before: for every length of n-gram a
/// table from its hash to the end of its latest occurrence. A token costs the same however long the
/// text is, and 24 to 48 bytes of tables.
final class NgramIndex {
    /// Lengths of matches that are told apart, see [#kind()].
    static final int KINDS = 5;

    private static final int SHORTEST = 2;
    private static final int LONGEST = 4;
    private static final int LENGTHS = LONGEST - SHORTEST + 1;
    private static final int LONG = 8;

    private int[] ends = {}; // [LENGTHS, slots]: end of an n-gram, 0 for none
    private int slots;
    private int known; // n-grams that end before it are in the tables
    private int match;
    private int kind;

    /// Find the latest earlier occurrence of the longest n-gram that `tokens` end with.
    ///
    /// @param tokens of the sequence, which only grows from call to call
    /// @return whether there is one
    boolean find(int[] tokens, int length) {
        learn(tokens, length - 1);
        for (int n = Math.min(LONGEST, length - 1); n >= SHORTEST; n--) {
            int end = ends[slot(tokens, length, n)];
            if (end >= n && Arrays.equals(tokens, end - n, end, tokens, length - n, length)) {
                match = end;
                kind = n - SHORTEST + (n == LONGEST ? beyond(tokens, end, length) : 0);
                return true;
            }
        }
        return false;
    }

    /// 0 to 2 as the match goes on for nothing, something or much before its last four tokens.
    private static int beyond(int[] tokens, int end, int length) {
        int n = LONGEST;
        while (n < LONG && n < end && tokens[end - n - 1] == tokens[length - n - 1]) {
            n++;
        }
        return n == LONG ? 2 : n > LONGEST ? 1 : 0;
    }

    /// The position that followed what was found.
    int match() {
        return match;
    }

    /// 0 to 4 for matches of 2, 3, 4, 5 to 7, 8 and more tokens.
    int kind() {
        return kind;
    }

    private void learn(int[] tokens, int to) {
        if (2 * to >= slots) {
            slots = Math.max(64, Integer.highestOneBit(4 * to));
            ends = new int[LENGTHS * slots];
            known = 0;
        }
        for (; known < to; known++) {
            for (int n = SHORTEST; n <= Math.min(LONGEST, known + 1); n++) {
                ends[slot(tokens, known + 1, n)] = known + 1;
            }
        }
    }

    private int slot(int[] tokens, int end, int n) {
        int hash = n;
        for (int i = end - n; i < end; i++) {
            hash = (hash ^ tokens[i]) * 0x9E3779B1;
            hash ^= hash >>> 15;
        }
        return (n - SHORTEST) * slots + (hash & slots - 1);
    }
}
