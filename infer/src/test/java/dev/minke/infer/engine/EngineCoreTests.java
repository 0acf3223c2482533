package dev.minke.infer.engine;

import static dev.minke.infer.engine.EngineLab.GREEDY;
import static dev.minke.infer.engine.EngineLab.drawn;
import static dev.minke.infer.engine.EngineLab.greedy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.minke.infer.FinishReason;
import dev.minke.infer.Sampler;
import dev.minke.infer.engine.EngineLab.Heard;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.SmallModels;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.RuntimeFlags;
import dev.minke.tensor.Team;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class EngineCoreTests {
    private static final Team TEAM = new Team(2);
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

    private static EngineLab lab(int blocks) {
        return new EngineLab(model, kernels, EngineLab.config(model, blocks));
    }

    private static int[] tokens(int count, long seed) {
        return SmallModels.tokens(count, EngineLab.VOCAB, seed);
    }

    private static int[] join(int[] a, int[] b) {
        int[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    // ---------------------------------------------------------------- what is generated

    @ParameterizedTest
    @MethodSource("dev.minke.model.deepseek.SmallModels#variants")
    void greedyTokensAreTheBestOfTheWholeForwardPass(DeepSeekConfig config) {
        int[] prompt = tokens(70, 3);
        try (DeepSeekModel small = SmallModels.random(config, Parameters.forInference(), 8);
                EngineLab lab = new EngineLab(small, kernels, EngineLab.config(small, 4))) {
            int[] text = lab.text(greedy(prompt, 12));
            float[] logits = SmallModels.logits(small, kernels, join(prompt, text));
            for (int i = 0; i < text.length; i++) {
                int row = (prompt.length + i - 1) * EngineLab.VOCAB;
                int best = 0;
                for (int v = 1; v < EngineLab.VOCAB; v++) {
                    best = logits[row + v] > logits[row + best] ? v : best;
                }
                assertThat(text[i]).as("token %d", i).isEqualTo(best);
            }
            assertThat(text).hasSize(12);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.minke.model.deepseek.SmallModels#variants")
    void oneOfEightReadsAsIfItWereAlone(DeepSeekConfig config) {
        try (DeepSeekModel small = SmallModels.random(config, Parameters.forInference(), 8);
                EngineLab lab = new EngineLab(small, kernels, EngineLab.config(small, 40))) {
            List<Heard> heard = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                heard.add(lab.submit(Request.of(tokens(20 + 11 * i, i), 20, drawn(i))));
            }
            lab.finish();
            for (int i = 0; i < 8; i++) {
                EngineConfig alone =
                        EngineLab.withReuse(EngineLab.config(small, 40), PrefixReuse.OFF);
                try (EngineLab other = new EngineLab(small, kernels, alone)) {
                    int[] text = other.text(Request.of(tokens(20 + 11 * i, i), 20, drawn(i)));
                    assertThat(heard.get(i).tokens(0)).as("%d", i).containsExactly(text);
                    assertThat(text).hasSize(20);
                }
            }
        }
    }

    @Test
    void stepsOfAnySizeGiveTheSameText() {
        Request request = Request.of(tokens(300, 1), 40, drawn(5));
        int[] expected = {};
        for (int size : new int[] {8, 64, 100, 1000}) {
            EngineConfig config = EngineLab.withSteps(EngineLab.config(model, 20), size, 8, 100);
            try (EngineLab lab = new EngineLab(model, kernels, config)) {
                int[] text = lab.text(request);
                expected = expected.length == 0 ? text : expected;
                assertThat(text).as("steps of %d", size).containsExactly(expected).hasSize(40);
            }
        }
    }

    @Test
    void aKnownPrefixIsNotComputedAgainAndChangesNothing() {
        int[] prefix = tokens(200, 1);
        int[] prompt = join(prefix, tokens(30, 2));
        Request request = Request.of(prompt, 30, drawn(3));
        for (PrefixReuse reuse : PrefixReuse.values()) {
            EngineConfig config = EngineLab.withReuse(EngineLab.config(model, 20), reuse);
            try (EngineLab lab = new EngineLab(model, kernels, config)) {
                int[] miss = lab.text(request);
                assertThat(lab.core.stats().reusedTokens()).isZero();
                int[] hit = lab.text(request);
                assertThat(lab.core.stats().reusedTokens())
                        .isEqualTo(reuse == PrefixReuse.OFF ? 0 : 192);
                assertThat(hit).containsExactly(miss);
                lab.text(greedy(join(prefix, tokens(9, 4)), 2));
                assertThat(lab.core.stats().reusedTokens())
                        .isEqualTo(reuse == PrefixReuse.OFF ? 0 : 2 * 192);
                lab.text(greedy(join(new int[] {prompt[0] + 1 & 31}, prompt), 2));
                assertThat(lab.core.stats().reusedTokens()).isLessThanOrEqualTo(2 * 192);
            }
        }
    }

    @Test
    void textThatWasGeneratedServesTheNextTurnOnlyWhereBitsDoNotMatter() {
        int[] prompt = tokens(40, 1);
        for (PrefixReuse reuse : List.of(PrefixReuse.EXACT, PrefixReuse.ANY)) {
            EngineConfig config = EngineLab.withReuse(EngineLab.config(model, 20), reuse);
            try (EngineLab lab = new EngineLab(model, kernels, config)) {
                int[] turn = join(prompt, lab.text(greedy(prompt, 100)));
                int[] warm = lab.text(greedy(join(turn, tokens(9, 2)), 20));
                assertThat(lab.core.stats().reusedTokens())
                        .isEqualTo(reuse == PrefixReuse.ANY ? 128 : 0);
                assertThat(warm).hasSize(20);
            }
        }
    }

    @Test
    void choicesShareThePromptAndReadAsSeparateRequests() {
        for (int length : new int[] {100, 128}) {
            int[] prompt = tokens(length, 1);
            try (EngineLab lab = lab(20);
                    EngineLab other = lab(20)) {
                Heard heard = lab.submit(Request.of(prompt, 50, drawn(7)).withChoices(4));
                while (heard.tokens.getFirst().isEmpty()) {
                    lab.step();
                }
                assertThat(heard.tokens).allSatisfy(t -> assertThat(t).hasSize(1));
                assertThat(lab.core.stats().heldBlocks()).isEqualTo(2);
                lab.step();
                int shared = length == 128 ? 2 : 1;
                assertThat(lab.core.stats().heldBlocks()).isEqualTo(shared + 4);
                lab.finish();
                for (int choice = 0; choice < 4; choice++) {
                    int own = choice;
                    Request same =
                            new Request(
                                    prompt,
                                    50,
                                    1,
                                    0,
                                    id -> false,
                                    zero -> new Sampler(drawn(7), own)::sample);
                    int[] text = other.text(same);
                    assertThat(heard.tokens(choice)).containsExactly(text).hasSize(50);
                }
                assertThat(heard.tokens(0)).isNotEqualTo(heard.tokens(1));
                assertThat(heard.endedOnce()).isTrue();
                assertThat(lab.core.stats().heldBlocks()).isZero();
            }
        }
    }

    @Test
    void aRequestThatHadToStartAgainReadsAsIfItHadNot() {
        int[] prompt = tokens(150, 1);
        for (int choices : new int[] {1, 3}) {
            Request low = Request.of(prompt, 100, drawn(7)).withChoices(choices);
            Heard calm;
            try (EngineLab lab = lab(40)) {
                calm = lab.submit(low);
                lab.finish();
            }
            int blocks = choices == 1 ? 4 : 8;
            try (EngineLab lab = lab(blocks)) {
                Heard heard = lab.submit(low);
                for (int round = 0; round < 3; round++) {
                    for (int i = 0; i < 4 + 11 * round; i++) {
                        lab.step();
                    }
                    Heard high = lab.submit(greedy(tokens(190, round), 60).withPriority(9));
                    while (!high.ticket.ended()) {
                        lab.step();
                    }
                    assertThat(high.tokens(0)).hasSize(60);
                }
                lab.finish();
                assertThat(lab.core.stats().preemptions()).isGreaterThanOrEqualTo(2);
                for (int choice = 0; choice < choices; choice++) {
                    assertThat(heard.tokens(choice))
                            .containsExactly(calm.tokens(choice))
                            .hasSize(100);
                }
                assertThat(heard.endedOnce()).isTrue();
            }
        }
    }

    @Test
    void moreThanMemoryHoldsMayBeginAndAllComeToTheirEnd() {
        EngineConfig config = EngineLab.withReserve(EngineLab.config(model, 8), 0);
        try (EngineLab lab = new EngineLab(model, kernels, config)) {
            List<Heard> heard = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                heard.add(lab.submit(Request.of(tokens(50, i), 150, drawn(i))));
            }
            lab.step();
            assertThat(lab.core.stats().running()).isGreaterThan(2);
            lab.finish();
            assertThat(lab.core.stats().preemptions()).isPositive();
            try (EngineLab roomy = lab(40)) {
                for (int i = 0; i < 8; i++) {
                    int[] text = roomy.text(Request.of(tokens(50, i), 150, drawn(i)));
                    assertThat(heard.get(i).tokens(0)).containsExactly(text);
                }
            }
        }
    }

    // ---------------------------------------------------------------- ends

    @Test
    void stopTokensLimitsAndListenersEndAChoice() {
        int[] prompt = tokens(20, 1);
        try (EngineLab lab = lab(20)) {
            int[] free = lab.text(greedy(prompt, 30));
            int stop = free[9];
            int first = 0;
            while (free[first] != stop) {
                first++;
            }
            Heard heard = lab.submit(greedy(prompt, 30).withStop(id -> id == stop));
            lab.finish();
            assertThat(heard.tokens(0)).containsExactly(Arrays.copyOf(free, first));
            assertThat(heard.ends.getFirst()).containsExactly(FinishReason.STOP);
            Heard full = lab.submit(greedy(prompt, 1));
            lab.finish();
            assertThat(full.tokens(0)).containsExactly(free[0]);
            assertThat(full.ends.getFirst()).containsExactly(FinishReason.LENGTH);
            Heard tired = lab.submit(greedy(prompt, 30));
            tired.limit = 4;
            lab.finish();
            assertThat(tired.tokens(0)).containsExactly(Arrays.copyOf(free, 4));
            assertThat(tired.ends.getFirst()).containsExactly(FinishReason.STOP);
            assertThat(lab.core.stats().heldBlocks()).isZero();
        }
    }

    @Test
    void cancellingFreesTheBlocksAtOnceWhereverARequestStands() {
        try (EngineLab lab = lab(10)) {
            Heard decoding = lab.submit(greedy(tokens(60, 1), 100).withChoices(2));
            lab.step();
            lab.step();
            Heard prompt = lab.submit(greedy(tokens(250, 2), 1));
            lab.step();
            Heard queued = lab.submit(greedy(tokens(250, 3), 300));
            lab.step();
            assertThat(queued.ticket.position()).isEqualTo(1);
            assertThat(prompt.ticket.position()).isZero();
            int held = lab.core.stats().heldBlocks();
            prompt.ticket.cancel();
            lab.step();
            assertThat(prompt.ends.getFirst()).containsExactly(FinishReason.CANCELLED);
            assertThat(prompt.ticket.ended()).isTrue();
            assertThat(lab.core.stats().heldBlocks()).isLessThan(held);
            queued.ticket.cancel();
            decoding.ticket.cancel();
            int before = decoding.tokens.getFirst().size();
            assertThat(lab.step()).isFalse();
            assertThat(lab.core.stats().heldBlocks()).isZero();
            assertThat(decoding.ends).allSatisfy(e -> assertThat(e).hasSize(1));
            assertThat(decoding.tokens.getFirst()).hasSize(before);
            assertThat(queued.tokens.getFirst()).isEmpty();
            assertThat(queued.endedOnce()).isTrue();
        }
    }

    @Test
    void aListenerThatFailsLosesItsRequestAlone() {
        try (EngineLab lab = lab(20)) {
            Heard good = lab.submit(greedy(tokens(20, 1), 10));
            List<Throwable> failures = new ArrayList<>();
            Ticket bad =
                    lab.core.submit(
                            greedy(tokens(20, 2), 10).withChoices(2),
                            new EngineListener() {
                                @Override
                                public boolean token(int choice, int id) {
                                    throw new IllegalStateException("no ear");
                                }

                                @Override
                                public void finished(int choice, FinishReason reason) {
                                    throw new AssertionError("has failed already");
                                }

                                @Override
                                public void failed(Throwable cause) {
                                    failures.add(cause);
                                }
                            },
                            () -> {});
            Heard unmade =
                    lab.submit(
                            new Request(
                                    tokens(5, 1),
                                    5,
                                    1,
                                    0,
                                    id -> false,
                                    choice -> {
                                        throw new IllegalArgumentException("no sampler");
                                    }));
            lab.finish();
            assertThat(bad.ended()).isTrue();
            assertThat(failures)
                    .singleElement()
                    .hasToString("java.lang.IllegalStateException: no ear");
            assertThat(unmade.failures)
                    .singleElement()
                    .hasToString("java.lang.IllegalArgumentException: no sampler");
            assertThat(good.tokens(0)).hasSize(10);
            assertThat(lab.core.stats().heldBlocks()).isZero();
        }
    }

    // ---------------------------------------------------------------- order

    @Test
    void aShortPromptDoesNotWaitForALongOne() {
        try (EngineLab lab = lab(40)) {
            Heard large = lab.submit(greedy(tokens(1000, 1), 5));
            lab.step();
            lab.step();
            Heard small = lab.submit(greedy(tokens(30, 2), 5));
            lab.step();
            assertThat(small.tokens.getFirst()).hasSize(1);
            assertThat(large.tokens.getFirst()).isEmpty();
            lab.finish();
            assertThat(large.tokens.getFirst()).hasSize(5);
        }
    }

    @Test
    void aLongPromptIsNotStarvedByShortOnes() {
        try (EngineLab lab = lab(60)) {
            Heard large = lab.submit(greedy(tokens(900, 1), 1));
            int steps = 0;
            while (!large.ticket.ended()) {
                for (int i = 0; i < 3; i++) {
                    lab.submit(greedy(tokens(40, steps), 1));
                }
                lab.step();
                assertThat(++steps).isLessThan(40); // half of 96 tokens a step, in whole blocks
            }
        }
    }

    @Test
    void higherPriorityGoesFirstAndWaitingRaisesIt() {
        try (EngineLab lab = lab(4)) {
            Heard low = lab.submit(greedy(tokens(60, 1), 100));
            Heard high = lab.submit(greedy(tokens(60, 2), 100).withPriority(2));
            lab.step();
            assertThat(high.ticket.position()).isZero();
            assertThat(low.ticket.position()).isEqualTo(1);
            int steps = 0;
            int served = 0;
            List<Heard> stream = new ArrayList<>(List.of(high));
            while (!low.ticket.ended()) {
                if (stream.getLast().ticket.position() == 0) {
                    stream.add(lab.submit(greedy(tokens(60, steps), 100).withPriority(2)));
                    served++;
                }
                lab.step();
                assertThat(++steps).isLessThan(600);
            }
            assertThat(low.tokens.getFirst()).hasSize(100);
            assertThat(served).isBetween(2, 5);
        }
    }

    @Test
    void nobodyIsOvertakenBySmallerRequests() {
        try (EngineLab lab = lab(6)) {
            Heard running = lab.submit(greedy(tokens(60, 1), 60));
            lab.step();
            Heard large = lab.submit(greedy(tokens(250, 1), 100));
            Heard small = lab.submit(greedy(tokens(5, 1), 5));
            lab.step();
            assertThat(large.ticket.position()).isEqualTo(1);
            assertThat(small.ticket.position()).isEqualTo(2);
            while (!running.ticket.ended()) {
                lab.step();
            }
            lab.step();
            assertThat(large.ticket.position()).isZero();
            lab.finish();
            assertThat(small.ticket.ended()).isTrue();
        }
    }

    // ---------------------------------------------------------------- refusals

    @Test
    void badRequestsAreRefusedInOneLine() {
        try (EngineLab lab = lab(6)) {
            refused(
                    lab,
                    greedy(tokens(1000, 1), 25),
                    "a prompt of 1000 tokens and 25 new ones"
                            + " are longer than max_position_embeddings 1024");
            refused(
                    lab,
                    greedy(new int[] {1, 2, 40}, 5),
                    "token 2 of the prompt is 40," + " expected 0 to 39");
            refused(
                    lab,
                    greedy(new int[] {-1}, 5),
                    "token 0 of the prompt is -1," + " expected 0 to 39");
            refused(
                    lab,
                    greedy(tokens(300, 1), 100),
                    "the request needs 7 blocks of cache"
                            + " (prompt 300, max tokens 100, n 1), 6 exist");
            refused(
                    lab,
                    greedy(tokens(10, 1), 100).withChoices(4),
                    "the request needs 8 blocks"
                            + " of cache (prompt 10, max tokens 100, n 4), 6 exist");
            refused(
                    lab,
                    greedy(tokens(10, 1), 10).withChoices(9),
                    "n is 9, the engine runs 8" + " sequences at once");
            assertThat(lab.step()).isFalse();
            // one token less and it fits exactly
            assertThat(lab.text(greedy(tokens(300, 1), 85))).hasSize(85);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> greedy(new int[0], 5))
                .withMessage("the prompt is empty, expected one token or more");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> greedy(new int[] {1}, 0))
                .withMessage("max tokens is 0, expected 1 or more");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Request.of(new int[] {1}, 1, GREEDY).withChoices(0))
                .withMessage("n is 0, expected 1 or more");
    }

    private static void refused(EngineLab lab, Request request, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> lab.submit(request))
                .withMessage(message);
    }

    @Test
    void theQueueIsBounded() {
        EngineConfig config = EngineLab.withSteps(EngineLab.config(model, 6), 8, 1, 3);
        try (EngineLab lab = new EngineLab(model, kernels, config)) {
            lab.submit(greedy(tokens(5, 1), 5));
            lab.step();
            for (int i = 0; i < 3; i++) {
                assertThat(lab.submit(greedy(tokens(5, i), 5)).ticket.position()).isEqualTo(i + 1);
            }
            assertThatExceptionOfType(EngineBusy.class)
                    .isThrownBy(() -> lab.submit(greedy(tokens(5, 1), 5)))
                    .withMessage("the engine is busy: 3 requests are waiting, no more may");
            lab.finish();
            assertThat(lab.text(greedy(tokens(5, 1), 5))).hasSize(5);
        }
    }

    @Test
    void impossibleSettingsAreRefused() {
        EngineConfig good = EngineLab.config(model, 6);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EngineLab.withSteps(good, 7, 8, 1))
                .withMessage("stepTokens is 7, expected 8 or more");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EngineLab.withReserve(good, 101))
                .withMessage("reservePercent is 101, expected 0 to 100");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new EngineLab(model, kernels, EngineConfig.of(1000)))
                .withMessageStartingWith("the cache may take 1000 bytes, one block of 64 tokens");
    }
}
