package dev.minke.model.text;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Isolate the matches of one character class, of runs of it, or of such runs with a space before.
///
/// Does what `RegexSplit` would do for such expressions, but needs nothing for each piece: in a
/// sequence of splits nearly every piece is a word already.
final class RunSplit implements PreTokenizer {
    // A class without classes in it; single, in runs, or in runs of bounded length.
    private static final Pattern RUNS =
            Pattern.compile(
                    "(\\\\s\\?)?(\\[(?:[^\\[\\]\\\\&]|\\\\.)+]|\\\\p\\{\\w+})"
                            + "(\\+|\\{1,(\\d{1,3})})?");
    private static final int LONGEST = 1024;
    private static final CodePointClass SPACE = new CodePointClass(OnigurumaPattern.compile("\\s"));

    private final CodePointClass members;
    private final boolean spaceBefore;
    private final int longest;

    private RunSplit(CodePointClass members, boolean spaceBefore, int longest) {
        this.members = members;
        this.spaceBefore = spaceBefore;
        this.longest = longest;
    }

    /// Tell whether a pattern is of this kind.
    static boolean fits(String pattern) {
        if (pattern.length() > LONGEST) {
            return false; // the expression above goes a step deeper for each letter
        }
        Matcher runs = RUNS.matcher(pattern);
        // With a space before it, a bounded run would have to give characters back.
        return runs.matches() && (runs.group(1) == null || "+".equals(runs.group(3)));
    }

    /// Make the split of a pattern that fits.
    static RunSplit of(String pattern) {
        Matcher runs = RUNS.matcher(pattern);
        if (!runs.matches()) {
            throw new IllegalArgumentException("\"" + pattern + "\" is not a run of one class");
        }
        int longest = 1;
        if (runs.group(4) != null) {
            longest = Integer.parseInt(runs.group(4));
        } else if (runs.group(3) != null) {
            longest = Integer.MAX_VALUE;
        }
        return new RunSplit(
                new CodePointClass(OnigurumaPattern.compile(runs.group(2))),
                runs.group(1) != null,
                longest);
    }

    @Override
    public void split(String text, int start, int end, PieceSink sink) {
        int from = start;
        int at = start;
        // Where the character before `at` begins if it is white space, else -1.
        int space = -1;
        while (at < end) {
            int point = pointAt(text, at, end);
            if (!members.contains(point)) {
                space = spaceBefore && SPACE.contains(point) ? at : -1;
                at += Character.charCount(point);
                continue;
            }
            int first = space >= 0 ? space : at;
            if (from < first) {
                sink.piece(from, first);
            }
            from = runEnd(text, at, end);
            sink.piece(first, from);
            at = from;
            space = -1;
        }
        if (from < end) {
            sink.piece(from, end);
        }
    }

    private int runEnd(String text, int start, int end) {
        int at = start;
        for (int n = 0; n < longest && at < end; n++) {
            int point = pointAt(text, at, end);
            if (!members.contains(point)) {
                break;
            }
            at += Character.charCount(point);
        }
        return at;
    }

    // Like `codePointAt`, without looking beyond the range.
    private static int pointAt(String text, int at, int end) {
        char c = text.charAt(at);
        return Character.isHighSurrogate(c) && at + 1 < end ? text.codePointAt(at) : c;
    }
}
