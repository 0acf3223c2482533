package dev.minke.model.template;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The one value that changes: attributes that blocks within loops may set.
final class Namespace implements Value {
    private final Map<String, Value> attributes = new LinkedHashMap<>();

    @Nullable Value get(String name) {
        return attributes.get(name);
    }

    void set(String name, Value value) {
        attributes.put(name, value);
    }

    Map<String, Value> attributes() {
        return attributes;
    }

    @Override
    public String type() {
        return "Namespace";
    }

    @Override
    public boolean truth() {
        return true;
    }
}
