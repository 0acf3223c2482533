package dev.minke.cli.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// How numbers are summed up and written.
final class Figures {
    private Figures() {}

    static double mean(List<Double> values) {
        return values.stream().mapToDouble(x -> x).average().orElse(0);
    }

    /// Of a sample: n - 1 in the denominator; 0 for one value.
    static double deviation(List<Double> values) {
        double mean = mean(values);
        double sum = values.stream().mapToDouble(x -> (x - mean) * (x - mean)).sum();
        return values.size() < 2 ? 0 : Math.sqrt(sum / (values.size() - 1));
    }

    /// The value that `percent` of all do not exceed.
    static double percentile(List<Double> values, int percent) {
        double[] sorted = values.stream().mapToDouble(x -> x).sorted().toArray();
        return sorted[Math.max(0, (int) Math.ceil(percent / 100.0 * sorted.length) - 1)];
    }

    static double rounded(double value, int digits) {
        double scale = Math.pow(10, digits);
        return Math.rint(value * scale) / scale;
    }

    static String fixed(double value, int digits) {
        return String.format(Locale.ROOT, "%." + digits + "f", value);
    }

    /// 1,234,567,890 as `1.2B`.
    static String count(long value) {
        if (value >= 1_000_000_000) {
            return fixed(value / 1e9, 1) + "B";
        }
        return value >= 1_000_000 ? fixed(value / 1e6, 1) + "M" : fixed(value / 1e3, 1) + "K";
    }

    /// A table in Markdown: names of columns, left-aligned, then rows.
    static List<String> table(List<String> names, List<List<String>> rows) {
        int[] widths = names.stream().mapToInt(String::length).toArray();
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        StringBuilder rule = new StringBuilder("|");
        for (int width : widths) {
            rule.append(" ").append("-".repeat(width)).append(" |");
        }
        List<String> lines = new ArrayList<>(List.of(line(names, widths), rule.toString()));
        rows.forEach(row -> lines.add(line(row, widths)));
        return lines;
    }

    private static String line(List<String> cells, int[] widths) {
        StringBuilder line = new StringBuilder("|");
        for (int i = 0; i < widths.length; i++) {
            line.append(' ').append(cells.get(i));
            line.repeat(' ', widths[i] - cells.get(i).length()).append(" |");
        }
        return line.toString();
    }
}
