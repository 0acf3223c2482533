package dev.minke.model.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.plan.TrainingCost.Assumptions;
import dev.minke.model.plan.TrainingCost.Phase;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

/// The V3 report's Table 1 (spec 4.9) and what scales with it.
class TrainingCostTests {
    private static final DeepSeekConfig V3 = KnownModels.named("v3");

    @Test
    void reproducesTheTableOfTheReport() {
        TrainingCost cost = TrainingCost.of(V3, Assumptions.report());
        assertPhase(cost.phases().get(0), "pre-training", 2664e3, 5.328e6);
        assertPhase(cost.phases().get(1), "context extension", 119e3, 0.238e6);
        assertPhase(cost.phases().get(2), "post-training", 5e3, 0.01e6);
        assertThat(cost.gpuHours()).isCloseTo(2788e3, within(0.5e3));
        assertThat(cost.price()).isCloseTo(5.576e6, within(0.5e3));
        assertThat(cost.gpuHoursPerTrillionTokens()).isCloseTo(180e3, within(0.5e3));
        assertThat(cost.days(180e3)).isCloseTo(3.7, within(0.05));
    }

    private static void assertPhase(Phase phase, String name, double hours, double price) {
        assertThat(phase.name()).isEqualTo(name);
        assertThat(phase.gpuHours()).isCloseTo(hours, within(0.5e3));
        assertThat(phase.price()).isCloseTo(price, within(0.5e3));
    }

    @Test
    void derivesUtilisationsFromTheReportsHours() {
        TrainingCost cost = TrainingCost.of(V3, Assumptions.report());
        // 3.86e24 operations with attention and MTP; spec 4.1 has 3.33e24 and 348 TFLOP/s without
        Phase pre = cost.phases().getFirst();
        assertThat(pre.flops()).isCloseTo(3.858e24, within(0.001e24));
        assertThat(pre.utilisation()).isCloseTo(0.4065, within(0.0001));
        assertThat(6 * 37.55e9 * 14.8e12 / (2664e3 * 3600) / 1e12).isCloseTo(348, within(0.5));
        Phase extension = cost.phases().get(1);
        assertThat(extension.tokens()).isCloseTo(125.8e9, within(0.05e9));
        assertThat(extension.utilisation()).isCloseTo(0.2534, within(0.0001));
    }

    @Test
    void scalesWithTokensRateAndPrice() {
        Assumptions half = Assumptions.of(7.4e12, 2 * 989.4, OptionalDouble.empty(), 1024, 4);
        TrainingCost cost = TrainingCost.of(V3, half);
        assertThat(cost.gpuHours()).isCloseTo(2788e3 / 4, within(1e3));
        assertThat(cost.price()).isCloseTo(2788e3, within(1e3));
        assertThat(cost.days(cost.gpuHours())).isCloseTo(2788e3 / 4 / 1024 / 24, within(0.1));
    }

    @Test
    void takesAGivenUtilisationForPreTraining() {
        double doubled = 2 * TrainingCost.reportUtilisation();
        TrainingCost cost =
                TrainingCost.of(
                        V3, Assumptions.of(14.8e12, 989.4, OptionalDouble.of(doubled), 2048, 2));
        assertThat(cost.gpuHours()).isCloseTo(2788e3 / 2, within(1e3));
        assertThat(cost.phases().get(1).utilisation()).isCloseTo(0.5068, within(0.0002));
        assertThat(cost.assumptions().derived()).isFalse();
    }

    @Test
    void extendsNoContextThatIsNoLongerThanThatOfPreTraining() {
        TrainingCost moonlight =
                TrainingCost.of(KnownModels.named("moonlight"), Assumptions.report());
        assertThat(moonlight.phases()).hasSize(3);
        assertThat(moonlight.phases().get(1).lengths()).isEqualTo("8,192");
        TrainingCost kimi = TrainingCost.of(KnownModels.named("kimi-k2"), Assumptions.report());
        assertThat(kimi.phases().get(1).lengths()).isEqualTo("32,768 + 131,072");
    }

    @Test
    void refusesAssumptionsThatAreNone() {
        assertRefused(0, 989, 0.4, 8, 2, "tokens is 0.0, expected a number above 0");
        assertRefused(
                1, Double.NaN, 0.4, 8, 2, "GPU rate in TFLOP/s is NaN, expected a number above 0");
        assertRefused(
                1,
                989,
                42,
                8,
                2,
                "utilisation is 42.0, expected a fraction above 0 and up to 1, such as 0.42");
        assertRefused(1, 989, 0.4, 0, 2, "number of GPUs is 0, expected 1 or more");
        assertRefused(1, 989, 0.4, 8, -2, "price per GPU hour is -2.0, expected 0 or more");
    }

    private static void assertRefused(
            double tokens, double tflops, double mfu, int gpus, double price, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> Assumptions.of(tokens, tflops, OptionalDouble.of(mfu), gpus, price))
                .withMessage(message);
    }
}
