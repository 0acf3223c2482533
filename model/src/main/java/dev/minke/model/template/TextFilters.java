package dev.minke.model.template;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The filters that make texts.
final class TextFilters {
    private static final String UNRESERVED = "_.-~/";

    private TextFilters() {}

    /// The value as a text; markup stays markup.
    static Text soft(Rendering r, Value value) {
        return value instanceof Text text ? text : Text.of(Printer.text(r, value));
    }

    static Value string(Rendering r, Value input, Args args) {
        args.bind(r, "string");
        return soft(r, input);
    }

    static Value title(Rendering r, Value input, Args args) {
        args.bind(r, "title");
        String text = soft(r, input).string();
        var out = new TextBuilder(r);
        int from = 0;
        while (from < text.length()) {
            int to = from;
            boolean separators = isSeparator(text.codePointAt(from));
            while (to < text.length() && isSeparator(text.codePointAt(to)) == separators) {
                to += Character.charCount(text.codePointAt(to));
            }
            if (separators) {
                out.append(text, from, to);
            } else {
                int second = text.offsetByCodePoints(from, 1);
                out.append(text.substring(from, second).toUpperCase(Locale.ROOT));
                out.append(text.substring(second, to).toLowerCase(Locale.ROOT));
            }
            from = to;
        }
        return out.toText();
    }

    private static boolean isSeparator(int c) {
        return "-({[<".indexOf(c) >= 0 || Chars.isSpace(c);
    }

    static Value trim(Rendering r, Value input, Args args) {
        args.bind(r, "trim", "chars");
        Args chars =
                args.named().isEmpty()
                        ? args
                        : new Args(List.copyOf(args.named().values()), Map.of());
        return TextMethods.call(r, soft(r, input), "strip", chars);
    }

    static Value replace(Rendering r, Value input, Args args) {
        Args.Bound bound = args.bind(r, "replace", "old", "new", "count");
        String old = Printer.text(r, bound.get(0));
        String by = Printer.text(r, bound.get(1));
        int count = bound.given(2) ? bound.integer(2) : -1;
        return Text.of(Search.of(r, old).replace(Printer.text(r, input), by, count));
    }

    static Value escape(Rendering r, Value input, Args args) {
        args.bind(r, "escape");
        return Html.escape(r, soft(r, input));
    }

    static Value forceEscape(Rendering r, Value input, Args args) {
        args.bind(r, "forceescape");
        return Html.escape(r, Text.of(Printer.text(r, input)));
    }

    static Value safe(Rendering r, Value input, Args args) {
        args.bind(r, "safe");
        return new Text(Printer.text(r, input), true);
    }

    static Value indent(Rendering r, Value input, Args args) {
        Args.Bound bound = args.bind(r, "indent", "width", "first", "blank");
        Text text = text(r, input, "indent");
        String margin =
                bound.has(0) && bound.get(0) instanceof Text given
                        ? given.string()
                        : new TextBuilder(r).repeat(" ", bound.integerOr(0, 4)).toString();
        boolean first = bound.flag(1, false);
        boolean blank = bound.flag(2, false);
        var out = new TextBuilder(r);
        List<String> lines = lines(r, text.string() + "\n", false);
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            boolean indented = i == 0 ? first : blank || !line.isEmpty();
            out.append(i == 0 ? "" : "\n").append(indented ? margin : "").append(line);
        }
        return new Text(out.toString(), text.safe());
    }

    static Text text(Rendering r, Value input, String filter) {
        if (input instanceof Undefined undefined) {
            throw r.fail(undefined.message());
        }
        if (!(input instanceof Text text)) {
            throw r.fail(
                    "the filter '%s' is for strings, found a value of type %s"
                            .formatted(filter, input.type()));
        }
        return text;
    }

    /// Cut into lines as `splitlines` does.
    static List<String> lines(Rendering r, String text, boolean keepEnds) {
        List<String> lines = new ArrayList<>();
        int from = 0;
        while (from < text.length()) {
            int end = from;
            while (end < text.length() && !Chars.isLineBreak(text.charAt(end))) {
                end++;
            }
            int next = end;
            if (end < text.length()) {
                next += text.startsWith("\r\n", end) ? 2 : 1;
            }
            r.characters(next - (long) from);
            lines.add(text.substring(from, keepEnds ? next : end));
            from = next;
        }
        return lines;
    }

    static Value center(Rendering r, Value input, Args args) {
        int width = args.bind(r, "center", "width").integerOr(0, 80);
        Args all = new Args(List.of(Int.of(width)), Map.of());
        return TextMethods.call(r, soft(r, input), "center", all);
    }

    static Value truncate(Rendering r, Value input, Args args) {
        Args.Bound bound = args.bind(r, "truncate", "length", "killwords", "end", "leeway");
        int length = bound.integerOr(0, 255);
        String end = bound.textOr(2, "...");
        int leeway = bound.given(3) ? bound.integer(3) : 5;
        int keep = length - Chars.length(end);
        if (keep < 0 || leeway < 0) {
            throw r.fail("truncate needs a length that its end fits in, and no negative leeway");
        }
        if (Iteration.length(r, input) <= (long) length + leeway) {
            return input;
        }
        String string = text(r, input, "truncate").string();
        String kept = string.substring(0, string.offsetByCodePoints(0, keep));
        if (!bound.flag(1, false)) {
            int space = kept.lastIndexOf(' ');
            kept = space < 0 ? kept : kept.substring(0, space);
        }
        return r.text(kept + end);
    }

    static Value wordCount(Rendering r, Value input, Args args) {
        args.bind(r, "wordcount");
        String text = soft(r, input).string();
        r.scan(text.length());
        long words = 0;
        boolean within = false;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            boolean word = c == '_' || Chars.isAlphanumeric(c);
            words += word && !within ? 1 : 0;
            within = word;
        }
        return Int.of(words);
    }

    static Value format(Rendering r, Value input, Args args) {
        if (!args.positional().isEmpty() && !args.named().isEmpty()) {
            throw r.fail("format takes values by place or by name, not both");
        }
        Value values = Items.tuple(r, args.positional());
        if (!args.named().isEmpty()) {
            var dict = new Dict.Builder(r);
            args.named().forEach((name, value) -> dict.put(Text.of(name), value));
            values = dict.build();
        }
        return PercentFormat.format(r, soft(r, input), values);
    }

    static Value urlEncode(Rendering r, Value input, Args args) {
        args.bind(r, "urlencode");
        var out = new TextBuilder(r);
        if (input instanceof Text || !Iteration.isIterable(input)) {
            quote(out, Printer.text(r, input), UNRESERVED, "%20");
            return out.toText();
        }
        Value pairs = input instanceof Dict d ? new DictView(d, DictView.Kind.ITEMS) : input;
        for (Iterator<Value> all = Iteration.over(r, pairs); all.hasNext(); ) {
            List<Value> pair = Iteration.list(r, all.next());
            if (pair.size() != 2) {
                throw r.fail("urlencode needs pairs of a key and a value");
            }
            out.append(out.length() == 0 ? "" : "&");
            quote(out, Printer.text(r, pair.getFirst()), "_.-~", "+");
            out.append('=');
            quote(out, Printer.text(r, pair.getLast()), "_.-~", "+");
        }
        return out.toText();
    }

    private static void quote(TextBuilder out, String text, String unreserved, String space) {
        out.rendering().characters(3L * text.length());
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            boolean plain =
                    b >= '0' && b <= '9'
                            || b >= 'A' && b <= 'Z'
                            || b >= 'a' && b <= 'z'
                            || unreserved.indexOf(b) >= 0;
            if (plain) {
                out.append((char) b);
            } else {
                out.append(b == ' ' ? space : "%%%02X".formatted(b));
            }
        }
    }

    static Value fileSize(Rendering r, Value input, Args args) {
        boolean binary = args.bind(r, "filesizeformat", "binary").flag(0, false);
        Value real = NumberFilters.toFloat(r, input, new Args(List.of(None.NONE), Map.of()));
        if (real == None.NONE) {
            throw r.fail("filesizeformat is for numbers, found a value of type " + input.type());
        }
        double bytes = Numbers.real(r, real);
        double base = binary ? 1024 : 1000;
        if (bytes == 1) {
            return Text.of("1 Byte");
        }
        if (bytes < base) {
            return Text.of(Numbers.truncate(r, bytes).value() + " Bytes");
        }
        String prefixes = "kMGTPEZY";
        double unit = base;
        int prefix = 0;
        while (bytes >= unit * base && prefix < prefixes.length() - 1) {
            unit *= base;
            prefix++;
        }
        var spec = new FormatSpec(" ", (char) 0, '-', false, 0, (char) 0, 1, 'f');
        double value =
                new BigDecimal(bytes)
                        .multiply(new BigDecimal(base))
                        .divide(
                                new BigDecimal(unit).multiply(new BigDecimal(base)),
                                new MathContext(40, RoundingMode.HALF_EVEN))
                        .doubleValue();
        String letter = prefixes.substring(prefix, prefix + 1);
        letter = binary ? letter.toUpperCase(Locale.ROOT) + "i" : letter;
        return Text.of(spec.real(r, value) + " " + letter + "B");
    }
}
