package dev.minke.model.text;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Isolate the matches of one regular expression.
final class RegexSplit implements PreTokenizer {
    private final Pattern pattern;

    RegexSplit(Pattern pattern) {
        this.pattern = pattern;
    }

    @Override
    public void split(String text, int start, int end, PieceSink sink) {
        // A region hides what lies outside from anchors and lookahead, as a piece must.
        Matcher matcher = pattern.matcher(new Metered(text, pattern, end - start));
        matcher.region(start, end);
        int from = start;
        while (from < end && find(matcher)) {
            if (matcher.end() == matcher.start()) {
                continue;
            }
            if (from < matcher.start()) {
                sink.piece(from, matcher.start());
            }
            sink.piece(matcher.start(), matcher.end());
            from = matcher.end();
        }
        if (from < end) {
            sink.piece(from, end);
        }
    }

    private boolean find(Matcher matcher) {
        try {
            return matcher.find();
        } catch (StackOverflowError e) {
            throw new IllegalArgumentException(
                    "the pre-tokenizer pattern \"%s\" nests too deeply on this text"
                            .formatted(OnigurumaPattern.shown(pattern.pattern())),
                    e);
        }
    }

    /// Counts the characters an expression looks at, so that a hostile one cannot run for ever.
    private static final class Metered implements CharSequence {
        private static final long LOOKS_PER_CHARACTER = 2000;
        private static final long LOOKS_AT_LEAST = 1_000_000;

        private final String text;
        private final Pattern pattern;
        private long left;

        Metered(String text, Pattern pattern, int length) {
            this.text = text;
            this.pattern = pattern;
            this.left = LOOKS_AT_LEAST + LOOKS_PER_CHARACTER * length;
        }

        @Override
        public char charAt(int index) {
            if (--left < 0) {
                throw new IllegalArgumentException(
                        "the pre-tokenizer pattern \"%s\" backtracks without end"
                                .formatted(OnigurumaPattern.shown(pattern.pattern())));
            }
            return text.charAt(index);
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.subSequence(start, end);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
