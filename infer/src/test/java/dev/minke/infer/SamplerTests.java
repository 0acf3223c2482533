package dev.minke.infer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.minke.tensor.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SamplerTests {
    private static final int DRAWS = 20_000;
    private static final float[] LOGITS = {0.3f, 2.0f, -1.0f, 1.2f, 0.9f, -3.0f, 1.7f};

    /// 99.9 % points of chi-square for 1 to 6 degrees of freedom.
    private static final double[] LIMIT = {10.83, 13.82, 16.27, 18.47, 20.52, 22.46};

    private final Arena arena = Arena.ofShared();

    @AfterEach
    void close() {
        arena.close();
    }

    private Tensor logits(float... values) {
        return Tensor.copyOf(arena, values, 1, values.length);
    }

    private void draws(SamplingParams params, double... expected) {
        Tensor logits = logits(LOGITS);
        Sampler sampler = new Sampler(params);
        int[] counts = new int[LOGITS.length];
        for (int i = 0; i < DRAWS; i++) {
            counts[sampler.sample(logits, 0)]++;
        }
        double total = 0;
        for (double weight : expected) {
            total += weight;
        }
        double chi = 0;
        int kinds = 0;
        for (int v = 0; v < counts.length; v++) {
            if (expected[v] == 0) {
                assertThat(counts[v]).as("token %d", v).isZero();
            } else {
                double mean = DRAWS * expected[v] / total;
                chi += (counts[v] - mean) * (counts[v] - mean) / mean;
                kinds++;
            }
        }
        assertThat(chi).isLessThan(LIMIT[kinds - 2]);
    }

    private static double[] weights(double temperature, int... kept) {
        double[] weights = new double[LOGITS.length];
        for (int v : kept) {
            weights[v] = Math.exp(LOGITS[v] / temperature);
        }
        return weights;
    }

    @Test
    void drawsFollowTheSoftmax() {
        draws(new SamplingParams(1, 0, 1, 1), weights(1, 0, 1, 2, 3, 4, 5, 6));
    }

    @Test
    void temperatureDividesTheLogits() {
        draws(new SamplingParams(0.5, 0, 1, 2), weights(0.5, 0, 1, 2, 3, 4, 5, 6));
        draws(new SamplingParams(3, 0, 1, 3), weights(3, 0, 1, 2, 3, 4, 5, 6));
    }

    @Test
    void topKKeepsTheBest() {
        draws(new SamplingParams(1, 3, 1, 4), weights(1, 1, 6, 3));
        draws(new SamplingParams(1, 100, 1, 5), weights(1, 0, 1, 2, 3, 4, 5, 6));
    }

    /// In falling order the probabilities are .36 .27 .16 .12 .07 .02 .00.
    @Test
    void topPKeepsTheSmallestSetThatReachesIt() {
        draws(new SamplingParams(1, 0, 0.5, 6), weights(1, 1, 6));
        draws(new SamplingParams(1, 0, 0.7, 7), weights(1, 1, 6, 3));
        draws(new SamplingParams(1, 0, 0.85, 8), weights(1, 1, 6, 3, 4));
    }

    /// Of the best three, renormalised to .46 .34 .20, two reach .7.
    @Test
    void topPAppliesToWhatTopKLeft() {
        draws(new SamplingParams(1, 3, 0.7, 9), weights(1, 1, 6));
    }

    @Test
    void aTinyTopPOrTopOneIsTheBestToken() {
        Tensor logits = logits(LOGITS);
        for (int seed = 0; seed < 50; seed++) {
            assertThat(new Sampler(new SamplingParams(2, 1, 1, seed)).sample(logits, 0)).isOne();
            assertThat(new Sampler(new SamplingParams(2, 0, 1e-9, seed)).sample(logits, 0)).isOne();
            assertThat(new Sampler(new SamplingParams(1e-320, 0, 1, seed)).sample(logits, 0))
                    .isOne();
        }
    }

    @Test
    void tiesGoToTheLowerId() {
        Tensor logits = logits(1, 5, 5, 5, 0);
        assertThat(new Sampler(SamplingParams.greedy()).sample(logits, 0)).isOne();
        for (int seed = 0; seed < 20; seed++) {
            Sampler sampler = new Sampler(new SamplingParams(1, 2, 1, seed));
            assertThat(sampler.sample(logits, 0)).isIn(1, 2);
        }
    }

    @Test
    void greedyTakesTheBestOfItsRow() {
        Tensor logits = Tensor.copyOf(arena, new float[] {0, -1, 2, -7, -3, -5}, 2, 3);
        Sampler sampler = new Sampler(SamplingParams.greedy());
        assertThat(sampler.sample(logits, 0)).isEqualTo(2);
        assertThat(sampler.sample(logits, 1)).isOne();
    }

    @Test
    void hugeLogitsDoNotOverflow() {
        Tensor logits = logits(1e38f, -1e38f, 1e30f);
        assertThat(new Sampler(new SamplingParams(0.01, 0, 1, 1)).sample(logits, 0)).isZero();
    }

    @Test
    void equalSeedsDrawEqually() {
        Tensor logits = logits(LOGITS);
        Sampler a = new Sampler(new SamplingParams(1, 5, 0.99, 42));
        Sampler b = new Sampler(new SamplingParams(1, 5, 0.99, 42));
        Sampler c = new Sampler(new SamplingParams(1, 5, 0.99, 43));
        int different = 0;
        for (int i = 0; i < 200; i++) {
            int drawn = a.sample(logits, 0);
            assertThat(b.sample(logits, 0)).isEqualTo(drawn);
            different += c.sample(logits, 0) == drawn ? 0 : 1;
        }
        assertThat(different).isGreaterThan(50);
    }

    @Test
    void parametersOutOfRangeAreNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SamplingParams(-0.1, 0, 1, 0))
                .withMessage("temperature is -0.1, expected 0 to 100");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SamplingParams(Double.NaN, 0, 1, 0))
                .withMessage("temperature is NaN, expected 0 to 100");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SamplingParams(1, -1, 1, 0))
                .withMessage("top-k is -1, expected 0 or more");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SamplingParams(1, 0, 0, 0))
                .withMessage("top-p is 0.0, expected more than 0 and at most 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SamplingParams(1, 0, Double.NaN, 0))
                .withMessage("top-p is NaN, expected more than 0 and at most 1");
    }
}
