package dev.minke.model.template;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A mapping that keeps the order of its keys; it never changes.
final class Dict implements Value {
    record Pair(Value key, Value value) {}

    // By what Python takes for the same key: 1, 1.0 and True are one.
    private final Map<Object, Pair> pairs;
    private final int height;

    private Dict(Map<Object, Pair> pairs, int height) {
        this.pairs = pairs;
        this.height = height;
    }

    /// Collects the pairs of a mapping.
    static final class Builder {
        private final Rendering r;
        private final Map<Object, Pair> pairs = new LinkedHashMap<>();
        private int highest;

        Builder(Rendering r) {
            this.r = r;
        }

        void put(Value key, Value value) {
            r.grow(2);
            Object id = Keys.of(r, key);
            Pair before = pairs.get(id);
            pairs.put(id, new Pair(before == null ? key : before.key(), value));
            highest = Math.max(highest, Math.max(key.height(), value.height()));
        }

        void putAll(Dict other) {
            for (Pair pair : other.pairs()) {
                put(pair.key(), pair.value());
            }
        }

        Dict build() {
            return new Dict(pairs, Items.checkedHeight(r, highest + 1));
        }
    }

    Collection<Pair> pairs() {
        return pairs.values();
    }

    /// Find the value of a key that is a string.
    @Nullable Value get(String key) {
        Pair pair = pairs.get(key);
        return pair == null ? null : pair.value();
    }

    /// Find the value of a key.
    @Nullable Value get(Rendering r, Value key) {
        Pair pair = pairs.get(Keys.of(r, key));
        return pair == null ? null : pair.value();
    }

    int size() {
        return pairs.size();
    }

    @Override
    public String type() {
        return "dict";
    }

    @Override
    public boolean truth() {
        return !pairs.isEmpty();
    }

    @Override
    public int height() {
        return height;
    }
}
