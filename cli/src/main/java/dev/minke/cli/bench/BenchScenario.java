package dev.minke.cli.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What a measurement of an engine under load found.
///
/// @param key in the object of `bench --json`
/// @param values elements of the list there
/// @param lines for people
/// @param passed whether nothing is wrong, as far as it is a check
public record BenchScenario(
        String key, List<Map<String, Object>> values, List<String> lines, boolean passed) {
    /// Copy the lists.
    public BenchScenario {
        values = List.copyOf(values);
        lines = List.copyOf(lines);
    }

    /// A measurement, with the model and the threads in front of each value.
    static BenchScenario of(
            String key,
            BenchLab lab,
            List<Map<String, Object>> values,
            List<String> lines,
            boolean passed) {
        List<Map<String, Object>> stamped = new ArrayList<>();
        for (Map<String, Object> value : values) {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("model", lab.cost().name());
            map.put("type", lab.cost().type().name());
            map.put("threads", lab.threads());
            map.putAll(value);
            stamped.add(map);
        }
        return new BenchScenario(key, stamped, lines, passed);
    }
}
