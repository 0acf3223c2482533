package dev.minke.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.it.MinkeProcess.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Training as users run it: whole processes, killed and resumed, and the mistakes they make.
class TrainingCommandTests {
    private static final Pattern CURVE =
            Pattern.compile("\"(loss|mainLoss|mtpLoss|gradientNorm|valLoss)\":([^,}]+)");

    @TempDir Path folder;

    @BeforeEach
    void writeText() throws IOException {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 600; i++) {
            text.append("The whale of day ").append(i * i % 97).append(" sings to the sea.\n");
        }
        Files.writeString(folder.resolve("text.txt"), text);
    }

    @Test
    void theCurveIsTheSameBitsWithOneAndTwoThreads() throws IOException {
        train("one", "--threads", "1");
        train("two", "--threads", "2");

        assertThat(curve("one")).hasSize(20 * 4 + 5).isEqualTo(curve("two"));
    }

    @Test
    void aRunKilledAnywhereGoesOnBitForBit() throws Exception {
        train("whole");
        Process process = MinkeProcess.start(folder, arguments("killed"));
        Path metrics = folder.resolve("killed/metrics.jsonl");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (process.isAlive() && (!Files.exists(metrics) || lines(metrics) < 10)) {
            assertThat(System.nanoTime()).as("time to write ten lines").isLessThan(deadline);
            Thread.sleep(1);
        }
        process.destroyForcibly().waitFor();
        assertThat(lines(metrics)).as("steps before the kill").isLessThan(25);

        Result resumed = MinkeProcess.work(folder, "train", "--resume", "--out", "killed");

        assertThat(resumed.exit()).as(resumed.err()).isZero();
        assertThat(curve("killed")).isEqualTo(curve("whole"));
        try (Stream<Path> left = Files.list(folder.resolve("killed/checkpoints"))) {
            assertThat(left).noneMatch(p -> p.getFileName().toString().contains(".tmp-"));
        }
    }

    @Test
    void aRunGivesAModelThatContinuesText() {
        train("run");

        Result text =
                MinkeProcess.work(
                        folder, "generate", "run", "The whale", "-n", "12", "--seed", "3");
        Result again =
                MinkeProcess.work(
                        folder, "generate", "run", "The whale", "-n", "12", "--seed", "3");

        assertThat(text.exit()).as(text.err()).isZero();
        assertThat(text.out()).startsWith("The whale").isEqualTo(again.out());
        assertThat(text.err()).contains("tokens/s");
    }

    @Test
    void logitsOfARunAreWrittenForEveryPosition() throws IOException {
        train("run");

        Result result =
                MinkeProcess.work(
                        folder,
                        "logits",
                        "run",
                        "--tokens",
                        "5,6,7",
                        "--out",
                        "l.f32",
                        "--mtp",
                        "m.f32");

        assertThat(result.exit()).as(result.err()).isZero();
        assertThat(Files.size(folder.resolve("l.f32"))).isEqualTo(3 * 272 * 4);
        assertThat(Files.size(folder.resolve("m.f32"))).isEqualTo(2 * 272 * 4);
    }

    @Test
    void aMistakeEndsInOneLineAndLeavesNothing() throws IOException {
        refused("nowhere.txt", "--data", "nowhere.txt");
        Files.createFile(folder.resolve("empty.txt"));
        refused("empty.txt", "--data", "empty.txt");
        Files.createDirectory(folder.resolve("void"));
        refused("holds no training data", "--data", "void");
        refused("unknown key", "--data", "text.txt", "--set", "train.stepz=3");
        refused("train.steps", "--data", "text.txt", "--set", "train.steps=0");
        refused("unknown preset 'huge'", "--data", "text.txt", "--preset", "huge");
        refused("needs about", "--data", "text.txt", "--set", "train.microBatchTokens=100000000");
        Files.writeString(folder.resolve("run.json"), "{\"train\": {\"colour\": 1}}");
        refused(
                "run.json: unknown key 'train.colour'",
                "--data",
                "text.txt",
                "--config",
                "run.json");
        Files.writeString(folder.resolve("cut.json"), "{\"train\": {");
        refused("cut.json", "--data", "text.txt", "--config", "cut.json");
    }

    @Test
    void aDamagedCheckpointIsRefusedByName() throws IOException {
        train("run");
        Path weights = folder.resolve("run/checkpoints/step-00000020/model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        Files.write(weights, java.util.Arrays.copyOf(bytes, bytes.length / 2));

        Result result = MinkeProcess.work(folder, "generate", "run", "The");

        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.err()).contains("model.safetensors").hasLineCount(1);
    }

    private void refused(String reason, String... options) {
        List<String> arguments = new ArrayList<>(List.of("train", "--out", "refused"));
        arguments.addAll(List.of(options));

        Result result = MinkeProcess.minke(folder, arguments.toArray(String[]::new));

        assertThat(result.exit()).as(result.err()).isEqualTo(1);
        assertThat(result.err().lines().reduce((a, b) -> b).orElse(""))
                .startsWith("minke: ")
                .contains(reason);
        assertThat(folder.resolve("refused/run.json")).doesNotExist();
    }

    private void train(String out, String... options) {
        List<String> arguments = new ArrayList<>(List.of(arguments(out)));
        arguments.addAll(List.of(options));

        Result result = MinkeProcess.work(folder, arguments.toArray(String[]::new));

        assertThat(result.exit()).as(result.err()).isZero();
    }

    private static String[] arguments(String out) {
        return new String[] {
            "train",
            "--preset",
            "tiny",
            "--data",
            "text.txt",
            "--steps",
            "20",
            "--out",
            out,
            "--set",
            "train.evalEvery=4",
            "--set",
            "train.snapshotEvery=3"
        };
    }

    /// Every loss and norm of a run, in order, as written.
    private List<String> curve(String run) throws IOException {
        List<String> values = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve(run).resolve("metrics.jsonl"))) {
            Matcher matcher = CURVE.matcher(line);
            while (matcher.find()) {
                values.add(matcher.group());
            }
        }
        return values;
    }

    private static long lines(Path file) throws IOException {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.count();
        }
    }
}
