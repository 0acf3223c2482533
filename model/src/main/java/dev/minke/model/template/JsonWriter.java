package dev.minke.model.template;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;

/// Write values as JSON, byte for byte as Python's `json.dumps` does.
final class JsonWriter {
    private final Rendering r;
    private final TextBuilder out;
    private final boolean ascii;
    private final boolean sorted;
    private final boolean indented;
    private final String indent;
    private final String itemSeparator;
    private final String keySeparator;

    private JsonWriter(Rendering r, Args.Bound options) {
        this.r = r;
        this.out = new TextBuilder(r);
        this.ascii = options.flag(0, false);
        this.indented = options.given(1);
        this.indent = indented ? indent(r, options) : "";
        String item = indented ? "," : ", ";
        String key = ": ";
        if (options.given(2)) {
            List<Value> separators = Iteration.list(r, options.get(2));
            if (separators.size() != 2
                    || !(separators.getFirst() instanceof Text first)
                    || !(separators.getLast() instanceof Text second)) {
                throw options.wrong(2, "a pair of strings");
            }
            item = first.string();
            key = second.string();
        }
        this.itemSeparator = item;
        this.keySeparator = key;
        this.sorted = options.flag(3, false);
    }

    private static String indent(Rendering r, Args.Bound options) {
        return options.get(1) instanceof Text text
                ? text.string()
                : new TextBuilder(r).repeat(" ", options.integer(1)).toString();
    }

    /// The filter `tojson` of transformers.
    static Value toJson(Rendering r, Value value, Args args) {
        Args.Bound options =
                args.bind(r, "tojson", "ensure_ascii", "indent", "separators", "sort_keys");
        var writer = new JsonWriter(r, options);
        writer.write(value, 0);
        return writer.out.toText();
    }

    private void write(Value value, int level) {
        r.step();
        switch (value) {
            case Text text -> string(text.string());
            case Int number -> {
                r.take(8L * number.value().bitLength());
                out.append(number.value().toString());
            }
            case Real real -> {
                r.steps(16);
                r.take(1536);
                out.append(real(real.value()));
            }
            case Bool bool -> out.append(bool.truth() ? "true" : "false");
            case None _ -> out.append("null");
            case Items items -> array(items.values().iterator(), level);
            case Stream stream -> array(stream.rest(), level);
            case Dict dict -> object(dict, level);
            default ->
                    throw r.fail(
                            "Object of type %s is not JSON serializable".formatted(value.type()));
        }
    }

    private static String real(double value) {
        return Double.isNaN(value)
                ? "NaN"
                : Double.isInfinite(value)
                        ? value > 0 ? "Infinity" : "-Infinity"
                        : Printer.real(value);
    }

    private void array(Iterator<Value> values, int level) {
        if (!values.hasNext()) {
            out.append("[]");
            return;
        }
        out.append('[');
        newLine(level + 1);
        while (values.hasNext()) {
            write(values.next(), level + 1);
            if (values.hasNext()) {
                out.append(itemSeparator);
                newLine(level + 1);
            }
        }
        newLine(level);
        out.append(']');
    }

    private void object(Dict dict, int level) {
        if (!dict.truth()) {
            out.append("{}");
            return;
        }
        out.append('{');
        boolean first = true;
        for (Dict.Pair pair : pairs(dict)) {
            if (!first) {
                out.append(itemSeparator);
            }
            first = false;
            newLine(level + 1);
            string(key(pair.key()));
            out.append(keySeparator);
            write(pair.value(), level + 1);
        }
        newLine(level);
        out.append('}');
    }

    private Iterable<Dict.Pair> pairs(Dict dict) {
        if (!sorted) {
            return dict.pairs();
        }
        List<Value> keys = new ArrayList<>();
        for (Dict.Pair pair : dict.pairs()) {
            r.grow(1);
            keys.add(pair.key());
        }
        List<Dict.Pair> pairs = new ArrayList<>();
        for (Value key : Sorting.sort(r, keys, keys, false)) {
            Value value = dict.get(r, key);
            if (value != null) {
                pairs.add(new Dict.Pair(key, value));
            }
        }
        return pairs;
    }

    private String key(Value key) {
        return switch (key) {
            case Text text -> text.string();
            case Int number -> number.value().toString();
            case Real real -> real(real.value());
            case Bool bool -> bool.truth() ? "true" : "false";
            case None _ -> "null";
            default ->
                    throw r.fail("keys must be str, int, float, bool or None, not " + key.type());
        };
    }

    private void newLine(int level) {
        if (indented) {
            out.append('\n').repeat(indent, level);
        }
    }

    private void string(String string) {
        out.append('"');
        int from = 0;
        for (int i = 0; i < string.length(); i++) {
            char c = string.charAt(i);
            if (c < 0x20 || c == '"' || c == '\\' || ascii && c > 0x7E) {
                out.append(string, from, i).append(escape(c));
                from = i + 1;
            }
        }
        out.append(string, from, string.length()).append('"');
    }

    private static String escape(char c) {
        return switch (c) {
            case '"' -> "\\\"";
            case '\\' -> "\\\\";
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            case '\f' -> "\\f";
            case '\b' -> "\\b";
            default -> "\\u" + HexFormat.of().toHexDigits(c);
        };
    }
}
