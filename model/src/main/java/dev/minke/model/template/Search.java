package dev.minke.model.template;

/// A text to look for, in time that is linear in the text it is looked for in.
///
/// Short ones are left to String; for long ones the naive search could be made quadratic, so they
/// are found by the method of Knuth, Morris and Pratt.
final class Search {
    private static final int SHORT = 32;

    private final Rendering r;
    private final String wanted;
    private int[] forward = {};
    private int[] backward = {};

    private Search(Rendering r, String wanted) {
        this.r = r;
        this.wanted = wanted;
    }

    static Search of(Rendering r, String wanted) {
        return new Search(r, wanted);
    }

    String wanted() {
        return wanted;
    }

    /// The first place at or behind `from`; -1 if there is none.
    int indexIn(String text, int from) {
        int found = find(text, from);
        r.step();
        r.scan((found < 0 ? text.length() : found) - (long) from);
        return found;
    }

    /// The last place whose end is at or before `to`; -1 if there is none.
    int lastIndexIn(String text, int to) {
        int found = findLast(text, to);
        r.step();
        r.scan(to - (long) Math.max(found, 0));
        return found;
    }

    private int find(String text, int from) {
        if (wanted.length() <= SHORT) {
            return text.indexOf(wanted, from);
        }
        if (forward.length == 0) {
            forward = failures(false);
        }
        int matched = 0;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            while (matched > 0 && wanted.charAt(matched) != c) {
                matched = forward[matched - 1];
            }
            if (wanted.charAt(matched) == c && ++matched == wanted.length()) {
                return i + 1 - matched;
            }
        }
        return -1;
    }

    private int findLast(String text, int to) {
        if (wanted.length() <= SHORT) {
            return to < wanted.length() ? -1 : text.lastIndexOf(wanted, to - wanted.length());
        }
        if (backward.length == 0) {
            backward = failures(true);
        }
        int last = wanted.length() - 1;
        int matched = 0;
        for (int i = to - 1; i >= 0; i--) {
            char c = text.charAt(i);
            while (matched > 0 && wanted.charAt(last - matched) != c) {
                matched = backward[matched - 1];
            }
            if (wanted.charAt(last - matched) == c && ++matched == wanted.length()) {
                return i;
            }
        }
        return -1;
    }

    /// For each length of a prefix, how much of it is also its end.
    private int[] failures(boolean reversed) {
        int length = wanted.length();
        r.grow(length / 8 + 1L);
        r.scan(length);
        int[] failures = new int[length];
        int matched = 0;
        for (int i = 1; i < length; i++) {
            char c = wanted.charAt(reversed ? length - 1 - i : i);
            while (matched > 0 && wanted.charAt(reversed ? length - 1 - matched : matched) != c) {
                matched = failures[matched - 1];
            }
            if (wanted.charAt(reversed ? length - 1 - matched : matched) == c) {
                matched++;
            }
            failures[i] = matched;
        }
        return failures;
    }

    /// Replace at most `most` places, all if it is negative.
    String replace(String text, String by, int most) {
        if (most == 0) {
            return text;
        }
        int limit = most < 0 ? Integer.MAX_VALUE : most;
        if (wanted.isEmpty()) {
            return interleave(text, by, limit);
        }
        int found = indexIn(text, 0);
        if (found < 0) {
            return text;
        }
        var out = new TextBuilder(r);
        int from = 0;
        for (int i = 0; found >= 0 && i < limit; i++) {
            out.append(text, from, found).append(by);
            from = found + wanted.length();
            found = indexIn(text, from);
        }
        return out.append(text, from, text.length()).toString();
    }

    /// An empty text is found before every character and at the end.
    private String interleave(String text, String by, int limit) {
        var out = new TextBuilder(r);
        int left = limit;
        int at = 0;
        while (at < text.length() && left > 0) {
            int next = text.offsetByCodePoints(at, 1);
            out.append(by).append(text, at, next);
            at = next;
            left--;
        }
        out.append(text, at, text.length());
        if (left > 0) {
            out.append(by);
        }
        return out.toString();
    }
}
