package dev.minke.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.offset;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.minke.model.checkpoint.MalformedCheckpoint;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.ModelFolder;
import dev.minke.model.deepseek.TokenBatch.Sequence;
import dev.minke.model.nn.Parameters;
import dev.minke.model.text.BpeTokenizer;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Team;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Eight steps with checkpoints after 3, 6 and 8 and validations after 3, 6 and 8.
class TrainingRunTests {
    private static final Path PRLIMIT = Path.of("/usr/bin/prlimit");
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Team TEAM = new Team(1);
    private static Kernels kernels;

    /// A run that nothing interrupted, for comparison.
    private static Path expected;

    @TempDir private Path folder;
    private Path text;

    @BeforeAll
    static void open(@TempDir Path shared) throws IOException {
        kernels = Backends.open(TEAM, "reference");
        expected = shared.resolve("expected");
        Path text = SmallRuns.text(shared.resolve("text.txt"), 3000);
        try (TrainingRun training =
                TrainingRun.create(expected, SmallRuns.config(text), kernels, () -> 0)) {
            training.run(new Ears(-1));
        }
    }

    @AfterAll
    static void close() {
        TEAM.close();
    }

    @BeforeEach
    void writeText() throws IOException {
        text = SmallRuns.text(folder.resolve("text.txt"), 3000);
    }

    /// Somebody pulls the plug.
    private static final class Stopped extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /// Notes what it hears, and stops the run within step `stopAt`.
    private static final class Ears implements TrainingRun.Listener {
        private final List<String> heard = new ArrayList<>();
        private final long stopAt;

        Ears(long stopAt) {
            this.stopAt = stopAt;
        }

        @Override
        public void begin(TrainingRun run, long step) {
            heard.add("begin " + step);
        }

        @Override
        public void step(Trainer.StepReport report, TrainingRun.Rate rate) {
            heard.add("step " + report.step());
            assertThat(rate.tokensPerSecond()).isPositive();
            assertThat(rate.etaSeconds()).isNotNegative();
            if (report.step() == stopAt) {
                throw new Stopped();
            }
        }

        @Override
        public void validated(long steps, TrainingRun.Validation validation) {
            heard.add("validated " + steps);
            assertThat(validation.loss()).isPositive();
        }

        @Override
        public void saved(Path checkpoint) {
            heard.add("saved " + checkpoint.getFileName());
        }
    }

    @Test
    void resumingAFinishedRunSaysHowGoodItIsAndChangesNothing() throws IOException {
        Path run = folder.resolve("finished");
        TrainingRun.Result first = whole(run);
        List<JsonNode> before = metrics(run);

        try (TrainingRun training = TrainingRun.resume(run, kernels, () -> 0)) {
            TrainingRun.Result again = training.run(new Ears(-1));

            assertThat(again.steps()).isEqualTo(first.steps());
            assertThat(again.loss()).isEmpty();
            assertThat(again.validation()).isEqualTo(first.validation());
            assertThat(again.checkpoint()).isEqualTo(first.checkpoint());
        }
        assertThat(metrics(run)).isEqualTo(before);
    }

    private TrainingRun.Result whole(Path run, String... settings) throws IOException {
        try (TrainingRun training =
                TrainingRun.create(run, SmallRuns.config(text, settings), kernels, () -> 0)) {
            return training.run(new Ears(-1));
        }
    }

    private void stopped(Path run, long at, String... settings) throws IOException {
        try (TrainingRun training =
                TrainingRun.create(run, SmallRuns.config(text, settings), kernels, () -> 0)) {
            assertThatExceptionOfType(Stopped.class).isThrownBy(() -> training.run(new Ears(at)));
        }
    }

    private static Ears resume(Path run) throws IOException {
        Ears ears = new Ears(-1);
        try (TrainingRun training = TrainingRun.resume(run, kernels, () -> 0)) {
            training.run(ears);
        }
        return ears;
    }

    /// The metrics without what depends on the clock.
    private static List<JsonNode> metrics(Path run) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
            ObjectNode node = (ObjectNode) JSON.readTree(line);
            node.remove("tokensPerSecond");
            lines.add(node);
        }
        return lines;
    }

    private static List<String> checkpoints(Path run) throws IOException {
        try (Stream<Path> entries = Files.list(run.resolve("checkpoints"))) {
            return entries.map(p -> p.getFileName().toString()).sorted().toList();
        }
    }

    private static Path checkpoint(Path run, int step) {
        return run.resolve("checkpoints").resolve("step-%08d".formatted(step));
    }

    private static void sameEnd(Path actual, Path expected) throws IOException {
        assertThat(metrics(actual)).isEqualTo(metrics(expected));
        for (String file : List.of("model.safetensors", "optimizer.safetensors", "config.json")) {
            assertThat(checkpoint(actual, 8).resolve(file))
                    .hasSameBinaryContentAs(checkpoint(expected, 8).resolve(file));
        }
    }

    @Test
    void aRunLeavesMetricsCheckpointsAndItsConfiguration() throws IOException {
        Path run = folder.resolve("run");
        Ears ears = new Ears(-1);
        TrainingRun.Result result;
        try (TrainingRun training =
                TrainingRun.create(run, SmallRuns.config(text), kernels, () -> 50)) {
            assertThat(training.folder()).isEqualTo(run);
            result = training.run(ears);
            assertThat(RunConfig.read(run.resolve("run.json"))).isEqualTo(training.config());
            assertThat(training.config().model().vocabSize() % 16).isZero();
        }
        assertThat(ears.heard)
                .containsExactly(
                        "begin 0",
                        "step 0",
                        "step 1",
                        "step 2",
                        "validated 3",
                        "saved step-00000003",
                        "step 3",
                        "step 4",
                        "step 5",
                        "validated 6",
                        "saved step-00000006",
                        "step 6",
                        "step 7",
                        "validated 8",
                        "saved step-00000008");
        List<JsonNode> lines = metrics(run);
        assertThat(lines).hasSize(11);
        assertThat(lines.stream().filter(l -> l.has("step")).map(l -> l.get("step").asInt()))
                .containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
        assertThat(lines.stream().filter(l -> l.has("valLoss")).map(l -> l.get("steps").asInt()))
                .containsExactly(3, 6, 8);
        assertThat(lines.getFirst().propertyNames())
                .contains(
                        "loss",
                        "mainLoss",
                        "mtpLoss",
                        "balanceLoss",
                        "gradientNorm",
                        "learningRate",
                        "tokens",
                        "maxViolation",
                        "mfu");
        assertThat(lines.getFirst().get("mainLoss").asDouble())
                .isCloseTo(Math.log(272), offset(0.2));
        assertThat(result.steps()).isEqualTo(8);
        assertThat(result.loss()).hasValue(lines.get(9).get("mainLoss").asDouble());
        assertThat(result.utilisation()).isPresent();
        assertThat(result.validation().orElseThrow().loss())
                .isEqualTo(lines.get(10).get("valLoss").asDouble());
        assertThat(result.validation().orElseThrow().tokens()).isEqualTo(64);
        assertThat(result.checkpoint()).isEqualTo(checkpoint(run, 8));
        assertThat(TrainingRun.newestCheckpoint(run)).isEqualTo(checkpoint(run, 8));
        assertThat(TrainingRun.isRun(run)).isTrue();
        assertThat(checkpoints(run))
                .containsExactly("step-00000003", "step-00000006", "step-00000008");
    }

    @Test
    void aCheckpointIsAModelFolderWithItsTokenizer() throws IOException {
        Path run = folder.resolve("run");
        whole(run);
        try (DeepSeekModel model =
                ModelFolder.load(checkpoint(run, 8), Parameters.forInference(), kernels)) {
            int ids = BpeTokenizer.read(checkpoint(run, 8).resolve("tokenizer.json")).vocabSize();
            assertThat(model.config().vocabSize()).isBetween(ids, ids + 15);
        }
        assertThat(checkpoint(run, 8).resolve("tokenizer_config.json")).exists();
    }

    /// Before the first checkpoint, between two, right after one.
    @ParameterizedTest
    @ValueSource(longs = {0, 1, 3, 4, 7})
    void aStoppedRunGoesOnBitForBit(long at) throws IOException {
        Path run = folder.resolve("run");
        stopped(run, at);
        Ears ears = resume(run);
        long from = at < 3 ? 0 : at < 6 ? 3 : 6;
        assertThat(ears.heard)
                .startsWith("begin " + from, "step " + from)
                .endsWith("saved step-00000008");
        sameEnd(run, expected);
    }

    @Test
    void aRunMayBeStoppedAgainAndAgain() throws IOException {
        Path run = folder.resolve("run");
        stopped(run, 2);
        for (long at : new long[] {4, 5, 7}) {
            try (TrainingRun training = TrainingRun.resume(run, kernels, () -> 0)) {
                assertThatExceptionOfType(Stopped.class)
                        .isThrownBy(() -> training.run(new Ears(at)));
            }
        }
        resume(run);
        sameEnd(run, expected);
    }

    @Test
    void aTrainedVocabularyIsNotTrainedAgain() throws IOException {
        String[] settings = {"data.tokenizer=bpe", "data.vocabSize=300"};
        Path expected = folder.resolve("expected");
        Path run = folder.resolve("run");
        whole(expected, settings);
        stopped(run, 4, settings);
        resume(run);
        sameEnd(run, expected);
    }

    @Test
    void aHalfWrittenCheckpointIsPassedOverAndClearedAway() throws IOException {
        Path run = folder.resolve("run");
        stopped(run, 5);
        Path half = run.resolve("checkpoints/step-00000006.tmp-1b4e28ba");
        Files.createDirectories(half);
        Files.writeString(half.resolve("model.safetensors"), "the beginning");
        // the machine also stopped within a line
        Path metrics = run.resolve("metrics.jsonl");
        Files.writeString(metrics, Files.readString(metrics) + "{\"step\":5,\"lo");
        assertThat(TrainingRun.newestCheckpoint(run)).isEqualTo(checkpoint(run, 3));
        resume(run);
        sameEnd(run, expected);
        assertThat(half).doesNotExist();
    }

    @Test
    void tokenFilesThatAreGoneAreEncodedAgain() throws IOException {
        Path run = folder.resolve("run");
        stopped(run, 4);
        Files.delete(run.resolve("data/train.tokens"));
        resume(run);
        sameEnd(run, expected);
    }

    @Test
    void aFinishedRunHasNothingToResume() throws IOException {
        Path run = folder.resolve("run");
        whole(run);
        List<JsonNode> before = metrics(run);
        assertThat(resume(run).heard).containsExactly("begin 8");
        assertThat(metrics(run)).isEqualTo(before);
    }

    @Test
    void theSameRunTwiceGivesTheSameNumbers() throws IOException {
        whole(folder.resolve("same"));
        sameEnd(folder.resolve("same"), expected);
        whole(folder.resolve("other"), "seed=2");
        assertThat(metrics(folder.resolve("other"))).isNotEqualTo(metrics(expected));
    }

    @Test
    void onlyTheNewestCheckpointsAreKept() throws IOException {
        Path run = folder.resolve("run");
        whole(run, "snapshotEvery=1", "snapshotsKept=2");
        assertThat(checkpoints(run)).containsExactly("step-00000007", "step-00000008");
    }

    @Test
    void withoutIntervalsThereIsOneCheckpointAndOneValidationAtTheEnd() throws IOException {
        Path run = folder.resolve("run");
        whole(run, "snapshotEvery=0", "evalEvery=0");
        assertThat(checkpoints(run)).containsExactly("step-00000008");
        assertThat(metrics(run)).hasSize(9);
    }

    @Test
    void withoutValidationTextThereIsNoValidation() throws IOException {
        Path run = folder.resolve("run");
        TrainingRun.Result result = whole(run, "validationFraction=0");
        assertThat(result.validation()).isEmpty();
        assertThat(metrics(run)).hasSize(8);
    }

    @Test
    void validationTextIsNeverTrainedOn() throws IOException {
        RunConfig config = SmallRuns.config(text, "evalTokens=0", "validationFraction=0.25");
        try (TrainingRun run =
                TrainingRun.create(folder.resolve("run"), config, kernels, () -> 0)) {
            String all = Files.readString(text);
            BpeTokenizer tokenizer = run.data().tokenizer();
            String seen =
                    tokenizer.decode(
                            run.data().validation().stream()
                                    .flatMapToInt(w -> Arrays.stream(w.tokens(), 0, w.inputs()))
                                    .toArray());
            // the last window may end within a character, which becomes U+FFFD
            seen = seen.replaceAll("\uFFFD+$", "");
            int cut = all.indexOf(seen);
            assertThat(seen.length()).isGreaterThan(all.length() / 5);
            assertThat(cut).isGreaterThan(all.length() * 7 / 10);
            String head =
                    tokenizer.decode(tokenizer.bos().orElseThrow())
                            + all.substring(0, cut)
                            + tokenizer.decode(tokenizer.eos().orElseThrow());
            for (int step = 0; step < 300; step++) {
                for (Sequence window : run.data().batches().batch(step)) {
                    String piece =
                            tokenizer.decode(window.tokens()).replaceAll("^\uFFFD+|\uFFFD+$", "");
                    assertThat(head).contains(piece);
                }
            }
            assertThat(run.data().bytesPerToken()).isEqualTo(1);
        }
    }

    @Test
    void aSecondRunInTheSameFolderIsRefused() throws IOException {
        Path run = folder.resolve("run");
        stopped(run, 1);
        byte[] before = Files.readAllBytes(run.resolve("run.json"));
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> whole(run, "seed=9"))
                .withMessage(
                        run
                                + " holds a run already: add --resume to go on, or choose another"
                                + " --out");
        assertThat(run.resolve("run.json")).hasBinaryContent(before);
    }

    @Test
    void withoutARunThereIsNothingToResume() throws IOException {
        Path run = folder.resolve("none");
        assertThat(TrainingRun.isRun(run)).isFalse();
        assertThatExceptionOfType(NoSuchFileException.class)
                .isThrownBy(() -> resume(run))
                .withMessageContaining(run.toString())
                .withMessageContaining("run.json");
        stopped(run, 1);
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> TrainingRun.newestCheckpoint(run))
                .withMessage("the run in " + run + " has no checkpoint yet");
    }

    @Test
    void dataThatIsMissingEmptyOrTooShortLeavesNoRunBehind() throws IOException {
        Path run = folder.resolve("run");
        Path real = text;
        text = folder.resolve("gone.txt");
        assertThatExceptionOfType(NoSuchFileException.class)
                .isThrownBy(() -> whole(run))
                .withMessageContaining(text.toString());
        Files.writeString(text, "");
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> whole(run))
                .withMessage("the training data is empty: " + text);
        Files.writeString(text, "too short");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> whole(run))
                .withMessageContaining("tokens, train.sequenceLength 16 needs at least 18");
        assertThat(TrainingRun.isRun(run)).isFalse();
        // what the attempts left is not taken for the data of the next one
        text = real;
        whole(run);
        sameEnd(run, expected);
    }

    @Test
    void aTokenizerInTheFolderOfANewRunIsNotTaken() throws IOException {
        Path run = Files.createDirectory(folder.resolve("run"));
        Files.writeString(run.resolve("tokenizer.json"), "somebody else's");
        whole(run);
        assertThat(BpeTokenizer.read(run.resolve("tokenizer.json")).vocabSize())
                .isEqualTo(BpeTokenizer.bytes().vocabSize());
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.safetensors", "optimizer.safetensors"})
    void aTruncatedCheckpointIsRefusedByName(String name) throws IOException {
        Path run = folder.resolve("run");
        stopped(run, 4);
        Path file = checkpoint(run, 3).resolve(name);
        byte[] whole = Files.readAllBytes(file);
        for (int length : new int[] {0, 7, 500, whole.length - 1}) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertThatExceptionOfType(MalformedCheckpoint.class)
                    .isThrownBy(() -> resume(run))
                    .withMessageContaining(file.toString())
                    .withMessageNotContaining("\n");
        }
        Files.write(file, whole);
        assertThat(resume(run).heard).startsWith("begin 3");
    }

    @Test
    void aCheckpointWithoutOptimizerCannotBeResumed() throws IOException {
        Path run = folder.resolve("run");
        stopped(run, 4);
        Path file = checkpoint(run, 3).resolve("optimizer.safetensors");
        Files.delete(file);
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> resume(run))
                .withMessageContaining(file.toString())
                .withMessageNotContaining("\n");
    }

    @Test
    void anOptimizerOfAnotherModelIsRefusedByTensor() throws IOException {
        Path run = folder.resolve("run");
        Path other = folder.resolve("other");
        stopped(run, 4);
        stopped(other, 4, "model.moe_intermediate_size=12");
        Path file = checkpoint(run, 3).resolve("optimizer.safetensors");
        Files.delete(file);
        Files.copy(checkpoint(other, 3).resolve("optimizer.safetensors"), file);
        assertThatExceptionOfType(MalformedCheckpoint.class)
                .isThrownBy(() -> resume(run))
                .withMessageContaining(file.toString())
                .withMessageContaining("mlp.experts.*.")
                .withMessageNotContaining("\n");
    }

    /// The limit on the size of a file stands for a full disk.
    @Test
    void aFullDiskEndsTheRunInOneLineAndLeavesTheOlderCheckpoint() throws Exception {
        assumeTrue(
                Files.isExecutable(PRLIMIT),
                PRLIMIT + " is missing, so that no disk can be made full");
        Path run = folder.resolve("run");
        stopped(run, 4);
        try (TrainingRun training = TrainingRun.resume(run, kernels, () -> 0)) {
            fileLimit("16384");
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> training.run(new Ears(-1)))
                    .withMessageContaining(checkpoint(run, 6).toString())
                    .withMessageContaining("File too large")
                    .withMessageNotContaining("\n");
        } finally {
            fileLimit("unlimited");
        }
        assertThat(checkpoints(run)).containsExactly("step-00000003");
        assertThat(resume(run).heard).startsWith("begin 3");
        sameEnd(run, expected);
    }

    private static void fileLimit(String bytes) throws Exception {
        String pid = "--pid=" + ProcessHandle.current().pid();
        Process process =
                new ProcessBuilder(PRLIMIT.toString(), pid, "--fsize=" + bytes + ":")
                        .inheritIO()
                        .start();
        assertThat(process.waitFor()).isZero();
    }
}
