package dev.minke.infer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.minke.tensor.Rng;
import dev.minke.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// [Sampler] against [SlowSampler]: the same tokens left, with the same probabilities.
class SamplerParityTests {
    static Stream<SamplingParams> filters() {
        SamplingParams plain = new SamplingParams(1, 0, 1, 1);
        return Stream.of(
                plain,
                SamplingParams.greedy(),
                new SamplingParams(0.6, 0, 1, 1),
                new SamplingParams(7, 0, 1, 1),
                new SamplingParams(1, 1, 1, 1),
                new SamplingParams(1, 40, 1, 1),
                new SamplingParams(1, 33, 1, 1),
                new SamplingParams(1, 4000, 1, 1),
                new SamplingParams(1, 0, 0.95, 1),
                new SamplingParams(0.7, 0, 0.5, 1),
                new SamplingParams(1, 0, 0.9999999, 1),
                new SamplingParams(1, 0, 1e-9, 1),
                plain.withMinP(0.05),
                plain.withMinP(1),
                plain.withTypicalP(0.95),
                plain.withTypicalP(0.2),
                new SamplingParams(0.8, 50, 0.9, 1).withMinP(0.02).withTypicalP(0.8),
                new SamplingParams(1.3, 700, 0.99, 1).withMinP(0.001).withTypicalP(0.97));
    }

    /// Peaked as a language model's, flat as an untrained one's, with ties, and nearly all alike.
    private static float[] logits(int kind, int vocab, Rng rng) {
        float[] logits = new float[vocab];
        for (int i = 0; i < vocab; i++) {
            double gauss = rng.nextGaussian();
            logits[i] =
                    (float)
                            switch (kind) {
                                case 0 -> 3 * gauss + (rng.nextInt(50) == 0 ? 12 : 0);
                                case 1 -> gauss;
                                case 2 -> Math.rint(2 * gauss);
                                default -> i % 97 == 0 ? 1e-3 * gauss : 0;
                            };
        }
        return logits;
    }

    @ParameterizedTest
    @MethodSource("filters")
    void filtersLeaveWhatTheirDefinitionsSay(SamplingParams params) {
        Rng rng = new Rng(17);
        try (Arena arena = Arena.ofConfined()) {
            for (int vocab : new int[] {1, 2, 7, 64, 1000, 6001}) {
                Candidates candidates = new Candidates(vocab);
                for (int kind = 0; kind < 4; kind++) {
                    float[] logits = logits(kind, vocab, rng);
                    boolean[] allowed = new boolean[vocab];
                    Arrays.fill(allowed, true);
                    new Sampler(params)
                            .prepare(Tensor.copyOf(arena, logits, 1, vocab), 0, candidates);
                    same(
                            candidates,
                            SlowSampler.distribution(
                                    logits, params, new int[0], new int[0], allowed));
                }
            }
        }
    }

    @Test
    void penaltiesBiasMaskAndBanComeFirst() {
        Rng rng = new Rng(18);
        for (int trial = 0; trial < 200; trial++) {
            int vocab = 65 + rng.nextInt(200);
            int[] prompt = tokens(rng.nextInt(300), vocab, rng);
            int[] drawn = tokens(rng.nextInt(300), vocab, rng);
            Map<Integer, Double> bias = new HashMap<>();
            for (int i = rng.nextInt(4); i > 0; i--) {
                bias.put(rng.nextInt(vocab), 20 * rng.nextDouble() - 10);
            }
            Penalties penalties =
                    new Penalties(
                            rng.nextInt(3) == 0 ? 1 : 0.8 + rng.nextDouble(),
                            rng.nextInt(3) == 0 ? Penalties.ALL : rng.nextInt(100),
                            rng.nextInt(2) * rng.nextDouble(),
                            rng.nextInt(2) * (rng.nextDouble() - 0.3));
            SamplingParams params =
                    new SamplingParams(rng.nextInt(2), 30, 0.9, 1)
                            .withPenalties(penalties)
                            .withLogitBias(bias);
            float[] logits = logits(rng.nextInt(3), vocab, rng);
            long[] mask = new long[(vocab + 63) / 64 - rng.nextInt(2)];
            for (int w = 0; w < mask.length; w++) {
                mask[w] = w % 2 == 0 ? -1 : rng.nextLong();
            }
            int banned = rng.nextInt(vocab);
            boolean[] allowed = new boolean[vocab];
            for (int i = 0; i < vocab; i++) {
                boolean set = i / 64 < mask.length && (mask[i / 64] >>> i % 64 & 1) == 1;
                allowed[i] = set && i != banned;
            }
            Sampler sampler = new Sampler(params);
            sampler.prompt(prompt);
            for (int token : drawn) {
                sampler.accept(token);
            }
            sampler.ban(banned);
            Candidates candidates = new Candidates(vocab);
            try (Arena arena = Arena.ofConfined()) {
                sampler.prepare(Tensor.copyOf(arena, logits, 1, vocab), 0, mask, candidates);
            }
            same(candidates, SlowSampler.distribution(logits, params, prompt, drawn, allowed));
        }
    }

    private static int[] tokens(int n, int vocab, Rng rng) {
        return IntStream.range(0, n).map(i -> rng.nextInt(Math.min(vocab, 80))).toArray();
    }

    private static void same(Candidates actual, double[] expected) {
        double sum = 0;
        for (int i = 0; i < expected.length; i++) {
            double p = actual.probabilityOf(i);
            // what is left out for being next to impossible
            if (Math.abs(p - expected[i]) > 1e-9 * expected[i] + 1e-16) {
                assertThat(p).as("token %d", i).isCloseTo(expected[i], within(1e-9 * expected[i]));
            }
            sum += p;
        }
        assertThat(sum).isCloseTo(1, within(1e-12));
        for (int i = 0; i < actual.size(); i++) {
            assertThat(i == 0 || actual.id(i) > actual.id(i - 1)).isTrue();
            assertThat(actual.probability(i)).isEqualTo(actual.probabilityOf(actual.id(i)));
        }
    }
}
