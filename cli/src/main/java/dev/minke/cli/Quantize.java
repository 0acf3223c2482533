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

/// Writes a model with fewer bits.
@Command(
        name = "quantize",
        description =
                "Write a model with fewer bits a weight: GGUF, or for fp8 a Hugging Face folder.",
        mixinStandardHelpOptions = true)
final class Quantize implements Callable<Integer> {
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
            required = true,
            paramLabel = "TYPE",
            description = "q8_0, q6_k, q5_k_m, q5_k, q4_k_m, q4_k, q4_0 or fp8.")
    private String type = "";

    Quantize(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        Quantization wanted = Quantization.named(type);
        try (Compute.Session session = compute.open();
                ModelFiles source = model.open()) {
            return options.run(console, session.kernels(), source, out, Optional.of(wanted));
        }
    }
}
