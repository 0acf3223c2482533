package dev.minke.cli;

import dev.minke.model.checkpoint.HuggingFaceFolder;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.files.ModelFiles;
import dev.minke.model.plan.KnownModels;
import dev.minke.model.plan.ModelPlan;
import dev.minke.model.plan.PlanOptions;
import dev.minke.model.plan.TrainingCost;
import dev.minke.train.Presets;
import dev.minke.train.TrainingRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/// Says what a model costs before there is one.
@Command(
        name = "plan",
        description =
                "Count parameters, work, cache, memory and training cost of a model from its"
                        + " configuration.",
        mixinStandardHelpOptions = true)
final class Plan implements Callable<Integer> {
    private final Console console;

    @Parameters(
            index = "0",
            paramLabel = "TARGET",
            description =
                    "A config.json, a model folder or GGUF file, a published model (v2-lite, v2, v3, moonlight,"
                            + " kimi-k2), bench-4b, or a preset of minke train.")
    private String target = "";

    @Option(
            names = "--context",
            paramLabel = "N",
            description =
                    "Tokens of a sequence (default: 4096 for the work of a token, the longest for"
                            + " the cache).")
    private Optional<Integer> context = Optional.empty();

    @Option(
            names = "--sequences",
            paramLabel = "N",
            defaultValue = "1",
            description = "Sequences cached at once (default: ${DEFAULT-VALUE}).")
    private int sequences = 1;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            defaultValue = "14.8T",
            converter = Count.class,
            description =
                    "Tokens of pre-training; K, M, B and T multiply (default: ${DEFAULT-VALUE},"
                            + " V3's).")
    private double tokens;

    @Option(
            names = "--gpus",
            paramLabel = "N",
            defaultValue = "2048",
            description = "GPUs to train on (default: ${DEFAULT-VALUE}).")
    private int gpus;

    @Option(
            names = "--gpu-tflops",
            paramLabel = "N",
            defaultValue = "989.4",
            description = "BF16 peak of one GPU in TFLOP/s (default: ${DEFAULT-VALUE}, an H800).")
    private double gpuTflops;

    @Option(
            names = "--utilisation",
            paramLabel = "F",
            description =
                    "Part of that peak, above 0 to 1 (default: 0.407, which follows from V3's GPU"
                            + " hours).")
    private Optional<Double> utilisation = Optional.empty();

    @Option(
            names = "--price-per-gpu-hour",
            paramLabel = "N",
            defaultValue = "2",
            description = "Dollars (default: ${DEFAULT-VALUE}).")
    private double pricePerGpuHour;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    Plan(Console console) {
        this.console = console;
    }

    /// Numbers such as `500B` and `14.8T`.
    static final class Count implements ITypeConverter<Double> {
        private static final Pattern FORM =
                Pattern.compile("([0-9]{1,15}(?:\\.[0-9]{1,15})?(?:[eE][0-9]{1,2})?)([KMBT]?)");

        @Override
        public Double convert(String text) {
            Matcher matcher = FORM.matcher(text);
            if (!matcher.matches()) {
                throw new TypeConversionException(
                        "'%s' is not a number, expected one such as 500B or 14.8T".formatted(text));
            }
            double scale =
                    switch (matcher.group(2)) {
                        case "K" -> 1e3;
                        case "M" -> 1e6;
                        case "B" -> 1e9;
                        case "T" -> 1e12;
                        default -> 1;
                    };
            return Double.parseDouble(matcher.group(1)) * scale;
        }
    }

    @Override
    public Integer call() throws IOException {
        DeepSeekConfig config = config(target);
        OptionalDouble given = utilisation.stream().mapToDouble(u -> u).findFirst();
        OptionalInt length = context.stream().mapToInt(n -> n).findFirst();
        PlanOptions options =
                new PlanOptions(
                        length,
                        sequences,
                        Machine.inspect().memory(),
                        TrainingCost.Assumptions.of(
                                tokens, gpuTflops, given, gpus, pricePerGpuHour));
        ModelPlan plan = ModelPlan.of(config, options);
        if (json) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("target", target);
            object.putAll(plan.toMap());
            console.json(object);
        } else {
            plan.toLines().forEach(console::result);
        }
        return 0;
    }

    /// The configuration that `target` names: a known model, a preset, a file or a folder.
    ///
    /// A folder of that name counts only as `./NAME`.
    ///
    /// @throws IllegalArgumentException if there is nothing of that name
    /// @throws IOException if the file is no configuration of the family
    static DeepSeekConfig config(String target) throws IOException {
        if (KnownModels.contains(target)) {
            return KnownModels.named(target);
        }
        if (Presets.names().contains(target)) {
            return Presets.named(target).model();
        }
        Path path = Path.of(target);
        if (Files.isDirectory(path)) {
            boolean run =
                    !Files.exists(path.resolve(HuggingFaceFolder.CONFIG))
                            && TrainingRun.isRun(path);
            Path folder = run ? TrainingRun.newestCheckpoint(path) : path;
            return DeepSeekConfig.read(folder.resolve(HuggingFaceFolder.CONFIG));
        }
        if (!Files.exists(path)) {
            List<String> names = new ArrayList<>(KnownModels.names());
            names.addAll(Presets.names());
            throw new IllegalArgumentException(
                    "'%s' is no file, no folder and none of %s"
                            .formatted(target, String.join(", ", names)));
        }
        if (path.toString().endsWith(".gguf")) {
            try (ModelFiles files = ModelFiles.open(path)) {
                return files.config();
            }
        }
        return DeepSeekConfig.read(path);
    }
}
