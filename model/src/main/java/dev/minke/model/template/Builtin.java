package dev.minke.model.template;

import java.math.BigInteger;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The functions every template has.
enum Builtin implements Callable {
    RANGE,
    DICT,
    NAMESPACE,
    RAISE_EXCEPTION,
    STRFTIME_NOW,
    LIPSUM,
    CYCLER,
    JOINER;

    private static final Map<String, Builtin> BY_NAME =
            Map.of(
                    "range", RANGE,
                    "dict", DICT,
                    "namespace", NAMESPACE,
                    "raise_exception", RAISE_EXCEPTION,
                    "strftime_now", STRFTIME_NOW,
                    "lipsum", LIPSUM,
                    "cycler", CYCLER,
                    "joiner", JOINER);

    static @Nullable Value find(String name) {
        return BY_NAME.get(name);
    }

    @Override
    public Value call(Rendering r, Args args) {
        return switch (this) {
            case RANGE -> range(r, args);
            case DICT -> dict(r, args);
            case NAMESPACE -> namespace(r, args);
            case RAISE_EXCEPTION -> {
                Value message = args.bind(r, "raise_exception", "message").get(0);
                throw r.raise(Source.shown(Printer.text(r, message)));
            }
            case STRFTIME_NOW -> {
                String format = args.bind(r, "strftime_now", "format").text(0);
                yield r.text(Strftime.format(r, format));
            }
            case LIPSUM, CYCLER, JOINER ->
                    throw r.fail(
                            "the function '%s' is not supported"
                                    .formatted(name().toLowerCase(Locale.ROOT)));
        };
    }

    private static Value range(Rendering r, Args args) {
        List<Value> bounds = args.positional();
        if (bounds.isEmpty() || bounds.size() > 3 || !args.named().isEmpty()) {
            throw r.fail("range expects 1 to 3 numbers");
        }
        long[] parts = new long[bounds.size()];
        for (int i = 0; i < parts.length; i++) {
            BigInteger part = Numbers.integer(bounds.get(i));
            if (part == null) {
                throw r.fail(
                        "'%s' object cannot be interpreted as an integer"
                                .formatted(bounds.get(i).type()));
            }
            if (part.bitLength() > 60) {
                throw r.fail("the range is too big");
            }
            parts[i] = part.longValue();
        }
        long step = parts.length == 3 ? parts[2] : 1;
        if (step == 0) {
            throw r.fail("range() arg 3 must not be zero");
        }
        Range range =
                parts.length == 1 ? new Range(0, parts[0], 1) : new Range(parts[0], parts[1], step);
        if (range.size() > Range.MOST) {
            throw r.fail("the range is too big, expected at most %d numbers".formatted(Range.MOST));
        }
        return range;
    }

    private static Dict dict(Rendering r, Args args) {
        var dict = new Dict.Builder(r);
        if (args.positional().size() > 1) {
            throw r.fail("dict expected at most 1 argument, got " + args.positional().size());
        }
        for (Value from : args.positional()) {
            if (from instanceof Dict other) {
                dict.putAll(other);
            } else {
                for (Iterator<Value> pairs = Iteration.over(r, from); pairs.hasNext(); ) {
                    List<Value> pair = Iteration.list(r, pairs.next());
                    if (pair.size() != 2) {
                        throw r.fail(
                                "an element of a dict has length %d, expected 2"
                                        .formatted(pair.size()));
                    }
                    dict.put(pair.getFirst(), pair.getLast());
                }
            }
        }
        args.named().forEach((key, value) -> dict.put(Text.of(key), value));
        return dict.build();
    }

    private static Namespace namespace(Rendering r, Args args) {
        Namespace namespace = new Namespace();
        for (Dict.Pair pair : dict(r, args).pairs()) {
            if (!(pair.key() instanceof Text key)) {
                throw r.fail("the attributes of a namespace must have strings for names");
            }
            namespace.set(key.string(), pair.value());
        }
        return namespace;
    }

    @Override
    public String type() {
        return "function";
    }
}
