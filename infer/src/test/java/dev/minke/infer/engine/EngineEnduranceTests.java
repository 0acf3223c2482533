package dev.minke.infer.engine;

import static dev.minke.infer.engine.EngineLab.drawn;
import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.infer.engine.EngineLab.Heard;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.SmallModels;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Rng;
import dev.minke.tensor.RuntimeFlags;
import dev.minke.tensor.Team;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Random submits, cancels and limits: after every step sequences, promises and blocks agree, every
/// request ends once, and what was taken comes back.
class EngineEnduranceTests {
    /// Steps in which requests arrive.
    private static final int STEPS = 700;

    /// Tokens of the vocabulary where guesses are to come true now and then.
    private static final int FEW = 4;

    @ParameterizedTest
    @CsvSource({
        "1, 100, EXACT, OFF",
        "2, 0, EXACT, OFF",
        "3, 30, ANY, OFF",
        "4, 0, OFF, OFF",
        "5, 100, ANY, LOOKUP",
        "6, 0, EXACT, MTP",
        "7, 0, ANY, AUTO",
    })
    void everyRequestEndsAndEverythingComesBack(
            long seed, int reserve, PrefixReuse reuse, Speculation.Method method) {
        int modules = method == Speculation.Method.OFF ? 0 : 1;
        try (Team team = new Team(1);
                DeepSeekModel model =
                        SmallModels.random(
                                EngineLab.longV3(modules), Parameters.forInference(), 8)) {
            Kernels kernels = Backends.open(team, RuntimeFlags.backend().orElse("reference"));
            EngineConfig plain =
                    EngineLab.withReuse(
                            EngineLab.withReserve(EngineLab.config(model, 14), reserve), reuse);
            boolean adaptive = seed > 6;
            EngineConfig config =
                    EngineLab.withSpeculation(model, plain, new Speculation(method, 3, adaptive));
            int vocab = modules == 0 ? EngineLab.VOCAB : FEW;
            EngineLab lab = new EngineLab(model, kernels, vocab, config);
            List<Heard> all = run(lab, new Rng(seed), vocab);
            assertThat(all).hasSizeGreaterThan(100);
            assertThat(all).allMatch(h -> h.ticket.ended() && h.endedOnce());
            assertThat(all).allMatch(h -> h.failures.isEmpty());
            EngineStats stats = lab.core.stats();
            assertThat(stats.heldBlocks()).isZero();
            assertThat(stats.running() + stats.waiting()).isZero();
            assertThat(lab.core.pool().available()).isEqualTo(14);
            assertThat(stats.preemptions()).isPositive();
            assertThat(stats.accepted() > 0).isEqualTo(modules > 0);
            if (reuse == PrefixReuse.OFF) {
                assertThat(stats.reusedTokens() + lab.core.pool().index().size()).isZero();
            } else {
                assertThat(stats.reusedTokens()).isPositive();
            }
            var memory = lab.core.pool().pages(0).segment().scope();
            lab.close();
            assertThat(memory.isAlive()).isFalse();
        }
    }

    private static List<Heard> run(EngineLab lab, Rng rng, int vocab) {
        List<Heard> all = new ArrayList<>();
        for (int step = 0; step < STEPS; step++) {
            if (rng.nextInt(3) == 0 && lab.core.stats().waiting() < 20) {
                Heard heard = lab.submit(random(rng, all.size(), vocab));
                heard.limit = rng.nextInt(4) == 0 ? 1 + rng.nextInt(20) : heard.limit;
                all.add(heard);
            }
            if (rng.nextInt(12) == 0 && !all.isEmpty()) {
                all.get(all.size() - 1 - rng.nextInt(Math.min(12, all.size()))).ticket.cancel();
            }
            lab.step();
        }
        lab.finish();
        return all;
    }

    /// Some of the prompts begin alike.
    private static Request random(Rng rng, int number, int vocab) {
        int[] tail = SmallModels.tokens(1 + rng.nextInt(150), vocab, 1000 + number);
        int length = 64 * rng.nextInt(3) + rng.nextInt(20);
        int[] head = SmallModels.tokens(length, vocab, rng.nextInt(2));
        int[] prompt = Arrays.copyOf(head, head.length + tail.length);
        System.arraycopy(tail, 0, prompt, head.length, tail.length);
        int stop = rng.nextInt(80); // half of them draw it never
        return Request.of(prompt, 1 + rng.nextInt(120), drawn(number))
                .withChoices(1 + Math.max(0, rng.nextInt(6) - 3))
                .withPriority(rng.nextInt(3))
                .withStop(id -> id == stop);
    }

    @Test
    void aCrowdChangesNobodysText() {
        try (Team team = new Team(1);
                DeepSeekModel model =
                        SmallModels.random(EngineLab.longV3(), Parameters.forInference(), 8)) {
            Kernels kernels = Backends.open(team, RuntimeFlags.backend().orElse("reference"));
            EngineConfig crowded = EngineLab.withReserve(EngineLab.config(model, 14), 0);
            try (EngineLab lab = new EngineLab(model, kernels, crowded);
                    EngineLab calm = new EngineLab(model, kernels, EngineLab.config(model, 40))) {
                Rng rng = new Rng(5);
                List<Request> requests = new ArrayList<>();
                List<Heard> heard = new ArrayList<>();
                for (int i = 0; i < 30; i++) {
                    requests.add(random(rng, i, EngineLab.VOCAB));
                    heard.add(lab.submit(requests.getLast()));
                    for (int steps = rng.nextInt(8); steps > 0; steps--) {
                        lab.step();
                    }
                }
                lab.finish();
                assertThat(lab.core.stats().preemptions()).isPositive();
                for (int i = 0; i < 30; i++) {
                    Heard alone = calm.submit(requests.get(i));
                    calm.finish();
                    assertThat(heard.get(i).tokens).as("request %d", i).isEqualTo(alone.tokens);
                    assertThat(heard.get(i).ends).isEqualTo(alone.ends);
                }
            }
        }
    }
}
