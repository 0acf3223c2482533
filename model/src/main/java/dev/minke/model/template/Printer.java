package dev.minke.model.template;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/// Write values as Python's `str` and `repr` do.
final class Printer {
    private Printer() {}

    /// `str(value)`.
    static String text(Rendering r, Value value) {
        return switch (value) {
            case Text text -> text.string();
            case Undefined _ -> "";
            default -> repr(r, value);
        };
    }

    /// Append `str(value)`.
    static void print(TextBuilder out, Value value) {
        if (value instanceof Text text) {
            out.append(text.string());
        } else if (!(value instanceof Undefined)) {
            repr(out, value);
        }
    }

    /// `repr(value)`.
    static String repr(Rendering r, Value value) {
        var out = new TextBuilder(r);
        repr(out, value);
        return out.toString();
    }

    private static void repr(TextBuilder out, Value value) {
        Rendering r = out.rendering();
        r.step();
        switch (value) {
            case Text text when text.safe() -> {
                out.append("Markup(");
                repr(out, text.string());
                out.append(')');
            }
            case Text text -> repr(out, text.string());
            case Int number -> {
                r.take(8L * number.value().bitLength());
                out.append(number.value().toString());
            }
            case Real real -> {
                r.steps(16);
                r.take(1536);
                out.append(real(real.value()));
            }
            case Bool bool -> out.append(bool.truth() ? "True" : "False");
            case None _ -> out.append("None");
            case Undefined _ -> out.append("Undefined");
            case Items items -> repr(out, items);
            case Dict dict -> repr(out, dict);
            case DictView view -> {
                out.append(view.type()).append('(');
                sequence(out, "[", view.values(r), "]");
                out.append(')');
            }
            case Range range -> {
                out.append("range(" + range.start() + ", " + range.stop());
                out.append(range.step() == 1 ? ")" : ", " + range.step() + ")");
            }
            case Namespace namespace -> repr(out, namespace);
            case Loop loop -> out.append("<LoopContext " + loop.position(r) + ">");
            case Macro macro -> out.append("<Macro '" + macro.definition().name() + "'>");
            case Stream stream -> out.append("<" + stream.type() + " object>");
            case BoundMethod method ->
                    out.append(
                            "<built-in method %s of %s object>"
                                    .formatted(method.name(), method.owner().type()));
            case Builtin function -> out.append("<function " + function.name() + ">");
        }
    }

    private static void repr(TextBuilder out, Items items) {
        if (!items.isTuple()) {
            sequence(out, "[", items.values(), "]");
        } else {
            sequence(out, "(", items.values(), items.values().size() == 1 ? ",)" : ")");
        }
    }

    private static void sequence(TextBuilder out, String open, List<Value> values, String close) {
        out.append(open);
        Iterator<Value> all = values.iterator();
        while (all.hasNext()) {
            repr(out, all.next());
            if (all.hasNext()) {
                out.append(", ");
            }
        }
        out.append(close);
    }

    private static void repr(TextBuilder out, Dict dict) {
        out.append('{');
        boolean first = true;
        for (Dict.Pair pair : dict.pairs()) {
            out.append(first ? "" : ", ");
            first = false;
            repr(out, pair.key());
            out.append(": ");
            repr(out, pair.value());
        }
        out.append('}');
    }

    private static void repr(TextBuilder out, Namespace namespace) {
        Rendering r = out.rendering();
        r.enter(Items.MOST_HEIGHT / 4); // a namespace may contain itself
        out.append("<Namespace {");
        boolean first = true;
        for (Map.Entry<String, Value> attribute : namespace.attributes().entrySet()) {
            out.append(first ? "" : ", ");
            first = false;
            repr(out, attribute.getKey());
            out.append(": ");
            repr(out, attribute.getValue());
        }
        out.append("}>");
        r.leave(Items.MOST_HEIGHT / 4);
    }

    private static void repr(TextBuilder out, String string) {
        char quote = string.indexOf('\'') >= 0 && string.indexOf('"') < 0 ? '"' : '\'';
        out.append(quote);
        for (int i = 0; i < string.length(); ) {
            int c = string.codePointAt(i);
            i += Character.charCount(c);
            switch (c) {
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c == quote) {
                        out.append('\\').append(quote);
                    } else if (Chars.isPrintable(c)) {
                        out.appendCodePoint(c);
                    } else {
                        out.append(escape(c));
                    }
                }
            }
        }
        out.append(quote);
    }

    private static String escape(int c) {
        HexFormat hex = HexFormat.of();
        return c <= 0xFF
                ? "\\x" + hex.toHexDigits((byte) c)
                : c <= 0xFFFF ? "\\u" + hex.toHexDigits((char) c) : "\\U" + hex.toHexDigits(c);
    }

    /// The shortest digits that read back as the same number, as `repr` of a float.
    static String real(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        String sign = 1 / value < 0 || value < 0 ? "-" : "";
        if (value == 0) {
            return sign + "0.0";
        }
        BigDecimal shortest = shortest(Math.abs(value));
        String digits = shortest.unscaledValue().toString();
        int point = digits.length() - shortest.scale(); // where it stands within the digits
        if (point > 16 || point < -3) {
            int exponent = point - 1;
            String fraction = digits.length() == 1 ? "" : "." + digits.substring(1);
            return "%s%s%se%s%02d"
                    .formatted(
                            sign,
                            digits.charAt(0),
                            fraction,
                            exponent < 0 ? "-" : "+",
                            Math.abs(exponent));
        }
        if (point <= 0) {
            return sign + "0." + "0".repeat(-point) + digits;
        }
        return point >= digits.length()
                ? sign + digits + "0".repeat(point - digits.length()) + ".0"
                : sign + digits.substring(0, point) + "." + digits.substring(point);
    }

    /// Java writes two digits where one would do, as in 2.0E-323 for 2e-323.
    private static BigDecimal shortest(double value) {
        BigDecimal two = new BigDecimal(Double.toString(value)).stripTrailingZeros();
        if (two.precision() == 2) {
            var nearest = new BigDecimal(value).round(new MathContext(1, RoundingMode.HALF_EVEN));
            return nearest.doubleValue() == value ? nearest : two;
        }
        return two;
    }
}
