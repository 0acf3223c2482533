package dev.minke.model.template;

import java.util.ArrayList;
import java.util.List;

/// Sort by keys with Python's `<` alone, which need not be a consistent order.
final class Sorting {
    private Sorting() {}

    /// Sort values by their keys; equal ones keep their order, also when reversed.
    static List<Value> sort(Rendering r, List<Value> values, List<Value> keys, boolean reversed) {
        int size = values.size();
        r.grow(2L * size);
        int[] order = new int[size];
        for (int i = 0; i < size; i++) {
            order[i] = reversed ? size - 1 - i : i;
        }
        merge(r, keys, order, new int[size], 0, size);
        List<Value> sorted = new ArrayList<>(size);
        for (int i = 0; i < size; i++) {
            sorted.add(values.get(order[reversed ? size - 1 - i : i]));
        }
        return sorted;
    }

    private static void merge(
            Rendering r, List<Value> keys, int[] order, int[] spare, int from, int to) {
        if (to - from < 2) {
            return;
        }
        int middle = (from + to) >>> 1;
        merge(r, keys, order, spare, from, middle);
        merge(r, keys, order, spare, middle, to);
        System.arraycopy(order, from, spare, from, to - from);
        int left = from;
        int right = middle;
        for (int i = from; i < to; i++) {
            boolean takeRight =
                    right < to
                            && (left == middle
                                    || Operators.ordered(
                                            r,
                                            Comparison.LESS,
                                            keys.get(spare[right]),
                                            keys.get(spare[left])));
            order[i] = takeRight ? spare[right++] : spare[left++];
        }
    }
}
