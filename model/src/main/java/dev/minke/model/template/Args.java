package dev.minke.model.template;

import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The values a function, filter, test or method is called with.
record Args(List<Value> positional, Map<String, Value> named) {
    static final Args NONE = new Args(List.of(), Map.of());

    Args with(String name, Value value) {
        Map<String, Value> more = new LinkedHashMap<>(named);
        more.put(name, value);
        return new Args(positional, more);
    }

    /// Leave the first positional values away.
    Args from(int first) {
        return new Args(positional.subList(first, positional.size()), named);
    }

    /// Give the values their places by the names of the parameters.
    Bound bind(Rendering r, String callee, String... parameters) {
        if (positional.size() > parameters.length) {
            throw r.fail(
                    "%s takes at most %d arguments, found %d"
                            .formatted(callee, parameters.length, positional.size()));
        }
        @Nullable Value[] values = new @Nullable Value[parameters.length];
        for (int i = 0; i < positional.size(); i++) {
            values[i] = positional.get(i);
        }
        int used = 0;
        for (int i = 0; i < parameters.length && used < named.size(); i++) {
            Value value = named.get(parameters[i]);
            if (value != null) {
                if (values[i] != null) {
                    throw r.fail("%s has two values for '%s'".formatted(callee, parameters[i]));
                }
                values[i] = value;
                used++;
            }
        }
        if (used < named.size()) {
            List<String> known = List.of(parameters);
            String wrong =
                    named.keySet().stream().filter(k -> !known.contains(k)).findFirst().orElse("");
            throw r.fail("%s has no argument '%s'".formatted(callee, wrong));
        }
        return new Bound(r, callee, parameters, values);
    }

    /// Values in the order of the parameters.
    static final class Bound {
        private final Rendering r;
        private final String callee;
        private final String[] parameters;
        private final @Nullable Value[] values;

        private Bound(Rendering r, String callee, String[] parameters, @Nullable Value[] values) {
            this.r = r;
            this.callee = callee;
            this.parameters = parameters;
            this.values = values;
        }

        boolean has(int i) {
            return values[i] != null;
        }

        /// Whether there is a value that is not None.
        boolean given(int i) {
            return values[i] != null && values[i] != None.NONE;
        }

        Value get(int i) {
            Value value = values[i];
            if (value == null) {
                throw r.fail("%s needs the argument '%s'".formatted(callee, parameters[i]));
            }
            return value;
        }

        Value or(int i, Value otherwise) {
            Value value = values[i];
            return value == null ? otherwise : value;
        }

        boolean flag(int i, boolean otherwise) {
            Value value = values[i];
            return value == null ? otherwise : value.truth();
        }

        String text(int i) {
            if (!(get(i) instanceof Text text)) {
                throw wrong(i, "a string");
            }
            return text.string();
        }

        String textOr(int i, String otherwise) {
            return has(i) ? text(i) : otherwise;
        }

        /// An integer, cut to the range of int: sizes beyond it fail elsewhere.
        int integer(int i) {
            BigInteger value = Numbers.integer(get(i));
            if (value == null) {
                throw wrong(i, "an integer");
            }
            return value.bitLength() < 31
                    ? value.intValue()
                    : value.signum() < 0 ? -Integer.MAX_VALUE : Integer.MAX_VALUE;
        }

        int integerOr(int i, int otherwise) {
            return has(i) ? integer(i) : otherwise;
        }

        TemplateException wrong(int i, String expected) {
            return r.fail(
                    "argument '%s' of %s is of type %s, expected %s"
                            .formatted(parameters[i], callee, get(i).type(), expected));
        }
    }
}
