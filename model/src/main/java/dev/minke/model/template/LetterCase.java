package dev.minke.model.template;

import java.util.Locale;
import java.util.function.IntPredicate;

/// The methods of strings that change the case of letters, and those that ask for it.
final class LetterCase {
    private LetterCase() {}

    static String change(String s, String name) {
        return switch (name) {
            case "upper" -> s.toUpperCase(Locale.ROOT);
            case "lower" -> s.toLowerCase(Locale.ROOT);
            case "capitalize" -> {
                if (s.isEmpty()) {
                    yield s;
                }
                int second = s.offsetByCodePoints(0, 1);
                yield titleCase(s.codePointAt(0)) + s.substring(second).toLowerCase(Locale.ROOT);
            }
            case "title" -> title(s);
            default -> swapCase(s);
        };
    }

    private static String titleCase(int c) {
        int title = Character.toTitleCase(c);
        return title == c && !Character.isTitleCase(c)
                ? upperFirst(Character.toString(c))
                : Character.toString(title);
    }

    /// What becomes several letters, such as the German sharp s, has only the first one large.
    private static String upperFirst(String letter) {
        String upper = letter.toUpperCase(Locale.ROOT);
        if (letter.equals("\u0149")) {
            return upper; // the n behind its apostrophe becomes large
        }
        int second = upper.offsetByCodePoints(0, 1);
        return upper.substring(0, second) + upper.substring(second).toLowerCase(Locale.ROOT);
    }

    private static String title(String s) {
        var out = new StringBuilder(s.length());
        boolean within = false;
        for (int i = 0; i < s.length(); ) {
            int c = s.codePointAt(i);
            i += Character.charCount(c);
            String letter = Character.toString(c);
            out.append(within ? letter.toLowerCase(Locale.ROOT) : titleCase(c));
            within = Chars.isCased(c);
        }
        return out.toString();
    }

    private static String swapCase(String s) {
        var out = new StringBuilder(s.length());
        for (int i = 0; i < s.length(); ) {
            int c = s.codePointAt(i);
            i += Character.charCount(c);
            String letter = Character.toString(c);
            out.append(
                    Character.isUpperCase(c)
                            ? letter.toLowerCase(Locale.ROOT)
                            : Character.isLowerCase(c) ? letter.toUpperCase(Locale.ROOT) : letter);
        }
        return out.toString();
    }

    /// Answer `isdigit`, `isupper` and the like.
    static boolean is(String s, String name) {
        return switch (name) {
            case "isascii" -> s.chars().allMatch(c -> c < 0x80);
            case "isdigit" -> all(s, Chars::isDigit);
            case "isdecimal" -> all(s, Chars::isDecimal);
            case "isnumeric" -> all(s, Chars::isNumeric);
            case "isalpha" -> all(s, Character::isLetter);
            case "isalnum" -> all(s, Chars::isAlphanumeric);
            case "isspace" -> all(s, Chars::isSpace);
            case "isupper" ->
                    s.codePoints().anyMatch(Character::isUpperCase)
                            && s.codePoints()
                                    .noneMatch(c ->
                                            Character.isLowerCase(c) || Character.isTitleCase(c));
            case "islower" ->
                    s.codePoints().anyMatch(Character::isLowerCase)
                            && s.codePoints()
                                    .noneMatch(c ->
                                            Character.isUpperCase(c) || Character.isTitleCase(c));
            default -> isTitle(s);
        };
    }

    private static boolean all(String s, IntPredicate test) {
        return !s.isEmpty() && s.codePoints().allMatch(test);
    }

    private static boolean isTitle(String s) {
        boolean within = false;
        boolean any = false;
        for (int c : s.codePoints().toArray()) {
            boolean upper = Character.isUpperCase(c) || Character.isTitleCase(c);
            if (upper && within || Character.isLowerCase(c) && !within) {
                return false;
            }
            within = Chars.isCased(c);
            any |= within;
        }
        return any;
    }
}
