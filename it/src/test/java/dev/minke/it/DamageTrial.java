package dev.minke.it;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;

/// Uses damaged files one after the other and judges how each use ends.
///
/// Right is an end without an exception, or one of IOException or IllegalArgumentException with a
/// single short line that names the file, within [#SECONDS] of computing, without allocating more
/// than the file's size and [#SLACK] on the heap, or very much outside of it, and with nothing left
/// mapped. The uses run on a thread of their own, which a hang does not take the test with.
final class DamageTrial {
    static final int SECONDS = 5;
    static final long SLACK = 64L << 20;

    /// A wait for something that never comes takes no time of the processor.
    private static final int WALL_SECONDS = 30;

    private static final int MOST_FAILURES = 25;
    private static final int LONGEST_LINE = 1000;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final BufferPoolMXBean MAPPED =
            ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                    .filter(pool -> pool.getName().equals("mapped"))
                    .findFirst()
                    .orElseThrow();

    /// What a user does with a file, in one of several ways.
    ///
    /// @param whole whether only files are used so that were not refused before; the limit of
    ///   memory is not meant for it
    record Use(Action action, boolean whole) {
        static Use of(Action action) {
            return new Use(action, false);
        }

        static Use ofWhole(Action action) {
            return new Use(action, true);
        }
    }

    /// The body of a use.
    @FunctionalInterface
    interface Action {
        /// Use the file; an exception is an end that has to be judged.
        void run() throws IOException;
    }

    /// Files and what is done with one of them.
    ///
    /// @param name for reports
    /// @param victim the file to damage, which is put right in the end
    /// @param named what a complaint has to contain
    /// @param mutator what damages it
    /// @param uses all are tried
    record Source(String name, Path victim, String named, Damage.Mutator mutator, List<Use> uses) {}

    /// How often uses of files of a source ended in which way, and what the largest of them took.
    static final class Tally {
        private final TreeMap<String, int[]> kinds = new TreeMap<>();
        private int valid;
        private int refused;
        private long mostAllocated;
        private long mostMillis;
        private long outsideHeap;
        private final List<String> failures = new ArrayList<>();

        int valid() {
            return valid;
        }

        int refused() {
            return refused;
        }

        List<String> failures() {
            return failures;
        }

        @Override
        public String toString() {
            StringBuilder text =
                    new StringBuilder(
                            "%d valid, %d refused; at most %d ms, %,d bytes above the file's size, %d MB outside the heap"
                                    .formatted(
                                            valid,
                                            refused,
                                            mostMillis,
                                            mostAllocated,
                                            outsideHeap >> 20));
            kinds.forEach((kind, ends) ->
                    text.append(
                            "\n      %-20s %4d valid %4d refused"
                                    .formatted(kind, ends[0], ends[1])));
            return text.toString();
        }
    }

    /// A case that is under way.
    private record Running(String label, long startNanos, long startCpu) {}

    /// Makes one of several damaged files and puts it in the place of the victim.
    private interface Step {
        Damage apply(byte[] original, int number) throws IOException;
    }

    /// Something in the place of a file that is none.
    ///
    /// @param what in words
    /// @param placed makes it at a path where nothing is
    record Oddity(String what, Placed placed) {}

    /// Makes something at a path.
    @FunctionalInterface
    interface Placed {
        /// Make it where nothing is.
        void at(Path path) throws IOException;
    }

    private final Source source;
    private final Tally tally = new Tally();
    private final AtomicReference<Running> running = new AtomicReference<>();

    private DamageTrial(Source source) {
        this.source = source;
    }

    /// Damage the victim of `source` in `count` ways, from number `first` on.
    static Tally run(Source source, long seed, int first, int count) throws IOException {
        return new DamageTrial(source)
                .run(
                        first,
                        count,
                        (original, number) -> {
                            Random random = random(source, seed, number);
                            return write(source, source.mutator().damage(original, random));
                        });
    }

    /// Put each of `damages` in the place of the victim.
    static Tally run(Source source, List<Damage> damages) throws IOException {
        return new DamageTrial(source)
                .run(0, damages.size(), (_, number) -> write(source, damages.get(number)));
    }

    private static Damage write(Source source, Damage damage) throws IOException {
        Files.write(source.victim(), damage.bytes());
        return damage;
    }

    /// Put each of `oddities` in the place of the victim.
    static Tally replace(Source source, List<Oddity> oddities) throws IOException {
        return new DamageTrial(source)
                .run(
                        0,
                        oddities.size(),
                        (_, number) -> {
                            Files.deleteIfExists(source.victim());
                            oddities.get(number).placed.at(source.victim());
                            return new Damage(oddities.get(number).what, new byte[0]);
                        });
    }

    private static Random random(Source source, long seed, int number) {
        Random random = new Random(31 * (31 * seed + source.name().hashCode()) + number);
        for (int i = 0; i < 4; i++) {
            random.nextInt(); // the first numbers of neighbouring seeds are alike
        }
        return random;
    }

    private Tally run(int first, int count, Step step) throws IOException {
        byte[] original = Files.readAllBytes(source.victim());
        AtomicReference<Throwable> crash = new AtomicReference<>();
        Thread worker =
                Thread.ofPlatform()
                        .daemon()
                        .name("damage-" + source.name())
                        .unstarted(() -> work(original, first, count, step));
        worker.setUncaughtExceptionHandler((_, thrown) -> crash.set(thrown));
        DamageMemory memory = DamageMemory.watch();
        worker.start();
        try {
            while (!worker.join(java.time.Duration.ofMillis(50))) {
                checkTime(worker);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
        if (crash.get() != null) {
            throw new IllegalStateException("the trial itself failed", crash.get());
        }
        tally.outsideHeap = memory.growth();
        if (tally.outsideHeap > DamageMemory.SLACK) {
            tally.failures.add(
                    "%s: used %,d bytes outside the heap"
                            .formatted(source.name(), tally.outsideHeap));
        }
        Files.deleteIfExists(source.victim());
        Files.write(source.victim(), original);
        return tally;
    }

    private void checkTime(Thread worker) {
        Running now = running.get();
        if (now == null) {
            return;
        }
        double wall = (System.nanoTime() - now.startNanos) * 1e-9;
        double cpu = (THREADS.getThreadCpuTime(worker.threadId()) - now.startCpu) * 1e-9;
        if (cpu > SECONDS || wall > WALL_SECONDS) {
            throw new AssertionError(
                    "%s: still running after %.1f s of %.1f s:%n%s"
                            .formatted(now.label, cpu, wall, trace(worker.getStackTrace())));
        }
    }

    private void work(byte[] original, int first, int count, Step step) {
        for (int number = first; number < first + count; number++) {
            if (tally.failures.size() >= MOST_FAILURES) {
                return;
            }
            Damage damage;
            try {
                damage = step.apply(original, number);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            tryAll("%s #%d: %s".formatted(source.name(), number, damage.what()), damage);
        }
    }

    private void tryAll(String label, Damage damage) {
        boolean refused = false;
        long mapped = MAPPED.getCount();
        for (Use use : source.uses()) {
            if (use.whole() && refused) {
                continue;
            }
            running.set(new Running(label, System.nanoTime(), THREADS.getCurrentThreadCpuTime()));
            long start = System.nanoTime();
            long before = THREADS.getCurrentThreadAllocatedBytes();
            String problem = "";
            try {
                use.action().run();
            } catch (Throwable e) {
                refused = true;
                problem = problem(e);
            }
            long allocated =
                    THREADS.getCurrentThreadAllocatedBytes() - before - damage.bytes().length;
            running.set(null);
            if (!use.whole()) {
                tally.mostAllocated = Math.max(tally.mostAllocated, allocated);
                if (allocated > SLACK) {
                    problem += "allocated %,d bytes above the file's size".formatted(allocated);
                }
            }
            tally.mostMillis = Math.max(tally.mostMillis, (System.nanoTime() - start) / 1_000_000);
            if (MAPPED.getCount() != mapped) {
                problem += "left %d files mapped".formatted(MAPPED.getCount() - mapped);
                mapped = MAPPED.getCount();
            }
            if (!problem.isEmpty()) {
                tally.failures.add(label + ": " + problem);
            }
        }
        tally.kinds.computeIfAbsent(damage.kind(), _ -> new int[2])[refused ? 1 : 0]++;
        if (refused) {
            tally.refused++;
        } else {
            tally.valid++;
        }
    }

    /// What is wrong with an end, "" for nothing.
    private String problem(Throwable e) {
        String message = e.getMessage();
        boolean expected = e instanceof IOException || e instanceof IllegalArgumentException;
        if (expected && message != null && fits(message)) {
            return "";
        }
        return "ended in %s%n%s".formatted(e, trace(e.getStackTrace()));
    }

    private boolean fits(String message) {
        return message.contains(source.named())
                && message.length() > source.named().length() + 8
                && message.length() < LONGEST_LINE
                && message.chars().noneMatch(c -> c < ' ' || c == 0x7f || c == 0x2028 || c == 0x85);
    }

    private static String trace(StackTraceElement[] trace) {
        return String.join(
                "\n",
                Arrays.stream(trace).limit(12).map(element -> "        at " + element).toList());
    }
}
