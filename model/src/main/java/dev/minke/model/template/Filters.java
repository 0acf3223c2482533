package dev.minke.model.template;

import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The filters by name: Jinja's, `tojson` as transformers has it, and `from_json`.
final class Filters {
    @FunctionalInterface
    interface Function {
        Value apply(Rendering r, Value input, Args args);
    }

    private static final Set<String> REFUSED =
            Set.of("pprint", "random", "striptags", "urlize", "wordwrap", "xmlattr");

    private static final Map<String, Function> BY_NAME = byName();

    private Filters() {}

    static @Nullable Function find(String name) {
        return BY_NAME.get(name);
    }

    static String unknown(String name) {
        return (REFUSED.contains(name)
                        ? "the filter '%s' is not supported"
                        : "no filter named '%s'")
                .formatted(Source.shown(name));
    }

    /// Apply a filter whose name is a value, as map does.
    static Value apply(Rendering r, Value name, Value input, Args args) {
        Function function = name instanceof Text text ? find(text.string()) : null;
        if (function == null) {
            throw r.fail(unknown(Printer.text(r, name)));
        }
        r.operation();
        r.enter(4); // map may apply map
        Value result = function.apply(r, input, args);
        r.leave(4);
        return result;
    }

    private static Map<String, Function> byName() {
        Map<String, Function> filters = new TreeMap<>();
        texts(filters);
        sequences(filters);
        numbers(filters);
        filters.put("default", Filters::orDefault);
        filters.put("d", Filters::orDefault);
        filters.put("attr", Filters::attribute);
        filters.put("tojson", JsonWriter::toJson);
        filters.put("from_json", TemplateJson::fromJson);
        return Collections.unmodifiableMap(filters);
    }

    private static void texts(Map<String, Function> filters) {
        for (String method : new String[] {"upper", "lower", "capitalize"}) {
            filters.put(
                    method,
                    (r, input, args) -> {
                        args.bind(r, method);
                        return TextMethods.call(r, TextFilters.soft(r, input), method, args);
                    });
        }
        filters.put("title", TextFilters::title);
        filters.put("trim", TextFilters::trim);
        filters.put("replace", TextFilters::replace);
        filters.put("string", TextFilters::string);
        filters.put("escape", TextFilters::escape);
        filters.put("e", TextFilters::escape);
        filters.put("forceescape", TextFilters::forceEscape);
        filters.put("safe", TextFilters::safe);
        filters.put("indent", TextFilters::indent);
        filters.put("center", TextFilters::center);
        filters.put("truncate", TextFilters::truncate);
        filters.put("wordcount", TextFilters::wordCount);
        filters.put("format", TextFilters::format);
        filters.put("urlencode", TextFilters::urlEncode);
        filters.put("filesizeformat", TextFilters::fileSize);
    }

    private static void sequences(Map<String, Function> filters) {
        filters.put("length", SequenceFilters::length);
        filters.put("count", SequenceFilters::length);
        filters.put("list", SequenceFilters::list);
        filters.put("first", SequenceFilters::first);
        filters.put("last", SequenceFilters::last);
        filters.put("join", SequenceFilters::join);
        filters.put("reverse", SequenceFilters::reverse);
        filters.put("items", SequenceFilters::items);
        filters.put("dictsort", SequenceFilters::dictSort);
        filters.put("sort", SequenceFilters::sort);
        filters.put("unique", SequenceFilters::unique);
        filters.put("groupby", SequenceFilters::groupBy);
        filters.put("batch", SequenceFilters::batch);
        filters.put("slice", SequenceFilters::slice);
        filters.put("map", SequenceFilters::map);
        filters.put("select", (r, v, args) -> SequenceFilters.select(r, v, args, true, false));
        filters.put("reject", (r, v, args) -> SequenceFilters.select(r, v, args, false, false));
        filters.put("selectattr", (r, v, args) -> SequenceFilters.select(r, v, args, true, true));
        filters.put("rejectattr", (r, v, args) -> SequenceFilters.select(r, v, args, false, true));
    }

    private static void numbers(Map<String, Function> filters) {
        filters.put("abs", NumberFilters::abs);
        filters.put("int", NumberFilters::toInt);
        filters.put("float", NumberFilters::toFloat);
        filters.put("round", NumberFilters::round);
        filters.put("sum", NumberFilters::sum);
        filters.put("min", (r, v, args) -> NumberFilters.best(r, v, args, false));
        filters.put("max", (r, v, args) -> NumberFilters.best(r, v, args, true));
    }

    private static Value orDefault(Rendering r, Value input, Args args) {
        Args.Bound bound = args.bind(r, "default", "default_value", "boolean");
        boolean missing = input instanceof Undefined || bound.flag(1, false) && !input.truth();
        return missing ? bound.or(0, Text.EMPTY) : input;
    }

    private static Value attribute(Rendering r, Value input, Args args) {
        String name = args.bind(r, "attr", "name").text(0);
        Value own = Attributes.own(r, input, name);
        return own != null ? own : Undefined.of(input, Text.of(name));
    }
}
