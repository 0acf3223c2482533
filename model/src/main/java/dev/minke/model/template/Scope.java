package dev.minke.model.template;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The variables of one block; what it does not have, the blocks around it may.
final class Scope {
    private final Rendering rendering;
    private final @Nullable Scope outer;
    private @Nullable Map<String, Value> variables;

    /// The outermost scope: the input, and behind it the functions every template has.
    Scope(Rendering rendering, Map<String, Value> input) {
        this.rendering = rendering;
        this.outer = null;
        this.variables = input;
    }

    Scope(Scope outer) {
        this.rendering = outer.rendering;
        this.outer = outer;
    }

    Rendering rendering() {
        return rendering;
    }

    @Nullable Value find(String name) {
        for (Scope scope = this; scope != null; scope = scope.outer) {
            Map<String, Value> here = scope.variables;
            Value value = here == null ? null : here.get(name);
            if (value != null) {
                return value;
            }
        }
        return Builtin.find(name);
    }

    void set(String name, Value value) {
        Map<String, Value> here = variables;
        if (here == null) {
            here = new HashMap<>(4);
            variables = here;
        }
        here.put(name, value);
    }
}
