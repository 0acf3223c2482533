package dev.minke.infer.engine;

import static dev.minke.infer.engine.EngineLab.drawn;
import static dev.minke.infer.engine.EngineLab.greedy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.minke.infer.FinishReason;
import dev.minke.infer.Penalties;
import dev.minke.infer.SamplingParams;
import dev.minke.infer.engine.EngineLab.Heard;
import dev.minke.infer.engine.Speculation.Method;
import dev.minke.model.autograd.Ops;
import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.Pass;
import dev.minke.model.deepseek.RoutingMonitor;
import dev.minke.model.deepseek.SmallModels;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.RuntimeFlags;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Guesses change how many steps a text takes, and nothing else.
class SpeculationTests {
    /// So few that random models guess right now and then.
    private static final int FEW = 3;

    private static final Team TEAM = new Team(1);
    private static Kernels kernels;
    private static DeepSeekModel model;

    @BeforeAll
    static void open() {
        kernels = Backends.open(TEAM, RuntimeFlags.backend().orElse("reference"));
        model = SmallModels.random(EngineLab.longV3(1), Parameters.forInference(), 8);
    }

    @AfterAll
    static void close() {
        model.close();
        TEAM.close();
    }

    private static int[] tokens(int count, long seed) {
        return SmallModels.tokens(count, FEW, seed);
    }

    private static EngineLab lab(int blocks, Speculation speculation) {
        return lab(EngineLab.config(model, blocks), speculation);
    }

    private static EngineLab lab(EngineConfig config, Speculation speculation) {
        EngineConfig speculating = EngineLab.withSpeculation(model, config, speculation);
        return new EngineLab(model, kernels, FEW, speculating);
    }

    // ---------------------------------------------------------------- the text

    @ParameterizedTest
    @EnumSource(names = {"MTP", "LOOKUP", "AUTO"})
    void theTextIsTheSameAloneAndInCompany(Method method) {
        Penalties penalties = new Penalties(1.1, 50, 0.3, 0.2);
        List<Request> requests = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            SamplingParams params =
                    switch (i % 3) {
                        case 0 -> SamplingParams.greedy();
                        case 1 -> drawn(i);
                        default -> drawn(i).withPenalties(penalties);
                    };
            requests.add(Request.of(tokens(5 + 23 * i, i), 70 + i, params));
        }
        List<int[]> texts = new ArrayList<>();
        try (EngineLab plain = lab(40, Speculation.off())) {
            requests.forEach(r -> texts.add(plain.text(r)));
            assertThat(plain.core.stats().drafted()).isZero();
        }
        for (int drafts : new int[] {1, 3}) {
            for (boolean adaptive : new boolean[] {false, true}) {
                Speculation speculation = new Speculation(method, drafts, adaptive);
                try (EngineLab alone = lab(40, speculation);
                        EngineLab crowd = lab(40, speculation)) {
                    List<Heard> heard = new ArrayList<>();
                    requests.forEach(r -> heard.add(crowd.submit(r)));
                    crowd.finish();
                    for (int i = 0; i < 8; i++) {
                        assertThat(alone.text(requests.get(i))).as("%d", i).isEqualTo(texts.get(i));
                        assertThat(heard.get(i).tokens(0)).as("%d", i).isEqualTo(texts.get(i));
                        assertThat(heard.get(i).endedOnce()).isTrue();
                    }
                    EngineStats stats = alone.core.stats();
                    assertThat(stats.accepted()).isPositive().isLessThan(stats.drafted());
                    assertThat(stats.heldBlocks()).isZero();
                    assertThat(crowd.core.stats().accepted()).isPositive();
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.minke.model.deepseek.SmallModels#variants")
    void everyKindOfModelCanGuess(DeepSeekConfig config) {
        try (DeepSeekModel small = SmallModels.random(config, Parameters.forInference(), 8)) {
            EngineConfig plain = EngineLab.config(small, 4);
            EngineConfig guessing =
                    EngineLab.withSpeculation(small, plain, Speculation.auto().always());
            Request request = greedy(tokens(30, 1), 90);
            try (EngineLab slow = new EngineLab(small, kernels, FEW, plain);
                    EngineLab fast = new EngineLab(small, kernels, FEW, guessing)) {
                assertThat(fast.text(request)).isEqualTo(slow.text(request)).hasSize(90);
                assertThat(fast.core.stats().accepted()).isPositive();
                assertThat(fast.core.stats().steps()).isLessThan(slow.core.stats().steps());
            }
        }
    }

    /// Texts of four tokens from a vocabulary of three: 81 of them, whose probabilities follow from
    /// the model's logits. The sum of (n - expected)^2 / expected over 20,000 texts has mean 80 and
    /// standard deviation 12.6.
    @Test
    void guessesLeaveTheDistributionAsItIs() {
        int[] prompt = tokens(9, 4);
        double[] expected = new double[81];
        for (int text = 0; text < 81; text++) {
            expected[text] = 20_000 * probability(prompt, digits(text));
        }
        assertThat(Arrays.stream(expected).sum()).isBetween(19_999.9, 20_000.1);
        for (Method method : List.of(Method.MTP, Method.LOOKUP)) {
            int[] counts = new int[81];
            try (EngineLab lab = lab(40, new Speculation(method, 2, false))) {
                for (int round = 0; round < 2500; round++) {
                    SamplingParams params = new SamplingParams(1, 0, 1, round);
                    Heard heard = lab.submit(Request.of(prompt, 4, params).withChoices(8));
                    while (lab.core.step()) {
                        // until all have ended
                    }
                    for (int choice = 0; choice < 8; choice++) {
                        int[] t = heard.tokens(choice);
                        counts[((t[0] * 3 + t[1]) * 3 + t[2]) * 3 + t[3]]++;
                    }
                }
                assertThat(lab.core.stats().accepted()).isGreaterThan(2000);
            }
            double sum = 0;
            for (int text = 0; text < 81; text++) {
                assertThat(expected[text]).isGreaterThan(5);
                sum += Math.pow(counts[text] - expected[text], 2) / expected[text];
            }
            assertThat(sum).as("%s", method).isBetween(40.0, 130.0);
        }
    }

    private static int[] digits(int text) {
        return new int[] {text / 27, text / 9 % 3, text / 3 % 3, text % 3};
    }

    private static double probability(int[] prompt, int[] text) {
        int[] all = join(prompt, text);
        float[] logits = SmallModels.logits(model, kernels, all);
        double product = 1;
        for (int i = 0; i < text.length; i++) {
            int row = (prompt.length + i - 1) * EngineLab.VOCAB;
            double sum = 0;
            for (int v = 0; v < FEW; v++) {
                sum += Math.exp(logits[row + v]);
            }
            product *= Math.exp(logits[row + text[i]]) / sum;
        }
        return product;
    }

    private static int[] join(int[] a, int[] b) {
        int[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    // ---------------------------------------------------------------- the guesses

    /// Whatever was kept back, cut into chunks or rejected before: a guess is what the module says
    /// over the whole text.
    @ParameterizedTest
    @EnumSource(names = {"MTP", "AUTO"})
    void theModuleGuessesWhatItsForwardPassOverTheWholeTextSays(Method method) {
        int checked = 0;
        for (boolean adaptive : new boolean[] {false, true}) {
            try (EngineLab lab = lab(40, new Speculation(method, 3, adaptive))) {
                lab.submit(Request.of(tokens(150, 1), 200, drawn(3)));
                lab.submit(Request.of(tokens(7, 2), 200, drawn(4)));
                while (lab.step()) {
                    for (Job job : lab.core.scheduler().jobs()) {
                        Sequence sequence = job.choices.getFirst();
                        if (sequence.drafts > 0 && sequence.kind == Pace.MTP) {
                            int[] all =
                                    Arrays.copyOf(
                                            sequence.tokens, sequence.length + sequence.drafts);
                            assertThat(guesses(all, sequence.length)).isEqualTo(all);
                            checked++;
                        }
                    }
                }
            }
        }
        assertThat(checked).isGreaterThan(5);
    }

    /// The text and its guesses, made from the whole: `all` after the first `length` is replaced.
    private static int[] guesses(int[] all, int length) {
        int[] made = all.clone();
        try (Workspace workspace = new Workspace()) {
            Tape tape = Tape.inference(kernels, workspace);
            int width = model.config().hiddenSize();
            Tensor state = workspace.f32(all.length - 1, width);
            Tensor positions = workspace.i32(all.length);
            Tensor ids = workspace.i32(all.length);
            for (int i = 0; i < all.length; i++) {
                positions.setInt(i, i);
                ids.setInt(i, all[i]);
            }
            Tensor ends = workspace.i32(2);
            ends.setInt(0, 0);
            ends.setInt(1, length - 1);
            Pass pass =
                    model.pass(tape, positions.range(0, length - 1L), ends, RoutingMonitor.none());
            Var hidden = model.hidden(pass, ids.range(0, length - 1L));
            state.range(0, length - 1L).copyFrom(hidden.value());
            for (int rows = length - 1; rows + 1 < all.length; rows++) {
                Tensor next = workspace.i32(rows);
                for (int i = 0; i < rows; i++) {
                    next.setInt(i, made[i + 1]);
                }
                ends.setInt(1, rows);
                Pass module =
                        model.pass(tape, positions.range(0, rows), ends, RoutingMonitor.none());
                Var out = model.mtpHidden(module, Var.constant(state.range(0, rows)), next);
                Tensor last = workspace.i32(1);
                last.setInt(0, rows - 1);
                Var row = Ops.gather(tape, out, last);
                state.range(rows, rows + 1L).copyFrom(row.value());
                made[rows + 1] = best(model.logits(tape, row).toFloats());
            }
        }
        return made;
    }

    private static int best(float[] logits) {
        int best = 0;
        for (int v = 1; v < FEW; v++) {
            best = logits[v] > logits[best] ? v : best;
        }
        return best;
    }

    // ---------------------------------------------------------------- blocks and ends

    @Test
    void choicesStartAgainAndPrefixesHitAsWithoutGuesses() {
        int[] prompt = tokens(150, 1);
        Request low = Request.of(prompt, 100, drawn(7)).withChoices(3);
        Heard calm;
        try (EngineLab lab = lab(40, Speculation.off())) {
            calm = lab.submit(low);
            lab.finish();
        }
        for (Method method : List.of(Method.MTP, Method.LOOKUP, Method.AUTO)) {
            try (EngineLab lab = lab(8, new Speculation(method, 3, false))) {
                Heard heard = lab.submit(low);
                for (int round = 0; round < 3; round++) {
                    for (int i = 0; i < 4 + 6 * round; i++) {
                        lab.step();
                    }
                    Heard high = lab.submit(greedy(tokens(190, round), 60).withPriority(9));
                    while (!high.ticket.ended()) {
                        lab.step();
                    }
                    assertThat(high.tokens(0)).hasSize(60);
                }
                lab.finish();
                EngineStats stats = lab.core.stats();
                assertThat(stats.preemptions()).isGreaterThanOrEqualTo(2);
                assertThat(stats.accepted()).isPositive();
                assertThat(stats.heldBlocks()).isZero();
                for (int choice = 0; choice < 3; choice++) {
                    assertThat(heard.tokens(choice)).isEqualTo(calm.tokens(choice));
                }
                long reused = stats.reusedTokens();
                int[] again = lab.text(Request.of(prompt, 100, drawn(7)));
                assertThat(again).isEqualTo(calm.tokens(0));
                assertThat(lab.core.stats().reusedTokens()).isEqualTo(reused + 128);
            }
        }
    }

    @Test
    void guessesNeverCostAnybodyABlock() {
        // blocks for exactly these two, to the last token
        EngineConfig tight = EngineLab.withReserve(EngineLab.config(model, 4), 0);
        for (Method method : List.of(Method.MTP, Method.LOOKUP)) {
            try (EngineLab lab = lab(tight, new Speculation(method, 5, false))) {
                Heard a = lab.submit(Request.of(tokens(60, 1), 69, drawn(1)));
                Heard b = lab.submit(Request.of(tokens(61, 2), 68, drawn(2)));
                lab.finish();
                assertThat(lab.core.stats().preemptions()).isZero();
                assertThat(a.tokens(0)).hasSize(69);
                assertThat(b.tokens(0)).hasSize(68);
            }
        }
    }

    @Test
    void everythingThatEndsATextEndsItAmongGuessesToo() {
        int[] prompt = tokens(20, 1);
        int[] free;
        try (EngineLab plain = lab(20, Speculation.off())) {
            free = plain.text(greedy(prompt, 60));
        }
        int stop = free[0] == 1 ? 2 : 1;
        for (Method method : List.of(Method.MTP, Method.LOOKUP)) {
            try (EngineLab lab = lab(20, new Speculation(method, 5, false))) {
                for (int most = 1; most <= 20; most++) {
                    Heard full = lab.submit(greedy(prompt, most));
                    Heard tired = lab.submit(greedy(prompt, 60));
                    tired.limit = most;
                    lab.finish();
                    assertThat(full.tokens(0)).isEqualTo(Arrays.copyOf(free, most));
                    assertThat(full.ends.getFirst()).containsExactly(FinishReason.LENGTH);
                    assertThat(tired.tokens(0)).isEqualTo(Arrays.copyOf(free, most));
                    assertThat(tired.ends.getFirst()).containsExactly(FinishReason.STOP);
                }
                Request drawn = Request.of(prompt, 60, drawn(5));
                int[] whole = lab.text(drawn);
                int end = 0;
                while (whole[end] != stop) {
                    end++;
                }
                assertThat(lab.text(drawn.withStop(id -> id == stop)))
                        .isEqualTo(Arrays.copyOf(whole, end));
                assertThat(lab.core.stats().heldBlocks()).isZero();
            }
        }
    }

    @Test
    void nothingIsHeardAfterACancelAmongGuesses() {
        try (EngineLab lab = lab(20, Speculation.lookup(5).always())) {
            List<Integer> heard = new ArrayList<>();
            List<FinishReason> ends = new ArrayList<>();
            Ticket[] ticket = new Ticket[1];
            ticket[0] =
                    lab.core.submit(
                            greedy(new int[] {1, 2, 1, 2, 1, 2, 1, 2, 1}, 60),
                            new EngineListener() {
                                @Override
                                public boolean token(int choice, int id) {
                                    heard.add(id);
                                    if (heard.size() == 10) {
                                        ticket[0].cancel();
                                    }
                                    return true;
                                }

                                @Override
                                public void finished(int choice, FinishReason reason) {
                                    ends.add(reason);
                                }

                                @Override
                                public void failed(Throwable cause) {
                                    throw new AssertionError(cause);
                                }
                            },
                            () -> {});
            lab.finish();
            assertThat(heard).hasSize(10);
            assertThat(ends).containsExactly(FinishReason.CANCELLED);
            assertThat(lab.core.stats().heldBlocks()).isZero();
        }
    }

    @Test
    void acceptedGuessesFillBlocksThatServeTheNextTurn() {
        int[] prompt = tokens(40, 1);
        EngineConfig any = EngineLab.withReuse(EngineLab.config(model, 20), PrefixReuse.ANY);
        for (Speculation speculation :
                List.of(
                        Speculation.off(),
                        Speculation.lookup(7).always(),
                        Speculation.mtp(7).always())) {
            try (EngineLab lab = lab(any, speculation)) {
                int[] turn = join(prompt, lab.text(greedy(prompt, 89)));
                assertThat(turn).hasSize(129);
                lab.text(greedy(join(turn, tokens(9, 2)), 1));
                assertThat(lab.core.stats().reusedTokens()).isEqualTo(128);
            }
        }
    }

    @Test
    void guessesGiveWayWhereAStepHasNoRoom() {
        EngineConfig narrow = EngineLab.withSteps(EngineLab.config(model, 40), 8, 8, 100);
        try (EngineLab lab = lab(narrow, Speculation.lookup(7).always())) {
            List<Heard> heard = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                heard.add(lab.submit(greedy(tokens(10, i), 200)));
            }
            while (lab.step()) {
                boolean all = heard.stream().noneMatch(h -> h.tokens.getFirst().isEmpty());
                boolean none = heard.stream().noneMatch(h -> h.ticket.ended());
                if (all && none) {
                    break;
                }
            }
            long before = lab.core.stats().computedTokens();
            lab.step();
            assertThat(lab.core.stats().computedTokens() - before).isEqualTo(8);
            lab.finish();
            assertThat(lab.core.stats().accepted()).isPositive(); // before all ran
        }
    }

    // ---------------------------------------------------------------- settings

    @Test
    void impossibleSettingsAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Speculation.mtp(16))
                .withMessage("maxDrafts is 16, expected 0 to 15");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Speculation.lookup(-1))
                .withMessage("maxDrafts is -1, expected 0 to 15");
        assertThat(Speculation.mtp(0)).isEqualTo(Speculation.off());
        try (DeepSeekModel none =
                SmallModels.random(EngineLab.longV3(), Parameters.forInference(), 8)) {
            EngineConfig config = EngineLab.config(none, 4);
            assertThatIllegalArgumentException()
                    .isThrownBy(() ->
                            new EngineLab(
                                    none, kernels, config.withSpeculation(Speculation.mtp(1))))
                    .withMessage(
                            "speculation by MTP, but num_nextn_predict_layers of the model is 0");
            try (EngineLab lab =
                    new EngineLab(none, kernels, FEW, config.withSpeculation(Speculation.auto()))) {
                assertThat(lab.text(greedy(tokens(9, 1), 40))).hasSize(40);
                assertThat(lab.core.stats().drafted()).isPositive();
            }
        }
    }
}
