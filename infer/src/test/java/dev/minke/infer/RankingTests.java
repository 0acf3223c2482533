package dev.minke.infer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.tensor.Rng;
import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RankingTests {
    private static final int[] SIZES = {1, 2, 3, 10, 100, 4096, 4097, 20_000};

    @Test
    void keysRankAsScoresDoAndThenAsPositions() {
        float[] rising = {
            -Float.MAX_VALUE, -2.5f, -1, -Float.MIN_VALUE, 0, Float.MIN_VALUE, 1, 1e30f
        };
        for (int i = 0; i < rising.length; i++) {
            long key = Ranking.key(rising[i], i);
            assertThat(Ranking.score(key)).isEqualTo(rising[i]);
            assertThat(Ranking.position(key)).isEqualTo(i);
            assertThat(Ranking.key(rising[i], i + 1)).isLessThan(key);
            for (int j = 0; j < i; j++) {
                assertThat(Ranking.key(rising[j], 0)).isLessThan(Ranking.key(rising[i], 99));
            }
        }
        assertThat(Ranking.key(-0.0f, 3)).isEqualTo(Ranking.key(0.0f, 3));
        assertThat(Ranking.position(Ranking.key(1, Integer.MAX_VALUE)))
                .isEqualTo(Integer.MAX_VALUE);
    }

    /// Scores: random, rising, falling, all alike, few values, one far away.
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5})
    void cutsAsASortWould(int kind) {
        Rng rng = new Rng(kind);
        IntToDoubleFunction score =
                switch (kind) {
                    case 0 -> i -> rng.nextGaussian();
                    case 1 -> i -> i;
                    case 2 -> i -> -i;
                    case 3 -> i -> 5;
                    case 4 -> i -> rng.nextInt(3);
                    default -> i -> i == 7 ? 1e30 : rng.nextGaussian();
                };
        Ranking ranking = new Ranking();
        for (int n : SIZES) {
            long[] keys = new long[n];
            double[] weights = new double[n];
            for (int i = 0; i < n; i++) {
                keys[i] = Ranking.key((float) score.applyAsDouble(i), i);
                weights[i] = 1 + rng.nextInt(9); // whole numbers: sums are exact in any order
            }
            long[] sorted = keys.clone();
            Arrays.sort(sorted);
            for (int k : new int[] {1, 2, n / 3, n / 2, n - 1, n}) {
                if (k >= 1 && k <= n) {
                    long[] copy = keys.clone();
                    assertThat(Ranking.leastOfBest(copy, n, k)).isEqualTo(sorted[n - k]);
                    long[] front = Arrays.copyOf(copy, k);
                    Arrays.sort(front);
                    assertThat(front).isEqualTo(Arrays.copyOfRange(sorted, n - k, n));
                }
            }
            double total = Arrays.stream(weights).sum();
            for (double share : new double[] {1e-9, 0.1, 0.5, 0.9, 1}) {
                double target = share * total;
                int cut = n;
                double sum = 0;
                while (sum < target) {
                    sum += weights[Ranking.position(sorted[--cut])];
                }
                assertThat(ranking.leastOfHeaviest(keys.clone(), n, weights, target))
                        .isEqualTo(sorted[cut]);
            }
            assertThat(ranking.leastOfHeaviest(keys.clone(), n, weights, total + 1))
                    .as("more than there is: all are kept")
                    .isLessThanOrEqualTo(sorted[0]);
        }
    }
}
