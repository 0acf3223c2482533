package dev.minke.infer;

import java.util.List;
import java.util.Optional;

/// Looks for stop strings in a text that comes in pieces.
///
/// What may be the beginning of a stop string is held back until it is known. The stop string that
/// is complete first ends the text, the longest of several that end together; so the outcome does
/// not depend on how the text is cut. Time per character does not grow with the stop strings'
/// lengths (Knuth, Morris, Pratt 1977). Not thread-safe.
public final class StopMatcher {
    private final String[] stops;
    private final int[][] shorter; // by stop, by length matched - 1: next shorter match
    private final int[] matched; // by stop: how much of it the text ends in
    private final StringBuilder held = new StringBuilder();
    private Optional<String> found = Optional.empty();

    /// @param stops texts that end the text, none of them empty
    public StopMatcher(List<String> stops) {
        this.stops = stops.toArray(String[]::new);
        this.matched = new int[this.stops.length];
        this.shorter = new int[this.stops.length][];
        for (int s = 0; s < shorter.length; s++) {
            if (this.stops[s].isEmpty()) {
                throw new IllegalArgumentException("a stop string is empty");
            }
            shorter[s] = borders(this.stops[s]);
        }
    }

    private static int[] borders(String text) {
        int[] border = new int[text.length()];
        int length = 0;
        for (int i = 1; i < border.length; i++) {
            length = advance(text, border, length, text.charAt(i));
            border[i] = length;
        }
        return border;
    }

    /// How much of `text` is matched after one character more.
    private static int advance(String text, int[] border, int length, char next) {
        int now = length;
        while (now > 0 && text.charAt(now) != next) {
            now = border[now - 1];
        }
        return text.charAt(now) == next ? now + 1 : 0;
    }

    /// Take a piece of whole characters, and give what surely comes before any stop string.
    ///
    /// Gives nothing once a stop string was found.
    public String accept(String piece) {
        if (found.isPresent()) {
            return "";
        }
        if (stops.length == 0) {
            return piece;
        }
        for (int i = 0; i < piece.length(); i++) {
            char next = piece.charAt(i);
            held.append(next);
            if (advance(next)) {
                return release(held.length() - found.orElseThrow().length());
            }
        }
        int possible = 0;
        for (int length : matched) {
            possible = Math.max(possible, length);
        }
        return release(held.length() - possible);
    }

    private boolean advance(char next) {
        int longest = 0;
        for (int s = 0; s < stops.length; s++) {
            matched[s] = advance(stops[s], shorter[s], matched[s], next);
            if (matched[s] == stops[s].length() && matched[s] > longest) {
                longest = matched[s];
                found = Optional.of(stops[s]);
            }
        }
        return longest > 0;
    }

    private String release(int length) {
        String text = held.substring(0, length);
        held.delete(0, length);
        return text;
    }

    /// Give what was held back, when no more text comes; nothing if a stop string was found.
    public String flush() {
        return found.isPresent() ? "" : release(held.length());
    }

    /// The stop string that ended the text.
    public Optional<String> found() {
        return found;
    }
}
