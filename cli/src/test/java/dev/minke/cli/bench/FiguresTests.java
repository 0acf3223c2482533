package dev.minke.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class FiguresTests {
    @Test
    void meansDeviationsAndPercentilesAreTheUsualOnes() {
        List<Double> values = List.of(4.0, 1.0, 3.0, 2.0);
        assertThat(Figures.mean(values)).isEqualTo(2.5);
        assertThat(Figures.deviation(values)).isCloseTo(Math.sqrt(5.0 / 3), within(1e-12));
        assertThat(Figures.deviation(List.of(3.0))).isZero();
        assertThat(Figures.percentile(values, 50)).isEqualTo(2);
        assertThat(Figures.percentile(values, 95)).isEqualTo(4);
        assertThat(Figures.percentile(List.of(7.0), 50)).isEqualTo(7);
    }

    @Test
    void countsAreShort() {
        assertThat(Figures.count(4_210_000_000L)).isEqualTo("4.2B");
        assertThat(Figures.count(25_300_000L)).isEqualTo("25.3M");
        assertThat(Figures.count(255_048L)).isEqualTo("255.0K");
    }

    @Test
    void tablesAreAligned() {
        assertThat(Figures.table(List.of("a", "long"), List.of(List.of("xyz", "1"))))
                .containsExactly("| a   | long |", "| --- | ---- |", "| xyz | 1    |");
    }
}
