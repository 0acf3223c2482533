package dev.minke.cli.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// What [KernelBench] measured in one run.
///
/// @param backEnd the kernels' own description: name, vector width, threads
/// @param fmaGflops best FMA peak seen on 1 thread and on all threads, 10^9 flop per second
/// @param readGbs best rate of reading memory on 1 thread and on all threads, 10^9 bytes per second
/// @param results one line per kernel, shape and number of threads
public record KernelReport(
        String backEnd, List<Double> fmaGflops, List<Double> readGbs, List<Result> results) {
    /// Copy the lists.
    public KernelReport {
        fmaGflops = List.copyOf(fmaGflops);
        readGbs = List.copyOf(readGbs);
        results = List.copyOf(results);
    }

    /// One kernel.
    ///
    /// @param name operation of [dev.minke.tensor.Kernels]
    /// @param shape sizes, such as `m x n x k`
    /// @param threads threads that worked
    /// @param gflops 10^9 flop per second; 0 for what is bound by memory
    /// @param gbs 10^9 bytes read and written per second; 0 for what is bound by arithmetic
    /// @param share fraction of the FMA peak, or of the read rate, measured beside it
    public record Result(
            String name, String shape, int threads, double gflops, double gbs, double share) {
        Map<String, Object> toMap() {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("name", name);
            map.put("shape", shape);
            map.put("threads", threads);
            map.put("gflops", rounded(gflops, 10));
            map.put("gbs", rounded(gbs, 10));
            map.put("share", rounded(share, 1000));
            return map;
        }
    }

    /// The object that `bench --kernels --json` prints.
    public Map<String, Object> toMap() {
        Map<String, Object> peaks = new LinkedHashMap<>();
        peaks.put("fmaGflops", fmaGflops.stream().map(x -> rounded(x, 10)).toList());
        peaks.put("readGBs", readGbs.stream().map(x -> rounded(x, 10)).toList());
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("backEnd", backEnd);
        map.put("peaks", peaks);
        map.put("kernels", results.stream().map(Result::toMap).toList());
        return map;
    }

    /// The table that `bench --kernels` prints.
    public List<String> toLines() {
        List<String> lines = new ArrayList<>();
        lines.add(backEnd);
        lines.add(
                "FMA peak, GFLOP/s: "
                        + list(fmaGflops)
                        + "; reading memory, GB/s: "
                        + list(readGbs));
        lines.add("");
        lines.add(
                "%-20s %-30s %7s %9s %7s %6s"
                        .formatted("kernel", "shape", "threads", "GFLOP/s", "GB/s", "share"));
        for (Result r : results) {
            lines.add(
                    String.format(
                            Locale.ROOT,
                            "%-20s %-30s %7d %9s %7s %5.0f%%",
                            r.name,
                            r.shape,
                            r.threads,
                            figure(r.gflops),
                            figure(r.gbs),
                            100 * r.share));
        }
        return lines;
    }

    private static String figure(double value) {
        return value == 0 ? "" : String.format(Locale.ROOT, "%.1f", value);
    }

    private static String list(List<Double> values) {
        return String.join(
                ", ", values.stream().map(x -> String.format(Locale.ROOT, "%.1f", x)).toList());
    }

    private static double rounded(double value, int steps) {
        return Math.rint(value * steps) / steps;
    }
}
