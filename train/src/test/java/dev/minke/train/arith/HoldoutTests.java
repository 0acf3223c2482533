package dev.minke.train.arith;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class HoldoutTests {

    private static final Integer[] PINNED_NUMBERS = {5, 25, 29, 32, 34};
    private static final Integer[] PINNED_MIXES = {6, 14, 23, 31, 33};

    @Test
    void reservesATenthOfTheTuples() {
        long pairs =
                IntStream.range(0, 10_000)
                        .filter(i -> Holdout.reservesNumbers(List.of(i / 100, i % 100)))
                        .count();
        assertThat(pairs).isBetween(900L, 1_100L);
    }

    @Test
    void reservesAboutASeventhOfTheMixes() {
        long mixes =
                IntStream.range(0, 10_000)
                        .filter(i -> Holdout.reservesMix("market/e" + i / 100 + "/e" + i % 100))
                        .count();
        assertThat(mixes).isBetween(1_400L, 1_600L);
    }

    @Test
    void tellsTheOrderOfNumbersApart() {
        long differing =
                IntStream.range(0, 10_000)
                        .filter(i ->
                                Holdout.reservesNumbers(List.of(i / 100, i % 100))
                                        != Holdout.reservesNumbers(List.of(i % 100, i / 100)))
                        .count();
        assertThat(differing).isGreaterThan(1_000);
    }

    /// Published accuracies are comparable only while the reserved side stays the same.
    @Test
    void theReservedSideIsFixedForGood() {
        assertThat(IntStream.range(0, 40).filter(n -> Holdout.reservesNumbers(List.of(n, 7))))
                .containsExactly(PINNED_NUMBERS);
        assertThat(IntStream.range(0, 40).filter(n -> Holdout.reservesMix("farm/e0/e1/q" + n)))
                .containsExactly(PINNED_MIXES);
    }
}
