package dev.minke.model.template;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/// What identifies a value as the key of a mapping: equal for what Python takes for equal.
final class Keys {
    private Keys() {}

    /// A tuple with its elements spelt out; the hash spreads what simple sums would not.
    private record TupleKey(List<Object> parts) {
        @Override
        public int hashCode() {
            long hash = 0x9E3779B97F4A7C15L;
            for (Object part : parts) {
                hash = (hash ^ part.hashCode()) * 0xBF58476D1CE4E5B9L;
                hash ^= hash >>> 31;
            }
            return (int) hash;
        }
    }

    static Object of(Rendering r, Value value) {
        return switch (value) {
            case Text text -> {
                r.scan(text.string().length());
                yield text.string();
            }
            case Int number -> number.value();
            case Bool bool -> Int.of(bool.truth() ? 1 : 0).value();
            case Real real -> of(real.value());
            case None none -> none;
            case Items items when items.isTuple() -> {
                r.grow(1 + (long) items.values().size());
                List<Object> parts = new ArrayList<>(items.values().size());
                for (Value item : items.values()) {
                    parts.add(of(r, item));
                }
                yield new TupleKey(parts);
            }
            case Undefined _ -> Undefined.class;
            case Items _, Dict _, DictView _ ->
                    throw r.fail("unhashable type: '%s'".formatted(value.type()));
            case Range range -> range;
            case Stream stream -> stream;
            case Namespace namespace -> namespace;
            case BoundMethod method -> List.of(method.name(), of(r, method.owner()));
            case Builtin builtin -> builtin;
            case Loop loop -> loop;
            case Macro macro -> macro;
        };
    }

    static boolean isHashable(Rendering r, Value value) {
        r.step();
        return switch (value) {
            case Items items when items.isTuple() -> {
                boolean all = true;
                for (Value item : items.values()) {
                    all &= isHashable(r, item);
                }
                yield all;
            }
            case Items _, Dict _, DictView _ -> false;
            case BoundMethod method -> isHashable(r, method.owner());
            default -> true;
        };
    }

    private static Object of(double value) {
        boolean integral = value == Math.rint(value) && !Double.isInfinite(value);
        return integral ? new BigDecimal(value).toBigInteger() : (Object) value;
    }
}
