package dev.minke.train;

import dev.minke.model.checkpoint.AtomicFiles;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.TokenBatch.Sequence;
import dev.minke.model.nn.Parameters;
import dev.minke.model.text.BpeTokenizer;
import dev.minke.tensor.Kernels;
import dev.minke.train.arith.ArithData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.DoubleSupplier;

/// Pre-training in a run folder:
///
///     run.json            the whole configuration
///     tokenizer.json      and tokenizer_config.json
///     data/               the corpus as token files
///     metrics.jsonl       a line for each step and validation
///     checkpoints/        Hugging Face folders that also hold the optimiser's state
///
/// A run that was stopped at any moment goes on from its newest checkpoint with the same numbers.
public final class TrainingRun implements AutoCloseable {
    private static final String RUN_FILE = "run.json";

    private final Path folder;
    private final RunConfig config;
    private final TrainingData data;
    private final Kernels kernels;
    private final DoubleSupplier peakGflops;
    private final Snapshots snapshots;
    private final boolean resumed;

    private TrainingRun(
            Path folder,
            RunConfig config,
            TrainingData data,
            Kernels kernels,
            DoubleSupplier peakGflops,
            boolean resumed) {
        this.folder = folder;
        this.config = config;
        this.data = data;
        this.kernels = kernels;
        this.peakGflops = peakGflops;
        this.snapshots = new Snapshots(folder);
        this.resumed = resumed;
    }

    /// Hears what happens.
    public interface Listener {
        /// The run begins or goes on at `step`.
        void begin(TrainingRun run, long step);

        /// A step was done.
        void step(Trainer.StepReport report, Rate rate);

        /// A validation was done after `steps` steps.
        void validated(long steps, Validation validation);

        /// A checkpoint was written.
        void saved(Path checkpoint);
    }

    /// How fast it goes.
    ///
    /// @param tokensPerSecond of the last step
    /// @param utilisation model flop per second over this machine's FMA peak; empty where the peak
    ///   is unknown
    /// @param etaSeconds until the last step
    public record Rate(double tokensPerSecond, OptionalDouble utilisation, double etaSeconds) {}

    /// Loss on text that is never trained on.
    ///
    /// @param loss nats per token
    /// @param bitsPerByte the same per byte of text
    /// @param tokens looked at
    public record Validation(double loss, double bitsPerByte, long tokens) {}

    /// What a run came to.
    ///
    /// @param steps done
    /// @param trainSeconds of this process, validations and checkpoints included
    /// @param tokensPerSecond of the steps alone
    /// @param utilisation mean over the steps; empty where the peak is unknown
    /// @param loss main loss of the last step; empty if the run was finished before
    /// @param validation at the end; empty without validation text
    /// @param checkpoint the newest
    public record Result(
            long steps,
            double trainSeconds,
            double tokensPerSecond,
            OptionalDouble utilisation,
            OptionalDouble loss,
            Optional<Validation> validation,
            Path checkpoint) {}

    /// Prepare a new run in `folder`: tokenizer, token files, run file.
    ///
    /// @param peakGflops measures the machine's FMA peak on the threads of `kernels`; 0 if unknown.
    ///   Asked several times in a run, for other programs can only make it too low
    /// @throws IOException if the folder holds a run already, or the data is missing or empty
    public static TrainingRun create(
            Path folder, RunConfig config, Kernels kernels, DoubleSupplier peakGflops)
            throws IOException {
        if (Files.exists(folder.resolve(RUN_FILE))) {
            throw new IOException(
                    folder
                            + " holds a run already: add --resume to go on, or choose another --out");
        }
        Files.createDirectories(folder);
        // what an attempt that did not get as far as its run file left is of other data, perhaps
        TrainingData data =
                switch (config.data().task()) {
                    case TEXT -> TextData.create(config.data(), config.train(), folder);
                    case ARITH ->
                            new ArithData(
                                    ArithData.train(
                                            config.data().vocabSize(),
                                            config.data().digitsPerToken(),
                                            config.train().seed()),
                                    config.train());
                };
        try {
            data.batches(); // refuses too little data while there is no run yet
            BpeTokenizer tokenizer = data.tokenizer();
            RunConfig complete = config.withVocabSize(roundUp(tokenizer.vocabSize()));
            tokenizer.save(folder);
            AtomicFiles.writeString(folder.resolve(RUN_FILE), complete.toJson());
            return new TrainingRun(folder, complete, data, kernels, peakGflops, false);
        } catch (IOException | RuntimeException e) {
            data.close();
            throw e;
        }
    }

    /// Go on with the run in `folder`.
    ///
    /// @throws IOException if there is none, or its data is gone
    public static TrainingRun resume(Path folder, Kernels kernels, DoubleSupplier peakGflops)
            throws IOException {
        Path file = folder.resolve(RUN_FILE);
        if (!Files.exists(file)) {
            throw new NoSuchFileException(
                    folder.toString(), "", "expected a run with " + RUN_FILE + " to resume");
        }
        RunConfig config = RunConfig.read(file);
        BpeTokenizer tokenizer = BpeTokenizer.read(folder.resolve("tokenizer.json"));
        TrainingData data =
                switch (config.data().task()) {
                    case TEXT -> TextData.open(config.data(), config.train(), folder, tokenizer);
                    case ARITH -> new ArithData(tokenizer, config.train());
                };
        return new TrainingRun(folder, config, data, kernels, peakGflops, true);
    }

    /// Rows of embedding and head: a multiple of 16, for whole vectors.
    private static int roundUp(int vocabSize) {
        return (vocabSize + 15) / 16 * 16;
    }

    /// Whether `folder` holds a run.
    public static boolean isRun(Path folder) {
        return Files.exists(folder.resolve(RUN_FILE));
    }

    /// The newest checkpoint of the run in `folder`.
    ///
    /// @throws IOException if it has none yet
    public static Path newestCheckpoint(Path folder) throws IOException {
        return new Snapshots(folder)
                .newest()
                .orElseThrow(
                        () -> new IOException("the run in " + folder + " has no checkpoint yet"));
    }

    /// The run's folder.
    public Path folder() {
        return folder;
    }

    /// The complete configuration.
    public RunConfig config() {
        return config;
    }

    /// Train to the last step.
    ///
    /// @throws IOException if a checkpoint cannot be written; what was written before stays
    public Result run(Listener listener) throws IOException {
        try (Trainer trainer = trainer();
                Metrics metrics = Metrics.open(folder.resolve("metrics.jsonl"), trainer.step())) {
            listener.begin(this, trainer.step());
            return new Loop(trainer, metrics, listener).run();
        }
    }

    /// The run's data.
    public TrainingData data() {
        return data;
    }

    @Override
    public void close() {
        data.close();
    }

    private Trainer trainer() throws IOException {
        Optional<Path> newest = resumed ? snapshots.newest() : Optional.empty();
        if (newest.isPresent()) {
            return Snapshots.restore(newest.get(), config.train(), kernels);
        }
        DeepSeekModel model = new DeepSeekModel(config.model(), Parameters.forTraining());
        model.initialize(config.train().initStd(), config.train().seed());
        return new Trainer(model, config.train(), kernels);
    }

    private final class Loop {
        private final Trainer trainer;
        private final BatchSource source = data.batches();
        private final Metrics metrics;
        private final Listener listener;
        private final TrainConfig how = config.train();
        private final long flopsPerToken =
                config.model().trainingFlopsPerToken(how.sequenceLength());
        private double peak;
        private double stepSeconds;
        private long stepTokens;
        private OptionalDouble loss = OptionalDouble.empty();
        private Optional<Validation> last = Optional.empty();

        Loop(Trainer trainer, Metrics metrics, Listener listener) {
            this.trainer = trainer;
            this.metrics = metrics;
            this.listener = listener;
        }

        Result run() throws IOException {
            long begin = System.nanoTime();
            Optional<Path> checkpoint = resumed ? snapshots.newest() : Optional.empty();
            long first = trainer.step();
            measurePeak();
            if (first >= how.steps()) { // nothing left to do but to say how good it is
                last = measure();
            }
            while (trainer.step() < how.steps()) {
                step(trainer.step() - first);
                boolean end = trainer.step() == how.steps();
                if (end || due(how.evalEvery())) {
                    validate();
                }
                if (end || due(how.snapshotEvery())) {
                    Path saved =
                            snapshots.save(trainer, data.tokenizer(), how.snapshotsKept(), kernels);
                    checkpoint = Optional.of(saved);
                    listener.saved(saved);
                }
            }
            double seconds = (System.nanoTime() - begin) * 1e-9;
            double rate = stepSeconds == 0 ? 0 : stepTokens / stepSeconds;
            return new Result(
                    trainer.step(),
                    seconds,
                    rate,
                    utilisation(rate),
                    loss,
                    last,
                    checkpoint.orElse(folder));
        }

        private void measurePeak() {
            peak = Math.max(peak, peakGflops.getAsDouble());
        }

        private boolean due(int every) {
            return every > 0 && trainer.step() % every == 0;
        }

        private void step(long before) throws IOException {
            List<Sequence> batch = source.batch(trainer.step());
            long begin = System.nanoTime();
            Trainer.StepReport report = trainer.step(batch);
            double seconds = (System.nanoTime() - begin) * 1e-9;
            if (before > 0 || trainer.step() == how.steps()) { // the first one warms up
                stepSeconds += seconds;
                stepTokens += report.tokens();
            }
            loss = OptionalDouble.of(report.mainLoss());
            double rate = report.tokens() / seconds;
            double mean = stepSeconds == 0 ? rate : stepTokens / stepSeconds;
            double eta = (how.steps() - trainer.step()) * (double) report.tokens() / mean;
            listener.step(report, new Rate(rate, utilisation(rate), eta));
            metrics.write(line(report, rate));
        }

        private Map<String, Object> line(Trainer.StepReport report, double rate) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("step", report.step());
            line.put("loss", report.loss());
            line.put("mainLoss", report.mainLoss());
            line.put("mtpLoss", report.mtpLoss());
            line.put("balanceLoss", report.balanceLoss());
            line.put("gradientNorm", report.gradientNorm());
            line.put("learningRate", report.learningRate());
            line.put("tokens", report.tokens());
            line.put("maxViolation", report.maxViolation());
            line.put("tokensPerSecond", rate);
            utilisation(rate).ifPresent(mfu -> line.put("mfu", mfu));
            return line;
        }

        private OptionalDouble utilisation(double tokensPerSecond) {
            return peak > 0
                    ? OptionalDouble.of(tokensPerSecond * flopsPerToken / (peak * 1e9))
                    : OptionalDouble.empty();
        }

        private Optional<Validation> measure() {
            List<Sequence> windows = data.validation();
            if (windows.isEmpty()) {
                return Optional.empty();
            }
            double nats = trainer.evaluate(windows);
            long tokens = windows.stream().mapToLong(Sequence::inputs).sum();
            return Optional.of(
                    new Validation(nats, nats / data.bytesPerToken() / Math.log(2), tokens));
        }

        private void validate() throws IOException {
            measurePeak();
            last = measure();
            if (last.isEmpty()) {
                return;
            }
            Validation result = last.get();
            listener.validated(trainer.step(), result);
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("steps", trainer.step());
            line.put("valLoss", result.loss());
            line.put("valBitsPerByte", result.bitsPerByte());
            line.put("valTokens", result.tokens());
            metrics.write(line);
        }
    }
}
