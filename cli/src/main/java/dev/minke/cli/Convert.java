package dev.minke.cli;

import dev.minke.model.files.ModelFiles;
import dev.minke.model.files.Quantization;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Writes a model in another format.
@Command(
        name = "convert",
        description =
                "Write a model in another format: GGUF where OUT ends in .gguf, else a Hugging Face folder.",
        mixinStandardHelpOptions = true)
final class Convert implements Callable<Integer> {
    private final Console console;

    @Mixin private ModelArgument model = new ModelArgument();

    @Parameters(
            index = "1",
            paramLabel = "OUT",
            description = "A new file that ends in .gguf, or a new folder.")
    private Path out = Path.of("");

    @Mixin private ConversionOptions options = new ConversionOptions();
    @Mixin private Compute compute = new Compute();

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            description =
                    "f32, f16, bf16, fp8 (folders only) or a type of quantize (GGUF only); default: as the source is, FP8 and blocks as bf16 in a folder.")
    private String type = "";

    Convert(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        Optional<Quantization> wanted =
                type.isEmpty() ? Optional.empty() : Optional.of(Quantization.named(type));
        try (Compute.Session session = compute.open();
                ModelFiles source = model.open()) {
            return options.run(console, session.kernels(), source, out, wanted);
        }
    }
}
