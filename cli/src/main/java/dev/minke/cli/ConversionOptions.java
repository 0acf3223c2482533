package dev.minke.cli;

import dev.minke.model.files.Conversion;
import dev.minke.model.files.ModelFiles;
import dev.minke.model.files.Quantization;
import dev.minke.tensor.Kernels;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/// What `convert` and `quantize` share: options, and the conversion with its progress.
final class ConversionOptions {
    @Option(
            names = "--split",
            paramLabel = "GB",
            defaultValue = "0",
            description = "Largest part of a GGUF file, in GB; 0 for one file.")
    private double split;

    @Option(names = "--no-mtp", description = "Leave multi-token prediction modules out.")
    private boolean withoutMtp;

    @Option(
            names = "--ue8m0",
            description = "Scales of fp8 as powers of two, as DeepSeek-V3.1 has them.")
    private boolean powersOfTwo;

    @Option(names = "--json", description = "Print one JSON object on standard output.")
    private boolean json;

    int run(
            Console console,
            Kernels kernels,
            ModelFiles source,
            Path out,
            Optional<Quantization> type)
            throws IOException {
        long begin = System.nanoTime();
        Conversion conversion =
                new Conversion(
                        source,
                        !withoutMtp,
                        kernels,
                        (done, total, tensor) ->
                                console.progress(() -> progress(done, total, tensor.get(), begin)));
        long size = source.bytes();
        List<Path> written;
        Quantization target;
        if (out.toString().endsWith(".gguf")) {
            written = conversion.toGguf(out, type, partBytes());
            target = type.orElse(Conversion.unchanged(source));
        } else {
            target = type.orElse(Conversion.unchanged(source));
            conversion.toHuggingFace(out, target, powersOfTwo);
            written = List.of(out);
        }
        long result = bytes(written);
        double seconds = (System.nanoTime() - begin) * 1e-9;
        console.endProgress(
                "wrote %s: %s of %s%s in %.1f s, %.2f GB/s of input"
                        .formatted(
                                written.getFirst(),
                                gigabytes(result),
                                type.isEmpty() ? "" : target.label() + " from ",
                                gigabytes(size),
                                seconds,
                                size * 1e-9 / seconds));
        if (json) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("out", written.getFirst().toString());
            object.put("type", target.label());
            object.put("inputBytes", size);
            object.put("outputBytes", result);
            object.put("seconds", seconds);
            console.json(object);
        }
        return 0;
    }

    private long partBytes() {
        if (!(split >= 0)) {
            throw new IllegalArgumentException(
                    "--split is %s, expected 0 or a size in GB".formatted(split));
        }
        return split == 0 ? Long.MAX_VALUE : Math.max(1, Math.round(split * 1e9));
    }

    private static String progress(long done, long total, String tensor, long begin) {
        double seconds = (System.nanoTime() - begin) * 1e-9;
        double left = seconds * (total - done) / Math.max(1, done);
        return "%3d %% %s of %s, %.0f s left, %s"
                .formatted(
                        100 * done / Math.max(1, total),
                        gigabytes(done),
                        gigabytes(total),
                        left,
                        tensor);
    }

    private static long bytes(List<Path> files) throws IOException {
        long sum = 0;
        for (Path file : files) {
            sum += Sizes.of(file);
        }
        return sum;
    }

    private static String gigabytes(long bytes) {
        return bytes < 100_000_000
                ? "%.1f MB".formatted(bytes * 1e-6)
                : "%.2f GB".formatted(bytes * 1e-9);
    }
}
