package dev.minke.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.SmallModels;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Team;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PerplexityTests {
    private final Team team = new Team(1);
    private final Kernels kernels = Backends.open(team, "reference");
    private DeepSeekModel model;

    @BeforeEach
    void makeAModel() {
        model = SmallModels.random(SmallModels.v3(), Parameters.forInference(), 4);
    }

    @AfterEach
    void close() {
        model.close();
        team.close();
    }

    @Test
    void itIsThatOfTheLogitsOfEveryWindowAlone() {
        int[] tokens = SmallModels.tokens(45, 40, 9);
        Perplexity.Result result = Perplexity.of(model, kernels, tokens, 10, (_, _, _) -> {});
        double nats = 0;
        int count = 0;
        for (int from = 0; from < tokens.length; from += 10) {
            int[] window = Arrays.copyOfRange(tokens, from, Math.min(tokens.length, from + 10));
            float[] logits = SmallModels.logits(model, kernels, window);
            for (int i = 0; i + 1 < window.length; i++) {
                nats += loss(logits, 40 * i, window[i + 1]);
                count++;
            }
        }
        assertThat(result.tokens()).isEqualTo(count).isEqualTo(4 * 9 + 4);
        assertThat(result.nats()).isCloseTo(nats, within(1e-3));
        assertThat(result.perplexity()).isCloseTo(Math.exp(nats / count), within(1e-2));
    }

    private static double loss(float[] logits, int from, int target) {
        double sum = 0;
        for (int i = 0; i < 40; i++) {
            sum += Math.exp(logits[from + i]);
        }
        return Math.log(sum) - logits[from + target];
    }

    @Test
    void aLastWindowOfOneTokenIsLeftOut() {
        int[] tokens = SmallModels.tokens(21, 40, 9);
        int[] windows = {0};
        Perplexity.Result result =
                Perplexity.of(model, kernels, tokens, 10, (_, all, _) -> windows[0] = all);
        assertThat(result.tokens()).isEqualTo(18);
        assertThat(windows[0]).isEqualTo(2);
    }

    @Test
    void windowsBeyondTheContextAndTextsOfOneTokenAreRefused() {
        int[] tokens = SmallModels.tokens(5, 40, 9);
        for (int context : new int[] {1, 129}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(
                            () -> Perplexity.of(model, kernels, tokens, context, (_, _, _) -> {}))
                    .withMessageContaining("expected 2 to max_position_embeddings 128");
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Perplexity.of(model, kernels, new int[] {3}, 10, (_, _, _) -> {}))
                .withMessage("the text has one token, expected two or more");
    }
}
