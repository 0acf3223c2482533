package dev.minke.cli;

import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.ModelFolder;
import dev.minke.model.nn.Parameters;
import dev.minke.train.Presets;
import dev.minke.train.RunConfig;
import dev.minke.train.TrainingRun;
import dev.minke.train.arith.ArithData;
import dev.minke.train.arith.ArithEvaluation;
import dev.minke.train.arith.WordProblem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// The main job in minutes: a model trained from nothing, measured, and answering.
@Command(
        name = "demo",
        description =
                "Train a small DeepSeek-V3 on arithmetic word problems, measure it on unseen ones, ask it one.",
        mixinStandardHelpOptions = true)
final class Demo implements Callable<Integer> {
    private static final int UNSEEN = 500;

    private final Console console;

    @Mixin private Compute compute = new Compute();

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Of problems and weights (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "The run's folder (default: the next free runs/demo).")
    private Optional<Path> out = Optional.empty();

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Steps of training (default: as many as it takes).")
    private Optional<Integer> steps = Optional.empty();

    @Option(names = "--json", description = "Print the result as JSON.")
    private boolean json;

    Demo(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        RunConfig.Draft draft = RunConfig.Draft.of(Presets.named("demo"));
        draft.set("train.seed=" + seed);
        steps.ifPresent(n -> draft.set("train.steps=" + n));
        RunConfig config = draft.finish();
        Path folder = out.orElseGet(() -> Train.free("demo"));
        try (Compute.Session session = compute.open()) {
            console.note("back end: " + session.kernels().describe());
            try (TrainingRun run =
                    TrainingRun.create(folder, config, session.kernels(), session::peakGflops)) {
                Train.describe(console, run.config());
                TrainProgress progress = new TrainProgress(console);
                TrainingRun.Result trained = run.run(progress);
                console.note(
                        "trained in %s; now %d problems it has never seen, neither their numbers nor their mix of sentences"
                                .formatted(TrainProgress.clock(trained.trainSeconds()), UNSEEN));
                ArithEvaluation.Result answers = answer(session, run, trained.checkpoint());
                report(folder, trained, answers, progress.worstViolation());
            }
        }
        return 0;
    }

    private static ArithEvaluation.Result answer(
            Compute.Session session, TrainingRun run, Path checkpoint) throws IOException {
        ArithData data = (ArithData) run.data();
        List<WordProblem> problems = data.unseen(UNSEEN);
        try (DeepSeekModel model =
                ModelFolder.load(checkpoint, Parameters.forInference(), session.kernels())) {
            return ArithEvaluation.run(model, session.kernels(), data, problems);
        }
    }

    private void report(
            Path folder,
            TrainingRun.Result trained,
            ArithEvaluation.Result answers,
            double worstViolation) {
        String solved =
                answers.answers().stream()
                        .filter(ArithEvaluation.Answer::right)
                        .findFirst()
                        .map(a -> a.problem().question() + "\n" + a.completion())
                        .orElse("(it solved none)");
        String summary =
                "%d of %d unseen problems right (%.1f %%) after %s of training"
                        .formatted(
                                answers.right(),
                                answers.answers().size(),
                                100 * answers.accuracy(),
                                TrainProgress.clock(trained.trainSeconds()));
        if (json) {
            Map<String, Object> object = Train.json(trained, folder);
            object.put("accuracy", answers.accuracy());
            object.put("maxViolation", worstViolation);
            console.note(solved);
            console.note(summary);
            console.json(object);
            return;
        }
        console.result("");
        console.result(solved);
        console.result("");
        console.result(summary);
        console.result(
                "largest expert overload (MaxVio) after the first quarter: %.2f"
                        .formatted(worstViolation));
        console.result("");
        console.result("The model is in " + trained.checkpoint() + ". Next:");
        console.result(
                "  echo \"Mia has 4 bags with 12 marbles each. She loses 9 marbles. How many marbles does she have left?\" | ./minke generate "
                        + folder
                        + " - --temperature 0");
        console.result("  ./minke train --preset shakespeare-char --data FILE.txt");
        console.result("  ./minke bench --kernels");
        console.result("  ./minke --help");
    }
}
