package dev.minke.infer.constrain;

import java.lang.ref.WeakReference;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;

/// Makes [StackSet]s, each only once, and forgets those that nobody holds. Not thread-safe.
final class StackPool {
    private static final int MOST_KEYS = 4096;

    private final WeakHashMap<StackSet, WeakReference<StackSet>> known = new WeakHashMap<>();
    private final StackSet bottom = unique(new StackSet(true, new long[0], new StackSet[0]));

    private record Pair(StackSet one, StackSet other) {}

    /// The set of the empty stack.
    StackSet bottom() {
        return bottom;
    }

    /// Put a key on top of all stacks of a set.
    StackSet push(long key, StackSet below) {
        return unique(new StackSet(false, new long[] {key}, new StackSet[] {below}));
    }

    /// Put keys, which ascend, on top of a set each.
    StackSet set(long[] keys, StackSet[] below, int size) {
        return unique(new StackSet(false, Arrays.copyOf(keys, size), Arrays.copyOf(below, size)));
    }

    /// Join two sets.
    StackSet union(StackSet one, StackSet other) {
        return one == other ? one : union(one, other, new HashMap<>());
    }

    private StackSet union(StackSet one, StackSet other, Map<Pair, StackSet> done) {
        if (one == other) {
            return one;
        }
        var pair = new Pair(one, other);
        StackSet before = done.get(pair);
        if (before != null) {
            return before;
        }
        long[] keys = new long[one.keys.length + other.keys.length];
        StackSet[] below = new StackSet[keys.length];
        int size = 0;
        int i = 0;
        int j = 0;
        while (i < one.keys.length || j < other.keys.length) {
            long left = i < one.keys.length ? one.keys[i] : Long.MAX_VALUE;
            long right = j < other.keys.length ? other.keys[j] : Long.MAX_VALUE;
            keys[size] = Math.min(left, right);
            if (left == right) {
                below[size++] = union(one.below[i++], other.below[j++], done);
            } else {
                below[size++] = left < right ? one.below[i++] : other.below[j++];
            }
        }
        if (size > MOST_KEYS) {
            throw new GrammarOverflow(
                    "the grammar is too ambiguous here: more than %d readings at once"
                            .formatted(MOST_KEYS));
        }
        StackSet result =
                unique(
                        new StackSet(
                                one.bottom || other.bottom,
                                Arrays.copyOf(keys, size),
                                Arrays.copyOf(below, size)));
        done.put(pair, result);
        return result;
    }

    private StackSet unique(StackSet fresh) {
        WeakReference<StackSet> reference = known.get(fresh);
        @Nullable StackSet old = reference == null ? null : reference.get();
        if (old != null) {
            return old;
        }
        known.put(fresh, new WeakReference<>(fresh));
        return fresh;
    }
}
