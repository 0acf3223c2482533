package dev.minke.model.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Turn plain Java values into those of templates; anything else is refused.
final class Conversion {
    private Conversion() {}

    /// How many characters a value has, counting a few for everything that is no text.
    static long characters(@Nullable Object value, int depth) {
        if (depth > Items.MOST_HEIGHT) {
            throw new IllegalArgumentException(
                    "the input of a template is nested deeper than %d levels"
                            .formatted(Items.MOST_HEIGHT));
        }
        return switch (value) {
            case String text -> 16L + text.length();
            case Map<?, ?> map -> {
                long sum = 16;
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    sum += characters(entry.getKey(), depth + 1);
                    sum += characters(entry.getValue(), depth + 1);
                }
                yield sum;
            }
            case Collection<?> list -> {
                long sum = 16;
                for (Object item : list) {
                    sum += characters(item, depth + 1);
                }
                yield sum;
            }
            case null, default -> 16;
        };
    }

    static Value value(Rendering r, @Nullable Object value) {
        return switch (value) {
            case null -> None.NONE;
            case String text -> Text.of(text);
            case Boolean bool -> Bool.of(bool);
            case Value known -> known;
            case Integer number -> Int.of(number);
            case Long number -> Int.of(number);
            case Short number -> Int.of(number);
            case Byte number -> Int.of(number);
            case BigInteger number -> Numbers.checked(r, number);
            case Double number -> new Real(number);
            case Float number -> new Real(number);
            case BigDecimal number -> new Real(number.doubleValue());
            case Map<?, ?> map -> {
                var dict = new Dict.Builder(r);
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    dict.put(value(r, entry.getKey()), value(r, entry.getValue()));
                }
                yield dict.build();
            }
            case Collection<?> list -> {
                List<Value> values = new ArrayList<>(list.size());
                for (Object item : list) {
                    values.add(value(r, item));
                }
                yield Items.list(r, values);
            }
            default ->
                    throw r.fail(
                            "the input has a value of %s; expected text, numbers, booleans, lists"
                                            .formatted(value.getClass())
                                    + " and maps");
        };
    }
}
