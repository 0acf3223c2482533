package dev.minke.cli;

import dev.minke.model.checkpoint.RandomWeights;
import dev.minke.model.checkpoint.StoredType;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.HubConfig;
import dev.minke.model.text.BpeTokenizer;
import dev.minke.tensor.RuntimeFlags;
import dev.minke.tensor.Team;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Writes a model with random weights.
@Command(
        name = "init",
        description =
                "Write a model of any configuration with random weights, for tests and benchmarks.",
        mixinStandardHelpOptions = true)
final class Init implements Callable<Integer> {
    /// Size of a file, as in the released checkpoints.
    private static final long SHARD_BYTES = 4_300_000_000L;

    /// How weights are stored.
    enum Type {
        /// bfloat16.
        BF16(StoredType.BF16),
        /// Single precision.
        F32(StoredType.F32),
        /// e4m3 with block scales, as released.
        FP8(StoredType.F8_E4M3);

        private final StoredType stored;

        Type(StoredType stored) {
            this.stored = stored;
        }
    }

    /// Tokenizers that need no training.
    enum Vocabulary {
        /// A token for every byte.
        BYTES
    }

    private final Console console;

    @Option(
            names = "--config",
            required = true,
            paramLabel = "FILE",
            description =
                    "A config.json or model folder, or a name as for minke plan, such as bench-4b.")
    private String config = "";

    @Option(
            names = "--out",
            required = true,
            paramLabel = "DIR",
            description = "The model's folder, new or empty.")
    private Path out = Path.of("");

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Equal seeds give equal weights (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            defaultValue = "bf16",
            description = "bf16, f32 or fp8 (default: ${DEFAULT-VALUE}).")
    private Type type = Type.BF16;

    @Option(
            names = "--std",
            paramLabel = "X",
            description =
                    "Standard deviation of matrices (default: initializer_range; V3 used 0.006).")
    private Optional<Double> std = Optional.empty();

    @Option(
            names = "--router-bias",
            paramLabel = "X",
            defaultValue = "0",
            description =
                    "Standard deviation of the routers' correction biases (default:"
                            + " ${DEFAULT-VALUE}).")
    private double routerBias;

    @Option(
            names = "--tokenizer",
            paramLabel = "NAME",
            description = "bytes: write a tokenizer of plain bytes beside the weights.")
    private Optional<Vocabulary> tokenizer = Optional.empty();

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description = "Threads to compute on (default: all processors).")
    private int threads;

    @Option(names = "--json", description = "Print the result as JSON.")
    private boolean json;

    Init(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (threads < 0) {
            throw new IllegalArgumentException(
                    "--threads is %d, expected 1 or more".formatted(threads));
        }
        DeepSeekConfig model = Plan.config(config);
        Optional<BpeTokenizer> bytes = tokenizer.map(_ -> BpeTokenizer.bytes());
        if (bytes.isPresent()) {
            model = withTokens(model, bytes.get());
        }
        RandomWeights weights =
                new RandomWeights(
                        model,
                        new RandomWeights.Options(
                                seed,
                                std.orElse(model.hub().initializerRange()),
                                routerBias,
                                type.stored,
                                SHARD_BYTES));
        long start = System.nanoTime();
        try (Team team = new Team(threads == 0 ? RuntimeFlags.threads() : threads)) {
            weights.write(out, team, (written, total) -> show(written, total, start));
        }
        if (bytes.isPresent()) {
            bytes.get().save(out);
        }
        report(weights, seconds(start));
        return 0;
    }

    /// The tokenizer's first and last tokens instead of those of a vocabulary that is not there.
    private static DeepSeekConfig withTokens(DeepSeekConfig model, BpeTokenizer tokenizer) {
        if (model.vocabSize() < tokenizer.vocabSize()) {
            throw new IllegalArgumentException(
                    "vocab_size is %d, expected %d or more with --tokenizer bytes"
                            .formatted(model.vocabSize(), tokenizer.vocabSize()));
        }
        HubConfig hub = model.hub();
        return model.withHub(
                new HubConfig(
                        tokenizer.bos(),
                        tokenizer.eos().stream().boxed().toList(),
                        hub.initializerRange(),
                        hub.torchDtype()));
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    private void show(long written, long total, long start) {
        console.progress(() -> {
            double rate = written / seconds(start);
            return String.format(
                    Locale.ROOT,
                    "%.0f %%  %s of %s  %s/s  ETA %s",
                    100.0 * written / total,
                    size(written),
                    size(total),
                    size(rate),
                    TrainProgress.clock((total - written) / rate));
        });
    }

    /// Bytes in the decimal units of disks.
    private static String size(double bytes) {
        return bytes < 1e9
                ? String.format(Locale.ROOT, "%.1f MB", bytes / 1e6)
                : String.format(Locale.ROOT, "%.2f GB", bytes / 1e9);
    }

    private void report(RandomWeights weights, double seconds) {
        DeepSeekConfig written = weights.config();
        long parameters = written.parameterCount() + written.mtpParameterCount();
        if (json) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("out", out.toString());
            object.put("parameters", parameters);
            object.put("type", type.name().toLowerCase(Locale.ROOT));
            object.put("bytes", weights.bytes());
            object.put("seconds", seconds);
            console.json(object);
            return;
        }
        console.result(
                String.format(
                        Locale.ROOT,
                        "wrote %s: %,d parameters as %s, %s in %s (%s/s)",
                        out,
                        parameters,
                        type.name().toLowerCase(Locale.ROOT),
                        size(weights.bytes()),
                        TrainProgress.clock(seconds),
                        size(weights.bytes() / seconds)));
    }
}
