package dev.minke.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.minke.infer.FinishReason;
import dev.minke.infer.SamplingParams;
import dev.minke.infer.engine.Engine;
import dev.minke.infer.engine.EngineConfig;
import dev.minke.infer.engine.EngineListener;
import dev.minke.infer.engine.Request;
import dev.minke.infer.engine.Speculation;
import dev.minke.model.checkpoint.StoredType;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.ModelFolder;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Allocation;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Team;
import dev.minke.tensor.spi.KernelBackend.Availability;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What a step of decoding allocates on the heap, on the engine's thread and all workers: the
/// collector must find nothing to do while tokens are drawn.
@Timeout(300)
class DecodeAllocationTests {
    /// Bytes of a step at most.
    private static final long MOST = 16 << 10;

    private static final int VOCAB = 1000;
    private static final int TOKENS = 120;
    private static final int FIRST = 30;
    private static final int LAST = 110;

    /// Texts after which everything must be compiled.
    private static final int ROUNDS = 60;

    /// One dense layer and seven with experts, all parts of V3.
    private static final String CONFIG =
            """
            {"architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3",
             "vocab_size": 1000, "hidden_size": 128, "intermediate_size": 256,
             "moe_intermediate_size": 64, "num_hidden_layers": 8, "num_attention_heads": 4,
             "num_key_value_heads": 4, "q_lora_rank": 64, "kv_lora_rank": 64,
             "qk_nope_head_dim": 32, "qk_rope_head_dim": 16, "v_head_dim": 32,
             "n_routed_experts": 16, "num_experts_per_tok": 4, "n_shared_experts": 1,
             "n_group": 4, "topk_group": 2, "routed_scaling_factor": 2.5,
             "first_k_dense_replace": 1, "max_position_embeddings": 512,
             "num_nextn_predict_layers": 0, "scoring_func": "sigmoid",
             "topk_method": "noaux_tc", "norm_topk_prob": true}
            """;

    @TempDir private Path folder;
    private Team team;
    private Kernels kernels;

    @BeforeEach
    void open() {
        assumeTrue(
                Backends.candidates().stream()
                        .anyMatch(c ->
                                c.backend().name().equals("vector")
                                        && c.availability() instanceof Availability.Usable),
                "vectors are not usable here");
        team = new Team(2);
        kernels = Backends.open(team, "vector");
    }

    @AfterEach
    void close() {
        if (team != null) {
            team.close();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 8})
    void aStepOfDecodingAllocatesNextToNothing(int batch) throws Exception {
        save();
        EngineConfig config = EngineConfig.of(64 << 20).withSpeculation(Speculation.off());
        long least = Long.MAX_VALUE;
        try (DeepSeekModel model = ModelFolder.open(folder, kernels);
                Engine engine = new Engine(model, kernels, VOCAB, config)) {
            for (int round = 0; round < ROUNDS && least > MOST; round++) {
                least = Math.min(least, bytesOfAStep(engine, batch));
            }
        }
        assertThat(least).as("bytes of a step with %d sequences", batch).isLessThan(MOST);
    }

    private void save() throws IOException {
        DeepSeekConfig config = DeepSeekConfig.parse(CONFIG, "DecodeAllocationTests");
        try (DeepSeekModel model = new DeepSeekModel(config, Parameters.forInference())) {
            model.initialize(0.1, 5);
            ModelFolder.save(model, folder, StoredType.F32, kernels);
        }
    }

    /// Draw a text from each of `batch` prompts at once.
    private static long bytesOfAStep(Engine engine, int batch) throws InterruptedException {
        CountDownLatch ends = new CountDownLatch(batch);
        List<Counter> counters = new ArrayList<>();
        for (int b = 0; b < batch; b++) {
            Counter counter = new Counter(ends);
            counters.add(counter);
            engine.submit(
                    Request.of(new int[] {b, 17, 34, 51}, TOKENS, SamplingParams.greedy()),
                    counter);
        }
        ends.await();
        Counter first = counters.getFirst();
        assertThat(first.failure).isEmpty();
        return first.bytes / (LAST - FIRST);
    }

    /// Looks at the counters of the threads at two tokens of a text.
    private static final class Counter implements EngineListener {
        private final CountDownLatch ends;
        private volatile String failure = "";
        private volatile long bytes;
        private int tokens;
        private long workers;
        private long engine;

        Counter(CountDownLatch ends) {
            this.ends = ends;
        }

        @Override
        public boolean token(int choice, int id) {
            tokens++;
            if (tokens == FIRST) {
                workers = Allocation.ofThreads("minke-1");
                engine = Allocation.ofThisThread(); // after the question, which allocates
            } else if (tokens == LAST) {
                bytes = Allocation.ofThisThread() - engine;
                bytes += Allocation.ofThreads("minke-1") - workers;
            }
            return true;
        }

        @Override
        public void finished(int choice, FinishReason reason) {
            ends.countDown();
        }

        @Override
        public void failed(Throwable cause) {
            failure = cause.toString();
            ends.countDown();
        }
    }
}
