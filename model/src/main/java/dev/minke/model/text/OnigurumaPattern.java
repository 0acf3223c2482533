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

    private OnigurumaPattern() {}

    /// Compile; throws PatternSyntaxException for what neither reads, and IllegalArgumentException
    /// for what they would read differently.
    static Pattern compile(String pattern) {
        Matcher part = PARTS.matcher(pattern);
        StringBuilder java = new StringBuilder();
        while (part.find()) {
            part.appendReplacement(java, Matcher.quoteReplacement(translate(part, pattern)));
        }
        return Pattern.compile(part.appendTail(java).toString(), FLAGS);
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
                    "\"%s\" has %s, which is not supported".formatted(pattern, part.group()));
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
