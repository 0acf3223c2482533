package dev.minke.infer.constrain;

import java.util.EnumSet;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// The kinds of JSON values; JSON Schema's `number` is `INTEGER` and `FRACTION`.
enum JsonType {
    NULL,
    BOOLEAN,
    INTEGER,
    FRACTION,
    STRING,
    ARRAY,
    OBJECT;

    /// Give the kinds that a name in a schema stands for; none if it stands for nothing.
    static Set<JsonType> named(String name) {
        return switch (name) {
            case "null" -> EnumSet.of(NULL);
            case "boolean" -> EnumSet.of(BOOLEAN);
            case "integer" -> EnumSet.of(INTEGER);
            case "number" -> EnumSet.of(INTEGER, FRACTION);
            case "string" -> EnumSet.of(STRING);
            case "array" -> EnumSet.of(ARRAY);
            case "object" -> EnumSet.of(OBJECT);
            default -> EnumSet.noneOf(JsonType.class);
        };
    }

    static JsonType of(JsonNode value) {
        if (value.isNumber()) {
            boolean whole = value.decimalValue().stripTrailingZeros().scale() <= 0;
            return whole ? INTEGER : FRACTION;
        }
        if (value.isObject()) {
            return OBJECT;
        }
        if (value.isArray()) {
            return ARRAY;
        }
        if (value.isString()) {
            return STRING;
        }
        return value.isNull() ? NULL : BOOLEAN;
    }

    /// Tell whether two values are equal as JSON Schema sees it: 1 equals 1.0.
    static boolean same(JsonNode one, JsonNode other) {
        return one.equals(
                (left, right) ->
                        left.isNumber() && right.isNumber()
                                ? left.decimalValue().compareTo(right.decimalValue())
                                : left.equals(right) ? 0 : 1,
                other);
    }
}
