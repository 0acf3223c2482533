package dev.minke.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `bench` on a model of random weights: the shape of what it prints, not the figures.
class BenchTests {
    @TempDir private static Path temp;
    private static String model = "";

    @BeforeAll
    static void makeAModel() {
        model = temp.resolve("model").toString();
        var init = new CapturedConsole(false);
        assertThat(Main.run(init.console, "init", "--config", "tiny", "--out", model))
                .as(init.err())
                .isZero();
    }

    private record Outcome(int exit, String out, String err) {}

    private static Outcome run(String... options) {
        List<String> args = new ArrayList<>(List.of("bench"));
        args.addAll(List.of(options));
        var captured = new CapturedConsole(false);
        int exit = Main.run(captured.console, args.toArray(String[]::new));
        return new Outcome(exit, captured.out(), captured.err());
    }

    private static Outcome bench(String... options) {
        List<String> args = new ArrayList<>(List.of("-m", model, "-r", "2", "--no-warmup"));
        args.addAll(List.of(options));
        Outcome outcome = run(args.toArray(String[]::new));
        assertThat(outcome.exit()).as(outcome.err()).isZero();
        return outcome;
    }

    private static JsonNode json(String... options) {
        List<String> args = new ArrayList<>(List.of(options));
        args.addAll(List.of("--json", "-t", "1", "--backend", "reference"));
        Outcome outcome = bench(args.toArray(String[]::new));
        assertThat(outcome.out()).hasLineCount(1);
        return JsonMapper.shared().readTree(outcome.out());
    }

    @Test
    void speedsAreATableLikeThatOfLlamaBench() {
        Outcome outcome = bench("-p", "16,32", "-n", "4", "-d", "0,64", "-pg", "16,4", "-t", "2");
        List<String> lines = outcome.out().lines().toList();
        assertThat(lines).hasSize(2 + 2 + 8);
        assertThat(lines.get(2).replaceAll(" +", " "))
                .isEqualTo("| model | size | params | backend | threads | test | t/s | share |");
        assertThat(lines.get(3)).matches("\\|( -+ \\|){8}");
        assertThat(lines.subList(4, 12).stream().map(l -> l.split("\\|")[6].strip()))
                .containsExactly(
                        "pp16",
                        "pp32",
                        "tg4",
                        "pp16+tg4",
                        "pp16 @ d64",
                        "pp32 @ d64",
                        "tg4 @ d64",
                        "pp16+tg4 @ d64");
        assertThat(lines.get(4)).contains("deepseek_v3").contains("BF16").contains(" ± ");
        assertThat(lines.stream().map(String::length).skip(2).distinct()).hasSize(1);
        assertThat(outcome.err()).contains("pp16");
    }

    @Test
    void jsonNamesMachineCompilerAndEveryResult() {
        JsonNode object = json("-p", "16", "-n", "4");
        assertThat(object.path("machine").asString()).contains("cores");
        assertThat(object.path("jit").asString()).isNotEmpty();
        assertThat(object.path("results")).hasSize(2);
        JsonNode prompt = object.path("results").path(0);
        assertThat(prompt.path("model").asString()).isEqualTo("model");
        assertThat(prompt.path("type").asString()).isEqualTo("BF16");
        assertThat(prompt.path("test").asString()).isEqualTo("pp16");
        assertThat(prompt.path("depth").asInt(-1)).isZero();
        assertThat(prompt.path("threads").asInt()).isEqualTo(1);
        assertThat(prompt.path("tokensPerSecond").asDouble()).isPositive();
        assertThat(prompt.path("stddev").asDouble(-1)).isNotNegative();
        assertThat(object.path("results").path(1).path("test").asString()).isEqualTo("tg4");
    }

    @Test
    void theShareIsOfThePeakMeasuredBesideIt() {
        Outcome outcome =
                bench("-p", "32", "-n", "8", "-t", "1", "-o", "json", "--backend", "vector");
        JsonNode results = JsonMapper.shared().readTree(outcome.out()).path("results");
        for (JsonNode result : results) {
            assertThat(result.path("share").asDouble()).isBetween(0.0, 1.5);
        }
    }

    @Test
    void linesAreForSpreadsheetsAndScripts() {
        List<String> csv =
                bench("-p", "16", "-n", "4", "-t", "1", "-o", "csv").out().lines().toList();
        assertThat(csv).hasSize(3);
        assertThat(csv.getFirst()).contains("n_prompt,n_gen,n_depth").contains("avg_ts,stddev_ts");
        assertThat(csv.get(1).replaceAll("\"[^\"]*\"", "x").split(","))
                .hasSameSizeAs(csv.getFirst().split(","));
        List<JsonNode> lines =
                bench("-p", "16", "-n", "0", "-t", "1", "-o", "jsonl")
                        .out()
                        .lines()
                        .map(JsonMapper.shared()::readTree)
                        .toList();
        assertThat(lines).hasSize(1);
        assertThat(lines.getFirst().path("n_prompt").asInt()).isEqualTo(16);
    }

    @Test
    void streamsAreComparedWithOne() {
        JsonNode rows = json("-p", "20", "-n", "24", "--concurrency", "1,3").path("concurrency");
        assertThat(rows).hasSize(4);
        JsonNode three = rows.path(3);
        assertThat(three.path("streams").asInt()).isEqualTo(3);
        assertThat(three.path("prompts").asString()).isEqualTo("shared");
        assertThat(three.path("tokensPerSecond").asDouble()).isPositive();
        assertThat(three.path("bound").asDouble()).isBetween(1.0, 3.0);
        assertThat(three.path("ttftP95").asDouble())
                .isGreaterThanOrEqualTo(three.path("ttftP50").asDouble());
        assertThat(rows.path(0).path("bound").asDouble()).isEqualTo(1);
    }

    @Test
    void firstTokensAndAllocationAreMeasured() {
        JsonNode object = json("-b", "64", "--ttft", "--prefix", "--allocation");
        assertThat(object.path("ttft").path(0).path("stepSeconds").asDouble()).isPositive();
        assertThat(object.path("ttft").path(0).path("ratio").asDouble()).isPositive();
        assertThat(object.path("prefix").path(0).path("prefix").asInt()).isEqualTo(448);
        assertThat(object.path("prefix").path(0).path("ratio").asDouble()).isGreaterThan(1);
        assertThat(object.path("prefix").path(0).path("restartSeconds").asDouble()).isPositive();
        assertThat(object.path("allocation")).hasSize(2);
        assertThat(object.path("results")).isEmpty();
    }

    @Test
    void anEngineThatIsWorkedHardLeavesNothingBehind() {
        JsonNode found = json("--endurance", "0.03").path("endurance").path(0);
        assertThat(found.path("leaks")).isEmpty();
        assertThat(found.path("requests").asInt())
                .isEqualTo(found.path("completed").asInt() + found.path("cancelled").asInt())
                .isGreaterThan(10);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "-r 2; bench needs a model by -m, or --kernels",
                "-m nowhere; no such file: nowhere",
                "-m x -p 0 -n 0; nothing to measure",
                "-m x -d 100; depth is 100, expected 0 or a multiple of 64",
                "-m x -r 0; --repetitions is 0, expected 1 or more",
                "-m x -t 0; --threads is 0, expected 1 or more",
                "-m x -pg 12; -pg is 12, expected two numbers",
                "-m x --concurrency 0; --concurrency is 0",
                "-m x --concurrency 2 -n 1; --n-gen is 1, expected 2 or more",
                "-m x --endurance 0; --endurance is 0.0, expected more than 0",
                "-m x --ttft -o csv; --output is csv, expected md or json",
                "-m x -p -3 -n 4; a test of -3 prompt tokens"
            })
    void whatDoesNotFitIsRefusedInOneLine(String options, String problem) {
        Outcome outcome = run(options.split(" "));
        assertThat(outcome.exit()).isEqualTo(1);
        assertThat(outcome.err()).startsWith("minke: ").contains(problem).hasLineCount(1);
        assertThat(outcome.out()).isEmpty();
    }

    @Test
    void aTestLongerThanTheContextIsRefused() {
        Outcome outcome = run("-m", model, "-p", "600", "-n", "0", "--no-warmup", "-t", "1");
        assertThat(outcome.exit()).isEqualTo(1);
        assertThat(outcome.err()).contains("longer than max_position_embeddings 512");
    }
}
