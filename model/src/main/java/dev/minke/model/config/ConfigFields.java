package dev.minke.model.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;

/// Typed access to one JSON object; every refusal names source and key.
///
/// A key that is absent and one that is null are the same, as in the published files.
record ConfigFields(String source, String prefix, JsonNode object) {
    private static final int SHOWN = 120;

    MalformedConfig wrong(String key, String expected) {
        JsonNode found = object.path(key);
        String shown = found.isMissingNode() ? "missing" : show(found.toString());
        return new MalformedConfig(
                source, "%s%s is %s, expected %s".formatted(prefix, key, shown, expected));
    }

    /// The start of what the file holds.
    static String show(String text) {
        return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "...";
    }

    boolean has(String key) {
        JsonNode node = object.path(key);
        return !node.isMissingNode() && !node.isNull();
    }

    int integer(String key) throws MalformedConfig {
        JsonNode node = object.path(key);
        if (!node.isIntegralNumber() || !node.canConvertToInt()) {
            throw wrong(key, "a 32-bit integer");
        }
        return node.intValue();
    }

    int integer(String key, int absent) throws MalformedConfig {
        return has(key) ? integer(key) : absent;
    }

    OptionalInt optionalInteger(String key) throws MalformedConfig {
        return has(key) ? OptionalInt.of(integer(key)) : OptionalInt.empty();
    }

    double number(String key) throws MalformedConfig {
        JsonNode node = object.path(key);
        if (!node.isNumber() || !Double.isFinite(node.asDouble())) {
            throw wrong(key, "a number");
        }
        return node.asDouble();
    }

    double number(String key, double absent) throws MalformedConfig {
        return has(key) ? number(key) : absent;
    }

    boolean bool(String key, boolean absent) throws MalformedConfig {
        if (!has(key)) {
            return absent;
        }
        if (!object.path(key).isBoolean()) {
            throw wrong(key, "true or false");
        }
        return object.path(key).booleanValue();
    }

    Optional<String> string(String key) throws MalformedConfig {
        if (!has(key)) {
            return Optional.empty();
        }
        if (!object.path(key).isString()) {
            throw wrong(key, "a string");
        }
        return Optional.of(object.path(key).stringValue());
    }

    /// One of `values` by its word.
    <E> E choice(String key, E[] values, Function<E, String> word, E absent)
            throws MalformedConfig {
        if (!has(key)) {
            return absent;
        }
        List<String> words = new ArrayList<>();
        for (E value : values) {
            if (object.path(key).isString()
                    && object.path(key).stringValue().equals(word.apply(value))) {
                return value;
            }
            words.add(word.apply(value));
        }
        throw wrong(key, String.join(" or ", words));
    }

    /// Refuse a key whose value, when given, is not the only one this family runs with.
    void only(String key, String json) throws MalformedConfig {
        if (has(key) && !object.path(key).toString().equals(json)) {
            throw wrong(key, json);
        }
    }

    Optional<ConfigFields> child(String key) throws MalformedConfig {
        if (!has(key)) {
            return Optional.empty();
        }
        if (!object.path(key).isObject()) {
            throw wrong(key, "an object");
        }
        return Optional.of(new ConfigFields(source, prefix + key + ".", object.path(key)));
    }

    /// A number or a list of them.
    List<Integer> integers(String key) throws MalformedConfig {
        if (!has(key)) {
            return List.of();
        }
        if (!object.path(key).isArray()) {
            return List.of(integer(key));
        }
        List<Integer> values = new ArrayList<>();
        for (JsonNode element : object.path(key)) {
            if (!element.isIntegralNumber() || !element.canConvertToInt()) {
                throw wrong(key, "32-bit integers");
            }
            values.add(element.intValue());
        }
        return values;
    }
}
