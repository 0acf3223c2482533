package dev.minke.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.plan.KnownModels;
import dev.minke.train.Presets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class PlanTests {
    private final CapturedConsole captured = new CapturedConsole(false);

    @TempDir private Path folder;

    private int run(String... args) {
        return Main.run(captured.console, args);
    }

    private JsonNode json(String... args) {
        assertThat(run(args)).as(captured.err()).isZero();
        return JsonMapper.shared().readTree(captured.out());
    }

    @ParameterizedTest
    @CsvSource({
        "v2-lite, 15706484224",
        "v2, 235741434880",
        "v3, 671026419200",
        "moonlight, 15960110208",
        "kimi-k2, 1026408232448"
    })
    void countsPublishedModelsToTheUnit(String name, long parameters) {
        assertThat(json("plan", name, "--json").path("parameters").longValue())
                .isEqualTo(parameters);
    }

    @Test
    void reproducesTheCostOfV3() {
        JsonNode cost = json("plan", "v3", "--json").path("cost");
        assertThat(cost.path("gpuHours").doubleValue()).isCloseTo(2788e3, within(500.0));
        assertThat(cost.path("price").doubleValue()).isCloseTo(5.576e6, within(500.0));
        assertThat(cost.path("phases").size()).isEqualTo(3);
        assertThat(cost.path("utilisationDerived").booleanValue()).isTrue();
    }

    @Test
    void computesWithWhatTheOptionsSay() {
        JsonNode plan =
                json(
                        "plan",
                        "v3",
                        "--json",
                        "--context=8192",
                        "--sequences=10",
                        "--tokens=1.5T",
                        "--gpus=100",
                        "--gpu-tflops=1000",
                        "--utilisation=0.5",
                        "--price-per-gpu-hour=3");
        assertThat(plan.path("context").intValue()).isEqualTo(8192);
        assertThat(plan.path("cache").get(0).path("bytes").longValue())
                .isEqualTo(70_272L * 8192 * 10);
        JsonNode pre = plan.path("cost").path("phases").get(0);
        double hours = 1.5e12 * KnownModels.named("v3").trainingFlopsPerToken(4096) / 0.5e15 / 3600;
        assertThat(pre.path("gpuHours").doubleValue()).isCloseTo(hours, within(1.0));
        assertThat(pre.path("days").doubleValue()).isCloseTo(hours / 2400, within(0.01));
        assertThat(pre.path("price").doubleValue()).isCloseTo(3 * hours, within(3.0));
    }

    @Test
    void printsTables() {
        assertThat(run("plan", "v3")).isZero();
        assertThat(captured.out())
                .contains("671,026,419,200")
                .contains("70,272")
                .contains("641.3 GiB")
                .contains("$5.576 M");
        assertThat(captured.out().lines().mapToInt(String::length).max().orElse(0))
                .isLessThanOrEqualTo(100);
    }

    @Test
    void takesAFileAFolderAndAPreset() throws IOException {
        DeepSeekConfig tiny = Presets.named("tiny").model();
        Path file = folder.resolve("config.json");
        Files.writeString(file, tiny.toJson());
        assertThat(Plan.config("tiny")).isEqualTo(tiny);
        assertThat(Plan.config(file.toString())).isEqualTo(tiny);
        assertThat(Plan.config(folder.toString())).isEqualTo(tiny);
        assertThat(Plan.config("bench-4b")).isEqualTo(KnownModels.named("bench-4b"));
    }

    @Test
    void saysWhatThereIsForAnUnknownName() {
        assertThat(run("plan", "v5")).isEqualTo(1);
        assertThat(captured.err())
                .startsWith("minke: 'v5' is no file, no folder and none of v2-lite, v2, v3,")
                .contains("shakespeare-char, tiny")
                .hasLineCount(1);
    }

    @Test
    void namesTheFileAndKeyOfABrokenConfiguration() throws IOException {
        Path file = folder.resolve("config.json");
        Files.writeString(file, "{\"model_type\": \"deepseek_v3\"}");
        assertThat(run("plan", file.toString())).isEqualTo(1);
        assertThat(captured.err())
                .isEqualTo(
                        "minke: "
                                + file
                                + ": num_hidden_layers is missing, expected a 32-bit integer\n");
    }

    @ParameterizedTest
    @CsvSource({
        "--tokens=3x, 2, is not a number",
        "--utilisation=42, 1, 'utilisation is 42.0, expected a fraction'",
        "--context=163841, 1, 'context is 163841, expected at most'",
        "--sequences=0, 1, 'number of sequences is 0, expected 1 or more'",
        "--gpus=0, 1, 'number of GPUs is 0, expected 1 or more'"
    })
    void refusesOptionsThatMakeNoSense(String option, int exit, String message) {
        assertThat(run("plan", "v3", option)).isEqualTo(exit);
        assertThat(captured.err()).contains(message).hasLineCount(1);
        assertThat(captured.out()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"14.8T, 14.8e12", "500B, 500e9", "3M, 3e6", "7K, 7000", "1e9, 1e9", "42, 42"})
    void readsNumbersWithSuffixes(String text, double value) {
        assertThat(new Plan.Count().convert(text)).isCloseTo(value, within(value * 1e-12));
    }
}
