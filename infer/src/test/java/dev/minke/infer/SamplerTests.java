package dev.minke.infer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.minke.tensor.Rng;
import dev.minke.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;
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

    private static int sample(SamplingParams params, Tensor logits) {
        int vocab = (int) logits.cols();
        return new Sampler(params).sample(logits, 0, new Candidates(vocab));
    }

    private void draws(SamplingParams params, double... expected) {
        Tensor logits = logits(LOGITS);
        Candidates candidates = new Candidates(LOGITS.length);
        Sampler sampler = new Sampler(params);
        int[] counts = new int[LOGITS.length];
        for (int i = 0; i < DRAWS; i++) {
            sampler.prepare(logits, 0, candidates);
            counts[sampler.draw(candidates)]++;
        }
        follow(counts, expected);
    }

    private static void follow(int[] counts, double... expected) {
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
    void minPKeepsWhatIsNotFarBehindTheBest() {
        // of the best one's weight, e^2, the others have .18 1 .05 .45 .33 .007 .74
        SamplingParams params = new SamplingParams(1, 0, 1, 10);
        draws(params.withMinP(0.4), weights(1, 1, 6, 3));
        draws(params.withMinP(0.1), weights(1, 1, 6, 3, 4, 0));
        draws(new SamplingParams(2, 0, 1, 11).withMinP(0.6), weights(2, 1, 6, 3));
    }

    /// Surprises, by token: 2.72 1.02 4.02 1.82 2.12 6.02 1.32; their mean is 1.54. By distance
    /// from it: 6 (.22), 3 (.28), 1 (.52), 4 (.58), and so on.
    @Test
    void typicalKeepsWhatSurprisesAsMuchAsIsExpected() {
        SamplingParams params = new SamplingParams(1, 0, 1, 12);
        draws(params.withTypicalP(0.4), weights(1, 6, 3));
        draws(params.withTypicalP(0.5), weights(1, 6, 3, 1));
        draws(params.withTypicalP(0.85), weights(1, 6, 3, 1, 4));
    }

    @Test
    void biasIsAddedToTheLogits() {
        double[] weights = weights(1, 0, 1, 2, 3, 4, 5, 6);
        weights[0] *= Math.exp(1.5);
        weights[1] *= Math.exp(-2);
        weights[3] = 0;
        draws(
                new SamplingParams(1, 0, 1, 13)
                        .withLogitBias(Map.of(0, 1.5, 1, -2.0, 3, Double.NEGATIVE_INFINITY)),
                weights);
        assertThat(sample(SamplingParams.greedy().withLogitBias(Map.of(5, 100.0)), logits(LOGITS)))
                .isEqualTo(5);
        SamplingParams hot = new SamplingParams(1, 0, 1, 14);
        draws(hot.withLogitBias(Map.of(1, -100.0, 6, -100.0)), weights(1, 0, 2, 3, 4, 5));
    }

    @Test
    void aMaskAllowsWhatItHoldsAndABanForbids() {
        Tensor logits = logits(LOGITS);
        Candidates candidates = new Candidates(7);
        Sampler sampler = new Sampler(new SamplingParams(1, 0, 1, 15));
        sampler.ban(6, 0);
        int[] counts = new int[7];
        for (int i = 0; i < DRAWS; i++) {
            counts[sampler.sample(logits, 0, new long[] {0b1111001L}, candidates)]++;
        }
        follow(counts, weights(1, 3, 4, 5));
        sampler.ban(3, 4, 5);
        assertThat(sampler.sample(logits, 0, new long[] {0b0100000L}, candidates))
                .as("a ban yields to a mask")
                .isEqualTo(5);
        sampler.ban(99); // does not exist
        sampler.prepare(logits, 0, new long[] {-1}, candidates);
        assertThat(candidates.size()).isEqualTo(7);
    }

    @Test
    void aMaskReachesOverWords() {
        float[] flat = new float[200];
        long[] mask = new long[4];
        int[] allowed = {0, 63, 64, 127, 130, 199};
        for (int i : allowed) {
            mask[i / 64] |= 1L << i;
        }
        Candidates candidates = new Candidates(200);
        Sampler sampler = new Sampler(new SamplingParams(1, 0, 1, 1));
        sampler.prepare(logits(flat), 0, mask, candidates);
        assertThat(IntStream.range(0, candidates.size()).map(candidates::id))
                .containsExactly(0, 63, 64, 127, 130, 199);
        sampler.prepare(logits(flat), 0, new long[] {mask[0], mask[1]}, candidates);
        assertThat(candidates.size()).as("missing words allow nothing").isEqualTo(4);
    }

    @Test
    void nothingLeftToDrawIsAnError() {
        Tensor logits = logits(LOGITS);
        Candidates candidates = new Candidates(7);
        for (SamplingParams params :
                new SamplingParams[] {SamplingParams.greedy(), new SamplingParams(1, 5, 0.9, 1)}) {
            Sampler sampler = new Sampler(params);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> sampler.sample(logits, 0, new long[] {1L << 7}, candidates))
                    .withMessage(
                            "no token is left to draw in row 0: mask, bias and logits of -Infinity"
                                    + " forbid all 7");
        }
    }

    @Test
    void logitsThatAreNoNumbersAreNamed() {
        Candidates candidates = new Candidates(3);
        Sampler sampler = new Sampler(SamplingParams.greedy());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> sampler.sample(logits(1, 2, Float.NaN), 0, candidates))
                .withMessage("logit of token 2 in row 0 is NaN, expected a finite number");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> sampler.sample(logits(1, Float.POSITIVE_INFINITY, 3), 0, candidates))
                .withMessage("logit of token 1 in row 0 is Infinity, expected a finite number");
        assertThat(sampler.sample(logits(Float.NEGATIVE_INFINITY, -3, -4), 0, candidates)).isOne();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> sampler.sample(logits(1, 2), 0, candidates))
                .withMessage("row 0 of logits F32[1, 2], expected one with 3 columns or more");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> sampler.sample(logits(1, 2, 3), 1, candidates))
                .withMessageContaining("row 1 of logits");
    }

    @Test
    void paddingIsNeverDrawnNorCounted() {
        Tensor padded = logits(1, 2, 3, 50, Float.NaN);
        Candidates candidates = new Candidates(3);
        Sampler sampler = new Sampler(SamplingParams.greedy().withLogprobs(9));
        assertThat(sampler.sample(padded, 0, candidates)).isEqualTo(2);
        TokenLogprobs logprobs = sampler.logprobs(padded, 0, 2, candidates);
        assertThat(logprobs.top()).hasSize(3);
        assertThat(logprobs.logprob()).isCloseTo(-0.40760596444, within(1e-9));
    }

    /// What the penalties make of one logit of 2 and one of -1, drawn three times and once.
    @Test
    void penaltiesFollowTheirFormulas() {
        assertThat(penalised(new Penalties(1.25, Penalties.ALL, 0, 0)))
                .containsExactly(1.6f, -1.25f, 5);
        assertThat(penalised(new Penalties(1, Penalties.ALL, 0.5, 0)))
                .containsExactly(1.5f, -1.5f, 5);
        assertThat(penalised(new Penalties(1, Penalties.ALL, 0, 0.25)))
                .containsExactly(1.25f, -1.25f, 5);
        assertThat(penalised(new Penalties(1.25, Penalties.ALL, 0.5, 0.25)))
                .containsExactly(0.35f, -2, 5);
        assertThat(penalised(new Penalties(1.25, 2, 0, 0)))
                .as("the last two are both the first token")
                .containsExactly(1.6f, -1, 5);
        assertThat(penalised(new Penalties(1.25, 0, 0, 0))).containsExactly(2, -1, 5);
    }

    private static float[] penalised(Penalties penalties) {
        TokenHistory history = new TokenHistory(penalties.lastN());
        for (int token : new int[] {0, 1, 0, 0}) {
            history.drawn(token);
        }
        float[] logits = {2, -1, 5};
        history.apply(penalties, logits);
        return logits;
    }

    @Test
    void onlyRepetitionLooksAtThePrompt() {
        Tensor logits = logits(3, 2.9f, 0);
        Penalties repetition = new Penalties(2, Penalties.ALL, 0, 0);
        Penalties others = new Penalties(1, Penalties.ALL, 2, 2);
        Candidates candidates = new Candidates(3);
        for (Penalties penalties : new Penalties[] {repetition, others}) {
            Sampler sampler = new Sampler(SamplingParams.greedy().withPenalties(penalties));
            sampler.prompt(0, 0, 77);
            assertThat(sampler.sample(logits, 0, candidates))
                    .isEqualTo(penalties == repetition ? 1 : 0);
            assertThat(sampler.sample(logits, 0, candidates))
                    .as("what was drawn counts")
                    .isEqualTo(penalties == repetition ? 0 : 1);
        }
    }

    @Test
    void aLongHistoryIsRemembered() {
        TokenHistory history = new TokenHistory(1000);
        Rng rng = new Rng(3);
        int[] drawn = IntStream.range(0, 20_000).map(_ -> rng.nextInt(3000)).toArray();
        float[] expected = new float[3000];
        for (int i = 0; i < drawn.length; i++) {
            history.drawn(drawn[i]);
            expected[drawn[i]] -= 0.5f;
        }
        float[] logits = new float[3000];
        history.apply(new Penalties(1, 1000, 0, 0.5), logits);
        assertThat(logits).containsExactly(expected);
        Arrays.fill(logits, 8);
        history.apply(new Penalties(2, 1000, 0, 0), logits);
        Arrays.fill(expected, 8);
        for (int i = drawn.length - 1000; i < drawn.length; i++) {
            expected[drawn[i]] = 4;
        }
        assertThat(logits).containsExactly(expected);
    }

    @Test
    void logprobsAreOfTheModelsOwnDistribution() {
        Tensor logits = logits(LOGITS);
        double sum = 0;
        for (float logit : LOGITS) {
            sum += Math.exp(logit);
        }
        Sampler sampler =
                new Sampler(
                        new SamplingParams(0.3, 2, 0.5, 1)
                                .withLogitBias(Map.of(2, 100.0))
                                .withLogprobs(3));
        Candidates candidates = new Candidates(7);
        int token = sampler.sample(logits, 0, candidates);
        assertThat(token).isEqualTo(2);
        TokenLogprobs logprobs = sampler.logprobs(logits, 0, token, candidates);
        assertThat(logprobs.token()).isEqualTo(2);
        assertThat(logprobs.logprob()).isCloseTo(-1 - Math.log(sum), within(1e-9));
        assertThat(logprobs.top().stream().map(TokenLogprobs.Entry::token))
                .containsExactly(1, 6, 3);
        for (TokenLogprobs.Entry entry : logprobs.top()) {
            assertThat(entry.logprob())
                    .isCloseTo(LOGITS[entry.token()] - Math.log(sum), within(1e-9));
        }
    }

    @Test
    void logprobsOfManyAreTheBestInOrder() {
        Rng rng = new Rng(5);
        float[] values = new float[5000];
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.round(100 * rng.nextGaussian()) / 10f; // with ties
        }
        int[] order =
                IntStream.range(0, values.length)
                        .boxed()
                        .sorted((a, b) -> Float.compare(values[b], values[a]))
                        .mapToInt(i -> i)
                        .toArray();
        for (int n : new int[] {0, 1, 20, 2600, 4999, 5000, 9999}) {
            Sampler sampler = new Sampler(SamplingParams.greedy().withLogprobs(n));
            TokenLogprobs logprobs = sampler.logprobs(logits(values), 0, 17, new Candidates(5000));
            assertThat(logprobs.top().stream().mapToInt(TokenLogprobs.Entry::token).toArray())
                    .containsExactly(Arrays.copyOf(order, Math.min(n, 5000)));
            double sum = logprobs.top().stream().mapToDouble(e -> Math.exp(e.logprob())).sum();
            assertThat(n < 5000 || Math.abs(sum - 1) < 1e-9).isTrue();
        }
    }

    @Test
    void theDistributionCanBeRead() {
        Candidates candidates = new Candidates(7);
        Sampler sampler = new Sampler(new SamplingParams(1, 3, 1, 1));
        sampler.prepare(logits(LOGITS), 0, candidates);
        double sum = Math.exp(2.0f) + Math.exp(1.7f) + Math.exp(1.2f);
        assertThat(candidates.size()).isEqualTo(3);
        assertThat(candidates.id(0)).isOne();
        assertThat(candidates.probability(0)).isCloseTo(Math.exp(2.0f) / sum, within(1e-9));
        assertThat(candidates.probabilityOf(6)).isCloseTo(Math.exp(1.7f) / sum, within(1e-9));
        assertThat(candidates.probabilityOf(0)).isZero();
    }

    @Test
    void aDrawAllocatesNothing() {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        int vocab = 20_000;
        float[] values = new float[vocab];
        Rng rng = new Rng(6);
        for (int i = 0; i < vocab; i++) {
            values[i] = (float) (3 * rng.nextGaussian());
        }
        Tensor logits = logits(values);
        long[] mask = new long[vocab / 64];
        Arrays.fill(mask, -3);
        Candidates candidates = new Candidates(vocab);
        Sampler sampler =
                new Sampler(
                        new SamplingParams(0.9, 5000, 0.99, 1)
                                .withMinP(1e-6)
                                .withTypicalP(0.99)
                                .withPenalties(new Penalties(1.1, 64, 0.1, 0.1))
                                .withLogitBias(Map.of(3, 2.0)));
        sampler.prompt(IntStream.range(0, 9000).toArray()); // room for more in the history
        sampler.ban(1, 2);
        long before = 0;
        int draws = 40;
        for (int i = 0; i < 2 * draws; i++) {
            if (i == draws) {
                before = threads.getCurrentThreadAllocatedBytes();
            }
            sampler.sample(logits, 0, mask, candidates);
        }
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(1024);
    }

    @Test
    void choicesOfOnePromptDrawApart() {
        Tensor logits = logits(LOGITS);
        SamplingParams params = new SamplingParams(1, 0, 1, 42);
        Candidates candidates = new Candidates(7);
        Sampler first = new Sampler(params, 0);
        Sampler second = new Sampler(params, 1);
        Sampler alone = new Sampler(params);
        int different = 0;
        for (int i = 0; i < 200; i++) {
            int drawn = first.sample(logits, 0, candidates);
            assertThat(alone.sample(logits, 0)).as("on its own candidates").isEqualTo(drawn);
            different += second.sample(logits, 0, candidates) == drawn ? 0 : 1;
        }
        assertThat(different).isGreaterThan(50);
    }

    @Test
    void roundingHardlyEverChangesADraw() {
        Rng rng = new Rng(9);
        Sampler a = new Sampler(new SamplingParams(1, 200, 0.95, 3));
        Sampler b = new Sampler(new SamplingParams(1, 200, 0.95, 3));
        Candidates candidates = new Candidates(2000);
        int equal = 0;
        for (int i = 0; i < 300; i++) {
            float[] values = new float[2000];
            float[] near = new float[2000];
            for (int v = 0; v < 2000; v++) {
                values[v] = (float) (3 * rng.nextGaussian());
                near[v] = values[v] * (1 + 1e-6f * rng.nextInt(3));
            }
            try (Arena small = Arena.ofConfined()) {
                int drawn = a.sample(Tensor.copyOf(small, values, 1, 2000), 0, candidates);
                int again = b.sample(Tensor.copyOf(small, near, 1, 2000), 0, candidates);
                equal += drawn == again ? 1 : 0;
            }
        }
        assertThat(equal).isGreaterThanOrEqualTo(298);
    }

    @Test
    void aTinyTopPOrTopOneIsTheBestToken() {
        Tensor logits = logits(LOGITS);
        for (int seed = 0; seed < 50; seed++) {
            assertThat(sample(new SamplingParams(2, 1, 1, seed), logits)).isOne();
            assertThat(sample(new SamplingParams(2, 0, 1e-9, seed), logits)).isOne();
            assertThat(sample(new SamplingParams(1e-320, 0, 1, seed), logits)).isOne();
        }
    }

    @Test
    void tiesGoToTheLowerId() {
        Tensor logits = logits(1, 5, 5, 5, 0);
        assertThat(sample(SamplingParams.greedy(), logits)).isOne();
        for (int seed = 0; seed < 20; seed++) {
            assertThat(sample(new SamplingParams(1, 2, 1, seed), logits)).isIn(1, 2);
        }
    }

    @Test
    void greedyTakesTheBestOfItsRow() {
        Tensor logits = Tensor.copyOf(arena, new float[] {0, -1, 2, -7, -3, -5}, 2, 3);
        Sampler sampler = new Sampler(SamplingParams.greedy());
        Candidates candidates = new Candidates(3);
        assertThat(sampler.sample(logits, 0, candidates)).isEqualTo(2);
        assertThat(sampler.sample(logits, 1, candidates)).isOne();
    }

    @Test
    void hugeLogitsDoNotOverflow() {
        Tensor logits = logits(1e38f, -1e38f, 1e30f);
        assertThat(sample(new SamplingParams(0.01, 0, 1, 1), logits)).isZero();
    }

    @Test
    void equalSeedsDrawEqually() {
        Tensor logits = logits(LOGITS);
        Sampler a = new Sampler(new SamplingParams(1, 5, 0.99, 42));
        Sampler b = new Sampler(new SamplingParams(1, 5, 0.99, 42));
        Sampler c = new Sampler(new SamplingParams(1, 5, 0.99, 43));
        Candidates candidates = new Candidates(7);
        int different = 0;
        for (int i = 0; i < 200; i++) {
            int drawn = a.sample(logits, 0, candidates);
            assertThat(b.sample(logits, 0, candidates)).isEqualTo(drawn);
            different += c.sample(logits, 0, candidates) == drawn ? 0 : 1;
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
        SamplingParams plain = SamplingParams.greedy();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> plain.withMinP(1.1))
                .withMessage("min-p is 1.1, expected 0 to 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> plain.withTypicalP(0))
                .withMessage("typical-p is 0.0, expected more than 0 and at most 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> plain.withLogprobs(-2))
                .withMessage("logprobs is -2, expected 0 or more, or -1 for none");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> plain.withLogitBias(Map.of(3, 100.5)))
                .withMessage(
                        "logit bias of token 3 is 100.5, expected a token of 0 or more and a bias"
                                + " of -100 to 100, or -Infinity");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> plain.withLogitBias(Map.of(2, 1.0, 7, 1.0)).check(7))
                .withMessage("logit bias names token 7, expected 0 to 6");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> sample(plain.withLogitBias(Map.of(7, 1.0)), logits(LOGITS)))
                .withMessage("logit bias names token 7, expected 0 to 6");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Penalties(0, 3, 0, 0))
                .withMessage("repetition penalty is 0.0, expected more than 0, at most 100");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Penalties(1, -2, 0, 0))
                .withMessage(
                        "repetition penalty looks at the last -2 tokens, expected 0 or more, or -1"
                                + " for all");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Penalties(1, 3, Double.NaN, 0))
                .withMessage("presence penalty is NaN, expected -100 to 100");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Penalties(1, 3, 0, -101))
                .withMessage("frequency penalty is -101.0, expected -100 to 100");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Candidates(0))
                .withMessage("a vocabulary of 0 tokens, expected 1 or more");
    }
}
