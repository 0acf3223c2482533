package dev.minke.cli.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/// What `bench` found in one run: speeds, written as llama-bench does, and the rest.
///
/// @param machine in words
/// @param jit Java's compiler
/// @param speeds of prompts and generation
/// @param scenarios of engines under load
public record BenchReport(
        String machine, String jit, List<SpeedResult> speeds, List<BenchScenario> scenarios) {
    /// Copy the lists.
    public BenchReport {
        speeds = List.copyOf(speeds);
        scenarios = List.copyOf(scenarios);
    }

    /// Whether no check has failed.
    public boolean passed() {
        return scenarios.stream().allMatch(BenchScenario::passed);
    }

    /// The object that `bench --json` prints.
    public Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("machine", machine);
        map.put("jit", jit);
        map.put("results", speeds.stream().map(SpeedResult::toMap).toList());
        for (BenchScenario scenario : scenarios) {
            List<Object> all = new ArrayList<>();
            if (map.get(scenario.key()) instanceof List<?> before) {
                all.addAll(before);
            }
            all.addAll(scenario.values());
            map.put(scenario.key(), all);
        }
        return map;
    }

    /// Tables in Markdown.
    public List<String> markdown() {
        List<String> lines = new ArrayList<>(List.of(machine + ", " + jit, ""));
        if (!speeds.isEmpty()) {
            lines.addAll(table());
        }
        scenarios.forEach(scenario -> lines.addAll(scenario.lines()));
        return lines;
    }

    private List<String> table() {
        List<List<String>> rows = new ArrayList<>();
        for (SpeedResult r : speeds) {
            rows.add(
                    List.of(
                            r.cost().describe(),
                            Figures.fixed(r.cost().fileBytes() / (double) (1L << 30), 2) + " GiB",
                            Figures.fixed(r.cost().parameters() / 1e9, 2) + " B",
                            r.backEnd().replaceFirst("[:,].*", ""),
                            Integer.toString(r.threads()),
                            r.test().title(),
                            Figures.fixed(r.tokensPerSecond(), 2)
                                    + " ± "
                                    + Figures.fixed(r.deviation(), 2),
                            r.shareOfPeak()));
        }
        return Figures.table(
                List.of("model", "size", "params", "backend", "threads", "test", "t/s", "share"),
                rows);
    }

    /// A line of JSON for every result, with llama-bench's names.
    public List<String> jsonLines() {
        return speeds.stream().map(r -> JsonMapper.shared().writeValueAsString(fields(r))).toList();
    }

    /// A line of names and one for every result, with llama-bench's names.
    public List<String> csv() {
        List<String> lines = new ArrayList<>();
        for (SpeedResult result : speeds) {
            Map<String, Object> fields = fields(result);
            if (lines.isEmpty()) {
                lines.add(String.join(",", fields.keySet()));
            }
            lines.add(
                    String.join(
                            ",",
                            fields.values().stream()
                                    .map(v -> "\"" + v.toString().replace("\"", "\"\"") + "\"")
                                    .toList()));
        }
        return lines;
    }

    private Map<String, Object> fields(SpeedResult r) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("cpu_info", machine);
        map.put("backends", r.backEnd());
        map.put("model_filename", r.cost().name());
        map.put("model_type", r.cost().describe());
        map.put("model_size", r.cost().fileBytes());
        map.put("model_n_params", r.cost().parameters());
        map.put("n_batch", r.batch());
        map.put("n_threads", r.threads());
        map.put("type_k", r.cacheType());
        map.put("type_v", r.cacheType());
        map.put("n_prompt", r.test().prompt());
        map.put("n_gen", r.test().tokens());
        map.put("n_depth", r.test().depth());
        List<Double> nanos = r.seconds().stream().map(s -> s * 1e9).toList();
        map.put("avg_ns", Math.round(Figures.mean(nanos)));
        map.put("stddev_ns", Math.round(Figures.deviation(nanos)));
        map.put("avg_ts", Figures.rounded(r.tokensPerSecond(), 6));
        map.put("stddev_ts", Figures.rounded(r.deviation(), 6));
        map.put("share", Figures.rounded(r.share(), 4));
        return map;
    }
}
