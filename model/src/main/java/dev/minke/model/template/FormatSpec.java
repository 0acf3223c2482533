package dev.minke.model.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/// How one value is written by `%` and by `format`: Python's format specification.
///
/// @param fill the padding
/// @param align `<`, `>`, `^` or `=`; 0 for the default of the value
/// @param sign `+`, `-` or a blank
/// @param grouping `,` or `_` between thousands; 0 for none
/// @param precision -1 if there is none
/// @param type the letter at the end; 0 if there is none
record FormatSpec(
        String fill,
        char align,
        char sign,
        boolean alternate,
        int width,
        char grouping,
        int precision,
        char type) {
    static final int MOST_WIDTH = 1 << 20;

    private static final int MOST_PRECISION = 10_000;

    /// Read what stands behind the colon of a replacement field.
    static FormatSpec parse(Rendering r, String spec) {
        int at = 0;
        String fill = " ";
        char align = 0;
        int second = spec.isEmpty() ? 0 : spec.offsetByCodePoints(0, 1);
        if (second < spec.length() && "<>=^".indexOf(spec.charAt(second)) >= 0) {
            fill = spec.substring(0, second);
            align = spec.charAt(second);
            at = second + 1;
        } else if (!spec.isEmpty() && "<>=^".indexOf(spec.charAt(0)) >= 0) {
            align = spec.charAt(0);
            at = 1;
        }
        char sign = '-';
        if (at < spec.length() && "+- ".indexOf(spec.charAt(at)) >= 0) {
            sign = spec.charAt(at++);
        }
        boolean alternate = spec.startsWith("#", at);
        at += alternate ? 1 : 0;
        if (spec.startsWith("0", at)) {
            at++;
            if (align == 0) {
                fill = "0";
                align = '=';
            }
        }
        int end = digits(spec, at);
        int width = number(r, spec, at, end, MOST_WIDTH, 0);
        at = end;
        char grouping = 0;
        if (at < spec.length() && ",_".indexOf(spec.charAt(at)) >= 0) {
            grouping = spec.charAt(at++);
        }
        int precision = -1;
        if (spec.startsWith(".", at)) {
            end = digits(spec, at + 1);
            precision = number(r, spec, at + 1, end, MOST_PRECISION, -1);
            at = end;
            if (precision < 0) {
                throw r.fail("the format '%s' misses its precision".formatted(Source.shown(spec)));
            }
        }
        char type = at < spec.length() ? spec.charAt(at++) : 0;
        if (at < spec.length()) {
            throw r.fail("the format '%s' is not known".formatted(Source.shown(spec)));
        }
        return new FormatSpec(fill, align, sign, alternate, width, grouping, precision, type);
    }

    static int digits(String text, int from) {
        int at = from;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        return at;
    }

    /// Read a width or precision.
    static int number(Rendering r, String text, int from, int to, int most, int none) {
        if (from == to) {
            return none;
        }
        int value = to - from > 8 ? Integer.MAX_VALUE : Integer.parseInt(text.substring(from, to));
        if (value > most) {
            throw r.fail("a format asks for more than %d characters".formatted(most));
        }
        return value;
    }

    /// Write a value.
    String apply(Rendering r, Value value) {
        BigInteger integer = Numbers.integer(value);
        boolean asText = type == 0 || type == 's';
        if (value instanceof Text text) {
            if (!asText) {
                throw unknown(r, value);
            }
            return text(r, text.string());
        }
        if (value instanceof Bool && type == 0) {
            return text(r, Printer.text(r, value));
        }
        if (integer != null && "\0bcdoxXn".indexOf(type) >= 0) {
            return integer(r, integer);
        }
        if (value instanceof Real && type == 0 || Numbers.isNumber(value) && isReal()) {
            return real(r, Numbers.real(r, value));
        }
        throw unknown(r, value);
    }

    private boolean isReal() {
        return "eEfFgG%".indexOf(type) >= 0;
    }

    private TemplateException unknown(Rendering r, Value value) {
        return r.fail(
                "unknown format code '%s' for an object of type '%s'"
                        .formatted(type == 0 ? "" : String.valueOf(type), value.type()));
    }

    /// Write a text: cut to the precision and padded to the width.
    String text(Rendering r, String text) {
        r.scan(text.length());
        String shown =
                precision >= 0 && Chars.length(text) > precision
                        ? text.substring(0, text.offsetByCodePoints(0, precision))
                        : text;
        return pad(r, "", shown, '<');
    }

    /// Write an integer in the base that the type names.
    String integer(Rendering r, BigInteger value) {
        if (type == 'c') {
            if (value.signum() < 0 || value.bitLength() > 21 || value.intValue() > 0x10FFFF) {
                throw r.fail("a format has a number that is no character");
            }
            return pad(r, "", Character.toString(value.intValue()), '<');
        }
        int radix = radix();
        String digits = value.abs().toString(radix);
        String prefix = alternate && radix != 10 ? "0" + type : "";
        if (type == 'X') {
            digits = digits.toUpperCase(Locale.ROOT);
        }
        digits = "0".repeat(Math.max(0, precision - digits.length())) + digits;
        int group = radix == 10 ? 3 : 4;
        String grouped = grouping == 0 ? digits : group(digits, group);
        return pad(r, signOf(value.signum() < 0) + prefix, grouped, '>');
    }

    private int radix() {
        return switch (type) {
            case 'b' -> 2;
            case 'o' -> 8;
            case 'x', 'X' -> 16;
            default -> 10;
        };
    }

    private String group(String digits, int size) {
        var out = new StringBuilder(digits);
        for (int at = digits.length() - size; at > 0; at -= size) {
            out.insert(at, grouping);
        }
        return out.toString();
    }

    private String signOf(boolean negative) {
        return negative ? "-" : sign == '-' ? "" : String.valueOf(sign);
    }

    /// Write a float.
    String real(Rendering r, double value) {
        r.steps(200L + Math.max(0, precision));
        r.take(4096 + 32L * Math.max(0, precision));
        boolean negative = value < 0 || 1 / value < 0;
        double magnitude = Math.abs(value);
        String digits;
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            digits = Double.isNaN(value) ? "nan" : "inf";
            digits = Character.isUpperCase(type) ? digits.toUpperCase(Locale.ROOT) : digits;
            digits += type == '%' ? "%" : "";
        } else {
            digits = digits(magnitude);
        }
        if (grouping != 0) {
            int end = digits(digits, 0);
            digits = group(digits.substring(0, end), 3) + digits.substring(end);
        }
        return pad(r, signOf(negative), digits, '>');
    }

    private String digits(double value) {
        int places = precision < 0 ? 6 : precision;
        return switch (type) {
            case 'f', 'F' -> fixed(new BigDecimal(value), places);
            case '%' -> fixed(new BigDecimal(value * 100), places) + "%";
            case 'e' -> exponential(value, places, false);
            case 'E' -> exponential(value, places, false).toUpperCase(Locale.ROOT);
            case 'g' -> general(value, Math.max(1, places), false);
            case 'G' -> general(value, Math.max(1, places), false).toUpperCase(Locale.ROOT);
            default ->
                    precision < 0
                            ? Printer.real(value)
                            : general(value, Math.max(1, precision), true);
        };
    }

    private String fixed(BigDecimal value, int places) {
        String digits = value.setScale(places, RoundingMode.HALF_EVEN).toPlainString();
        return alternate && places == 0 ? digits + "." : digits;
    }

    private String exponential(double value, int places, boolean stripped) {
        BigDecimal exact = new BigDecimal(value);
        int exponent = 0;
        String digits = "0".repeat(places + 1);
        if (value != 0) {
            BigDecimal rounded = exact.round(new MathContext(places + 1, RoundingMode.HALF_EVEN));
            exponent = rounded.precision() - rounded.scale() - 1;
            String significant = rounded.unscaledValue().toString();
            digits =
                    significant.length() > places
                            ? significant.substring(0, places + 1)
                            : significant + "0".repeat(places + 1 - significant.length());
        }
        String mantissa =
                places == 0 && !alternate ? digits : digits.charAt(0) + "." + digits.substring(1);
        if (stripped) {
            mantissa = strip(mantissa);
        }
        return "%se%s%02d".formatted(mantissa, exponent < 0 ? "-" : "+", Math.abs(exponent));
    }

    private static String strip(String digits) {
        return digits.indexOf('.') < 0 ? digits : digits.replaceFirst("\\.?0*$", "");
    }

    /// The shorter of fixed and exponential; `wholePoint` keeps `.0`, as without a type.
    private String general(double value, int digits, boolean wholePoint) {
        int exponent = 0;
        if (value != 0) {
            BigDecimal rounded =
                    new BigDecimal(value).round(new MathContext(digits, RoundingMode.HALF_EVEN));
            exponent = rounded.precision() - rounded.scale() - 1;
        }
        if (exponent < -4 || exponent >= (wholePoint ? Math.max(digits, 2) - 1 : digits)) {
            return exponential(value, digits - 1, !alternate);
        }
        String fixed = fixed(new BigDecimal(value), Math.max(0, digits - 1 - exponent));
        String shown = alternate ? fixed : strip(fixed);
        return wholePoint && shown.indexOf('.') < 0 ? shown + ".0" : shown;
    }

    private String pad(Rendering r, String sign, String body, char normal) {
        int missing = width - Chars.length(sign) - Chars.length(body);
        if (missing <= 0) {
            return r.text(sign + body).string();
        }
        int left =
                switch (align == 0 ? normal : align) {
                    case '<' -> 0;
                    case '^' -> missing / 2;
                    default -> missing;
                };
        var out = new TextBuilder(r);
        if (align == '=') {
            return out.append(sign).repeat(fill, missing).append(body).toString();
        }
        out.repeat(fill, left).append(sign).append(body).repeat(fill, missing - left);
        return out.toString();
    }
}
