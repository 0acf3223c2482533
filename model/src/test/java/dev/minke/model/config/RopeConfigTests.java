package dev.minke.model.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RopeConfigTests {
    @ParameterizedTest
    @CsvSource({
        "0, 1",
        "10, 0.0562341325",
        "11, 0.0390069266",
        "16, 0.0055",
        "20, 0.000790569415",
        "23, 0.0000333380358",
        "31, 0.00000333380358"
    })
    void stretchesTheFrequenciesOfV3(int pair, double expected) throws IOException {
        double[] frequencies = Published.config(Published.V3).ropeFrequencies();
        assertThat(frequencies).hasSize(32);
        assertThat(frequencies[pair]).isCloseTo(expected, within(expected * 1e-8));
    }

    @Test
    void stretchesTheFrequenciesOfKimiInOneStep() throws IOException {
        double[] frequencies = Published.config(Published.KIMI_K2).ropeFrequencies();
        for (int i = 0; i < 32; i++) {
            double base = Math.pow(50000, -2.0 * i / 64);
            double expected = i < 20 ? base : base / 32;
            assertThat(frequencies[i]).isCloseTo(expected, within(expected * 1e-12));
        }
    }

    @Test
    void leavesTheFrequenciesWithoutScaling() throws IOException {
        double[] frequencies = Published.config(Published.MOONLIGHT).ropeFrequencies();
        for (int i = 0; i < 32; i++) {
            double expected = Math.pow(50000, -2.0 * i / 64);
            assertThat(frequencies[i]).isCloseTo(expected, within(expected * 1e-12));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "deepseek-v2-lite, 0.1147213868",
        "deepseek-v2, 0.1147213868",
        "deepseek-v3, 0.1352337789",
        "kimi-k2, 0.1308608000",
        "moonlight-16b-a3b, 0.0721687836"
    })
    void scalesTheSoftmax(String model, double expected) throws IOException {
        assertThat(Published.config(model).softmaxScale()).isCloseTo(expected, within(1e-10));
    }

    /// Expected values from the formula of the published code, in float64.
    @Test
    void stretchesLlama3sLowFrequenciesAlone() {
        RopeConfig rope = new RopeConfig(500000, Optional.of(new Llama3Config(8, 1, 4, 8192)));
        double[] found = rope.frequencies(128);
        assertThat(found[0]).isEqualTo(1);
        assertThat(found[20]).isCloseTo(0.016560440080994446, within(1e-15));
        assertThat(found[28]).isCloseTo(0.003211445994752591, within(1e-15));
        assertThat(found[32]).isCloseTo(0.0005248461609929547, within(1e-15));
        assertThat(found[36]).isCloseTo(7.78465527393245e-05, within(1e-16));
        assertThat(found[63]).isCloseTo(3.068925988914511e-07, within(1e-18));
        assertThat(rope.magnitude()).isEqualTo(1);
        assertThat(rope.softmaxFactor()).isEqualTo(1);
    }

    @Test
    void dividesAllFrequenciesByALinearFactor() {
        RopeConfig rope = new RopeConfig(100000, Optional.of(new LinearConfig(4)));
        double[] plain = RopeConfig.plain(100000).frequencies(16);
        double[] found = rope.frequencies(16);
        for (int i = 0; i < 8; i++) {
            assertThat(found[i]).isEqualTo(plain[i] / 4);
        }
    }

    @Test
    void scalesTheSoftmaxOfFactor64() {
        YarnConfig yarn = new YarnConfig(64, 4096, 32, 1, 1, 1);
        assertThat(yarn.magnitude(1)).isCloseTo(1.4158883083, within(1e-10));
        assertThat(new RopeConfig(50000, Optional.of(yarn)).softmaxFactor())
                .isCloseTo(2.0047397017, within(1e-10));
    }

    @ParameterizedTest
    @CsvSource({"deepseek-v2-lite", "deepseek-v2", "deepseek-v3", "kimi-k2", "moonlight-16b-a3b"})
    void rescalesNoPublishedCosine(String model) throws IOException {
        assertThat(Published.config(model).ropeMagnitude()).isEqualTo(1);
    }

    @Test
    void rescalesTheCosineByTheRatioOfMagnitudes() {
        RopeConfig rope =
                new RopeConfig(10000, Optional.of(new YarnConfig(40, 4096, 32, 1, 1, 0.707)));
        assertThat(rope.magnitude()).isCloseTo(1.3688879454 / 1.2608037774, within(1e-9));
    }

    @Test
    void shrinksNothingByAFactorOfOne() {
        YarnConfig yarn = new YarnConfig(1, 4096, 32, 1, 1, 1);
        RopeConfig rope = new RopeConfig(10000, Optional.of(yarn));
        assertThat(rope.softmaxFactor()).isEqualTo(1);
        double[] expected = RopeConfig.plain(10000).frequencies(64);
        double[] found = rope.frequencies(64);
        for (int i = 0; i < 32; i++) {
            assertThat(found[i]).isCloseTo(expected[i], within(expected[i] * 1e-12));
        }
    }

    @Test
    void refusesABaseOfOne() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RopeConfig.plain(1))
                .withMessage("rope_theta is 1.0, expected a number above 1");
    }
}
