package dev.minke.infer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.minke.tensor.Rng;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StopMatcherTests {
    @Test
    void withoutStopStringsAllPassesAtOnce() {
        StopMatcher matcher = new StopMatcher(List.of());
        assertThat(matcher.accept("any text")).isEqualTo("any text");
        assertThat(matcher.flush()).isEmpty();
        assertThat(matcher.found()).isEmpty();
    }

    @Test
    void aBeginningIsHeldBackUntilItIsKnown() {
        StopMatcher matcher = new StopMatcher(List.of("User:"));
        assertThat(matcher.accept("Fine. U")).isEqualTo("Fine. ");
        assertThat(matcher.accept("se")).isEmpty();
        assertThat(matcher.accept(" it, Us")).isEqualTo("Use it, ");
        assertThat(matcher.accept("er")).isEmpty();
        assertThat(matcher.accept(": hello")).isEmpty();
        assertThat(matcher.found()).contains("User:");
        assertThat(matcher.accept("more")).isEmpty();
        assertThat(matcher.flush()).isEmpty();
    }

    @Test
    void theEndOfTheTextReleasesWhatWasHeld() {
        StopMatcher matcher = new StopMatcher(List.of("\n\n"));
        assertThat(matcher.accept("one\n")).isEqualTo("one");
        assertThat(matcher.flush()).isEqualTo("\n");
        assertThat(matcher.found()).isEmpty();
    }

    @Test
    void aFailedMatchMayBeTheBeginningOfAnother() {
        StopMatcher matcher = new StopMatcher(List.of("aab"));
        assertThat(matcher.accept("aaa")).isEqualTo("a");
        assertThat(matcher.accept("a")).isEqualTo("a");
        assertThat(matcher.accept("bc")).isEmpty();
        assertThat(matcher.found()).contains("aab");
        StopMatcher overlap = new StopMatcher(List.of("abcabd"));
        assertThat(overlap.accept("abcabcabd")).isEqualTo("abc");
    }

    @Test
    void theFirstToBeCompleteWinsAndOfThoseTheLongest() {
        StopMatcher inner = new StopMatcher(List.of("abcdef", "cd"));
        assertThat(inner.accept("xabcdef")).isEqualTo("xab");
        assertThat(inner.found()).contains("cd");
        StopMatcher together = new StopMatcher(List.of("d", "bcd", "cd"));
        assertThat(together.accept("abcd")).isEqualTo("a");
        assertThat(together.found()).contains("bcd");
    }

    @Test
    void charactersOfTwoHalvesStayWhole() {
        StopMatcher matcher = new StopMatcher(List.of("🐋!"));
        assertThat(matcher.accept("a🐊")).as("its first half is the same").isEqualTo("a🐊");
        assertThat(matcher.accept("b🐋")).isEqualTo("b");
        assertThat(matcher.accept("?")).isEqualTo("🐋?");
        assertThat(matcher.accept("c🐋!")).isEqualTo("c");
    }

    @Test
    void anEmptyStopStringIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new StopMatcher(List.of("a", "")))
                .withMessage("a stop string is empty");
    }

    /// Against a search in the whole text, for texts of two letters cut anywhere.
    @Test
    void theOutcomeDoesNotDependOnTheCuts() {
        Rng rng = new Rng(4);
        int hits = 0;
        for (int trial = 0; trial < 3000; trial++) {
            List<String> stops = new ArrayList<>();
            for (int s = rng.nextInt(4); s >= 0; s--) {
                stops.add(letters(1 + rng.nextInt(6), rng));
            }
            String text = letters(rng.nextInt(25), rng);
            StopMatcher matcher = new StopMatcher(stops);
            StringBuilder out = new StringBuilder();
            for (int from = 0; from < text.length(); ) {
                int to = Math.min(text.length(), from + rng.nextInt(4));
                out.append(matcher.accept(text.substring(from, to)));
                String safe = text.substring(0, to);
                assertThat(safe).startsWith(out);
                if (matcher.found().isEmpty()) {
                    // no more is held than may still become a stop string
                    String held = safe.substring(out.length());
                    assertThat(held.isEmpty() || stops.stream().anyMatch(s -> s.startsWith(held)))
                            .isTrue();
                }
                from = to;
            }
            out.append(matcher.flush());
            String expected = cut(text, stops);
            assertThat(out.toString()).as("%s of %s", text, stops).isEqualTo(expected);
            assertThat(matcher.found().isPresent()).isEqualTo(expected.length() < text.length());
            hits += matcher.found().isPresent() ? 1 : 0;
        }
        assertThat(hits).isBetween(500, 2800);
    }

    private static String cut(String text, List<String> stops) {
        for (int end = 1; end <= text.length(); end++) {
            String before = text.substring(0, end);
            int longest =
                    stops.stream()
                            .filter(before::endsWith)
                            .mapToInt(String::length)
                            .max()
                            .orElse(0);
            if (longest > 0) {
                return text.substring(0, end - longest);
            }
        }
        return text;
    }

    private static String letters(int n, Rng rng) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < n; i++) {
            text.append(rng.nextInt(3) == 0 ? 'b' : 'a');
        }
        return text.toString();
    }
}
