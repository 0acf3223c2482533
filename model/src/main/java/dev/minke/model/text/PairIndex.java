package dev.minke.model.text;

import java.util.Arrays;

/// Count pairs of tokens and remember the words they occur in.
///
/// Each pair seen gets a number for good; counts and word lists are found by it.
final class PairIndex {
    private static final int NEW = -1;

    private long[] pairs = new long[1 << 10];
    private long[] counts = new long[1 << 10];
    private int[][] words = new int[1 << 10][];
    private int[] wordCounts = new int[1 << 10];
    private int size;
    // Open addressing from a pair to its number.
    private int[] table = filled(1 << 12);

    int size() {
        return size;
    }

    int left(int number) {
        return (int) (pairs[number] >>> 32);
    }

    int right(int number) {
        return (int) pairs[number];
    }

    long count(int number) {
        return counts[number];
    }

    /// Give the words of a pair, each at least once; valid up to `wordCount`.
    int[] words(int number) {
        return words[number];
    }

    int wordCount(int number) {
        return wordCounts[number];
    }

    /// Count a pair `delta` more times in a word and give the pair's number.
    int add(int left, int right, long delta, int word) {
        int number = number(MergeTable.pair(left, right));
        counts[number] += delta;
        int known = wordCounts[number];
        if (known == 0 || words[number][known - 1] != word) {
            if (known == words[number].length) {
                words[number] = Arrays.copyOf(words[number], 2 * known + 2);
            }
            words[number][known] = word;
            wordCounts[number]++;
        }
        return number;
    }

    /// Count a pair `delta` fewer times.
    void subtract(int left, int right, long delta) {
        counts[number(MergeTable.pair(left, right))] -= delta;
    }

    /// Forget the occurrences of a pair.
    void clear(int number) {
        counts[number] = 0;
        wordCounts[number] = 0;
        words[number] = new int[0];
    }

    private int number(long pair) {
        int slot = slot(pair);
        if (table[slot] != NEW) {
            return table[slot];
        }
        if (size == pairs.length) {
            grow();
            slot = slot(pair);
        }
        pairs[size] = pair;
        words[size] = new int[0];
        table[slot] = size;
        return size++;
    }

    private int slot(long pair) {
        int slot = (int) (MergeTable.scatter(pair) >>> 32) & table.length - 1;
        while (table[slot] != NEW && pairs[table[slot]] != pair) {
            slot = slot + 1 & table.length - 1;
        }
        return slot;
    }

    private void grow() {
        pairs = Arrays.copyOf(pairs, 2 * size);
        counts = Arrays.copyOf(counts, 2 * size);
        words = Arrays.copyOf(words, 2 * size);
        wordCounts = Arrays.copyOf(wordCounts, 2 * size);
        table = filled(2 * table.length);
        for (int number = 0; number < size; number++) {
            table[slot(pairs[number])] = number;
        }
    }

    private static int[] filled(int length) {
        int[] table = new int[length];
        Arrays.fill(table, NEW);
        return table;
    }
}
