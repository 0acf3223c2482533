package dev.minke.model.template;

import java.util.List;

/// The methods of lists, tuples, mappings and numbers.
final class ContainerMethods {
    private ContainerMethods() {}

    /// Whether the method would change its owner, which the sandbox does not allow.
    static boolean changes(Value owner, String name) {
        return switch (owner) {
            case Items items when !items.isTuple() ->
                    switch (name) {
                        case "append",
                                "clear",
                                "pop",
                                "reverse",
                                "insert",
                                "sort",
                                "extend",
                                "remove" ->
                                true;
                        default -> false;
                    };
            case Dict _ ->
                    switch (name) {
                        case "clear", "pop", "popitem", "setdefault", "update" -> true;
                        default -> false;
                    };
            default -> false;
        };
    }

    static boolean has(Value owner, String name) {
        return switch (owner) {
            case Items items ->
                    switch (name) {
                        case "index", "count" -> true;
                        case "copy" -> !items.isTuple();
                        default -> false;
                    };
            case Dict _ ->
                    switch (name) {
                        case "get", "items", "keys", "values", "copy", "fromkeys" -> true;
                        default -> false;
                    };
            case Range _ -> name.equals("index") || name.equals("count");
            case Real _ -> name.equals("is_integer");
            default -> false;
        };
    }

    static Value call(Rendering r, Value owner, String name, Args args) {
        return switch (owner) {
            case Dict dict -> ofDict(r, dict, name, args);
            case Real real -> {
                args.bind(r, name);
                yield Bool.of(real.value() == Math.rint(real.value()) && finite(real));
            }
            default -> ofSequence(r, owner, name, args);
        };
    }

    private static boolean finite(Real real) {
        return !Double.isInfinite(real.value());
    }

    private static Value ofDict(Rendering r, Dict dict, String name, Args args) {
        if (name.equals("get")) {
            Args.Bound bound = args.bind(r, name, "key", "default");
            Value found = dict.get(r, bound.get(0));
            return found != null ? found : bound.or(1, None.NONE);
        }
        if (name.equals("fromkeys")) {
            throw r.fail("the method 'fromkeys' of mappings is not supported");
        }
        args.bind(r, name);
        return switch (name) {
            case "items" -> new DictView(dict, DictView.Kind.ITEMS);
            case "keys" -> new DictView(dict, DictView.Kind.KEYS);
            case "values" -> new DictView(dict, DictView.Kind.VALUES);
            default -> dict; // a copy of what never changes
        };
    }

    private static Value ofSequence(Rendering r, Value owner, String name, Args args) {
        if (name.equals("copy")) {
            args.bind(r, name);
            return owner;
        }
        Args.Bound bound = args.bind(r, name, "value", "start", "stop");
        Value wanted = bound.get(0);
        List<Value> values = Iteration.list(r, owner);
        if (name.equals("count")) {
            long count = 0;
            for (Value value : values) {
                count += Operators.equal(r, value, wanted) ? 1 : 0;
            }
            return Int.of(count);
        }
        int size = values.size();
        int from = place(bound.integerOr(1, 0), size);
        int to = place(bound.integerOr(2, size), size);
        for (int i = from; i < to; i++) {
            if (Operators.equal(r, values.get(i), wanted)) {
                return Int.of(i);
            }
        }
        throw r.fail("the value is not in the " + owner.type());
    }

    private static int place(int index, int size) {
        return index < 0 ? Math.max(0, index + size) : Math.min(index, size);
    }
}
