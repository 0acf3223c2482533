package dev.minke.cli;

import dev.minke.train.MemoryEstimate;
import dev.minke.train.Presets;
import dev.minke.train.RunConfig;
import dev.minke.train.TrainingRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Pre-trains a model.
@Command(
        name = "train",
        description = "Pre-train a model from a preset or a run file.",
        mixinStandardHelpOptions = true)
final class Train implements Callable<Integer> {
    private final Console console;

    @Mixin private Compute compute = new Compute();

    @Option(
            names = "--preset",
            paramLabel = "NAME",
            description = "Where to start from: books, cpu-small, demo, shakespeare-char or tiny.")
    private Optional<String> preset = Optional.empty();

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "A run file: JSON with the sections model, train and data.")
    private Optional<Path> config = Optional.empty();

    @Option(
            names = "--data",
            arity = "1..*",
            paramLabel = "PATH",
            description = "Text files, or folders with .txt, .md or .jsonl files.")
    private List<String> data = List.of();

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "The run's folder (default: the next free runs/NAME).")
    private Optional<Path> out = Optional.empty();

    @Option(names = "--steps", paramLabel = "N", description = "Steps of the whole run.")
    private Optional<Integer> steps = Optional.empty();

    @Option(names = "--seed", paramLabel = "N", description = "Of weights and order of data.")
    private Optional<Long> seed = Optional.empty();

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Change one key of the run file, such as train.learningRate=0.001.")
    private List<String> settings = List.of();

    @Option(
            names = "--resume",
            description = "Go on with the run in --out from its newest checkpoint.")
    private boolean resume;

    @Option(names = "--json", description = "Print the result as JSON.")
    private boolean json;

    Train(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (resume) {
            checkResume();
        }
        Optional<RunConfig> wanted = resume ? Optional.empty() : Optional.of(configured());
        if (wanted.isPresent()) {
            RunConfig run = wanted.get();
            MemoryEstimate.of(run.model(), run.train()).check(Machine.inspect().memory());
        }
        try (Compute.Session session = compute.open()) {
            console.note("back end: " + session.kernels().describe());
            Path folder = folder();
            try (TrainingRun run =
                    wanted.isPresent()
                            ? TrainingRun.create(
                                    folder, wanted.get(), session.kernels(), session::peakGflops)
                            : TrainingRun.resume(folder, session.kernels(), session::peakGflops)) {
                describe(console, run.config());
                TrainingRun.Result result = run.run(new TrainProgress(console));
                report(folder, result);
            }
        }
        return 0;
    }

    private void checkResume() {
        if (out.isEmpty()) {
            throw new IllegalArgumentException("--resume needs --out with the run's folder");
        }
        boolean changed =
                preset.isPresent()
                        || config.isPresent()
                        || !data.isEmpty()
                        || steps.isPresent()
                        || seed.isPresent()
                        || !settings.isEmpty();
        if (changed) {
            throw new IllegalArgumentException(
                    "--resume goes on with the run as it is, expected no --preset, --config, --data, --steps, --seed or --set");
        }
    }

    private RunConfig configured() throws IOException {
        if (preset.isPresent() && config.isPresent()) {
            throw new IllegalArgumentException(
                    "--preset and --config together: expected one; a run file can name a preset");
        }
        RunConfig.Draft draft =
                config.isPresent()
                        ? RunConfig.Draft.read(config.get())
                        : RunConfig.Draft.of(Presets.named(preset.orElse("tiny")));
        if (!data.isEmpty()) {
            // absolute, so that the run can be resumed from any folder
            draft.files(data.stream().map(d -> Path.of(d).toAbsolutePath().toString()).toList());
        }
        steps.ifPresent(n -> draft.set("train.steps=" + n));
        seed.ifPresent(n -> draft.set("train.seed=" + n));
        settings.forEach(draft::set);
        return draft.finish();
    }

    private Path folder() {
        return out.orElseGet(() -> free(preset.orElse("run")));
    }

    /// The first of runs/NAME, runs/NAME-2, ... that does not exist.
    static Path free(String name) {
        Path folder = Path.of("runs", name);
        for (int i = 2; Files.exists(folder); i++) {
            folder = Path.of("runs", name + "-" + i);
        }
        return folder;
    }

    static void describe(Console console, RunConfig run) {
        var model = run.model();
        console.note(
                "model: %s %,d parameters, %,d active for a token; %d layers of width %d, %d heads, %s, MTP %s"
                        .formatted(
                                model.family().modelType(),
                                model.parameterCount() + model.mtpParameterCount(),
                                model.activeParameterCount(),
                                model.numHiddenLayers(),
                                model.hiddenSize(),
                                model.attention().numAttentionHeads(),
                                model.moe().hasExperts()
                                        ? "%d experts of which %d + %d shared"
                                                .formatted(
                                                        model.moe().nRoutedExperts(),
                                                        model.moe().numExpertsPerTok(),
                                                        model.moe().nSharedExperts())
                                        : "no experts",
                                model.numNextnPredictLayers() > 0 ? "on" : "off"));
        MemoryEstimate memory = MemoryEstimate.of(model, run.train());
        console.note(
                "training: %,d steps of %d sequences, about %s of memory"
                        .formatted(
                                run.train().steps(),
                                run.train().batchSize(),
                                MemoryEstimate.gib(memory.total())));
    }

    static Map<String, Object> json(TrainingRun.Result result, Path folder) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("trainSeconds", result.trainSeconds());
        object.put("steps", result.steps());
        object.put("tokensPerSecond", result.tokensPerSecond());
        result.utilisation().ifPresent(mfu -> object.put("mfu", mfu));
        result.loss().ifPresent(loss -> object.put("loss", loss));
        result.validation().ifPresent(v -> object.put("valLoss", v.loss()));
        result.validation().ifPresent(v -> object.put("valBitsPerByte", v.bitsPerByte()));
        object.put("out", folder.toString());
        return object;
    }

    private void report(Path folder, TrainingRun.Result result) {
        if (json) {
            console.json(json(result, folder));
            return;
        }
        console.result(
                "trained %d steps in %s, %,.0f tokens/s%s; checkpoint %s"
                        .formatted(
                                result.steps(),
                                TrainProgress.clock(result.trainSeconds()),
                                result.tokensPerSecond(),
                                result.utilisation().isPresent()
                                        ? ", MFU %.0f %%"
                                                .formatted(100 * result.utilisation().getAsDouble())
                                        : "",
                                result.checkpoint()));
        console.result("next: ./minke generate " + folder + " \"Once\"");
    }
}
