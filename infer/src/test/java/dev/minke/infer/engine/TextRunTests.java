package dev.minke.infer.engine;

import static dev.minke.infer.engine.EngineLab.VOCAB;
import static dev.minke.infer.engine.EngineLab.drawn;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.minke.infer.Continuation;
import dev.minke.infer.FinishReason;
import dev.minke.infer.Sampler;
import dev.minke.infer.SamplingParams;
import dev.minke.infer.StopParams;
import dev.minke.infer.StopRule;
import dev.minke.infer.constrain.Constraint;
import dev.minke.infer.constrain.Constraints;
import dev.minke.infer.constrain.Vocabulary;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.SmallModels;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.RuntimeFlags;
import dev.minke.tensor.Team;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Requests for text: every choice under its own sampler, rule and language.
class TextRunTests {
    private static final SamplingParams DRAWN = drawn(77);
    private static final int[] PROMPT = {3, 1, 4, 1, 5, 9, 2, 6};
    private static final int EOS = 39;
    private static final CharacterTokenizer TOKENIZER = new CharacterTokenizer(VOCAB, EOS);
    private static final Team TEAM = new Team(1);
    private static Kernels kernels;
    private static DeepSeekModel model;

    @BeforeAll
    static void open() {
        kernels = Backends.open(TEAM, RuntimeFlags.backend().orElse("reference"));
        model = SmallModels.random(EngineLab.longV3(), Parameters.forInference(), 8);
    }

    @AfterAll
    static void close() {
        model.close();
        TEAM.close();
    }

    /// What a listener heard.
    private static final class Heard implements TextListener {
        final List<StringBuilder> texts = new ArrayList<>();
        final List<List<Continuation.Step>> steps = new ArrayList<>();
        final List<List<FinishReason>> ends = new ArrayList<>();
        final List<Throwable> failures = new ArrayList<>();
        Consumer<Continuation.Step> also = _ -> {};

        Heard(int choices) {
            for (int i = 0; i < choices; i++) {
                texts.add(new StringBuilder());
                steps.add(new ArrayList<>());
                ends.add(new ArrayList<>());
            }
        }

        @Override
        public void step(int choice, Continuation.Step step) {
            assertThat(ends.get(choice)).isEmpty();
            steps.get(choice).add(step);
            texts.get(choice).append(step.text());
            also.accept(step);
        }

        @Override
        public void finished(int choice, FinishReason reason, String rest) {
            ends.get(choice).add(reason);
            texts.get(choice).append(rest);
        }

        @Override
        public void failed(Throwable cause) {
            failures.add(cause);
        }
    }

    private static Continuation continuation(SamplingParams params, StopParams stops) {
        return new Continuation(new Sampler(params), new StopRule(stops, TOKENIZER));
    }

    private static StopParams stops(int maxTokens, String... strings) {
        return new StopParams(maxTokens, 0, true, List.of(), List.of(strings));
    }

    private static Heard run(DeepSeekModel model, Kernels kernels, List<Continuation> choices) {
        try (EngineLab lab = new EngineLab(model, kernels, EngineLab.config(model, 20))) {
            return run(lab, choices);
        }
    }

    private static Heard run(EngineLab lab, List<Continuation> choices) {
        Heard heard = new Heard(choices.size());
        TextRun run = new TextRun(choices, heard);
        lab.core.submit(run.request(PROMPT, 0), run, () -> {});
        lab.finish();
        return heard;
    }

    private static String text(Continuation continuation) {
        Heard heard = run(model, kernels, List.of(continuation));
        assertThat(heard.failures).isEmpty();
        return heard.texts.getFirst().toString();
    }

    @Test
    void everyContinuationHasItsOwnEnd() {
        String all = text(continuation(DRAWN, stops(12)));
        assertThat(all).hasSize(12);
        String stop = all.substring(5, 7);
        int end = all.indexOf(stop);
        List<Continuation> continuations =
                List.of(
                        continuation(DRAWN, stops(12)),
                        continuation(DRAWN.withLogprobs(2), stops(12, stop)),
                        continuation(DRAWN, stops(3)));
        Heard heard = run(model, kernels, continuations);
        assertThat(heard.texts.stream().map(StringBuilder::toString))
                .containsExactly(all, all.substring(0, end), all.substring(0, 3));
        assertThat(heard.ends)
                .containsExactly(
                        List.of(FinishReason.LENGTH),
                        List.of(FinishReason.STOP),
                        List.of(FinishReason.LENGTH));
        assertThat(continuations.stream().map(c -> c.rule().finish().orElseThrow()))
                .containsExactlyElementsOf(heard.ends.stream().map(List::getFirst).toList());
        assertThat(heard.steps.get(1))
                .hasSize(end + 2)
                .allSatisfy(s -> assertThat(s.logprobs().orElseThrow().top()).hasSize(2));
    }

    @Test
    void aTokenThatEndsTextsIsHeardButNotPartOfThem() {
        String all = text(continuation(DRAWN, stops(12)));
        int end = TOKENIZER.id(all.substring(4, 5));
        StopParams params = new StopParams(12, 0, true, List.of(end), List.of());
        Heard heard = run(model, kernels, List.of(continuation(DRAWN, params)));
        assertThat(heard.texts.getFirst().toString())
                .isEqualTo(all.substring(0, all.indexOf(all.charAt(4))));
        assertThat(heard.steps.getFirst().getLast().kept()).isFalse();
        assertThat(heard.ends.getFirst()).containsExactly(FinishReason.STOP);
    }

    @Test
    void textThatWasHeldBackComesWithTheEnd() {
        String all = text(continuation(DRAWN, stops(12)));
        String almost = all.substring(3, 6) + "#"; // never complete
        Continuation continuation = continuation(DRAWN, stops(100, almost));
        Heard heard = new Heard(1);
        TextRun run = new TextRun(List.of(continuation), heard);
        try (EngineLab lab = new EngineLab(model, kernels, EngineLab.config(model, 20))) {
            Ticket ticket = lab.core.submit(run.request(PROMPT, 0), run, () -> {});
            heard.also =
                    _ -> {
                        if (heard.steps.getFirst().size() == 6) {
                            ticket.cancel();
                        }
                    };
            lab.finish();
        }
        assertThat(heard.ends.getFirst()).containsExactly(FinishReason.CANCELLED);
        assertThat(continuation.rule().finish()).contains(FinishReason.CANCELLED);
        assertThat(heard.steps.getFirst().getLast().text()).isEmpty();
        assertThat(heard.texts.getFirst().toString()).isEqualTo(all.substring(0, 6));
    }

    @Test
    void packedWeightsMoreThreadsAndOtherSeedsDoWhatTheySay() {
        String expected = text(continuation(DRAWN, stops(20)));
        assertThat(text(continuation(DRAWN, stops(20)))).isEqualTo(expected);
        assertThat(text(continuation(drawn(78), stops(20)))).isNotEqualTo(expected);
        try (DeepSeekModel packed =
                        SmallModels.random(EngineLab.longV3(), Parameters.forInference(), 8);
                Team team = new Team(3)) {
            Kernels three = Backends.open(team, RuntimeFlags.backend().orElse("reference"));
            packed.pack(three);
            Heard heard = run(packed, three, List.of(continuation(DRAWN, stops(20))));
            assertThat(heard.texts.getFirst().toString()).isEqualTo(expected);
        }
    }

    @Test
    void textStaysWithinItsLanguageAndEndsWhereItMust() {
        Constraint constraint = Constraints.regex("[0-3]{2,4}(:[4-7]+)?;");
        Vocabulary vocabulary = Vocabulary.of(TOKENIZER);
        List<Continuation> continuations = new ArrayList<>();
        for (int choice = 0; choice < 8; choice++) {
            // neither the least length nor what is banned keeps it from ending
            StopParams params = new StopParams(60, 50, true, List.of(), List.of());
            continuations.add(
                    new Continuation(
                            new Sampler(DRAWN, choice),
                            new StopRule(params, TOKENIZER),
                            constraint.matcher(vocabulary)));
        }
        Heard heard = run(model, kernels, continuations);
        assertThat(heard.failures).isEmpty();
        for (int choice = 0; choice < 8; choice++) {
            String text = heard.texts.get(choice).toString();
            if (heard.ends.get(choice).contains(FinishReason.STOP)) {
                assertThat(text).matches("[0-3]{2,4}(:[4-7]+)?;");
            } else {
                assertThat(text).hasSize(60).matches("[0-3]{2,4}:[4-7]+");
            }
        }
        assertThat(heard.texts.stream().map(StringBuilder::toString).distinct())
                .hasSizeGreaterThan(2);
        assertThat(heard.ends).anySatisfy(e -> assertThat(e).contains(FinishReason.STOP));
    }

    @Test
    void whatNoTokenCanContinueFailsAlone() {
        Constraint constraint = Constraints.regex("0é"); // no token for this letter
        Continuation stuck =
                new Continuation(
                        new Sampler(DRAWN),
                        new StopRule(stops(20), TOKENIZER),
                        constraint.matcher(Vocabulary.of(TOKENIZER)));
        try (EngineLab lab = new EngineLab(model, kernels, EngineLab.config(model, 20))) {
            Heard other = new Heard(1);
            TextRun run = new TextRun(List.of(continuation(DRAWN, stops(20))), other);
            lab.core.submit(run.request(PROMPT, 0), run, () -> {});
            Heard heard = run(lab, List.of(stuck));
            assertThat(heard.failures).hasSize(1);
            assertThat(heard.failures.getFirst()).hasMessageContaining("no token");
            assertThat(other.texts.getFirst()).hasSize(20);
        }
    }

    @Test
    void aContinuationMustBeFresh() {
        Continuation ended = continuation(DRAWN, new StopParams(0));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TextRun(List.of(ended), new Heard(1)).request(PROMPT, 0))
                .withMessage("a continuation has ended already");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TextRun(List.of(), new Heard(0)).request(PROMPT, 0))
                .withMessageContaining("expected 1 or more");
    }

    @Test
    void collectorsKeepWhatTheyHear() throws InterruptedException {
        EngineConfig config = EngineLab.config(model, 20);
        TokenCollector all = new TokenCollector(2);
        TokenCollector failed = new TokenCollector(1);
        try (Engine engine = new Engine(model, kernels, VOCAB, config)) {
            Request request = Request.of(PROMPT, 100, DRAWN);
            engine.submit(request.withChoices(2), all).await();
            Request broken =
                    request.withStop(_ -> {
                        throw new IllegalArgumentException("no");
                    });
            engine.submit(broken, failed).await();
        }
        assertThat(all.tokens(0)).hasSize(100).isNotEqualTo(all.tokens(1));
        assertThat(all.finish(1)).contains(FinishReason.LENGTH);
        assertThatIllegalStateException()
                .isThrownBy(() -> failed.tokens(0))
                .withMessage("the request could not be computed");
    }
}
