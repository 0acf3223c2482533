package dev.minke.infer.engine;

import static dev.minke.infer.engine.EngineLab.drawn;
import static dev.minke.infer.engine.EngineLab.greedy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.minke.infer.FinishReason;
import dev.minke.infer.engine.EngineLab.Heard;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.SmallModels;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.RuntimeFlags;
import dev.minke.tensor.Team;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EngineTests {
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

    private static Engine engine(int blocks) {
        return new Engine(model, kernels, EngineLab.VOCAB, EngineLab.config(model, blocks));
    }

    private static Request request(int number) {
        int[] prompt = SmallModels.tokens(10 + 17 * number % 90, 40, number);
        return Request.of(prompt, 20, drawn(number));
    }

    private static long engineThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(t -> t.getName().equals("minke-engine"))
                .count();
    }

    @Test
    void callersOnManyThreadsGetWhatTheyWouldGetAlone() throws InterruptedException {
        List<Heard> heard = new ArrayList<>();
        List<Thread> callers = new ArrayList<>();
        List<Throwable> failures = new ArrayList<>();
        try (Engine engine = engine(20)) {
            for (int i = 0; i < 12; i++) {
                int number = i;
                Heard own = new Heard(1);
                heard.add(own);
                callers.add(
                        Thread.ofPlatform()
                                .uncaughtExceptionHandler((t, e) -> failures.add(e))
                                .start(() -> own.ticket = engine.submit(request(number), own)));
            }
            for (int i = 0; i < 12; i++) {
                callers.get(i).join();
                heard.get(i).ticket.await();
            }
            assertThat(failures).isEmpty();
        }
        try (EngineLab alone = new EngineLab(model, kernels, EngineLab.config(model, 20))) {
            for (int i = 0; i < 12; i++) {
                assertThat(heard.get(i).tokens(0)).containsExactly(alone.text(request(i)));
            }
        }
        assertThat(engineThreads()).isZero();
    }

    @Test
    void anIdleEngineWakesUpForEveryRequest() throws InterruptedException {
        try (Engine engine = engine(20)) {
            for (int i = 0; i < 20; i++) {
                Heard heard = new Heard(1);
                engine.submit(greedy(new int[] {1, 2, 3}, 2), heard).await();
                assertThat(heard.tokens(0)).hasSize(2);
                Thread.sleep(i % 3); // lets the thread park
            }
            assertThat(engine.stats().running()).isZero();
        }
    }

    @Test
    void closingEndsWhatRunsAndRefusesWhatComes() throws InterruptedException {
        Engine engine = engine(20);
        CountDownLatch started = new CountDownLatch(1);
        Heard heard =
                new Heard(1) {
                    @Override
                    public boolean token(int choice, int id) {
                        started.countDown();
                        return super.token(choice, id);
                    }
                };
        Ticket ticket = engine.submit(greedy(new int[] {1}, 1000), heard);
        Heard queued = new Heard(1);
        engine.submit(greedy(new int[] {1}, 1000), queued);
        started.await();
        engine.close();
        engine.close();
        assertThat(ticket.ended()).isTrue();
        assertThat(heard.ends.getFirst()).containsExactly(FinishReason.CANCELLED);
        assertThat(queued.ends.getFirst()).containsExactly(FinishReason.CANCELLED);
        assertThatIllegalStateException()
                .isThrownBy(() -> engine.submit(request(1), new Heard(1)))
                .withMessage("the engine is closed");
        assertThat(engineThreads()).isZero();
    }

    @Test
    void closingWithPatienceFinishesWhatWasAccepted() throws InterruptedException {
        Engine engine = engine(8);
        List<Heard> heard = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            heard.add(new Heard(1));
            engine.submit(greedy(SmallModels.tokens(100, 40, i), 60), heard.getLast());
        }
        engine.close(Duration.ofSeconds(50));
        assertThat(heard)
                .allSatisfy(h -> {
                    assertThat(h.ends.getFirst()).containsExactly(FinishReason.LENGTH);
                    assertThat(h.tokens(0)).hasSize(60);
                });
    }

    @Test
    @SuppressWarnings("try") // the call of close is what is tested
    void aListenerMaySubmitAndCancelButNotClose() throws InterruptedException {
        try (Engine engine = engine(20)) {
            Heard second = new Heard(1);
            CountDownLatch submitted = new CountDownLatch(1);
            List<String> refused = new ArrayList<>();
            Heard first =
                    new Heard(1) {
                        @Override
                        public boolean token(int choice, int id) {
                            if (tokens.getFirst().size() == 3) {
                                second.ticket = engine.submit(request(2), second);
                                submitted.countDown();
                                try {
                                    engine.close();
                                } catch (IllegalStateException e) {
                                    refused.add(e.getMessage());
                                }
                            }
                            return super.token(choice, id);
                        }
                    };
            engine.submit(greedy(new int[] {1}, 8), first).await();
            submitted.await();
            second.ticket.await();
            assertThat(refused).containsExactly("a listener cannot close its own engine");
            assertThat(first.tokens(0)).hasSize(8);
            assertThat(second.tokens(0)).hasSize(20);
        }
    }

    @Test
    void theQueueTakesNoMoreThanItMay() throws InterruptedException {
        EngineConfig config = EngineLab.withSteps(EngineLab.config(model, 20), 8, 1, 2);
        try (Engine engine = new Engine(model, kernels, EngineLab.VOCAB, config)) {
            int busy = 0;
            List<Ticket> accepted = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                try {
                    accepted.add(engine.submit(greedy(new int[] {1}, 900), new Heard(1)));
                } catch (EngineBusy e) {
                    busy++;
                }
            }
            assertThat(busy).isBetween(7, 8);
            accepted.forEach(Ticket::cancel);
            for (Ticket ticket : accepted) {
                ticket.await();
            }
        }
    }
}
