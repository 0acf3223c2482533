package dev.minke.infer.constrain;

/// Reads a text character by character, with complaints that name line and column.
final class Scanner {
    private final String kind;
    private final String text;
    private int at;

    Scanner(String kind, String text) {
        this.kind = kind;
        this.text = text;
    }

    boolean atEnd() {
        return at == text.length();
    }

    int offset() {
        return at;
    }

    /// The next code point, or -1 at the end.
    int peek() {
        return atEnd() ? -1 : text.codePointAt(at);
    }

    boolean at(String expected) {
        return text.startsWith(expected, at);
    }

    int next() {
        if (atEnd()) {
            throw error("the text ends in the middle");
        }
        int codePoint = text.codePointAt(at);
        at += Character.charCount(codePoint);
        return codePoint;
    }

    boolean take(String expected) {
        if (!at(expected)) {
            return false;
        }
        at += expected.length();
        return true;
    }

    void expect(String expected) {
        if (!take(expected)) {
            throw error("found " + found() + "; expected '" + expected + "'");
        }
    }

    String found() {
        return atEnd() ? "the end" : "'" + Character.toString(peek()) + "'";
    }

    String between(int from, int to) {
        return text.substring(from, to);
    }

    /// Read exactly `digits` hexadecimal digits as a code point.
    int hex(int digits) {
        int from = at;
        long value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = Character.digit(peek(), 16);
            if (digit < 0 || peek() > 0x7F) {
                throw error("found %s; expected %d hexadecimal digits".formatted(found(), digits));
            }
            value = 16 * value + digit;
            at++;
        }
        return codePoint(value, from);
    }

    /// Check that a number is a character that can be written in UTF-8.
    int codePoint(long value, int from) {
        if (value > CodePoints.LAST || value >= 0xD800 && value <= 0xDFFF) {
            throw error(from, "U+%04X is not a character".formatted(value));
        }
        return (int) value;
    }

    /// Read a decimal number up to `most`, or -1 if there is none.
    int number(int most) {
        int from = at;
        long value = -1;
        while (!atEnd() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            value = 10 * Math.max(0, value) + text.charAt(at++) - '0';
            if (value > most) {
                throw error(
                        from, "the number is too large; at most %d is possible".formatted(most));
            }
        }
        return (int) value;
    }

    MalformedGrammar error(String problem) {
        return error(at, problem);
    }

    MalformedGrammar error(int offset, String problem) {
        return MalformedGrammar.at(kind, text, offset, problem);
    }
}
