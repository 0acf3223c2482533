package dev.minke.cli.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// One measured speed.
///
/// @param cost the model
/// @param backEnd what computed
/// @param threads that worked
/// @param batch rows of a step
/// @param cacheType how the cache kept numbers
/// @param test what was measured
/// @param seconds of every run
/// @param peaks what the machine allowed beside each run: operations per second for prompts, bytes
///   read per second for generation; empty where there is no such scale
/// @param shares fraction of what the machine allowed beside each run: of the FMA peak for prompts,
///   of the rate of reading memory for generation; empty where there are no peaks
public record SpeedResult(
        ModelCost cost,
        String backEnd,
        int threads,
        int batch,
        String cacheType,
        SpeedTest test,
        List<Double> seconds,
        List<Double> peaks,
        List<Double> shares) {
    /// Copy the lists.
    public SpeedResult {
        seconds = List.copyOf(seconds);
        peaks = List.copyOf(peaks);
        shares = List.copyOf(shares);
    }

    private List<Double> rates() {
        int tokens = test.prompt() + test.tokens();
        return seconds.stream().map(s -> tokens / s).toList();
    }

    /// Mean over the runs.
    public double tokensPerSecond() {
        return Figures.mean(rates());
    }

    /// Standard deviation over the runs.
    public double deviation() {
        return Figures.deviation(rates());
    }

    /// Mean over the runs; 0 if unknown.
    public double share() {
        return Figures.mean(shares);
    }

    /// The share in words, nothing if it is unknown.
    String shareOfPeak() {
        return shares.isEmpty()
                ? ""
                : "%s %% of %s %s"
                        .formatted(
                                Figures.fixed(100 * share(), 0),
                                Figures.fixed(1e-9 * Figures.mean(peaks), 0),
                                test.tokens() == 0 ? "GFLOP/s" : "GB/s");
    }

    /// An element of `results` of `bench --json`.
    Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("model", cost.name());
        map.put("type", cost.type().name());
        map.put("test", test.name());
        map.put("depth", test.depth());
        map.put("threads", threads);
        map.put("tokensPerSecond", Figures.rounded(tokensPerSecond(), 2));
        map.put("stddev", Figures.rounded(deviation(), 2));
        if (!shares.isEmpty()) {
            map.put("share", Figures.rounded(share(), 3));
            map.put("peak", Figures.rounded(1e-9 * Figures.mean(peaks), 1));
        }
        map.put("modelBytes", cost.fileBytes());
        map.put("parameters", cost.parameters());
        map.put("activeParameters", cost.config().activeParameterCount());
        map.put("cacheType", cacheType);
        map.put("batch", batch);
        return map;
    }
}
