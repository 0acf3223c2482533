package dev.minke.cli.bench;

import dev.minke.infer.engine.Engine;
import dev.minke.infer.engine.EngineBusy;
import dev.minke.infer.engine.EngineStats;
import dev.minke.tensor.Rng;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Lets requests of random lengths come and go for a long time, some cancelled, some with a common
/// beginning, more than memory holds at once; then everything must be as it was.
public final class EnduranceBench {
    private static final int STREAMS = 8;
    private static final int LONGEST = 768; // prompt and text
    private static final int MOST_WAITING = 24;
    private static final long HEAP_SLACK = 8L << 20;
    private static final double WARM_SHARE = 0.1;

    private final BenchLab lab;
    private final Rng rng = new Rng(1);
    private final List<Stopwatch> open = new ArrayList<>();
    private final int longest;
    private final int[][] heads;
    private long submitted;
    private long cancels;
    private long completed;
    private long cut;

    private EnduranceBench(BenchLab lab) {
        this.lab = lab;
        longest = Math.min(LONGEST, lab.model().config().maxPositionEmbeddings());
        heads = new int[4][];
        for (int i = 0; i < heads.length; i++) {
            heads[i] = lab.tokens(longest * i / 8, rng);
        }
    }

    /// Run for `minutes`; the last requests may take some seconds more.
    public static BenchScenario run(BenchLab lab, double minutes) {
        return new EnduranceBench(lab).measure((long) (minutes * TimeUnit.MINUTES.toNanos(1)));
    }

    private BenchScenario measure(long nanos) {
        int threads = threads();
        EngineStats stats;
        long heapBefore;
        long heapAfter;
        // half of what all could take: some wait, some are sent back
        try (Engine engine = lab.crowded(STREAMS, STREAMS / 2, longest)) {
            long begin = System.nanoTime();
            load(engine, begin + (long) (WARM_SHARE * nanos), nanos, begin);
            drain();
            heapBefore = heap();
            load(engine, begin + nanos, nanos, begin);
            drain();
            stats = idle(engine);
            heapAfter = heap();
        }
        int threadsAfter = threads();
        List<String> leaks = new ArrayList<>();
        if (stats.heldBlocks() != 0) {
            leaks.add(stats.heldBlocks() + " blocks are held by nobody");
        }
        if (stats.running() + stats.waiting() != 0) {
            leaks.add(stats.running() + stats.waiting() + " requests have not ended");
        }
        if (heapAfter > heapBefore + HEAP_SLACK) {
            leaks.add("the heap has grown from %,d to %,d bytes".formatted(heapBefore, heapAfter));
        }
        if (threadsAfter > threads) {
            leaks.add("there are %d threads, were %d".formatted(threadsAfter, threads));
        }
        return report(stats, leaks, heapBefore, heapAfter, threads, threadsAfter);
    }

    private void load(Engine engine, long end, long all, long begin) {
        while (System.nanoTime() < end) {
            settle();
            lab.progress()
                    .accept(
                            "endurance: %.0f %%, %d requests"
                                    .formatted(
                                            100.0 * (System.nanoTime() - begin) / all, submitted));
            if (open.size() < MOST_WAITING) {
                submit(engine);
            }
            if (rng.nextInt(5) == 0 && !open.isEmpty()) {
                open.get(rng.nextInt(open.size())).ticket().cancel();
                cancels++;
            }
            LockSupport.parkNanos(rng.nextInt(20) * 1_000_000L);
        }
    }

    private void submit(Engine engine) {
        int[] head = heads[rng.nextInt(heads.length)];
        int own = 1 + rng.nextInt(Math.max(1, longest / 4));
        int[] prompt = lab.continued(head, own, rng);
        int tokens = 1 + rng.nextInt(Math.max(1, longest - prompt.length));
        try {
            open.add(lab.stopwatch(prompt, tokens, rng).submit(engine));
            submitted++;
        } catch (EngineBusy _) { // the next round tries again
        }
    }

    private void settle() {
        open.removeIf(stopwatch -> {
            if (!stopwatch.ticket().ended()) {
                return false;
            }
            count(stopwatch.await());
            return true;
        });
    }

    private void count(Stopwatch ended) {
        if (ended.cancelled()) {
            cut++;
        } else {
            completed++;
        }
    }

    private void drain() {
        open.forEach(stopwatch -> count(stopwatch.await()));
        open.clear();
    }

    /// The state a moment after the last request: tickets end before their step does.
    private static EngineStats idle(Engine engine) {
        EngineStats stats = engine.stats();
        for (int i = 0; i < 1000 && stats.running() + stats.waiting() > 0; i++) {
            LockSupport.parkNanos(1_000_000);
            stats = engine.stats();
        }
        return stats;
    }

    private BenchScenario report(
            EngineStats stats,
            List<String> leaks,
            long heapBefore,
            long heapAfter,
            int threadsBefore,
            int threadsAfter) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("requests", submitted);
        map.put("completed", completed);
        map.put("cancelled", cut);
        map.put("cancels", cancels);
        map.put("steps", stats.steps());
        map.put("preemptions", stats.preemptions());
        map.put("reusedTokens", stats.reusedTokens());
        map.put("heapBefore", heapBefore);
        map.put("heapAfter", heapAfter);
        map.put("threadsBefore", threadsBefore);
        map.put("threadsAfter", threadsAfter);
        map.put("leaks", leaks);
        String line =
                "endurance: %,d requests, %,d completed, %,d cancelled, %,d steps, %,d pre-emptions, %,d tokens reused; heap %.1f to %.1f MiB, threads %d to %d: %s"
                        .formatted(
                                submitted,
                                completed,
                                cut,
                                stats.steps(),
                                stats.preemptions(),
                                stats.reusedTokens(),
                                heapBefore / (double) (1 << 20),
                                heapAfter / (double) (1 << 20),
                                threadsBefore,
                                threadsAfter,
                                leaks.isEmpty() ? "no leak" : "LEAK: " + String.join("; ", leaks));
        return BenchScenario.of("endurance", lab, List.of(map), List.of(line), leaks.isEmpty());
    }

    private static long heap() {
        long used = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            System.gc();
            used =
                    Math.min(
                            used,
                            ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
        }
        return used;
    }

    private static int threads() {
        return ManagementFactory.getThreadMXBean().getThreadCount();
    }
}
