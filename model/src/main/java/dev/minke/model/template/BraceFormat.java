package dev.minke.model.template;

import java.util.List;

/// The method `format` of strings.
final class BraceFormat {
    private final Rendering r;
    private final boolean safe;
    private final Args args;
    private int automatic;
    private boolean numbered;

    private BraceFormat(Rendering r, boolean safe, Args args) {
        this.r = r;
        this.safe = safe;
        this.args = args;
    }

    static Text format(Rendering r, Text format, Args args) {
        String text = new BraceFormat(r, format.safe(), args).run(format.string(), true);
        return new Text(text, format.safe());
    }

    private String run(String format, boolean outer) {
        var out = new TextBuilder(r);
        int at = 0;
        while (at < format.length()) {
            char c = format.charAt(at);
            if (c != '{' && c != '}') {
                int next = at;
                while (next < format.length() && "{}".indexOf(format.charAt(next)) < 0) {
                    next++;
                }
                out.append(format, at, next);
                at = next;
            } else if (at + 1 < format.length() && format.charAt(at + 1) == c) {
                out.append(c);
                at += 2;
            } else if (c == '}') {
                throw r.fail("Single '}' encountered in format string");
            } else {
                int end = end(format, at + 1);
                out.append(field(format.substring(at + 1, end), outer));
                at = end + 1;
            }
        }
        return out.toString();
    }

    private int end(String format, int from) {
        int depth = 1;
        for (int i = from; i < format.length(); i++) {
            char c = format.charAt(i);
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            if (depth == 0) {
                return i;
            }
        }
        throw r.fail("expected '}' before end of string");
    }

    private String field(String field, boolean outer) {
        int colon = field.indexOf(':');
        String head = colon < 0 ? field : field.substring(0, colon);
        String spec = colon < 0 ? "" : field.substring(colon + 1);
        char conversion = 0;
        int bang = head.indexOf('!');
        if (bang >= 0) {
            if (head.length() != bang + 2) {
                throw r.fail("expected one letter after '!' in a format");
            }
            conversion = head.charAt(bang + 1);
            head = head.substring(0, bang);
        }
        Value value = value(head);
        if (spec.indexOf('{') >= 0) {
            if (!outer) {
                throw r.fail("Max string recursion exceeded");
            }
            spec = run(spec, false);
        }
        return write(value, conversion, spec);
    }

    private String write(Value value, char conversion, String spec) {
        Value shown =
                switch (conversion) {
                    case 0 -> value;
                    case 's' -> Text.of(Printer.text(r, value));
                    case 'r' -> Text.of(Printer.repr(r, value));
                    default ->
                            throw r.fail(
                                    "the conversion '!%s' is not supported".formatted(conversion));
                };
        String text;
        if (spec.isEmpty()) {
            text = Printer.text(r, shown);
        } else {
            text = FormatSpec.parse(r, spec).apply(r, shown);
        }
        boolean done = !safe || shown instanceof Text known && known.safe();
        return done ? text : Html.escape(r, Text.of(text)).string();
    }

    /// Find a value by a name such as `0`, `user.name` or `list[2]`; without one by its place.
    private Value value(String head) {
        int end = 0;
        while (end < head.length() && ".[".indexOf(head.charAt(end)) < 0) {
            end++;
        }
        String first = head.substring(0, end);
        Value value;
        if (first.isEmpty() || isNumber(first)) {
            value = positional(first);
        } else {
            Value named = args.named().get(first);
            if (named == null) {
                throw r.fail("format has no argument '%s'".formatted(Source.shown(first)));
            }
            value = named;
        }
        while (end < head.length()) {
            boolean attribute = head.charAt(end) == '.';
            int from = end + 1;
            end = from;
            while (end < head.length()
                    && (attribute ? ".[".indexOf(head.charAt(end)) < 0 : head.charAt(end) != ']')) {
                end++;
            }
            String name = head.substring(from, end);
            if (name.isEmpty() || !attribute && end == head.length()) {
                throw r.fail("Empty attribute in format string");
            }
            end += attribute ? 0 : 1;
            value =
                    attribute
                            ? Attributes.attribute(r, value, name)
                            : Attributes.item(
                                    r, value, isNumber(name) ? index(name) : Text.of(name));
        }
        return value;
    }

    private static boolean isNumber(String text) {
        return !text.isEmpty() && FormatSpec.digits(text, 0) == text.length();
    }

    private Int index(String digits) {
        return Int.of(FormatSpec.number(r, digits, 0, digits.length(), 99_999_999, 0));
    }

    private Value positional(String digits) {
        boolean explicit = !digits.isEmpty();
        if (explicit && automatic > 0 || !explicit && numbered) {
            throw r.fail("cannot mix numbered and automatic fields in a format");
        }
        numbered |= explicit;
        int index = explicit ? index(digits).value().intValue() : automatic++;
        List<Value> values = args.positional();
        if (index >= values.size()) {
            throw r.fail(
                    "Replacement index %d out of range for positional args tuple".formatted(index));
        }
        return values.get(index);
    }
}
