package dev.minke.infer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.SmallModels;
import dev.minke.model.nn.Parameter;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GeneratorTests {
    private static final SamplingParams DRAWN = new SamplingParams(1.5, 0, 1, 77);
    private static final int[] PROMPT = {3, 1, 4, 1, 5, 9, 2, 6};
    private static final Team TEAM = new Team(1);
    private static Kernels kernels;
    private static DeepSeekModel model;
    private static Generator generator;

    @BeforeAll
    static void open() {
        kernels = Backends.open(TEAM, "reference");
        model = SmallModels.random(SmallModels.v3(), Parameters.forInference(), 8);
        generator = new Generator(model, kernels, 40);
    }

    @AfterAll
    static void close() {
        model.close();
        TEAM.close();
    }

    private static List<int[]> generate(int tokens, SamplingParams params, int[]... prompts) {
        return generator.generate(
                List.of(prompts), tokens, params, id -> false, (sequence, id) -> {});
    }

    @ParameterizedTest
    @MethodSource("dev.minke.model.deepseek.SmallModels#variants")
    void greedyTokensAreTheBestOfTheWholeForwardPass(DeepSeekConfig config) {
        try (DeepSeekModel small = SmallModels.random(config, Parameters.forInference(), 8)) {
            int[] tokens = PROMPT;
            for (int i = 0; i < 12; i++) {
                float[] logits = SmallModels.logits(small, kernels, tokens);
                int best = 0;
                int last = logits.length - 40;
                for (int v = 1; v < 40; v++) {
                    if (logits[last + v] > logits[last + best]) {
                        best = v;
                    }
                }
                tokens = Arrays.copyOf(tokens, tokens.length + 1);
                tokens[tokens.length - 1] = best;
            }
            List<int[]> generated =
                    new Generator(small, kernels, 40)
                            .generate(
                                    List.of(PROMPT),
                                    12,
                                    SamplingParams.greedy(),
                                    id -> false,
                                    (sequence, id) -> {});
            assertThat(generated.getFirst())
                    .containsExactly(Arrays.copyOfRange(tokens, PROMPT.length, tokens.length));
        }
    }

    @Test
    void aSequenceDoesNotDependOnItsCompany() {
        for (SamplingParams params : List.of(SamplingParams.greedy(), DRAWN)) {
            int[] alone = generate(10, params, PROMPT).getFirst();
            assertThat(alone).hasSize(10);
            List<int[]> five = generate(10, params, PROMPT, PROMPT, PROMPT, PROMPT, PROMPT);
            assertThat(five).hasSize(5).allSatisfy(t -> assertThat(t).containsExactly(alone));
            int[] other = {7};
            List<int[]> mixed = generate(10, params, other, PROMPT, SmallModels.tokens(30, 40, 2));
            assertThat(mixed.get(1)).containsExactly(alone);
            assertThat(mixed.get(0)).containsExactly(generate(10, params, other).getFirst());
        }
    }

    @Test
    void packedWeightsAndMoreThreadsChangeNothing() {
        int[] expected = generate(10, DRAWN, PROMPT).getFirst();
        try (DeepSeekModel packed =
                        SmallModels.random(SmallModels.v3(), Parameters.forInference(), 8);
                Team team = new Team(3)) {
            Kernels three = Backends.open(team, "reference");
            packed.pack(three);
            List<int[]> generated =
                    new Generator(packed, three, 40)
                            .generate(List.of(PROMPT), 10, DRAWN, id -> false, (s, id) -> {});
            assertThat(generated.getFirst()).containsExactly(expected);
        }
    }

    @Test
    void equalSeedsGiveEqualTextsAndOthersDoNot() {
        int[] once = generate(20, DRAWN, PROMPT).getFirst();
        assertThat(generate(20, DRAWN, PROMPT).getFirst()).containsExactly(once);
        SamplingParams other = new SamplingParams(1.5, 0, 1, 78);
        assertThat(generate(20, other, PROMPT).getFirst()).isNotEqualTo(once);
    }

    @Test
    void aStopTokenEndsItsSequenceAndNoOther() {
        int[] second = {7, 7};
        List<int[]> free = generate(12, DRAWN, PROMPT, second);
        int stop = free.get(0)[4];
        List<String> heard = new ArrayList<>();
        List<int[]> stopped =
                generator.generate(
                        List.of(PROMPT, second),
                        12,
                        DRAWN,
                        id -> id == stop,
                        (sequence, id) -> heard.add(sequence + ":" + id));
        assertThat(stopped.get(0)).containsExactly(until(free.get(0), stop));
        assertThat(stopped.get(1)).containsExactly(until(free.get(1), stop));
        assertThat(stopped.get(0).length).isLessThanOrEqualTo(4);
        assertThat(heard)
                .hasSize(stopped.get(0).length + stopped.get(1).length)
                .startsWith("0:" + free.get(0)[0], "1:" + free.get(1)[0])
                .doesNotContain("0:" + stop, "1:" + stop);
    }

    private static Continuation continuation(SamplingParams params, StopParams stops) {
        byte[][] pieces = new byte[40][];
        for (int i = 0; i < pieces.length; i++) {
            pieces[i] = new byte[] {(byte) ('0' + i)};
        }
        return new Continuation(
                new Sampler(params), new StopRule(stops, PieceTokenizer.of(pieces), 39));
    }

    @Test
    void everyContinuationHasItsOwnEnd() {
        int[] free = generate(12, DRAWN, PROMPT).getFirst();
        StringBuilder all = new StringBuilder();
        for (int id : free) {
            all.append((char) ('0' + id));
        }
        String stop = all.substring(5, 7);
        List<Continuation> continuations =
                List.of(
                        continuation(DRAWN, new StopParams(12, 0, true, List.of(), List.of())),
                        continuation(DRAWN, new StopParams(0)),
                        continuation(
                                DRAWN.withLogprobs(2),
                                new StopParams(12, 0, true, List.of(), List.of(stop))),
                        continuation(DRAWN, new StopParams(3)));
        StringBuilder heard = new StringBuilder();
        List<int[]> tokens =
                generator.generate(
                        List.of(PROMPT, PROMPT, PROMPT, PROMPT),
                        continuations,
                        (sequence, step) -> {
                            if (sequence == 2) {
                                heard.append(step.text());
                                assertThat(step.logprobs().orElseThrow().top()).hasSize(2);
                            }
                        });
        assertThat(tokens.get(0)).hasSize(12);
        assertThat(tokens.get(1)).isEmpty();
        int end = all.indexOf(stop);
        assertThat(heard.toString()).isEqualTo(all.substring(0, end));
        assertThat(tokens.get(2)).containsExactly(Arrays.copyOf(free, end + 2));
        assertThat(tokens.get(3)).containsExactly(Arrays.copyOf(free, 3));
        assertThat(continuations.stream().map(c -> c.rule().finish().orElseThrow()))
                .containsExactly(
                        FinishReason.LENGTH,
                        FinishReason.LENGTH,
                        FinishReason.STOP,
                        FinishReason.LENGTH);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> generator.generate(List.of(PROMPT), List.of(), (_, _) -> {}))
                .withMessage("1 prompts and 0 continuations");
    }

    private static int[] until(int[] tokens, int stop) {
        int end = 0;
        while (end < tokens.length && tokens[end] != stop) {
            end++;
        }
        return Arrays.copyOf(tokens, end);
    }

    @Test
    void rowsBeyondTheTokenizerAreNeverDrawn() {
        try (DeepSeekModel padded =
                SmallModels.random(SmallModels.v3(), Parameters.forInference(), 8)) {
            // make the padding win wherever it may take part
            for (Parameter parameter : padded.parameters().all()) {
                if (parameter.name().equals("lm_head.weight")) {
                    for (int v = 33; v < 40; v++) {
                        Tensor row = parameter.value().range(v, v + 1);
                        for (int c = 0; c < 16; c++) {
                            row.setFloat(0, c, c % 2 == v % 2 ? 50 : -50);
                        }
                    }
                }
            }
            Generator narrow = new Generator(padded, kernels, 33);
            for (SamplingParams params : List.of(SamplingParams.greedy(), DRAWN)) {
                List<int[]> drawn =
                        narrow.generate(
                                List.of(PROMPT, new int[] {1}),
                                20,
                                params,
                                id -> false,
                                (s, id) -> {});
                assertThat(drawn)
                        .allSatisfy(t ->
                                assertThat(Arrays.stream(t)).hasSize(20).allMatch(v -> v < 33));
            }
            List<int[]> wide =
                    new Generator(padded, kernels, 40)
                            .generate(
                                    List.of(PROMPT),
                                    20,
                                    SamplingParams.greedy(),
                                    id -> false,
                                    (s, id) -> {});
            assertThat(Arrays.stream(wide.getFirst())).anyMatch(v -> v >= 33);
        }
    }

    @Test
    void nothingWantedIsNothingGenerated() {
        assertThat(generate(0, DRAWN, PROMPT).getFirst()).isEmpty();
        assertThat(generate(5, DRAWN)).isEmpty();
    }

    @Test
    void theContextMayBeFilledToItsLastPosition() {
        int[] prompt = SmallModels.tokens(125, 40, 1);
        assertThat(generate(3, SamplingParams.greedy(), prompt).getFirst()).hasSize(3);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> generate(4, SamplingParams.greedy(), prompt))
                .withMessage("a sequence of 129 tokens is longer than max_position_embeddings 128");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> generate(Integer.MAX_VALUE, SamplingParams.greedy(), prompt))
                .withMessageContaining("longer than max_position_embeddings 128");
    }

    @Test
    void whatIsNoPromptIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> generate(3, DRAWN, PROMPT, new int[0]))
                .withMessage("a prompt is empty, expected one token or more");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> generate(3, DRAWN, new int[] {1, 40}))
                .withMessageContaining("40");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> generate(3, DRAWN, new int[] {-1}))
                .withMessageContaining("-1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Generator(model, kernels, 41))
                .withMessage("the tokenizer has 41 ids, the model's vocab_size is 40");
    }
}
