package dev.minke.model.template;

import java.util.ArrayList;
import java.util.List;

/// The methods `split` and `rsplit` of strings.
final class Splitting {
    private Splitting() {}

    static List<String> split(Rendering r, String s, String name, Args args) {
        Args.Bound bound = args.bind(r, name, "sep", "maxsplit");
        int most = bound.integerOr(1, -1);
        int limit = most < 0 ? Integer.MAX_VALUE : most;
        boolean backwards = name.equals("rsplit");
        if (!bound.given(0)) {
            return backwards ? lastWords(r, s, limit) : words(r, s, limit);
        }
        String separator = bound.text(0);
        if (separator.isEmpty()) {
            throw r.fail("empty separator");
        }
        Search search = Search.of(r, separator);
        return backwards ? lastParts(r, s, search, limit) : parts(r, s, search, limit);
    }

    private static List<String> parts(Rendering r, String s, Search search, int limit) {
        List<String> parts = new ArrayList<>();
        int from = 0;
        int found = limit == 0 ? -1 : search.indexIn(s, 0);
        while (found >= 0) {
            r.characters(found - (long) from);
            parts.add(s.substring(from, found));
            from = found + search.wanted().length();
            found = parts.size() == limit ? -1 : search.indexIn(s, from);
        }
        r.characters(s.length() - (long) from);
        parts.add(s.substring(from));
        return parts;
    }

    private static List<String> lastParts(Rendering r, String s, Search search, int limit) {
        List<String> parts = new ArrayList<>();
        int to = s.length();
        int found = limit == 0 ? -1 : search.lastIndexIn(s, to);
        while (found >= 0) {
            int from = found + search.wanted().length();
            r.characters(to - (long) from);
            parts.add(s.substring(from, to));
            to = found;
            found = parts.size() == limit ? -1 : search.lastIndexIn(s, to);
        }
        r.characters(to);
        parts.add(s.substring(0, to));
        return parts.reversed();
    }

    private static List<String> words(Rendering r, String s, int limit) {
        List<String> words = new ArrayList<>();
        int from = skipSpace(s, 0);
        while (from < s.length()) {
            int to = from;
            while (to < s.length() && !Chars.isSpace(s.charAt(to))) {
                to++;
            }
            to = words.size() == limit ? s.length() : to;
            r.characters(to - (long) from);
            words.add(s.substring(from, to));
            from = skipSpace(s, to);
        }
        return words;
    }

    private static int skipSpace(String s, int from) {
        int at = from;
        while (at < s.length() && Chars.isSpace(s.charAt(at))) {
            at++;
        }
        return at;
    }

    private static List<String> lastWords(Rendering r, String s, int limit) {
        List<String> words = new ArrayList<>();
        int to = skipSpaceBack(s, s.length());
        while (to > 0) {
            int from = to;
            while (from > 0 && !Chars.isSpace(s.charAt(from - 1))) {
                from--;
            }
            from = words.size() == limit ? 0 : from;
            r.characters(to - (long) from);
            words.add(s.substring(from, to));
            to = skipSpaceBack(s, from);
        }
        return words.reversed();
    }

    private static int skipSpaceBack(String s, int to) {
        int at = to;
        while (at > 0 && Chars.isSpace(s.charAt(at - 1))) {
            at--;
        }
        return at;
    }
}
