package dev.minke.model.template;

import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The variables of one block; what it does not have, the blocks around it may.
///
/// Blocks have few variables, so a short list is quicker and smaller than a hash table.
final class Scope {
    private static final String[] NO_NAMES = {};
    private static final Value[] NO_VALUES = {};

    private final Rendering rendering;
    private final @Nullable Scope outer;
    private final Map<String, Value> input;
    private String[] names = NO_NAMES;
    private Value[] values = NO_VALUES;
    private int size;

    /// The outermost scope: the input, and behind it the functions every template has.
    Scope(Rendering rendering, Map<String, Value> input) {
        this.rendering = rendering;
        this.outer = null;
        this.input = input;
    }

    Scope(Scope outer) {
        this.rendering = outer.rendering;
        this.outer = outer;
        this.input = Map.of();
    }

    Rendering rendering() {
        return rendering;
    }

    @Nullable Value find(String name) {
        Scope scope = this;
        while (true) {
            int at = scope.index(name);
            if (at >= 0) {
                return scope.values[at];
            }
            Scope around = scope.outer;
            if (around == null) {
                Value value = scope.input.get(name);
                return value != null ? value : Builtin.find(name);
            }
            scope = around;
        }
    }

    private int index(String name) {
        for (int i = 0; i < size; i++) {
            if (names[i].equals(name)) {
                return i;
            }
        }
        return -1;
    }

    void set(String name, Value value) {
        int at = index(name);
        if (at < 0) {
            if (size == names.length) {
                int more = Math.max(4, 2 * size);
                rendering.grow(more / 4);
                names = Arrays.copyOf(names, more);
                values = Arrays.copyOf(values, more);
            }
            at = size++;
            names[at] = name;
        }
        values[at] = value;
    }
}
