package dev.minke.cli.bench;

import dev.minke.infer.engine.Engine;
import dev.minke.tensor.Rng;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/// Measures how long a short prompt waits for its first token when it arrives while a long one is
/// computed, against the time of a step of the long one.
public final class ArrivalBench {
    private static final int LONG = 4096;
    private static final int SHORT = 16;
    private static final int LEAST_STEPS = 4;
    private static final long NANOS = 200_000;

    private ArrivalBench() {}

    /// Let `arrivals` short prompts arrive, each at another moment of a step.
    ///
    /// @throws IllegalArgumentException if the long prompt is too few steps for that
    public static BenchScenario run(BenchLab lab, int arrivals) {
        int context = lab.model().config().maxPositionEmbeddings();
        int length = Math.min(LONG, context - 2);
        if (length < LEAST_STEPS * lab.batch()) {
            throw new IllegalArgumentException(
                    "a prompt of %d tokens is fewer than %d steps of %d tokens, expected a longer context or a smaller --batch"
                            .formatted(length, LEAST_STEPS, lab.batch()));
        }
        Rng rng = new Rng(1);
        List<Double> firsts = new ArrayList<>();
        double step;
        try (Engine engine = lab.engine(3, length + 2)) {
            lab.progress().accept("a prompt of %d tokens alone".formatted(length));
            step = step(lab, engine, length, rng);
            for (int i = 0; i < arrivals; i++) {
                lab.progress().accept("arrival %d of %d".formatted(i + 1, arrivals));
                double phase = (i + 0.5) / arrivals;
                firsts.add(first(lab, engine, length, (1 + phase) * step, rng));
            }
        }
        double mean = Figures.mean(firsts);
        double worst = Figures.percentile(firsts, 100);
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("longPrompt", length);
        map.put("shortPrompt", SHORT);
        map.put("stepTokens", lab.batch());
        map.put("stepSeconds", Figures.rounded(step, 4));
        map.put("ttftMean", Figures.rounded(mean, 4));
        map.put("ttftWorst", Figures.rounded(worst, 4));
        map.put("ratio", Figures.rounded(mean / step, 3));
        map.put("worstRatio", Figures.rounded(worst / step, 3));
        String line =
                "%s, %d threads: a prompt of %d tokens during one of %d: first token after %.3f s, %.2f of a step of %d tokens (%.3f s); at worst %.2f"
                        .formatted(
                                lab.cost().describe(),
                                lab.threads(),
                                SHORT,
                                length,
                                mean,
                                mean / step,
                                lab.batch(),
                                step,
                                worst / step);
        return BenchScenario.of("ttft", lab, List.of(map), List.of(line), true);
    }

    /// Seconds of a step of a long prompt that is alone; the second try counts.
    private static double step(BenchLab lab, Engine engine, int length, Rng rng) {
        double seconds = 0;
        for (int i = 0; i < 2; i++) {
            seconds =
                    lab.stopwatch(lab.tokens(length, rng), 1, rng)
                            .submit(engine)
                            .await()
                            .seconds(0);
        }
        return seconds / Math.ceilDiv(length, lab.batch());
    }

    private static double first(BenchLab lab, Engine engine, int length, double delay, Rng rng) {
        long steps = engine.stats().steps();
        Stopwatch other = lab.stopwatch(lab.tokens(length, rng), 1, rng).submit(engine);
        while (engine.stats().steps() == steps && !other.ticket().ended()) {
            LockSupport.parkNanos(NANOS); // until its first step is done
        }
        LockSupport.parkNanos((long) (delay * 1e9));
        Stopwatch mine = lab.stopwatch(lab.tokens(SHORT, rng), 1, rng).submit(engine);
        double first = mine.await().seconds(0);
        other.ticket().cancel();
        other.await();
        return first;
    }
}
