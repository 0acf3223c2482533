package dev.minke.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.minke.infer.FinishReason;
import dev.minke.infer.SamplingParams;
import dev.minke.infer.engine.CacheType;
import dev.minke.infer.engine.Engine;
import dev.minke.infer.engine.EngineConfig;
import dev.minke.infer.engine.EngineListener;
import dev.minke.infer.engine.Request;
import dev.minke.infer.engine.Speculation;
import dev.minke.infer.engine.Ticket;
import dev.minke.it.NeedleTask.Hay;
import dev.minke.model.autograd.Ops;
import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.model.checkpoint.StoredType;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.ModelFolder;
import dev.minke.model.deepseek.Pass;
import dev.minke.model.deepseek.RoutingMonitor;
import dev.minke.model.deepseek.TokenBatch;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Rng;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;
import dev.minke.train.TrainConfig;
import dev.minke.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A model that learns to find needles in texts of up to 544 tokens finds them in 16 thousand, once
/// its configuration says YaRN.
///
/// The model is trained here, from nothing, in 900 steps of about 2,000 tokens.
@Timeout(900)
class LongContextTests {
    private static final int TRAINED = 512;
    private static final int NEEDLES = 16;
    private static final int STEPS = 900;
    private static final int ROWS = 2048;
    private static final String YARN =
            """
            "rope_scaling": {"type": "yarn", "factor": 32, "beta_fast": 32, "beta_slow": 1,
             "original_max_position_embeddings": %d, "mscale": 1.0, "mscale_all_dim": 1.0},
            """
                    .formatted(TRAINED);

    private static final Team TEAM = new Team(2);
    @TempDir private static Path scratch;
    private static Kernels kernels;

    private static String config(int positions, String scaling) {
        return """
        {"architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3",
         "vocab_size": %d, "hidden_size": 64, "intermediate_size": 128,
         "moe_intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 4, "q_lora_rank": null, "kv_lora_rank": 32,
         "qk_nope_head_dim": 16, "qk_rope_head_dim": 16, "v_head_dim": 16,
         "n_routed_experts": 4, "num_experts_per_tok": 2, "n_shared_experts": 1,
         "n_group": 1, "topk_group": 1, "routed_scaling_factor": 1.0,
         "first_k_dense_replace": 1, "max_position_embeddings": %d,
         "num_nextn_predict_layers": 0, "scoring_func": "sigmoid", %s
         "topk_method": "noaux_tc", "norm_topk_prob": true, "rope_theta": 10000.0}
        """
                .formatted(NeedleTask.VOCAB, positions, scaling);
    }

    @BeforeAll
    static void train() throws IOException {
        kernels = Backends.open(TEAM);
        if (kernels.describe().startsWith("reference")) {
            abort("training takes too long without vectors: " + kernels.describe());
        }
        DeepSeekConfig config = DeepSeekConfig.parse(config(2 * TRAINED, ""), "needle");
        DeepSeekModel model = new DeepSeekModel(config, Parameters.forTraining());
        model.initialize(0.05, 1);
        TrainConfig how =
                new TrainConfig(
                        1, STEPS, 32, 128, ROWS, 3e-3, 3e-4, 50, 0.5, 0.9, 0.98, 1e-8, 0.01, 1,
                        0.05, 0, 0, 0.001, 0.1, 0, 0, 0, 1);
        Rng rng = new Rng(8);
        try (Trainer trainer = new Trainer(model, how, kernels)) {
            for (int step = 0; step < STEPS; step++) {
                // from short to long in the first 60 percent
                double grown = Math.min(1, step / (0.6 * STEPS));
                int most = (int) (32 * Math.pow(TRAINED / 32.0, grown));
                trainer.step(NeedleTask.batch(rng, most, ROWS));
            }
            ModelFolder.save(model, folder("plain"), StoredType.F32, kernels);
            ModelFolder.save(model, folder("yarn"), StoredType.F32, kernels);
        }
        int longest = 32 * TRAINED;
        Files.writeString(folder("plain").resolve("config.json"), config(longest, ""));
        Files.writeString(folder("yarn").resolve("config.json"), config(longest, YARN));
    }

    private static Path folder(String name) {
        return scratch.resolve(name);
    }

    @AfterAll
    static void close() {
        TEAM.close();
    }

    private static DeepSeekModel load(String name) throws IOException {
        return ModelFolder.load(folder(name), Parameters.forInference(), kernels);
    }

    private static Engine engine(DeepSeekModel model, CacheType type, int span) {
        long bytes =
                Engine.cacheBytes(model.config(), type, Speculation.off(), 1, 32 * TRAINED + 1024);
        EngineConfig config =
                EngineConfig.of(bytes)
                        .withCacheType(type)
                        .withExpandedSpan(span)
                        .withSpeculation(Speculation.off());
        return new Engine(model, kernels, NeedleTask.VOCAB, config);
    }

    /// What the model says behind each of the keys.
    private static int[] answers(Engine engine, Hay hay, int[] keys) throws InterruptedException {
        int[] answers = new int[keys.length];
        List<Ticket> tickets = new ArrayList<>();
        for (int i = 0; i < keys.length; i++) {
            int at = i;
            Request request = Request.of(hay.asked(keys[i]), 1, SamplingParams.greedy());
            tickets.add(engine.submit(request, listener(id -> answers[at] = id)));
        }
        for (Ticket ticket : tickets) {
            ticket.await();
        }
        return answers;
    }

    private static EngineListener listener(IntConsumer token) {
        return new EngineListener() {
            @Override
            public boolean token(int choice, int id) {
                token.accept(id);
                return true;
            }

            @Override
            public void finished(int choice, FinishReason reason) {}

            @Override
            public void failed(Throwable cause) {
                throw new AssertionError(cause);
            }
        };
    }

    private static int right(Engine engine, Hay hay) throws InterruptedException {
        int[] answers = answers(engine, hay, hay.keys());
        int right = 0;
        for (int i = 0; i < answers.length; i++) {
            right += answers[i] == hay.values()[i] ? 1 : 0;
        }
        return right;
    }

    // ---------------------------------------------------------------- needles

    @ParameterizedTest
    @CsvSource({"F32, 500, 3", "F32, 4000, 3", "F32, 16000, 2", "BF16, 4000, 3", "BF16, 16000, 2"})
    void needlesAreFoundAtEveryDepth(CacheType type, int length, int texts) throws Exception {
        try (DeepSeekModel model = load("yarn");
                Engine engine = engine(model, type, 256)) {
            Rng rng = new Rng(length);
            int right = 0;
            for (int text = 0; text < texts; text++) {
                right += right(engine, NeedleTask.hay(rng, length, NEEDLES));
            }
            assertThat(right).isGreaterThanOrEqualTo(texts * NEEDLES * 9 / 10);
            // the text is computed once, not for every question
            long rows = engine.stats().computedTokens();
            assertThat(rows).isLessThan((long) texts * (length + NEEDLES * 320L));
        }
    }

    @Test
    void withoutTheNeedleItIsAGuess() throws Exception {
        try (DeepSeekModel model = load("yarn");
                Engine engine = engine(model, CacheType.F32, 256)) {
            Rng rng = new Rng(1);
            int right = 0;
            for (int text = 0; text < 40; text++) {
                Hay hay = NeedleTask.hay(rng, 1000, NEEDLES);
                int value = hay.values()[rng.nextInt(NEEDLES)];
                int[] answer = answers(engine, hay, new int[] {hay.absent()});
                right += answer[0] == value ? 1 : 0;
            }
            assertThat(right).isLessThan(12); // of 40, 2.5 by chance
        }
    }

    @Test
    void withoutYarnItLosesThem() throws Exception {
        try (DeepSeekModel model = load("plain");
                Engine engine = engine(model, CacheType.F32, 256)) {
            Rng rng = new Rng(500);
            assertThat(right(engine, NeedleTask.hay(rng, 500, NEEDLES)))
                    .isGreaterThanOrEqualTo(NEEDLES * 8 / 10);
            assertThat(right(engine, NeedleTask.hay(new Rng(16000), 16000, NEEDLES)))
                    .isLessThan(NEEDLES * 8 / 10);
        }
    }

    // ---------------------------------------------------------------- the forms

    /// At 16,000 positions the absorbed form, both mixed, and the expanded form over pages and
    /// chunks are the model's own pass over the whole text.
    @Test
    void allFormsAgreeAtSixteenThousandTokens() throws Exception {
        try (DeepSeekModel model = load("yarn")) {
            int[] text = NeedleTask.hay(new Rng(3), 16_050, NEEDLES).tokens();
            int prompt = 16_040;
            Tensor expected;
            try (Workspace workspace = new Workspace()) {
                expected = whole(model, text, prompt, workspace);
                for (int span : new int[] {0, 256, 15_872}) {
                    try (Engine engine = engine(model, CacheType.F32, span)) {
                        double worst = worst(engine, text, prompt, expected);
                        assertThat(worst).as("span %d", span).isLessThan(2e-4);
                    }
                }
            }
        }
    }

    /// Logits behind each token from the last one of the prompt on.
    private static Tensor whole(DeepSeekModel model, int[] text, int prompt, Workspace workspace) {
        Tape tape = Tape.inference(kernels, workspace);
        TokenBatch batch = TokenBatch.of(List.of(TokenBatch.Sequence.whole(text)), workspace);
        Pass pass = model.pass(tape, batch.positions(), batch.sequences(), RoutingMonitor.none());
        Var hidden = model.hidden(pass, batch.tokens());
        Tensor rows = workspace.i32(text.length - prompt);
        for (int i = 0; i < rows.size(); i++) {
            rows.setInt(i, prompt - 1 + i);
        }
        return model.logits(tape, Ops.gather(tape, hidden, rows));
    }

    private static double worst(Engine engine, int[] text, int prompt, Tensor expected)
            throws InterruptedException {
        double[] worst = {0};
        int[] drawn = {0};
        Request request =
                new Request(
                        Arrays.copyOf(text, prompt),
                        text.length - prompt,
                        1,
                        0,
                        id -> false,
                        choice ->
                                (logits, row, candidates) -> {
                                    int at = drawn[0]++;
                                    for (int v = 0; v < NeedleTask.VOCAB; v++) {
                                        double want = expected.getFloat(at, v);
                                        double error = Math.abs(logits.getFloat(row, v) - want);
                                        error /= Math.max(1, Math.abs(want));
                                        worst[0] = error <= worst[0] ? worst[0] : error;
                                    }
                                    return text[prompt + at];
                                });
        engine.submit(request, listener(id -> {})).await();
        assertThat(drawn[0]).isEqualTo(text.length - prompt);
        return worst[0];
    }
}
