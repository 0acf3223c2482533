package dev.minke.model.text;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Turn a pattern of Oniguruma, in which tokenizer.json is written, into one of Java.
///
/// With the flags here both read alike what tokenizers use: `\s` means Unicode white space, `^` and
/// `$` match at lines, only `\n` ends a line, `(?i:s)` takes U+017F too. Scripts are named
/// differently. What Java would read as something else is refused. One difference is left: `\w`
/// takes the joiners U+200C and U+200D here, and superscripts and fractions of Latin-1 there.
final class OnigurumaPattern {
    private static final int FLAGS =
            Pattern.UNICODE_CHARACTER_CLASS | Pattern.MULTILINE | Pattern.UNIX_LINES;

    // An escape with what belongs to it, or a POSIX class.
    private static final Pattern PARTS =
            Pattern.compile("\\\\([pP])\\{(\\^?)([^}]*)}|\\\\(.)|\\[:\\^?[a-z]+:]", Pattern.DOTALL);

    private static final int SHOWN = 200;
    private static final Pattern COUNTS = Pattern.compile("\\{(\\d{1,18})(?:,(\\d{0,18}))?}");
    private static final long MOST_REPEATS = 1000;

    /// Kimi-K2's has 332; very many alternatives take a deep stack.
    private static final int LONGEST = 8192;

    private OnigurumaPattern() {}

    /// Compile; throws PatternSyntaxException for what neither reads, and IllegalArgumentException
    /// for what they would read differently.
    static Pattern compile(String pattern) {
        if (pattern.length() > LONGEST) {
            throw new IllegalArgumentException(
                    "\"%s\" has %d characters; expected at most %d"
                            .formatted(shown(pattern), pattern.length(), LONGEST));
        }
        checkRepeats(pattern);
        Matcher part = PARTS.matcher(pattern);
        StringBuilder java = new StringBuilder();
        while (part.find()) {
            part.appendReplacement(java, Matcher.quoteReplacement(translate(part, pattern)));
        }
        return Pattern.compile(part.appendTail(java).toString(), FLAGS);
    }

    /// Repeating nothing looks at no character, so that counting those would not end it.
    private static void checkRepeats(String pattern) {
        Matcher counts = COUNTS.matcher(pattern);
        long repeats = 1;
        while (counts.find() && repeats <= MOST_REPEATS) {
            boolean bounded = counts.group(2) != null && !counts.group(2).isEmpty();
            long most = Long.parseLong(counts.group(bounded ? 2 : 1));
            repeats *= Math.clamp(most, 1, MOST_REPEATS + 1);
        }
        if (repeats > MOST_REPEATS) {
            throw new IllegalArgumentException(
                    "\"%s\" has counts that make more than %d repeats, which is not supported"
                            .formatted(shown(pattern), MOST_REPEATS));
        }
    }

    /// The start of a pattern, for messages.
    static String shown(String pattern) {
        return pattern.length() <= SHOWN ? pattern : pattern.substring(0, SHOWN) + "...";
    }

    private static String translate(Matcher part, String pattern) {
        if (part.group(3) != null) {
            boolean negated = part.group(1).equals("P") != part.group(2).equals("^");
            return "\\%s{%s%s}"
                    .formatted(
                            negated ? "P" : "p",
                            isScript(part.group(3)) ? "Is" : "",
                            part.group(3));
        }
        String escape = part.group(4);
        if (escape == null || "hHyYKONQEXZ".contains(escape)) {
            throw new IllegalArgumentException(
                    "\"%s\" has %s, which is not supported"
                            .formatted(shown(pattern), part.group()));
        }
        return part.group();
    }

    private static boolean isScript(String name) {
        try {
            return Character.UnicodeScript.forName(name) != null;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
