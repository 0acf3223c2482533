package dev.minke.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.minke.infer.FinishReason;
import dev.minke.infer.SamplingParams;
import dev.minke.infer.engine.CacheType;
import dev.minke.infer.engine.Engine;
import dev.minke.infer.engine.EngineConfig;
import dev.minke.infer.engine.EngineListener;
import dev.minke.infer.engine.PrefixDisk;
import dev.minke.infer.engine.PrefixReuse;
import dev.minke.infer.engine.Request;
import dev.minke.infer.engine.Speculation;
import dev.minke.infer.engine.Ticket;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.GoldenModels;
import dev.minke.model.deepseek.ModelFolder;
import dev.minke.model.deepseek.SmallModels;
import dev.minke.model.files.SharedFiles;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Team;
import dev.minke.tensor.spi.KernelBackend.Availability;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The engine gives the model's own logits however a prompt is cut, and the same text in any
/// company, after any hit and however often a request had to start again.
@Timeout(600)
class EngineParityTests {
    private static final int[] CHUNKS = {1, 7, 64, 1000};
    private static final int[] SPANS = {0, 64};
    private final Team team = new Team(2);

    @TempDir private Path scratch;

    @AfterEach
    void close() {
        team.close();
    }

    private Kernels open(String backend) {
        for (Backends.Candidate candidate : Backends.candidates()) {
            if (candidate.backend().name().equals(backend)) {
                if (candidate.availability() instanceof Availability.Missing missing) {
                    return abort(backend + " is not usable here: " + missing.reason());
                }
                return Backends.open(team, backend);
            }
        }
        return fail("no back end " + backend + " is installed");
    }

    /// A golden model of the project, or a folder of those beside it.
    private DeepSeekModel load(String name, Kernels kernels) throws IOException {
        if (!name.contains("/")) {
            return GoldenModels.load(name, kernels, scratch);
        }
        Path folder = SharedFiles.of("golden/" + name);
        return ModelFolder.load(folder, Parameters.forInference(), kernels);
    }

    private static int[] tokens(DeepSeekModel model, int count, long seed) {
        return SmallModels.tokens(count, model.config().vocabSize(), seed);
    }

    private static EngineConfig config(DeepSeekModel model, int blocks) {
        long bytes =
                Engine.cacheBytes(model.config(), CacheType.F32, Speculation.off(), blocks, 64);
        return EngineConfig.of(bytes)
                .withCacheType(CacheType.F32)
                .withSpeculation(Speculation.off());
    }

    // ---------------------------------------------------------------- logits

    @ParameterizedTest
    @CsvSource({
        "reference, tiny-v3",
        "reference, tiny-v2-lite",
        "reference, tiny-moonlight",
        "reference, tiny-llama",
        "reference, tiny-qwen2",
        "vector, tiny-v3",
        "vector, tiny-v2-lite",
        "vector, tiny-moonlight",
        "vector, tiny-llama",
        "vector, tiny-qwen2",
        "vector, tiny-v3/hf",
        "vector, tiny-v2-lite/hf",
        "vector, tiny-moonlight/hf",
        "vector, tiny-v3-fp8/hf"
    })
    void logitsAreThoseOfTheWholeForwardPass(String backend, String name) throws Exception {
        Kernels kernels = open(backend);
        try (DeepSeekModel model = load(name, kernels)) {
            int[] tokens = tokens(model, 140, 3);
            float[] expected = SmallModels.logits(model, kernels, tokens);
            for (int chunk : CHUNKS) {
                for (int span : SPANS) {
                    EngineConfig config =
                            config(model, 4).withSteps(chunk, 1, 9).withExpandedSpan(span);
                    try (Engine engine = engine(model, kernels, config)) {
                        for (int prompt : new int[] {1, 63, 64, 130}) {
                            String what = "%d tokens by %d".formatted(prompt, chunk);
                            check(engine, tokens, prompt, expected, what);
                        }
                        // each prompt but the first two finds what the one before left
                        assertThat(engine.stats().reusedTokens()).isPositive();
                    }
                }
            }
        }
    }

    private static Engine engine(DeepSeekModel model, Kernels kernels, EngineConfig config) {
        return new Engine(model, kernels, model.config().vocabSize(), config);
    }

    /// Let the engine see the first `prompt` tokens, then draw the others, whatever the logits say.
    private static void check(
            Engine engine, int[] tokens, int prompt, float[] expected, String what)
            throws InterruptedException {
        int vocab = expected.length / tokens.length;
        int draws = Math.min(tokens.length - prompt, 8);
        double[] worst = {0};
        int[] drawn = {0};
        Request request =
                new Request(
                        Arrays.copyOf(tokens, prompt),
                        draws,
                        1,
                        0,
                        id -> false,
                        choice ->
                                (logits, row, candidates) -> {
                                    int at = prompt - 1 + drawn[0]++;
                                    for (int v = 0; v < vocab; v++) {
                                        double want = expected[at * vocab + v];
                                        double error = Math.abs(logits.getFloat(row, v) - want);
                                        error /= Math.max(1, Math.abs(want));
                                        // not max: what is no number counts
                                        worst[0] = error <= worst[0] ? worst[0] : error;
                                    }
                                    return tokens[at + 1];
                                });
        Heard heard = new Heard();
        engine.submit(request, heard).await();
        assertThat(heard.failures).as(what).isEmpty();
        assertThat(drawn[0]).as(what).isEqualTo(draws);
        assertThat(worst[0]).as(what).isLessThan(2e-4);
    }

    // ---------------------------------------------------------------- text

    @ParameterizedTest
    @CsvSource({
        "reference, tiny-v3",
        "vector, tiny-v3",
        "vector, tiny-v2-lite",
        "vector, tiny-moonlight",
        "vector, tiny-qwen2",
        "vector, tiny-v3/hf",
        "vector, tiny-v2-lite/hf",
        "vector, tiny-moonlight/hf",
        "vector, tiny-v3-fp8/hf"
    })
    void greedyTextIsTheSameInAnyCompanyAndAfterAnyHit(String backend, String name)
            throws Exception {
        Kernels kernels = open(backend);
        try (DeepSeekModel model = load(name, kernels)) {
            model.pack(kernels);
            List<int[]> prompts = prompts(model);
            EngineConfig roomy = config(model, 64).withExpandedSpan(64);
            EngineConfig disk =
                    roomy.withPrefixDisk(new PrefixDisk(scratch.resolve("prefixes"), 1 << 28));
            List<int[]> alone = new ArrayList<>();
            try (Engine engine = engine(model, kernels, roomy.withPrefixReuse(PrefixReuse.OFF))) {
                for (int[] prompt : prompts) {
                    alone.addAll(texts(engine, List.of(prompt)));
                }
                same(texts(engine, prompts), alone, "eight at once");
                assertThat(engine.stats().reusedTokens()).isZero();
            }
            try (Engine engine = engine(model, kernels, disk)) {
                same(texts(engine, prompts), alone, "eight at once that share");
                long reused = engine.stats().reusedTokens();
                assertThat(reused).isPositive();
                same(texts(engine, prompts), alone, "found in memory");
                assertThat(engine.stats().reusedTokens() - reused).isEqualTo(found(prompts));
                assertThat(engine.stats().loadedTokens()).isZero();
            }
            try (Engine engine = engine(model, kernels, disk)) {
                same(texts(engine, prompts), alone, "found on disk");
                assertThat(engine.stats().loadedTokens()).isPositive();
                assertThat(engine.stats().reusedTokens()).isEqualTo(found(prompts));
            }
            EngineConfig tight =
                    config(model, 6).withExpandedSpan(64).withSteps(40, 8, 9).withReserve(0);
            try (Engine engine = engine(model, kernels, tight)) {
                same(texts(engine, prompts), alone, "sent back");
                assertThat(engine.stats().preemptions()).isPositive();
            }
        }
    }

    /// Eight of 20 to 195 tokens, of which half begin alike.
    private static List<int[]> prompts(DeepSeekModel model) {
        int[] common = tokens(model, 200, 1);
        List<int[]> prompts = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            int[] prompt = tokens(model, 20 + 25 * i, 100 + i);
            if (i % 2 == 1) {
                System.arraycopy(common, 0, prompt, 0, prompt.length - 9);
            }
            prompts.add(prompt);
        }
        return prompts;
    }

    /// Tokens of the full blocks, but for the last token of each prompt.
    private static long found(List<int[]> prompts) {
        return prompts.stream().mapToLong(p -> (p.length - 1) / 64 * 64).sum();
    }

    private static List<int[]> texts(Engine engine, List<int[]> prompts)
            throws InterruptedException {
        List<Heard> heard = new ArrayList<>();
        List<Ticket> tickets = new ArrayList<>();
        for (int[] prompt : prompts) {
            heard.add(new Heard());
            Request request = Request.of(prompt, 40, SamplingParams.greedy());
            tickets.add(engine.submit(request, heard.getLast()));
        }
        for (Ticket ticket : tickets) {
            ticket.await();
        }
        return heard.stream().map(Heard::text).toList();
    }

    private static void same(List<int[]> actual, List<int[]> expected, String what) {
        for (int i = 0; i < expected.size(); i++) {
            assertThat(actual.get(i)).as("%s: prompt %d", what, i).hasSize(40);
            assertThat(actual.get(i)).as("%s: prompt %d", what, i).containsExactly(expected.get(i));
        }
    }

    /// What became of a request.
    private static final class Heard implements EngineListener {
        private final List<Integer> ids = new ArrayList<>();
        private final List<Throwable> failures = new ArrayList<>();

        @Override
        public boolean token(int choice, int id) {
            return ids.add(id);
        }

        @Override
        public void finished(int choice, FinishReason reason) {
            assertThat(reason).isEqualTo(FinishReason.LENGTH);
        }

        @Override
        public void failed(Throwable cause) {
            failures.add(cause);
        }

        int[] text() {
            assertThat(failures).isEmpty();
            return ids.stream().mapToInt(Integer::intValue).toArray();
        }
    }
}
