package dev.minke.model.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// The filters on sequences and mappings.
final class SequenceFilters {
    private SequenceFilters() {}

    static Value length(Rendering r, Value input, Args args) {
        args.bind(r, "length");
        return Int.of(Iteration.length(r, input));
    }

    static Value list(Rendering r, Value input, Args args) {
        args.bind(r, "list");
        return Items.list(r, Iteration.list(r, input));
    }

    static Value first(Rendering r, Value input, Args args) {
        args.bind(r, "first");
        Iterator<Value> values = Iteration.over(r, input);
        return values.hasNext()
                ? values.next()
                : Undefined.hint("No first item, sequence was empty.");
    }

    static Value last(Rendering r, Value input, Args args) {
        args.bind(r, "last");
        if (input instanceof Stream) {
            throw r.fail("'%s' object is not reversible".formatted(input.type()));
        }
        List<Value> values = Iteration.list(r, input);
        return values.isEmpty()
                ? Undefined.hint("No last item, sequence was empty.")
                : values.getLast();
    }

    static Value join(Rendering r, Value input, Args args) {
        Args.Bound bound = args.bind(r, "join", "d", "attribute");
        String separator = Printer.text(r, bound.or(0, Text.EMPTY));
        UnaryOperator<Value> key = key(r, bound.or(1, None.NONE), null, true);
        var out = new TextBuilder(r);
        boolean first = true;
        for (Iterator<Value> all = Iteration.over(r, input); all.hasNext(); ) {
            r.step();
            out.append(first ? "" : separator);
            first = false;
            Printer.print(out, key.apply(all.next()));
        }
        return out.toText();
    }

    static Value reverse(Rendering r, Value input, Args args) {
        args.bind(r, "reverse");
        if (input instanceof Text text) {
            return Slices.slice(r, text, None.NONE, None.NONE, Int.of(-1));
        }
        List<Value> values = Iteration.list(r, input).reversed();
        return input instanceof Stream
                ? Items.list(r, List.copyOf(values))
                : Stream.of(r, "list_reverseiterator", List.copyOf(values));
    }

    static Value items(Rendering r, Value input, Args args) {
        args.bind(r, "items");
        if (input instanceof Undefined) {
            return Stream.of(r, List.of());
        }
        if (!(input instanceof Dict dict)) {
            throw r.fail("Can only get item pairs from a mapping.");
        }
        return Stream.of(r, new DictView(dict, DictView.Kind.ITEMS).values(r));
    }

    static Value dictSort(Rendering r, Value input, Args args) {
        Args.Bound bound = args.bind(r, "dictsort", "case_sensitive", "by", "reverse");
        if (!(input instanceof Dict dict)) {
            throw r.fail("dictsort is for mappings, found a value of type " + input.type());
        }
        boolean byKey =
                switch (bound.textOr(1, "key")) {
                    case "key" -> true;
                    case "value" -> false;
                    default -> throw r.fail("You can only sort by either \"key\" or \"value\"");
                };
        boolean caseSensitive = bound.flag(0, false);
        List<Value> keys = new ArrayList<>();
        for (Dict.Pair pair : dict.pairs()) {
            r.grow(1);
            Value key = byKey ? pair.key() : pair.value();
            keys.add(caseSensitive ? key : ignoreCase(r, key));
        }
        List<Value> pairs = new DictView(dict, DictView.Kind.ITEMS).values(r);
        return Items.list(r, Sorting.sort(r, pairs, keys, bound.flag(2, false)));
    }

    static Value sort(Rendering r, Value input, Args args) {
        Args.Bound bound = args.bind(r, "sort", "reverse", "case_sensitive", "attribute");
        List<Value> values = Iteration.list(r, input);
        boolean caseSensitive = bound.flag(1, false);
        List<UnaryOperator<Value>> keys = new ArrayList<>();
        if (bound.or(2, None.NONE) instanceof Text names) {
            for (String name : names.string().split(",", -1)) {
                keys.add(key(r, Text.of(name), null, caseSensitive));
            }
        } else {
            keys.add(key(r, bound.or(2, None.NONE), null, caseSensitive));
        }
        List<Value> sortKeys = new ArrayList<>();
        for (Value value : values) {
            List<Value> parts = new ArrayList<>();
            for (UnaryOperator<Value> key : keys) {
                parts.add(key.apply(value));
            }
            sortKeys.add(parts.size() == 1 ? parts.getFirst() : Items.list(r, parts));
        }
        return Items.list(r, Sorting.sort(r, values, sortKeys, bound.flag(0, false)));
    }

    static Value unique(Rendering r, Value input, Args args) {
        Args.Bound bound = args.bind(r, "unique", "case_sensitive", "attribute");
        UnaryOperator<Value> key = key(r, bound.or(1, None.NONE), null, bound.flag(0, false));
        Set<Object> seen = new HashSet<>();
        List<Value> unique = new ArrayList<>();
        for (Value value : Iteration.list(r, input)) {
            r.grow(2);
            if (seen.add(Keys.of(r, key.apply(value)))) {
                unique.add(value);
            }
        }
        return Stream.of(r, unique);
    }

    static Value groupBy(Rendering r, Value input, Args args) {
        Args.Bound bound = args.bind(r, "groupby", "attribute", "default", "case_sensitive");
        Value attribute = bound.get(0);
        @Nullable Value otherwise = bound.given(1) ? bound.get(1) : null;
        UnaryOperator<Value> key = key(r, attribute, otherwise, bound.flag(2, false));
        UnaryOperator<Value> shown = key(r, attribute, otherwise, true);
        List<Value> values = Iteration.list(r, input);
        List<Value> keys = new ArrayList<>();
        for (Value value : values) {
            keys.add(key.apply(value));
        }
        List<Value> groups = new ArrayList<>();
        List<Value> group = new ArrayList<>();
        Value before = null;
        for (Value value : Sorting.sort(r, values, keys, false)) {
            Value now = key.apply(value);
            if (before != null && !Operators.equal(r, before, now)) {
                groups.add(group(r, shown, group));
                group = new ArrayList<>();
            }
            before = now;
            r.grow(1);
            group.add(value);
        }
        if (!group.isEmpty()) {
            groups.add(group(r, shown, group));
        }
        return Items.list(r, groups);
    }

    private static Items group(Rendering r, UnaryOperator<Value> shown, List<Value> group) {
        return Items.group(r, shown.apply(group.getFirst()), Items.list(r, group));
    }

    static Value batch(Rendering r, Value input, Args args) {
        Args.Bound bound = args.bind(r, "batch", "linecount", "fill_with");
        int size = bound.integer(0);
        List<Value> batches = new ArrayList<>();
        List<Value> batch = new ArrayList<>();
        for (Value value : Iteration.list(r, input)) {
            if (batch.size() == size) {
                batches.add(Items.list(r, batch));
                batch = new ArrayList<>();
            }
            batch.add(value);
        }
        if (!batch.isEmpty()) {
            if (bound.given(1) && batch.size() < size) {
                r.grow(size);
                while (batch.size() < size) {
                    batch.add(bound.get(1));
                }
            }
            batches.add(Items.list(r, batch));
        }
        return Stream.of(r, batches);
    }

    static Value slice(Rendering r, Value input, Args args) {
        Args.Bound bound = args.bind(r, "slice", "slices", "fill_with");
        int count = bound.integer(0);
        List<Value> values = Iteration.list(r, input);
        if (count == 0) {
            throw r.fail("division by zero");
        }
        r.grow(Math.max(0, count));
        List<Value> slices = new ArrayList<>();
        int size = values.size() / count;
        int extra = values.size() % count;
        int from = 0;
        for (int i = 0; i < count; i++) {
            int to = from + size + (i < extra ? 1 : 0);
            List<Value> slice = new ArrayList<>(values.subList(from, to));
            if (bound.given(1) && i >= extra) {
                slice.add(bound.get(1));
            }
            slices.add(Items.list(r, slice));
            from = to;
        }
        return Stream.of(r, slices);
    }

    static Value map(Rendering r, Value input, Args args) {
        if (!input.truth()) {
            return Stream.of(r, List.of());
        }
        UnaryOperator<Value> function;
        if (args.positional().isEmpty() && args.named().containsKey("attribute")) {
            Args.Bound bound = args.bind(r, "map", "attribute", "default");
            function = key(r, bound.get(0), bound.given(1) ? bound.get(1) : null, true);
        } else if (args.positional().isEmpty()) {
            throw r.fail("map requires a filter argument");
        } else {
            Value name = args.positional().getFirst();
            Args rest = args.from(1);
            function = value -> Filters.apply(r, name, value, rest);
        }
        List<Value> mapped = new ArrayList<>();
        for (Iterator<Value> all = Iteration.over(r, input); all.hasNext(); ) {
            r.step();
            r.grow(1);
            mapped.add(function.apply(all.next()));
        }
        return Stream.of(r, mapped);
    }

    /// The values that pass a test, or fail it.
    ///
    /// @param byAttribute whether the first argument names what of a value is tested
    static Value select(Rendering r, Value input, Args args, boolean wanted, boolean byAttribute) {
        if (!input.truth()) {
            return Stream.of(r, List.of());
        }
        UnaryOperator<Value> tested = UnaryOperator.identity();
        Args rest = args;
        if (byAttribute) {
            if (args.positional().isEmpty()) {
                throw r.fail("Missing parameter for attribute name");
            }
            tested = key(r, args.positional().getFirst(), null, true);
            rest = args.from(1);
        }
        List<Value> selected = new ArrayList<>();
        for (Iterator<Value> all = Iteration.over(r, input); all.hasNext(); ) {
            r.step();
            Value value = all.next();
            Value part = tested.apply(value);
            boolean passes =
                    rest.positional().isEmpty()
                            ? part.truth()
                            : Predicates.test(r, rest.positional().getFirst(), part, rest.from(1));
            if (passes == wanted) {
                r.grow(1);
                selected.add(value);
            }
        }
        return Stream.of(r, selected);
    }

    /// What an attribute such as `function.name` or `tags.0` finds in a value.
    ///
    /// @param attribute a string, a number, or None for the value itself
    /// @param otherwise what stands for what is missing
    static UnaryOperator<Value> key(
            Rendering r, Value attribute, @Nullable Value otherwise, boolean caseSensitive) {
        List<Value> parts = new ArrayList<>();
        if (attribute instanceof Text path) {
            for (String part : path.string().split("\\.", -1)) {
                parts.add(isNumber(part) ? Int.of(new BigInteger(part)) : Text.of(part));
            }
        } else if (attribute != None.NONE) {
            parts.add(attribute);
        }
        r.grow(parts.size());
        return value -> {
            Value found = value;
            for (Value part : parts) {
                r.step();
                found = Attributes.item(r, found, part);
                if (otherwise != null && found instanceof Undefined) {
                    found = otherwise;
                }
            }
            return caseSensitive ? found : ignoreCase(r, found);
        };
    }

    private static boolean isNumber(String part) {
        return !part.isEmpty() && part.length() < 10 && FormatSpec.digits(part, 0) == part.length();
    }

    static Value ignoreCase(Rendering r, Value value) {
        return value instanceof Text text ? r.text(text.string().toLowerCase(Locale.ROOT)) : value;
    }
}
