package dev.minke.model.template;

import java.math.BigInteger;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Attributes and elements by the rules of Jinja's sandbox.
///
/// `a.b` looks for a method first and for an element after it, `a['b']` the other way round. What
/// would change a list or a mapping, and what begins with two underscores, is undefined.
final class Attributes {
    private Attributes() {}

    /// Evaluate `owner.name`.
    static Value attribute(Rendering r, Value owner, String name) {
        Value own = own(r, owner, name);
        if (own != null) {
            return own;
        }
        Value element = owner instanceof Dict dict ? dict.get(name) : null;
        if (element == null) {
            r.operation();
            return Undefined.of(owner, Text.of(name));
        }
        return element;
    }

    /// Evaluate `owner[key]`.
    static Value item(Rendering r, Value owner, Value key) {
        if (owner instanceof Undefined undefined) {
            throw r.fail(undefined.message());
        }
        if (key instanceof Text name) {
            r.scan(name.string().length());
        }
        Value element = element(r, owner, key);
        if (element != null) {
            return element;
        }
        r.operation();
        Value own = key instanceof Text name ? own(r, owner, name.string()) : null;
        return own != null ? own : Undefined.of(owner, key);
    }

    private static @Nullable Value element(Rendering r, Value owner, Value key) {
        if (owner instanceof Dict dict) {
            if (key instanceof Text name) {
                return dict.get(name.string());
            }
            return Keys.isHashable(r, key) ? dict.get(r, key) : null;
        }
        BigInteger number = Numbers.integer(key);
        if (number == null || number.bitLength() > 31) {
            return null;
        }
        long index = number.longValue();
        return switch (owner) {
            case Items items -> {
                int at = index(index, items.values().size());
                yield at < 0 ? null : items.values().get(at);
            }
            case Range range -> {
                int at = index(index, range.size());
                yield at < 0 ? null : range.get(at);
            }
            case Text text -> character(r, text, index);
            default -> null;
        };
    }

    private static int index(long index, int size) {
        long at = index < 0 ? index + size : index;
        return at >= 0 && at < size ? (int) at : -1;
    }

    private static @Nullable Value character(Rendering r, Text text, long index) {
        String string = text.string();
        r.scan(string.length());
        int at = index(index, Chars.length(string));
        if (at < 0) {
            return null;
        }
        int from = string.offsetByCodePoints(0, at);
        r.operation();
        String character = string.substring(from, string.offsetByCodePoints(from, 1));
        return new Text(character, text.safe());
    }

    /// What the type of the owner has by itself; null if there is nothing of the name.
    static @Nullable Value own(Rendering r, Value owner, String name) {
        if (name.startsWith("__") && name.endsWith("__") && !(owner instanceof Undefined)) {
            return Undefined.unsafe(owner, name);
        }
        return switch (owner) {
            case Undefined undefined -> throw r.fail(undefined.message());
            case Text _ -> TextMethods.has(name) ? new BoundMethod(owner, name) : null;
            case Items items when items.isGroup() && name.equals("grouper") ->
                    items.values().getFirst();
            case Items items when items.isGroup() && name.equals("list") ->
                    items.values().getLast();
            case Items _, Dict _, Range _, Real _ -> method(owner, name);
            case Namespace namespace -> namespace.get(name);
            case Loop loop -> loop.attribute(r, name);
            case Macro macro ->
                    switch (name) {
                        case "name" -> Text.of(macro.definition().name());
                        case "arguments" -> {
                            List<String> names = macro.definition().arguments();
                            yield Items.tuple(
                                    r, names.stream().map(n -> (Value) Text.of(n)).toList());
                        }
                        default -> null;
                    };
            case Bool _, Int _, None _, DictView _, Stream _, BoundMethod _, Builtin _ -> null;
        };
    }

    private static @Nullable Value method(Value owner, String name) {
        if (ContainerMethods.changes(owner, name)) {
            return Undefined.unsafe(owner, name);
        }
        return ContainerMethods.has(owner, name) ? new BoundMethod(owner, name) : null;
    }
}
