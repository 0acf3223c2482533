package dev.minke.model.template;

/// Find where a number ends.
final class NumberEnd {
    private NumberEnd() {}

    static boolean isDigit(char c, int radix) {
        return c < 0x80 && Character.digit(c, radix) >= 0;
    }

    /// Skip digits with single underscores between them; the offset behind the last digit.
    private static int digits(String text, int from, int radix) {
        int at = from;
        while (at < text.length()) {
            if (isDigit(text.charAt(at), radix)) {
                at++;
            } else if (at > from
                    && text.charAt(at) == '_'
                    && at + 1 < text.length()
                    && isDigit(text.charAt(at + 1), radix)) {
                at += 2;
            } else {
                break;
            }
        }
        return at;
    }

    /// The end of the float that begins with a digit at `start`; -1 if it is none.
    static int ofFloat(String text, int start) {
        if (start > 0 && text.charAt(start - 1) == '.') {
            return -1;
        }
        int exponent = digits(text, start, 10);
        int end = -1;
        if (exponent < text.length() && text.charAt(exponent) == '.') {
            int fraction = digits(text, exponent + 1, 10);
            if (fraction == exponent + 1) {
                return -1;
            }
            end = fraction;
            exponent = fraction;
        }
        if (exponent < text.length() && (text.charAt(exponent) | 0x20) == 'e') {
            int from = exponent + 1;
            if (from < text.length() && "+-".indexOf(text.charAt(from)) >= 0) {
                from++;
            }
            int last = digits(text, from, 10);
            end = last > from ? last : end;
        }
        return end;
    }

    /// The end of the integer that begins with a digit at `start`.
    static int ofInteger(String text, int start) {
        if (text.charAt(start) != '0') {
            return digits(text, start, 10);
        }
        int radix =
                switch (start + 1 < text.length() ? text.charAt(start + 1) | 0x20 : 0) {
                    case 'b' -> 2;
                    case 'o' -> 8;
                    case 'x' -> 16;
                    default -> 1;
                };
        if (radix > 1) {
            int from = start + 2;
            from += from < text.length() && text.charAt(from) == '_' ? 1 : 0;
            int end = digits(text, from, radix);
            return end > from ? end : start + 1;
        }
        int end = start + 1;
        while (end < text.length() && (text.charAt(end) == '0' || text.startsWith("_0", end))) {
            end += text.charAt(end) == '0' ? 1 : 2;
        }
        return end;
    }
}
