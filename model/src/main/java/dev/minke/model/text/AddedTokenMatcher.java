package dev.minke.model.text;

import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/// Cut text at added tokens: the leftmost, and the longest among those that start there.
///
/// A match that its flags forbid is passed over as a whole, as Hugging Face's tokenizers do.
final class AddedTokenMatcher {
    /// The id of a range without added tokens.
    static final int PLAIN = -1;

    /// Receives the ranges of a text in order.
    @FunctionalInterface
    interface Sink {
        /// Take the range from `start` to `end`: the token `id`, or `PLAIN` text.
        void range(int start, int end, int id);
    }

    private final Map<String, AddedToken> tokens = new HashMap<>();
    private final BitSet firsts = new BitSet();
    // By first character, the lengths that occur, longest first.
    private final Map<Character, int[]> lengths = new HashMap<>();

    AddedTokenMatcher(List<AddedToken> added) {
        for (AddedToken token : added) {
            String content = token.content();
            tokens.put(content, token);
            firsts.set(content.charAt(0));
            int[] length = {content.length()};
            lengths.merge(content.charAt(0), length, AddedTokenMatcher::union);
        }
    }

    /// Cut the range from `start` to `end` as if nothing stood outside it.
    void cut(String text, int start, int end, Sink sink) {
        int plain = start;
        int at = find(text, start, end);
        while (at < end) {
            int length = lengthAt(text, at, end);
            AddedToken token = Objects.requireNonNull(tokens.get(text.substring(at, at + length)));
            int to = at + length;
            if (!token.singleWord() || standsAlone(text, start, at, to, end)) {
                int from = token.lstrip() ? spaceBefore(text, plain, at) : at;
                if (plain < from) {
                    sink.range(plain, from, PLAIN);
                }
                // Space that goes along may hold the beginning of the next token all the same.
                plain = token.rstrip() ? spaceBehind(text, to, end) : to;
                sink.range(from, plain, token.id());
            }
            at = find(text, to, end);
        }
        if (plain < end) {
            sink.range(plain, end, PLAIN);
        }
    }

    private int find(String text, int start, int end) {
        if (firsts.isEmpty()) {
            return end;
        }
        for (int i = start; i < end; i++) {
            if (firsts.get(text.charAt(i)) && lengthAt(text, i, end) > 0) {
                return i;
            }
        }
        return end;
    }

    private int lengthAt(String text, int at, int end) {
        for (int length : lengths.getOrDefault(text.charAt(at), new int[0])) {
            if (length <= end - at && tokens.containsKey(text.substring(at, at + length))) {
                return length;
            }
        }
        return 0;
    }

    private static boolean standsAlone(String text, int start, int from, int to, int end) {
        return (from == start || !isWord(text.codePointBefore(from)))
                && (to == end || !isWord(text.codePointAt(to)));
    }

    private static int spaceBefore(String text, int start, int at) {
        int from = at;
        while (from > start && isSpace(text.charAt(from - 1))) {
            from--;
        }
        return from;
    }

    private static int spaceBehind(String text, int at, int end) {
        int to = at;
        while (to < end && isSpace(text.charAt(to))) {
            to++;
        }
        return to;
    }

    // What `\w` means in Unicode's regular expressions.
    private static boolean isWord(int point) {
        return switch (Character.getType(point)) {
            case Character.NON_SPACING_MARK,
                    Character.ENCLOSING_MARK,
                    Character.COMBINING_SPACING_MARK,
                    Character.DECIMAL_DIGIT_NUMBER,
                    Character.CONNECTOR_PUNCTUATION ->
                    true;
            default -> Character.isAlphabetic(point) || point == 0x200C || point == 0x200D;
        };
    }

    // Unicode's White_Space, all of it in the lowest plane.
    private static boolean isSpace(char c) {
        return c >= '\t' && c <= '\r'
                || c == 0x85
                || c == 0xA0
                || Character.isWhitespace(c) && (c < 0x1C || c > 0x1F)
                || c == 0x2007
                || c == 0x202F;
    }

    private static int[] union(int[] a, int[] b) {
        return IntStream.concat(IntStream.of(a), IntStream.of(b))
                .distinct()
                .boxed()
                .sorted(Comparator.reverseOrder())
                .mapToInt(Integer::intValue)
                .toArray();
    }
}
