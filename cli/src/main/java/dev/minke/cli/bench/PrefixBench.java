package dev.minke.cli.bench;

import dev.minke.infer.engine.Engine;
import dev.minke.infer.engine.PrefixDisk;
import dev.minke.tensor.Rng;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Measures how much sooner the first token comes when the beginning of a prompt is known: from
/// memory, and from disk after a restart.
public final class PrefixBench {
    private static final int PREFIX = 2048;
    private static final int OWN = 8;
    private static final int BLOCK = 64;

    private PrefixBench() {}

    /// Measure `repeats` prefixes.
    ///
    /// @throws IOException if no temporary folder can be made
    public static BenchScenario run(BenchLab lab, int repeats) throws IOException {
        int context = lab.model().config().maxPositionEmbeddings();
        int length = Math.min(PREFIX, (context - OWN - 1) / BLOCK * BLOCK);
        List<Double> cold = new ArrayList<>();
        List<Double> warm = new ArrayList<>();
        List<Double> disk = new ArrayList<>();
        Rng rng = new Rng(1);
        Path folder = Files.createTempDirectory("minke-bench");
        try {
            PrefixDisk store = new PrefixDisk(folder, Long.MAX_VALUE);
            List<int[]> prefixes = new ArrayList<>();
            try (Engine engine = lab.engine(2 + repeats, length + OWN + 1, store)) {
                double _ = first(lab, engine, lab.tokens(length, rng), rng); // warms up
                for (int i = 0; i < repeats; i++) {
                    lab.progress().accept("prefix %d of %d".formatted(i + 1, repeats));
                    int[] prefix = lab.tokens(length, rng);
                    prefixes.add(prefix);
                    cold.add(first(lab, engine, prefix, rng));
                    warm.add(first(lab, engine, prefix, rng));
                }
            }
            try (Engine engine = lab.engine(2 + repeats, length + OWN + 1, store)) {
                for (int[] prefix : prefixes) {
                    disk.add(first(lab, engine, prefix, rng));
                }
            }
        } finally {
            delete(folder);
        }
        return report(lab, length, cold, warm, disk);
    }

    private static double first(BenchLab lab, Engine engine, int[] prefix, Rng rng) {
        return lab.stopwatch(lab.continued(prefix, OWN, rng), 1, rng)
                .submit(engine)
                .await()
                .seconds(0);
    }

    private static BenchScenario report(
            BenchLab lab, int length, List<Double> cold, List<Double> warm, List<Double> disk) {
        double unknown = Figures.mean(cold);
        double known = Figures.mean(warm);
        double stored = Figures.mean(disk);
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("prefix", length);
        map.put("coldSeconds", Figures.rounded(unknown, 5));
        map.put("warmSeconds", Figures.rounded(known, 5));
        map.put("restartSeconds", Figures.rounded(stored, 5));
        map.put("ratio", Figures.rounded(unknown / known, 2));
        map.put("restartRatio", Figures.rounded(unknown / stored, 2));
        String line =
                "%s, %d threads: first token behind a prefix of %d tokens: new %.3f s, known %.3f s (%.1f times sooner), from disk after a restart %.3f s (%.1f times)"
                        .formatted(
                                lab.cost().describe(),
                                lab.threads(),
                                length,
                                unknown,
                                known,
                                unknown / known,
                                stored,
                                unknown / stored);
        return BenchScenario.of("prefix", lab, List.of(map), List.of(line), true);
    }

    private static void delete(Path folder) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                if (Files.isDirectory(file)) {
                    delete(file);
                } else {
                    Files.delete(file);
                }
            }
        }
        Files.delete(folder);
    }
}
