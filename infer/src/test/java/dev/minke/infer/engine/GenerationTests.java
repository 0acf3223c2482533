package dev.minke.infer.engine;

import static dev.minke.infer.engine.EngineLab.GREEDY;
import static dev.minke.infer.engine.EngineLab.drawn;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.minke.infer.SamplingParams;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.SmallModels;
import dev.minke.model.nn.Parameter;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.RuntimeFlags;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What an engine may draw, and how far.
class GenerationTests {
    private static final int[] PROMPT = {3, 1, 4, 1, 5, 9, 2, 6};
    private static final Team TEAM = new Team(1);
    private static Kernels kernels;

    @BeforeAll
    static void open() {
        kernels = Backends.open(TEAM, RuntimeFlags.backend().orElse("reference"));
    }

    @AfterAll
    static void close() {
        TEAM.close();
    }

    private static int[] text(
            DeepSeekModel model, int vocabSize, SamplingParams params, int tokens, int... prompt)
            throws InterruptedException {
        TokenCollector collector = new TokenCollector(1);
        EngineConfig config = EngineLab.config(model, 4);
        try (Engine engine = new Engine(model, kernels, vocabSize, config)) {
            engine.submit(Request.of(prompt, tokens, params), collector).await();
        }
        return collector.tokens(0);
    }

    @Test
    void rowsBeyondTheTokenizerAreNeverDrawn() throws InterruptedException {
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
            for (SamplingParams params : List.of(GREEDY, drawn(77))) {
                assertThat(Arrays.stream(text(padded, 33, params, 20, PROMPT)))
                        .hasSize(20)
                        .allMatch(v -> v < 33);
            }
            assertThat(Arrays.stream(text(padded, 40, GREEDY, 20, PROMPT))).anyMatch(v -> v >= 33);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> text(padded, 41, GREEDY, 20, PROMPT))
                    .withMessage("the tokenizer has 41 ids, the model's vocab_size is 40");
        }
    }

    @Test
    void theContextMayBeFilledToItsLastPosition() throws InterruptedException {
        int[] prompt = SmallModels.tokens(125, 40, 1);
        try (DeepSeekModel model =
                SmallModels.random(SmallModels.v3(), Parameters.forInference(), 8)) {
            assertThat(text(model, 40, GREEDY, 3, prompt)).hasSize(3);
            for (int tokens : new int[] {4, Integer.MAX_VALUE}) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> text(model, 40, GREEDY, tokens, prompt))
                        .withMessageContaining("longer than max_position_embeddings 128");
            }
        }
    }
}
