package dev.minke.model.template;

import java.math.BigInteger;
import java.util.List;

/// The operator `%` of strings.
final class PercentFormat {
    private final Rendering r;
    private final String format;
    private final boolean safe;
    private final Value values;
    private final List<Value> tuple;
    private final TextBuilder out;
    private int used;
    private int at;

    private PercentFormat(Rendering r, Text format, Value values) {
        this.r = r;
        this.format = format.string();
        this.safe = format.safe();
        this.values = values;
        this.tuple =
                values instanceof Items items && items.isTuple() ? items.values() : List.of(values);
        this.out = new TextBuilder(r);
    }

    static Text format(Rendering r, Text format, Value values) {
        return new PercentFormat(r, format, values).run();
    }

    private Text run() {
        boolean spare = // what has elements but is no tuple may be left over
                switch (values) {
                    case Items items -> !items.isTuple();
                    case Dict _, Range _, Undefined _ -> true;
                    default -> false;
                };
        while (at < format.length()) {
            int percent = format.indexOf('%', at);
            if (percent < 0) {
                out.append(format, at, format.length());
                break;
            }
            out.append(format, at, percent);
            at = percent + 1;
            conversion();
        }
        if (used < tuple.size() && !spare) {
            throw r.fail("not all arguments converted during string formatting");
        }
        return new Text(out.toString(), safe);
    }

    private char peek() {
        if (at >= format.length()) {
            throw r.fail("incomplete format");
        }
        return format.charAt(at);
    }

    private void conversion() {
        Value named = null;
        if (peek() == '(') {
            int close = format.indexOf(')', at);
            if (close < 0 || !(values instanceof Dict dict)) {
                throw r.fail("a format by names requires a mapping");
            }
            String name = format.substring(at + 1, close);
            named = dict.get(name);
            if (named == null) {
                throw r.fail("the format has no value for '%s'".formatted(Source.shown(name)));
            }
            at = close + 1;
        }
        boolean left = false;
        boolean zero = false;
        boolean alternate = false;
        char sign = '-';
        for (char c = peek(); "-+ 0#".indexOf(c) >= 0; c = peek()) {
            left |= c == '-';
            zero |= c == '0';
            alternate |= c == '#';
            sign = c == '+' || c == ' ' && sign != '+' ? c : sign;
            at++;
        }
        int width = size(FormatSpec.MOST_WIDTH, 0);
        if (width < 0) {
            left = true;
            width = -width;
        }
        int precision = -1;
        if (peek() == '.') {
            at++;
            precision = Math.max(0, size(10_000, 0));
        }
        while ("hlL".indexOf(peek()) >= 0) {
            at++;
        }
        char type = format.charAt(at++);
        char align = left ? '<' : zero ? '=' : '>';
        String fill = zero && !left ? "0" : " ";
        var spec = new FormatSpec(fill, align, sign, alternate, width, (char) 0, precision, type);
        out.append(type == '%' ? "%" : write(spec, named == null ? next() : named));
    }

    private Value next() {
        if (used >= tuple.size()) {
            throw r.fail("not enough arguments for format string");
        }
        return tuple.get(used++);
    }

    private int size(int most, int none) {
        if (peek() == '*') {
            at++;
            BigInteger size = Numbers.integer(next());
            if (size == null || size.bitLength() > 30 || Math.abs(size.intValue()) > most) {
                throw r.fail("* wants an integer of at most " + most);
            }
            return size.intValue();
        }
        int end = FormatSpec.digits(format, at);
        int size = FormatSpec.number(r, format, at, end, most, none);
        at = end;
        return size;
    }

    private String write(FormatSpec spec, Value value) {
        return switch (spec.type()) {
            case 's' -> spaced(spec).text(r, escaped(value));
            case 'r' -> spaced(spec).text(r, Printer.repr(r, value));
            case 'c' ->
                    value instanceof Text text && Chars.length(text.string()) == 1
                            ? spaced(spec).text(r, text.string())
                            : spaced(spec).integer(r, integer(spec, value));
            case 'd', 'i', 'u' -> {
                BigInteger whole =
                        value instanceof Real real
                                ? Numbers.truncate(r, real.value()).value()
                                : integer(spec, value);
                yield typed(spec, 'd').integer(r, whole);
            }
            case 'x', 'X', 'o' -> spec.integer(r, integer(spec, value));
            case 'e', 'E', 'f', 'F', 'g', 'G' -> spec.real(r, real(spec, value));
            default -> throw r.fail("unsupported format character '%s'".formatted(spec.type()));
        };
    }

    private String escaped(Value value) {
        String text = Printer.text(r, value);
        boolean done = !safe || value instanceof Text known && known.safe();
        return done ? text : Html.escape(r, Text.of(text)).string();
    }

    /// Texts are padded with blanks only.
    private static FormatSpec spaced(FormatSpec s) {
        char align = s.align() == '=' ? '>' : s.align();
        return new FormatSpec(
                " ", align, s.sign(), s.alternate(), s.width(), (char) 0, s.precision(), s.type());
    }

    private static FormatSpec typed(FormatSpec s, char type) {
        return new FormatSpec(
                s.fill(),
                s.align(),
                s.sign(),
                s.alternate(),
                s.width(),
                (char) 0,
                s.precision(),
                type);
    }

    private BigInteger integer(FormatSpec spec, Value value) {
        BigInteger integer = Numbers.integer(value);
        if (integer == null) {
            throw r.fail(
                    "%%%s format: an integer is required, not %s"
                            .formatted(spec.type(), value.type()));
        }
        return integer;
    }

    private double real(FormatSpec spec, Value value) {
        if (!Numbers.isNumber(value)) {
            throw r.fail(
                    "%%%s format: a number is required, not %s"
                            .formatted(spec.type(), value.type()));
        }
        return Numbers.real(r, value);
    }
}
