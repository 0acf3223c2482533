package dev.minke.model.template;

import java.util.BitSet;
import java.util.function.IntPredicate;

/// Python's classes of characters.
final class Chars {
    private Chars() {}

    /// `str.isspace` of one code point; also what `strip()` removes.
    static boolean isSpace(int c) {
        return switch (c) {
            case ' ', '\t', '\n', 0x0B, '\f', '\r', 0x1C, 0x1D, 0x1E, 0x1F, 0x85, 0xA0 -> true;
            case 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000 -> true;
            default -> c >= 0x2000 && c <= 0x200A;
        };
    }

    /// What `str.splitlines` takes for the end of a line.
    static boolean isLineBreak(int c) {
        return switch (c) {
            case '\n', 0x0B, '\f', '\r', 0x1C, 0x1D, 0x1E, 0x85, 0x2028, 0x2029 -> true;
            default -> false;
        };
    }

    /// Whether `repr` writes the code point as it is.
    static boolean isPrintable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR ->
                    false;
            case Character.SPACE_SEPARATOR -> c == ' ';
            default -> true;
        };
    }

    static boolean isDecimal(int c) {
        return Character.isDigit(c);
    }

    static boolean isDigit(int c) {
        int value = Character.getNumericValue(c);
        return Character.isDigit(c)
                || Character.getType(c) == Character.OTHER_NUMBER && value >= 0 && value <= 9;
    }

    static boolean isNumeric(int c) {
        int type = Character.getType(c);
        return Character.isDigit(c)
                || type == Character.OTHER_NUMBER
                || type == Character.LETTER_NUMBER;
    }

    static boolean isAlphanumeric(int c) {
        return Character.isLetter(c) || isNumeric(c);
    }

    static boolean isCased(int c) {
        return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
    }

    /// The set of the code points of a text, with membership in constant time.
    static IntPredicate in(String set) {
        if (set.length() <= 8) {
            return c -> set.indexOf(c) >= 0;
        }
        BitSet members = new BitSet();
        set.codePoints().forEach(members::set);
        return members::get;
    }

    /// Whether a text has no pairs of surrogates, so that offsets are indexes of code points.
    static boolean isFlat(String text) {
        return text.codePointCount(0, text.length()) == text.length();
    }

    static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    /// Compare by code points, as Python does; UTF-16 orders surrogates differently.
    static int compare(String a, String b) {
        int common = Math.min(a.length(), b.length());
        for (int i = 0; i < common; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                boolean surrogates = Character.isSurrogate(x) || Character.isSurrogate(y);
                return surrogates
                        ? Integer.compare(
                                Character.isSurrogate(x) ? 0x10000 + x : x,
                                Character.isSurrogate(y) ? 0x10000 + y : y)
                        : Character.compare(x, y);
            }
        }
        return Integer.compare(a.length(), b.length());
    }
}
