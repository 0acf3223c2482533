package dev.minke.model.text;

import java.util.Arrays;

/// Find the rank of a pair of tokens and the token it merges into: open addressing, no boxes.
final class MergeTable {
    /// The rank of a pair that does not merge: behind every other.
    static final int NONE = Integer.MAX_VALUE;

    private static final long EMPTY = -1;

    private final long[] pairs;
    private final int[] ranks;
    private final int[] merged;
    private final int shift;

    /// Take merges in the order of their rank: `left[r]` and `right[r]` become `merged[r]`.
    ///
    /// Throws IllegalArgumentException with the rank of a pair that appears again.
    MergeTable(int[] left, int[] right, int[] merged) {
        int bits = Math.max(2, 33 - Integer.numberOfLeadingZeros(Math.max(1, merged.length)));
        this.shift = 64 - bits;
        this.pairs = new long[1 << bits];
        this.ranks = new int[1 << bits];
        this.merged = merged.clone();
        Arrays.fill(pairs, EMPTY);
        for (int rank = 0; rank < merged.length; rank++) {
            int slot = slot(pair(left[rank], right[rank]));
            if (pairs[slot] != EMPTY) {
                throw new IllegalArgumentException(
                        "merges[" + rank + "] repeats merges[" + ranks[slot] + "]");
            }
            pairs[slot] = pair(left[rank], right[rank]);
            ranks[slot] = rank;
        }
    }

    int rank(int left, int right) {
        int slot = slot(pair(left, right));
        return pairs[slot] == EMPTY ? NONE : ranks[slot];
    }

    int merged(int rank) {
        return merged[rank];
    }

    boolean isEmpty() {
        return merged.length == 0;
    }

    static long pair(int left, int right) {
        return (long) left << 32 | right;
    }

    /// Spread a pair over the upper bits (Fibonacci hashing).
    static long scatter(long pair) {
        return (pair ^ pair >>> 29) * 0x9E3779B97F4A7C15L;
    }

    private int slot(long pair) {
        int slot = (int) (scatter(pair) >>> shift);
        while (pairs[slot] != pair && pairs[slot] != EMPTY) {
            slot = slot + 1 & pairs.length - 1;
        }
        return slot;
    }
}
