package dev.minke.cli.bench;

import dev.minke.infer.engine.Engine;
import dev.minke.tensor.Rng;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Measures several streams at once, with prompts of their own and with a common beginning that the
/// cache holds already.
///
/// The rate is that of all streams together while all of them generate. Beside the gain over one
/// stream stands what the weights allow: a step reads those of all distinct experts once, and every
/// stream's cache.
public final class ConcurrencyBench {
    private static final int OWN_TOKENS = 16;
    private static final int BLOCK = 64;

    private final BenchLab lab;
    private final int prompt;
    private final int tokens;
    private final Rng rng = new Rng(1);
    private double alone; // tokens per second of one stream

    private ConcurrencyBench(BenchLab lab, int prompt, int tokens) {
        this.lab = lab;
        this.prompt = prompt;
        this.tokens = tokens;
    }

    /// What one number of streams did.
    private record Load(
            int streams, boolean shared, List<Double> rates, List<Double> firsts, double bound) {}

    /// Measure one stream, then each number of `streams`, `repeats` times.
    ///
    /// @param prompt tokens of each prompt
    /// @param tokens to generate by each stream
    /// @throws IllegalArgumentException if `tokens` are too few for the streams to overlap
    public static BenchScenario run(
            BenchLab lab, List<Integer> streams, int prompt, int tokens, int repeats) {
        ConcurrencyBench bench = new ConcurrencyBench(lab, prompt, tokens);
        List<Load> loads = new ArrayList<>();
        bench.alone = Figures.mean(bench.measure(1, false, repeats).rates());
        for (int n : streams) {
            loads.add(bench.measure(n, false, repeats));
            loads.add(bench.measure(n, true, repeats));
        }
        return bench.report(loads);
    }

    private Load measure(int streams, boolean shared, int repeats) {
        String name = "%d streams, %s prompts".formatted(streams, shared ? "shared" : "own");
        List<Double> rates = new ArrayList<>();
        List<Double> firsts = new ArrayList<>();
        int head = Math.max(BLOCK, prompt / BLOCK * BLOCK);
        int length = head + BLOCK + Math.max(prompt, OWN_TOKENS) + tokens;
        try (Engine engine = lab.engine(streams + 1, length)) {
            for (int i = -1; i < repeats; i++) {
                lab.progress()
                        .accept("%s: run %d of %d".formatted(name, Math.max(i + 1, 1), repeats));
                int[] common = lab.tokens(head, rng);
                if (shared) {
                    lab.stopwatch(common, 1, rng).submit(engine).await();
                }
                List<Stopwatch> all = new ArrayList<>();
                for (int s = 0; s < streams; s++) {
                    int[] own =
                            shared
                                    ? lab.continued(common, OWN_TOKENS, rng)
                                    : lab.tokens(prompt, rng);
                    all.add(lab.stopwatch(own, tokens, rng));
                }
                all.forEach(stopwatch -> stopwatch.submit(engine));
                all.forEach(Stopwatch::await);
                if (i >= 0) { // Java compiles during the run before
                    all.forEach(stopwatch -> firsts.add(stopwatch.seconds(0)));
                    rates.add(rate(all));
                }
            }
        }
        return new Load(streams, shared, rates, firsts, bound(streams));
    }

    private double rate(List<Stopwatch> all) {
        long from = Long.MIN_VALUE;
        long to = Long.MAX_VALUE;
        for (Stopwatch stopwatch : all) {
            from = Math.max(from, stopwatch.at(0));
            to = Math.min(to, stopwatch.at(tokens - 1));
        }
        int drawn = 0;
        for (Stopwatch stopwatch : all) {
            for (int i = 0; i < tokens; i++) {
                drawn += stopwatch.at(i) > from && stopwatch.at(i) <= to ? 1 : 0;
            }
        }
        if (from >= to) {
            throw new IllegalArgumentException(
                    "%d tokens are too few for %d streams: the first ends before the last begins (try a larger -n or a smaller -p)"
                            .formatted(tokens, all.size()));
        }
        return drawn / ((to - from) * 1e-9);
    }

    /// The gain over one stream if reading were all.
    private double bound(int streams) {
        return streams * bytes(1) / bytes(streams);
    }

    private double bytes(int streams) {
        double cache = lab.cost().cacheBytes(lab.cacheType(), prompt + tokens / 2.0);
        return lab.cost().stepBytes(streams) + streams * cache;
    }

    private BenchScenario report(List<Load> loads) {
        List<Map<String, Object>> maps = new ArrayList<>();
        List<List<String>> rows = new ArrayList<>();
        for (Load load : loads) {
            double rate = Figures.mean(load.rates());
            double experts = lab.cost().distinctExperts(load.streams());
            double bytes = bytes(load.streams());
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("streams", load.streams());
            map.put("prompts", load.shared() ? "shared" : "independent");
            map.put("tokensPerSecond", Figures.rounded(rate, 2));
            map.put("stddev", Figures.rounded(Figures.deviation(load.rates()), 2));
            map.put("perStream", Figures.rounded(rate / load.streams(), 2));
            map.put("ratio", Figures.rounded(rate / alone, 3));
            map.put("bound", Figures.rounded(load.bound(), 3));
            map.put("stepBytes", Math.round(bytes));
            map.put("distinctExperts", Figures.rounded(experts, 2));
            map.put("ttftP50", Figures.rounded(Figures.percentile(load.firsts(), 50), 4));
            map.put("ttftP95", Figures.rounded(Figures.percentile(load.firsts(), 95), 4));
            maps.add(map);
            rows.add(
                    List.of(
                            Integer.toString(load.streams()),
                            load.shared() ? "shared" : "own",
                            Figures.fixed(rate, 2)
                                    + " ± "
                                    + Figures.fixed(Figures.deviation(load.rates()), 2),
                            Figures.fixed(rate / load.streams(), 2),
                            Figures.fixed(rate / alone, 2),
                            Figures.fixed(load.bound(), 2),
                            Figures.fixed(bytes * 1e-9, 2),
                            Figures.fixed(experts, 1),
                            Figures.fixed(Figures.percentile(load.firsts(), 50), 3),
                            Figures.fixed(Figures.percentile(load.firsts(), 95), 3)));
        }
        List<String> lines = new ArrayList<>();
        lines.add(
                "%s, %d threads: %d tokens of prompt (shared ones are in the cache but for %d), %d generated"
                        .formatted(
                                lab.cost().describe(), lab.threads(), prompt, OWN_TOKENS, tokens));
        lines.addAll(
                Figures.table(
                        List.of(
                                "streams",
                                "prompts",
                                "t/s",
                                "per stream",
                                "gain",
                                "gain if bytes were all",
                                "GB a step",
                                "experts a layer",
                                "first token p50 s",
                                "p95 s"),
                        rows));
        return BenchScenario.of("concurrency", lab, maps, lines, true);
    }
}
