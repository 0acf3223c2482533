package dev.minke.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class RngTests {
    @Test
    void theSequenceIsSplitMix64() {
        Rng zero = new Rng(0);
        assertThat(zero.nextLong()).isEqualTo(0xE220A8397B1DCDAFL);
        assertThat(zero.nextLong()).isEqualTo(0x6E789E6AA1B965F4L);
        assertThat(zero.nextLong()).isEqualTo(0x06C45D188009454FL);
        Rng other = new Rng(1234567);
        assertThat(other.nextLong()).isEqualTo(6457827717110365317L);
        assertThat(other.nextLong()).isEqualTo(3203168211198807973L);
    }

    @Test
    void aSavedStateContinuesEverySequence() {
        Rng rng = new Rng(42);
        for (int i = 0; i < 100; i++) {
            rng.nextLong();
            rng.nextGaussian();
            rng.nextInt(7);
            Rng copy = new Rng(rng.state());
            assertThat(copy.nextGaussian()).isEqualTo(new Rng(rng.state()).nextGaussian());
            assertThat(copy.nextDouble()).isNotEqualTo(new Rng(rng.state()).nextDouble());
        }
        Rng copy = new Rng(rng.state());
        for (int i = 0; i < 100; i++) {
            assertThat(copy.nextLong()).isEqualTo(rng.nextLong());
        }
    }

    @Test
    void streamsDiffer() {
        assertThat(Rng.stream(1, 0).nextLong())
                .isEqualTo(Rng.stream(1, 0).nextLong())
                .isNotEqualTo(Rng.stream(1, 1).nextLong())
                .isNotEqualTo(Rng.stream(2, 0).nextLong())
                .isNotEqualTo(new Rng(1).nextLong());
    }

    @Test
    void boundedNumbersCoverTheirRangeEvenly() {
        Rng rng = new Rng(5);
        int[] counts = new int[10];
        for (int i = 0; i < 100_000; i++) {
            counts[rng.nextInt(10)]++;
        }
        for (int count : counts) {
            assertThat(count).isBetween(9_500, 10_500);
        }
        assertThat(rng.nextInt(1)).isZero();
        for (int i = 0; i < 1000; i++) {
            assertThat(rng.nextLong(Long.MAX_VALUE)).isNotNegative();
        }
        assertThatThrownBy(() -> rng.nextInt(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("bound must be positive, found 0");
    }

    @Test
    void doublesAndNormalNumbersHaveTheirMoments() {
        Rng rng = new Rng(6);
        int n = 200_000;
        double uniform = 0;
        double mean = 0;
        double square = 0;
        double fourth = 0;
        for (int i = 0; i < n; i++) {
            double u = rng.nextDouble();
            assertThat(u >= 0 && u < 1).isTrue();
            uniform += u / n;
            double x = rng.nextGaussian();
            mean += x / n;
            square += x * x / n;
            fourth += x * x * x * x / n;
        }
        assertThat(uniform).isCloseTo(0.5, within(0.005));
        assertThat(mean).isCloseTo(0, within(0.01));
        assertThat(square).isCloseTo(1, within(0.02));
        assertThat(fourth).isCloseTo(3, within(0.15));
    }
}
