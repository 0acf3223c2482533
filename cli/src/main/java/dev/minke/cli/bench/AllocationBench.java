package dev.minke.cli.bench;

import com.sun.management.ThreadMXBean;
import dev.minke.infer.engine.Engine;
import dev.minke.tensor.Rng;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/// Counts the bytes of heap that a step of generation takes, by Java's counter of each thread: the
/// engine's, the workers', all but the one that measures.
public final class AllocationBench {
    private static final int PROMPT = 32;
    private static final int WARM = 300;
    private static final int STEPS = 64;
    private static final long NANOS = 1_000_000;

    private AllocationBench() {}

    /// Measure one stream and eight.
    public static BenchScenario run(BenchLab lab) {
        List<Map<String, Object>> maps = new ArrayList<>();
        List<String> lines = new ArrayList<>();
        for (int streams : new int[] {1, 8}) {
            lab.progress().accept("allocation of %d streams".formatted(streams));
            double bytes = measure(lab, streams);
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("streams", streams);
            map.put("bytesPerStep", Math.round(bytes));
            maps.add(map);
            lines.add(
                    "%s, %d threads, %d streams: %,d bytes of heap a step"
                            .formatted(
                                    lab.cost().describe(),
                                    lab.threads(),
                                    streams,
                                    Math.round(bytes)));
        }
        return BenchScenario.of("allocation", lab, maps, lines, true);
    }

    private static double measure(BenchLab lab, int streams) {
        Rng rng = new Rng(1);
        int tokens = WARM + STEPS + 16;
        try (Engine engine = lab.engine(streams, PROMPT + tokens)) {
            List<Stopwatch> all = new ArrayList<>();
            for (int s = 0; s < streams; s++) {
                all.add(lab.stopwatch(lab.tokens(PROMPT, rng), tokens, rng));
            }
            all.forEach(s -> s.submit(engine));
            waitFor(all, WARM);
            long steps = engine.stats().steps();
            long before = allocated();
            waitFor(all, WARM + STEPS);
            long after = allocated();
            long counted = engine.stats().steps() - steps;
            all.forEach(Stopwatch::await);
            return (after - before) / (double) Math.max(1, counted);
        }
    }

    private static void waitFor(List<Stopwatch> all, int count) {
        for (Stopwatch stopwatch : all) {
            while (stopwatch.count() < count && !stopwatch.ticket().ended()) {
                LockSupport.parkNanos(NANOS);
            }
        }
    }

    private static long allocated() {
        ThreadMXBean threads = ManagementFactory.getPlatformMXBean(ThreadMXBean.class);
        long own = Thread.currentThread().threadId();
        long sum = 0;
        for (long id : threads.getAllThreadIds()) {
            sum += id == own ? 0 : Math.max(0, threads.getThreadAllocatedBytes(id));
        }
        return sum;
    }
}
