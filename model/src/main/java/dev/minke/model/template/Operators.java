package dev.minke.model.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/// Python's operators on all values.
final class Operators {
    private Operators() {}

    static Value sign(Rendering r, Value value, boolean negative) {
        BigInteger integer = Numbers.integer(value);
        if (integer != null) {
            return Int.of(negative ? integer.negate() : integer);
        }
        return switch (value) {
            case Real real -> negative ? new Real(-real.value()) : real;
            case Undefined undefined -> throw r.fail(undefined.message());
            default ->
                    throw r.fail(
                            "bad operand type for unary %s: '%s'"
                                    .formatted(negative ? "-" : "+", value.type()));
        };
    }

    /// Apply an arithmetic operator.
    static Value apply(Rendering r, String operator, Value a, Value b) {
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return Numbers.apply(r, operator, a, b);
        }
        if (a instanceof Text format && operator.equals("%")) {
            return PercentFormat.format(r, format, b);
        }
        if (a instanceof Undefined undefined) {
            throw r.fail(undefined.message());
        }
        if (b instanceof Undefined undefined) {
            throw r.fail(undefined.message());
        }
        return switch (operator) {
            case "+" -> add(r, a, b);
            case "*" -> multiply(r, a, b);
            default -> throw unsupported(r, operator, a, b);
        };
    }

    private static TemplateException unsupported(Rendering r, String operator, Value a, Value b) {
        return r.fail(
                "unsupported operand type(s) for %s: '%s' and '%s'"
                        .formatted(operator, a.type(), b.type()));
    }

    private static Value add(Rendering r, Value a, Value b) {
        if (a instanceof Text x && b instanceof Text y) {
            return concat(r, x, y);
        }
        if (a instanceof Items x && b instanceof Items y && x.isTuple() == y.isTuple()) {
            r.grow(x.values().size() + (long) y.values().size());
            List<Value> values = new ArrayList<>(x.values().size() + y.values().size());
            values.addAll(x.values());
            values.addAll(y.values());
            return x.like(r, values);
        }
        if (a instanceof Text || a instanceof Items) {
            throw r.fail(
                    "can only concatenate %s (not \"%s\") to %s"
                            .formatted(a.type(), b.type(), a.type()));
        }
        throw unsupported(r, "+", a, b);
    }

    private static Text concat(Rendering r, Text a, Text b) {
        boolean safe = a.safe() || b.safe();
        String x = safe ? Html.escape(r, a).string() : a.string();
        String y = safe ? Html.escape(r, b).string() : b.string();
        r.characters(x.length() + (long) y.length());
        return new Text(x.concat(y), safe);
    }

    private static Value multiply(Rendering r, Value a, Value b) {
        BigInteger times = Numbers.integer(b);
        Value repeated = a;
        if (times == null) {
            times = Numbers.integer(a);
            repeated = b;
        }
        if (times == null || !(repeated instanceof Text) && !(repeated instanceof Items)) {
            throw unsupported(r, "*", a, b);
        }
        long count =
                times.signum() <= 0 ? 0 : times.bitLength() > 31 ? 1L << 31 : times.longValue();
        if (repeated instanceof Items items) {
            int size = items.values().size();
            r.grow(count * size);
            List<Value> values = new ArrayList<>((int) (size == 0 ? 0 : count * size));
            for (long i = 0; size > 0 && i < count; i++) {
                values.addAll(items.values());
            }
            return items.like(r, values);
        }
        Text text = (Text) repeated;
        String string = new TextBuilder(r).repeat(text.string(), count).toString();
        return new Text(string, text.safe());
    }

    /// Whether two values are equal in Python.
    static boolean equal(Rendering r, Value a, Value b) {
        r.step();
        if (a instanceof Text x && b instanceof Text y) {
            r.scan(x.string().length());
            return x.string().equals(y.string());
        }
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            Integer order = Numbers.compare(r, a, b);
            return order != null && order == 0;
        }
        return switch (a) {
            case Items x when b instanceof Items y && x.isTuple() == y.isTuple() -> equal(r, x, y);
            case Dict x when b instanceof Dict y -> equal(r, x, y);
            case Range x when b instanceof Range y -> equal(x, y);
            case Undefined _ -> b instanceof Undefined;
            default -> a.equals(b);
        };
    }

    private static boolean equal(Rendering r, Items a, Items b) {
        if (a.values().size() != b.values().size()) {
            return false;
        }
        for (int i = 0; i < a.values().size(); i++) {
            if (!equal(r, a.values().get(i), b.values().get(i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean equal(Rendering r, Dict a, Dict b) {
        if (a.size() != b.size()) {
            return false;
        }
        for (Dict.Pair pair : a.pairs()) {
            Value other = b.get(r, pair.key());
            if (other == null || !equal(r, pair.value(), other)) {
                return false;
            }
        }
        return true;
    }

    private static boolean equal(Range a, Range b) {
        int size = a.size();
        return size == b.size()
                && (size == 0 || a.start() == b.start() && (size == 1 || a.step() == b.step()));
    }

    /// Whether an ordering operator holds; an error for what has no order.
    static boolean ordered(Rendering r, Comparison operator, Value a, Value b) {
        r.step();
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            Integer order = Numbers.compare(r, a, b);
            return order != null && operator.holds(order);
        }
        if (a instanceof Text x && b instanceof Text y) {
            r.scan(Math.min(x.string().length(), y.string().length()));
            return operator.holds(Chars.compare(x.string(), y.string()));
        }
        if (a instanceof Items x && b instanceof Items y && x.isTuple() == y.isTuple()) {
            int common = Math.min(x.values().size(), y.values().size());
            for (int i = 0; i < common; i++) {
                if (!equal(r, x.values().get(i), y.values().get(i))) {
                    return ordered(r, operator, x.values().get(i), y.values().get(i));
                }
            }
            return operator.holds(Integer.compare(x.values().size(), y.values().size()));
        }
        if (a instanceof Undefined undefined) {
            throw r.fail(undefined.message());
        }
        if (b instanceof Undefined undefined) {
            throw r.fail(undefined.message());
        }
        throw r.fail(
                "'%s' not supported between instances of '%s' and '%s'"
                        .formatted(operator.symbol(), a.type(), b.type()));
    }

    /// Whether a container has a value.
    static boolean contains(Rendering r, Value container, Value value) {
        switch (container) {
            case Text text -> {
                if (!(value instanceof Text part)) {
                    throw r.fail(
                            "'in <string>' requires string as left operand, not " + value.type());
                }
                return Search.of(r, part.string()).indexIn(text.string(), 0) >= 0;
            }
            case Dict dict -> {
                return dict.get(r, value) != null;
            }
            case DictView view when view.kind() == DictView.Kind.KEYS -> {
                return view.dict().get(r, value) != null;
            }
            default -> {
                if (!Iteration.isIterable(container)) {
                    throw r.fail(
                            "argument of type '%s' is not iterable".formatted(container.type()));
                }
                Iterator<Value> values = Iteration.over(r, container);
                while (values.hasNext()) {
                    if (equal(r, values.next(), value)) {
                        return true;
                    }
                }
                return false;
            }
        }
    }
}
