package dev.minke.model.template;

import java.math.BigInteger;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The tests by name, which stand behind `is`.
final class Predicates {
    @FunctionalInterface
    interface Function {
        boolean test(Rendering r, Value value, Args args);
    }

    private static final Map<String, Function> BY_NAME = byName();

    private Predicates() {}

    static @Nullable Function find(String name) {
        return BY_NAME.get(name);
    }

    static String unknown(String name) {
        return "no test named '%s'".formatted(Source.shown(name));
    }

    /// Apply a test whose name is a value, as select does.
    static boolean test(Rendering r, Value name, Value value, Args args) {
        Function function = name instanceof Text text ? find(text.string()) : null;
        if (function == null) {
            throw r.fail(unknown(Printer.text(r, name)));
        }
        return function.test(r, value, args);
    }

    private static Map<String, Function> byName() {
        Map<String, Function> tests = new TreeMap<>();
        types(tests);
        comparisons(tests);
        tests.put("odd", (r, v, args) -> remainder(r, v, bare(r, args, Int.of(2)), 1));
        tests.put("even", (r, v, args) -> remainder(r, v, bare(r, args, Int.of(2)), 0));
        tests.put(
                "divisibleby",
                (r, v, args) -> remainder(r, v, args.bind(r, "divisibleby", "num").get(0), 0));
        plain(tests, "escaped", v -> v instanceof Text text && text.safe());
        cases(tests, "lower", c -> !Character.isUpperCase(c) && !Character.isTitleCase(c));
        cases(tests, "upper", c -> !Character.isLowerCase(c) && !Character.isTitleCase(c));
        plain(tests, "filter", v -> v instanceof Text t && Filters.find(t.string()) != null);
        plain(tests, "test", v -> v instanceof Text t && find(t.string()) != null);
        return Collections.unmodifiableMap(tests);
    }

    private static void types(Map<String, Function> tests) {
        plain(tests, "defined", v -> !(v instanceof Undefined));
        plain(tests, "undefined", v -> v instanceof Undefined);
        plain(tests, "none", v -> v == None.NONE);
        plain(tests, "boolean", v -> v instanceof Bool);
        plain(tests, "true", v -> v == Bool.TRUE);
        plain(tests, "false", v -> v == Bool.FALSE);
        plain(tests, "integer", v -> v instanceof Int);
        plain(tests, "float", v -> v instanceof Real);
        plain(tests, "number", Numbers::isNumber);
        plain(tests, "string", v -> v instanceof Text);
        plain(tests, "mapping", v -> v instanceof Dict);
        plain(tests, "iterable", v -> Iteration.isIterable(v) || v instanceof Loop);
        plain(tests, "callable", v -> v instanceof Callable || v instanceof Undefined);
        plain(
                tests,
                "sequence",
                v ->
                        v instanceof Text
                                || v instanceof Items
                                || v instanceof Dict
                                || v instanceof Range
                                || v instanceof Undefined);
    }

    private static void comparisons(Map<String, Function> tests) {
        compare(tests, Comparison.EQUAL, "==", "eq", "equalto");
        compare(tests, Comparison.NOT_EQUAL, "!=", "ne");
        compare(tests, Comparison.LESS, "<", "lt", "lessthan");
        compare(tests, Comparison.LESS_OR_EQUAL, "<=", "le");
        compare(tests, Comparison.GREATER, ">", "gt", "greaterthan");
        compare(tests, Comparison.GREATER_OR_EQUAL, ">=", "ge");
        compare(tests, Comparison.IN, "in");
        tests.put("sameas", (r, v, args) -> same(v, args.bind(r, "sameas", "other").get(0)));
    }

    private static void plain(Map<String, Function> tests, String name, Predicate<Value> test) {
        tests.put(
                name,
                (r, value, args) -> {
                    args.bind(r, name);
                    return test.test(value);
                });
    }

    private static void compare(
            Map<String, Function> tests, Comparison comparison, String... names) {
        for (String name : names) {
            tests.put(
                    name,
                    (r, value, args) ->
                            comparison.test(r, value, args.bind(r, name, "other").get(0)));
        }
    }

    private static void cases(Map<String, Function> tests, String name, IntPredicate fits) {
        tests.put(
                name,
                (r, value, args) -> {
                    args.bind(r, name);
                    String text = Printer.text(r, value);
                    r.scan(text.length());
                    return text.codePoints().allMatch(fits)
                            && text.codePoints().anyMatch(Chars::isCased);
                });
    }

    private static Value bare(Rendering r, Args args, Value value) {
        args.bind(r, "the test");
        return value;
    }

    private static boolean remainder(Rendering r, Value value, Value divisor, int rest) {
        Value found = Operators.apply(r, "%", value, divisor);
        return Operators.equal(r, found, Int.of(rest));
    }

    /// Python's identity, which equal small integers share.
    private static boolean same(Value a, Value b) {
        if (a instanceof Int x && b instanceof Int y) {
            BigInteger value = x.value();
            return value.bitLength() <= 8 && value.equals(y.value());
        }
        return a == b || a instanceof Text x && b instanceof Text y && same(x, y);
    }

    private static boolean same(Text a, Text b) {
        return a.string().length() <= 1 && a.equals(b);
    }
}
