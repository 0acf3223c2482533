package dev.minke.cli;

import dev.minke.model.files.StoredTensors.Entry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Tensors in few lines: those that differ in the numbers in their names alone share one.
final class TensorTable {
    private static final Pattern NUMBER = Pattern.compile("(?<=\\.)\\d+(?=\\.)");

    private TensorTable() {}

    /// Tensors of one name but for numbers, one type and one shape.
    static final class Row {
        private final String pattern;
        private final Entry first;
        private final List<int[]> ranges = new ArrayList<>();
        private long count;

        private Row(String pattern, Entry first) {
            this.pattern = pattern;
            this.first = first;
        }

        private void add(List<Integer> numbers) {
            for (int i = 0; i < numbers.size(); i++) {
                int n = numbers.get(i);
                if (count == 0) {
                    ranges.add(new int[] {n, n});
                }
                ranges.get(i)[0] = Math.min(ranges.get(i)[0], n);
                ranges.get(i)[1] = Math.max(ranges.get(i)[1], n);
            }
            count++;
        }

        /// The name, with `{1..60}` for numbers that vary.
        String name() {
            String name = pattern;
            for (int[] range : ranges) {
                String shown =
                        range[0] == range[1]
                                ? range[0] + ""
                                : "{%d..%d}".formatted(range[0], range[1]);
                name = name.replaceFirst("\\*", Matcher.quoteReplacement(shown));
            }
            return name;
        }

        /// How many tensors.
        long count() {
            return count;
        }

        /// Their type.
        String type() {
            return first.type();
        }

        /// The shape of each.
        String shape() {
            return Arrays.toString(first.shape());
        }

        /// Bytes of all.
        long bytes() {
            return first.bytes() * count;
        }
    }

    /// Group `entries`, in the order of first appearance.
    static List<Row> of(List<Entry> entries) {
        Map<String, Row> rows = new LinkedHashMap<>();
        for (Entry entry : entries) {
            List<Integer> numbers = new ArrayList<>();
            Matcher matcher = NUMBER.matcher(entry.name());
            StringBuilder pattern = new StringBuilder();
            while (matcher.find() && matcher.group().length() < 9) {
                numbers.add(Integer.parseInt(matcher.group()));
                matcher.appendReplacement(pattern, "*");
            }
            matcher.appendTail(pattern);
            String key = pattern + " " + entry.type() + Arrays.toString(entry.shape());
            rows.computeIfAbsent(key, _ -> new Row(pattern.toString(), entry)).add(numbers);
        }
        return List.copyOf(rows.values());
    }
}
