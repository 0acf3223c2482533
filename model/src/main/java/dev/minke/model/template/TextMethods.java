package dev.minke.model.template;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;

/// The methods of strings.
final class TextMethods {
    private static final Set<String> NAMES =
            Set.of(
                    "upper",
                    "lower",
                    "title",
                    "capitalize",
                    "swapcase",
                    "strip",
                    "lstrip",
                    "rstrip",
                    "split",
                    "rsplit",
                    "splitlines",
                    "partition",
                    "rpartition",
                    "startswith",
                    "endswith",
                    "removeprefix",
                    "removesuffix",
                    "replace",
                    "find",
                    "rfind",
                    "index",
                    "rindex",
                    "count",
                    "join",
                    "format",
                    "center",
                    "ljust",
                    "rjust",
                    "zfill",
                    "isdigit",
                    "isdecimal",
                    "isnumeric",
                    "isalpha",
                    "isalnum",
                    "isspace",
                    "isupper",
                    "islower",
                    "istitle",
                    "isascii");

    private static final Set<String> REFUSED =
            Set.of(
                    "casefold",
                    "encode",
                    "expandtabs",
                    "format_map",
                    "isidentifier",
                    "isprintable",
                    "maketrans",
                    "translate");

    private TextMethods() {}

    static boolean has(String name) {
        return NAMES.contains(name) || REFUSED.contains(name);
    }

    static Value call(Rendering r, Text text, String name, Args args) {
        if (REFUSED.contains(name)) {
            throw r.fail("the method '%s' of strings is not supported".formatted(name));
        }
        String s = text.string();
        r.scan(s.length());
        Value result =
                switch (name) {
                    case "upper", "lower", "title", "capitalize", "swapcase" -> {
                        args.bind(r, name);
                        boolean each = name.equals("title") || name.equals("swapcase");
                        r.grow(each ? 4L * s.length() : 0); // a string for every letter
                        yield r.text(LetterCase.change(s, name));
                    }
                    case "strip", "lstrip", "rstrip" -> strip(r, s, name, args);
                    case "split", "rsplit" -> texts(r, Splitting.split(r, s, name, args));
                    case "splitlines" -> {
                        boolean keep = args.bind(r, name, "keepends").flag(0, false);
                        yield texts(r, TextFilters.lines(r, s, keep));
                    }
                    case "partition", "rpartition" -> partition(r, s, name, args);
                    case "startswith", "endswith" -> fits(r, s, name, args);
                    case "removeprefix", "removesuffix" -> remove(r, s, name, args);
                    case "replace" -> replace(r, text, args);
                    case "find", "rfind", "index", "rindex", "count" -> find(r, s, name, args);
                    case "join" -> join(r, text, args);
                    case "format" -> BraceFormat.format(r, text, args);
                    case "center", "ljust", "rjust" -> pad(r, s, name, args);
                    case "zfill" -> fillZeros(r, s, args);
                    default -> {
                        args.bind(r, name);
                        yield Bool.of(LetterCase.is(s, name));
                    }
                };
        return text.safe() ? safe(r, result) : result;
    }

    /// Results of markup are markup.
    private static Value safe(Rendering r, Value result) {
        return switch (result) {
            case Text text -> new Text(text.string(), true);
            case Items items -> {
                List<Value> values = new ArrayList<>(items.values().size());
                for (Value value : items.values()) {
                    values.add(safe(r, value));
                }
                yield items.like(r, values);
            }
            default -> result;
        };
    }

    private static Items texts(Rendering r, List<String> strings) {
        List<Value> values = new ArrayList<>(strings.size());
        for (String string : strings) {
            values.add(Text.of(string));
        }
        return Items.list(r, values);
    }

    private static Text strip(Rendering r, String s, String name, Args args) {
        Args.Bound bound = args.bind(r, name, "chars");
        IntPredicate stripped = Chars::isSpace;
        if (bound.given(0)) {
            r.scan(bound.text(0).length());
            stripped = Chars.in(bound.text(0));
        }
        int from = 0;
        int to = s.length();
        while (!name.equals("rstrip") && from < to && stripped.test(s.codePointAt(from))) {
            from += Character.charCount(s.codePointAt(from));
        }
        while (!name.equals("lstrip") && to > from && stripped.test(s.codePointBefore(to))) {
            to -= Character.charCount(s.codePointBefore(to));
        }
        return r.text(s.substring(from, to));
    }

    private static Items partition(Rendering r, String s, String name, Args args) {
        String separator = args.bind(r, name, "sep").text(0);
        if (separator.isEmpty()) {
            throw r.fail("empty separator");
        }
        Search search = Search.of(r, separator);
        boolean last = name.equals("rpartition");
        int found = last ? search.lastIndexIn(s, s.length()) : search.indexIn(s, 0);
        List<Value> parts;
        if (found < 0) {
            Value whole = r.text(s);
            parts =
                    last
                            ? List.of(Text.EMPTY, Text.EMPTY, whole)
                            : List.of(whole, Text.EMPTY, Text.EMPTY);
        } else {
            parts =
                    List.of(
                            r.text(s.substring(0, found)),
                            Text.of(separator),
                            r.text(s.substring(found + separator.length())));
        }
        return Items.tuple(r, parts);
    }

    /// A part of a text, in UTF-16 units.
    ///
    /// @param empty whether it begins behind its end, where not even an empty text is found
    private record Part(int from, int to, boolean empty) {}

    private static Bool fits(Rendering r, String s, String name, Args args) {
        Args.Bound bound = args.bind(r, name, "prefix", "start", "end");
        boolean atStart = name.equals("startswith");
        Part part = part(s, bound, 1);
        List<Value> wanted =
                bound.get(0) instanceof Items items && items.isTuple()
                        ? items.values()
                        : List.of(bound.get(0));
        for (Value affix : wanted) {
            if (!(affix instanceof Text text)) {
                throw r.fail(
                        "%s first arg must be str or a tuple of str, not %s"
                                .formatted(name, affix.type()));
            }
            int length = text.string().length();
            r.step();
            r.scan(length);
            int at = atStart ? part.from() : part.to() - length;
            boolean inside = !part.empty() && length <= part.to() - part.from();
            if (inside && s.startsWith(text.string(), at)) {
                return Bool.TRUE;
            }
        }
        return Bool.FALSE;
    }

    /// The part that two optional arguments cut out.
    private static Part part(String s, Args.Bound bound, int first) {
        if (!bound.given(first) && !bound.given(first + 1)) {
            return new Part(0, s.length(), false);
        }
        int length = Chars.length(s);
        int from = place(bound.given(first) ? bound.integer(first) : 0, length);
        int to = place(bound.given(first + 1) ? bound.integer(first + 1) : length, length);
        to = Math.min(to, length);
        boolean empty = from > to;
        int start = s.offsetByCodePoints(0, Math.min(from, length));
        return new Part(start, empty ? start : s.offsetByCodePoints(start, to - from), empty);
    }

    private static int place(int index, int length) {
        return index < 0 ? Math.max(0, index + length) : Math.min(index, length + 1);
    }

    private static Text remove(Rendering r, String s, String name, Args args) {
        String affix = args.bind(r, name, "affix").text(0);
        if (name.equals("removeprefix")) {
            return r.text(s.startsWith(affix) ? s.substring(affix.length()) : s);
        }
        return r.text(s.endsWith(affix) ? s.substring(0, s.length() - affix.length()) : s);
    }

    private static Text replace(Rendering r, Text text, Args args) {
        Args.Bound bound = args.bind(r, "replace", "old", "new", "count");
        String old = bound.text(0);
        Text by = new Text(bound.text(1), bound.get(1) instanceof Text t && t.safe());
        String replacement = text.safe() ? Html.escape(r, by).string() : by.string();
        int count = bound.integerOr(2, -1);
        return Text.of(Search.of(r, old).replace(text.string(), replacement, count));
    }

    private static Int find(Rendering r, String s, String name, Args args) {
        Args.Bound bound = args.bind(r, name, "sub", "start", "end");
        String sub = bound.text(0);
        Part part = part(s, bound, 1);
        String within = s.substring(part.from(), part.to());
        Search search = Search.of(r, sub);
        if (name.equals("count")) {
            return Int.of(part.empty() ? 0 : count(search, within));
        }
        boolean last = name.startsWith("r");
        int found = last ? search.lastIndexIn(within, within.length()) : search.indexIn(within, 0);
        if (found < 0 || part.empty()) {
            if (name.endsWith("index")) {
                throw r.fail("substring not found");
            }
            return Int.of(-1);
        }
        return Int.of(s.codePointCount(0, part.from() + found));
    }

    private static long count(Search search, String s) {
        int length = search.wanted().length();
        if (length == 0) {
            return Chars.length(s) + 1L;
        }
        long count = 0;
        for (int at = search.indexIn(s, 0); at >= 0; at = search.indexIn(s, at + length)) {
            count++;
        }
        return count;
    }

    private static Text join(Rendering r, Text separator, Args args) {
        Value parts = args.bind(r, "join", "iterable").get(0);
        var out = new TextBuilder(r);
        int index = 0;
        for (Iterator<Value> all = Iteration.over(r, parts); all.hasNext(); index++) {
            r.step();
            Value part = all.next();
            if (!(part instanceof Text) && !separator.safe()) {
                throw r.fail(
                        "sequence item %d: expected str instance, %s found"
                                .formatted(index, part.type()));
            }
            Text shown = TextFilters.soft(r, part);
            out.append(index == 0 ? "" : separator.string());
            out.append(separator.safe() ? Html.escape(r, shown).string() : shown.string());
        }
        return out.toText();
    }

    private static Text pad(Rendering r, String s, String name, Args args) {
        Args.Bound bound = args.bind(r, name, "width", "fillchar");
        int width = bound.integer(0);
        String fill = bound.textOr(1, " ");
        if (Chars.length(fill) != 1) {
            throw r.fail("The fill character must be exactly one character long");
        }
        int missing = width - Chars.length(s);
        if (missing <= 0) {
            return r.text(s);
        }
        int left =
                switch (name) {
                    case "ljust" -> 0;
                    case "rjust" -> missing;
                    default -> missing / 2 + (missing & width & 1);
                };
        return new TextBuilder(r)
                .repeat(fill, left)
                .append(s)
                .repeat(fill, missing - left)
                .toText();
    }

    private static Text fillZeros(Rendering r, String s, Args args) {
        int width = args.bind(r, "zfill", "width").integer(0);
        int sign = s.startsWith("-") || s.startsWith("+") ? 1 : 0;
        return new TextBuilder(r)
                .append(s, 0, sign)
                .repeat("0", (long) width - Chars.length(s))
                .append(s, sign, s.length())
                .toText();
    }
}
