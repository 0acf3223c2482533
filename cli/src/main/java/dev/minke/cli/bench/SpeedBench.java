package dev.minke.cli.bench;

import dev.minke.infer.engine.Engine;
import dev.minke.tensor.Rng;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Measures prompts and generation of one sequence, as llama-bench does: random tokens, nothing
/// sampled, a run before the first that counts.
///
/// A prompt's time ends with the logits of its last token. Generation begins behind one token, or
/// behind as many as the depth says.
public final class SpeedBench {
    private static final long LEAST_WARM_NANOS = 1_500_000_000L;
    private static final long MOST_WARM_NANOS = 12_000_000_000L;
    private static final double FASTER = 0.97;

    private final BenchLab lab;
    private final SpeedTest test;
    private final Engine engine;
    private final Rng rng = new Rng(1);
    private final int[] base;

    private SpeedBench(BenchLab lab, SpeedTest test, Engine engine) {
        this.lab = lab;
        this.test = test;
        this.engine = engine;
        this.base = lab.tokens(test.depth(), rng);
    }

    /// Measure `test` `repeats` times.
    ///
    /// @param warm whether runs that do not count come first, for a second or more
    /// @throws IllegalArgumentException if it is longer than the model's context
    public static SpeedResult run(BenchLab lab, SpeedTest test, int repeats, boolean warm) {
        try (Engine engine = lab.engine(2, test.length())) { // room beside what is kept
            return new SpeedBench(lab, test, engine).measure(repeats, warm);
        }
    }

    private SpeedResult measure(int repeats, boolean warm) {
        if (warm) {
            warmUp();
        }
        List<Double> seconds = new ArrayList<>();
        List<Double> peaks = new ArrayList<>();
        List<Double> shares = new ArrayList<>();
        double before = peak();
        for (int i = 0; i < repeats; i++) {
            lab.progress().accept("%s: run %d of %d".formatted(test.title(), i + 1, repeats));
            double time = seconds();
            double after = peak();
            seconds.add(time);
            if (before > 0) {
                peaks.add(Math.max(before, after));
                shares.add(work() / time / peaks.getLast());
            }
            before = after;
        }
        return new SpeedResult(
                lab.cost(),
                lab.kernels().describe(),
                lab.threads(),
                lab.batch(),
                lab.cacheType().name().toLowerCase(Locale.ROOT),
                test,
                seconds,
                peaks,
                shares);
    }

    /// Run until runs become no faster: Java compiles meanwhile, weights are laid out.
    private void warmUp() {
        lab.progress().accept(test.title() + ": warming up");
        long begin = System.nanoTime();
        double best = Double.POSITIVE_INFINITY;
        boolean faster = true;
        long passed = 0;
        while (passed < LEAST_WARM_NANOS || faster && passed < MOST_WARM_NANOS) {
            double time = seconds();
            faster = time < FASTER * best;
            best = Math.min(best, time);
            passed = System.nanoTime() - begin;
        }
    }

    private double seconds() {
        if (test.depth() > 0) {
            run(base, 1); // in the cache from now on, if it was not
        }
        if (test.tokens() == 0) {
            return run(lab.continued(base, test.prompt(), rng), 1).seconds(0);
        }
        int tokens = test.tokens();
        if (test.prompt() > 0) {
            return run(lab.continued(base, test.prompt(), rng), tokens + 1).seconds(tokens);
        }
        return test.depth() == 0
                ? run(lab.tokens(1, rng), tokens).seconds(tokens - 1)
                : run(base, tokens + 1).seconds(0, tokens);
    }

    private Stopwatch run(int[] prompt, int tokens) {
        return lab.stopwatch(prompt, tokens, rng).submit(engine).await();
    }

    /// What a run takes of the machine, in the unit of its peak; 0 if there is none.
    private double work() {
        if (test.tokens() == 0) {
            return lab.cost().promptFlops(test.depth(), test.prompt());
        }
        double context = test.depth() + (1 + test.tokens()) / 2.0;
        double bytes = lab.cost().stepBytes(1) + lab.cost().cacheBytes(lab.cacheType(), context);
        return test.tokens() * bytes;
    }

    private double peak() {
        if (test.tokens() == 0) {
            return lab.flopsPeak();
        }
        return test.prompt() == 0 ? lab.readPeak() : 0;
    }
}
