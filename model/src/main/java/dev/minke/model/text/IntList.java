package dev.minke.model.text;

import java.util.Arrays;

/// A growing list of ints.
final class IntList {
    private int[] items = new int[16];
    private int size;

    void add(int item) {
        if (size == items.length) {
            items = Arrays.copyOf(items, grown(size + 1));
        }
        items[size++] = item;
    }

    void add(int[] more, int count) {
        if (items.length - size < count) {
            items = Arrays.copyOf(items, grown(Math.addExact(size, count)));
        }
        System.arraycopy(more, 0, items, size, count);
        size += count;
    }

    int get(int index) {
        return items[index];
    }

    int size() {
        return size;
    }

    int[] toArray() {
        return Arrays.copyOf(items, size);
    }

    private int grown(int needed) {
        return Math.max(needed, (int) Math.min(Integer.MAX_VALUE - 8, 2L * items.length));
    }
}
