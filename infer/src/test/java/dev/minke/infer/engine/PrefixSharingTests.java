package dev.minke.infer.engine;

import static dev.minke.infer.engine.EngineLab.drawn;
import static dev.minke.infer.engine.EngineLab.greedy;
import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.infer.engine.EngineLab.Heard;
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
import org.junit.jupiter.api.Timeout;

/// Requests that arrive together compute what they have in common once.
@Timeout(120)
class PrefixSharingTests {
    private static final Team TEAM = new Team(2);
    private static final int[] TEXT = SmallModels.tokens(1000, EngineLab.VOCAB, 1);
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

    private static Request request(int length, int number) {
        return Request.of(Arrays.copyOf(TEXT, length), 10, drawn(number));
    }

    private static int[] alone(Request request) {
        try (EngineLab lab = lab(40)) {
            return lab.text(request);
        }
    }

    @Test
    void identicalPromptsAreComputedOnce() {
        for (PrefixReuse reuse : PrefixReuse.values()) {
            EngineConfig config = EngineLab.config(model, 60).withPrefixReuse(reuse);
            try (EngineLab lab = new EngineLab(model, kernels, config)) {
                List<Heard> heard = new ArrayList<>();
                for (int i = 0; i < 5; i++) {
                    heard.add(lab.submit(request(500, i)));
                }
                lab.finish();
                int shared = reuse == PrefixReuse.OFF ? 0 : 448;
                EngineStats stats = lab.core.stats();
                assertThat(stats.computedTokens()).isEqualTo(5 * (500 + 9) - 4 * shared);
                assertThat(stats.reusedTokens()).isEqualTo(4 * shared);
                for (int i = 0; i < 5; i++) {
                    assertThat(heard.get(i).tokens(0)).containsExactly(alone(request(500, i)));
                }
            }
        }
    }

    @Test
    void theStepsOfTheOneThatComputesAreNotHalved() {
        try (EngineLab lab = lab(60);
                EngineLab single = lab(60)) {
            Heard first = lab.submit(request(470, 0));
            Heard second = lab.submit(request(470, 1));
            Heard own = single.submit(request(470, 0));
            while (own.tokens.getFirst().isEmpty()) {
                single.step();
                lab.step();
            }
            assertThat(first.tokens.getFirst()).hasSize(1);
            lab.step();
            assertThat(second.tokens.getFirst()).isNotEmpty();
        }
    }

    @Test
    void aLaterOneComputesWhatIsItsOwn() {
        int[] other = Arrays.copyOf(TEXT, 700);
        other[330] ^= 1;
        Request branch = Request.of(other, 10, drawn(5));
        Request part = request(340, 6);
        try (EngineLab lab = lab(60)) {
            Heard whole = lab.submit(request(700, 4));
            lab.step();
            Heard branched = lab.submit(branch);
            Heard short1 = lab.submit(part);
            lab.finish();
            assertThat(whole.tokens(0)).containsExactly(alone(request(700, 4)));
            assertThat(branched.tokens(0)).containsExactly(alone(branch));
            assertThat(short1.tokens(0)).containsExactly(alone(part));
            assertThat(lab.core.stats().computedTokens())
                    .isEqualTo(700 + (700 - 320) + (340 - 320) + 27);
        }
    }

    @Test
    void whenTheOneThatComputesEndsAnotherGoesOn() {
        for (int steps = 1; steps < 5; steps++) {
            try (EngineLab lab = lab(60)) {
                Heard first = lab.submit(request(500, 0));
                Heard second = lab.submit(request(500, 1).withChoices(2));
                Heard third = lab.submit(request(500, 2));
                for (int i = 0; i < steps; i++) {
                    lab.step();
                }
                first.ticket.cancel();
                lab.step();
                assertThat(lab.core.stats().running()).isEqualTo(2);
                second.ticket.cancel();
                lab.finish();
                assertThat(second.tokens.getFirst()).isEmpty();
                assertThat(third.tokens(0)).containsExactly(alone(request(500, 2)));
                // what the first ones had computed is of use
                assertThat(lab.core.stats().computedTokens()).isLessThan(500 + 9 + 96);
                assertThat(lab.core.pool().available()).isEqualTo(60);
            }
        }
    }

    @Test
    void whenTheOneThatComputesIsSentBackAnotherGoesOn() {
        EngineConfig config = EngineLab.withReserve(EngineLab.config(model, 18), 0);
        try (EngineLab lab = new EngineLab(model, kernels, config)) {
            Heard low = lab.submit(request(500, 0));
            Heard mate = lab.submit(request(500, 1).withPriority(5));
            lab.step();
            lab.step();
            Heard high = lab.submit(greedy(SmallModels.tokens(600, 40, 3), 30).withPriority(4));
            lab.step();
            assertThat(lab.core.stats().preemptions()).isEqualTo(1);
            lab.finish();
            assertThat(high.tokens(0)).hasSize(30);
            assertThat(low.tokens(0)).containsExactly(alone(request(500, 0)));
            assertThat(mate.tokens(0)).containsExactly(alone(request(500, 1)));
        }
    }

    @Test
    void nobodyWaitsForOneThatIsServedLater() {
        try (EngineLab lab = lab(60)) {
            Heard oldest = lab.submit(greedy(SmallModels.tokens(900, 40, 3), 5));
            lab.step();
            Heard large = lab.submit(request(900, 0));
            lab.step();
            Heard small = lab.submit(request(140, 1));
            int steps = 0;
            while (small.tokens.getFirst().isEmpty()) {
                lab.step();
                assertThat(++steps).isLessThan(5);
            }
            assertThat(oldest.tokens.getFirst()).isEmpty();
            lab.finish();
            assertThat(large.tokens(0)).containsExactly(alone(request(900, 0)));
        }
    }

    @Test
    void memoryThatIsPromisedToOthersIsNotTaken() {
        EngineConfig config = EngineLab.withReserve(EngineLab.config(model, 14), 0);
        try (EngineLab lab = new EngineLab(model, kernels, config)) {
            List<Heard> heard = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                Request request = Request.of(Arrays.copyOf(TEXT, 200 + 60 * (i % 3)), 90, drawn(i));
                heard.add(lab.submit(request.withPriority(i % 2)));
                lab.step();
            }
            lab.finish();
            assertThat(heard).allMatch(Heard::endedOnce);
            for (int i = 0; i < 8; i++) {
                Request request = Request.of(Arrays.copyOf(TEXT, 200 + 60 * (i % 3)), 90, drawn(i));
                assertThat(heard.get(i).tokens(0)).containsExactly(alone(request));
            }
        }
    }
}
