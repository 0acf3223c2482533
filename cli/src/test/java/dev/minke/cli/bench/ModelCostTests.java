package dev.minke.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.minke.infer.engine.CacheType;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.files.WeightType;
import dev.minke.model.plan.KnownModels;
import org.junit.jupiter.api.Test;

class ModelCostTests {
    private static final DeepSeekConfig LITE = KnownModels.named("v2-lite");

    private static ModelCost cost(double expertBytes) {
        return new ModelCost("m", LITE, WeightType.Q8_0, 100, 1000, 10, expertBytes);
    }

    @Test
    void distinctExpertsGrowFromThoseOfOneTokenToAll() {
        ModelCost cost = cost(7);
        assertThat(cost.distinctExperts(1)).isCloseTo(6, within(1e-9));
        assertThat(cost.distinctExperts(2)).isCloseTo(12 - 36 / 64.0, within(1e-9));
        assertThat(cost.distinctExperts(1000)).isCloseTo(64, within(1e-9));
        assertThat(cost.stepBytes(1)).isCloseTo(1000 + 10 + 6 * 7, within(1e-9));
    }

    @Test
    void theCacheOfATokenIsWhatTheSpecificationSays() {
        // 27 layers of 512 + 64 numbers
        assertThat(cost(0).cacheBytes(CacheType.F32, 10)).isEqualTo(10.0 * 27 * 576 * 4);
        assertThat(cost(0).cacheBytes(CacheType.BF16, 10)).isEqualTo(10.0 * 27 * 576 * 2);
    }

    @Test
    void aPromptHasLogitsForItsLastTokenAlone() {
        ModelCost cost = cost(0);
        double head = 2.0 * LITE.vocabSize() * LITE.hiddenSize();
        assertThat(cost.promptFlops(0, 1)).isEqualTo(LITE.forwardFlopsPerToken(1));
        assertThat(cost.promptFlops(0, 100))
                .isEqualTo(100.0 * LITE.forwardFlopsPerToken(100) - 99 * head);
        assertThat(cost.promptFlops(64, 100) + cost.promptFlops(0, 64))
                .isCloseTo(cost.promptFlops(0, 164) + head, within(1e6));
        assertThat(cost.describe()).isEqualTo("deepseek_v2 15.7B Q8_0");
    }
}
