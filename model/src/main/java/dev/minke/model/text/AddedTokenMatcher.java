package dev.minke.model.text;

import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// Find added tokens in text: the leftmost, and the longest among those that start there.
final class AddedTokenMatcher {
    private final Map<String, Integer> ids = new HashMap<>();
    private final BitSet firsts = new BitSet();
    // By first character, the lengths that occur, longest first.
    private final Map<Character, int[]> lengths = new HashMap<>();

    AddedTokenMatcher(List<AddedToken> tokens) {
        for (AddedToken token : tokens) {
            String content = token.content();
            ids.put(content, token.id());
            firsts.set(content.charAt(0));
            int[] length = {content.length()};
            lengths.merge(content.charAt(0), length, AddedTokenMatcher::union);
        }
    }

    /// Give the id of an added token, or -1.
    int id(String token) {
        return ids.getOrDefault(token, -1);
    }

    /// Find the next position from `start` on where an added token begins, or `text.length()`.
    int find(String text, int start) {
        if (firsts.isEmpty()) {
            return text.length();
        }
        for (int i = start; i < text.length(); i++) {
            if (firsts.get(text.charAt(i)) && lengthAt(text, i) > 0) {
                return i;
            }
        }
        return text.length();
    }

    /// Give the length of the longest added token at a position, or 0.
    int lengthAt(String text, int at) {
        for (int length : lengths.getOrDefault(text.charAt(at), new int[0])) {
            if (length <= text.length() - at && ids.containsKey(text.substring(at, at + length))) {
                return length;
            }
        }
        return 0;
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
