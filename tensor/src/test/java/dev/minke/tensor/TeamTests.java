package dev.minke.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TeamTests {
    @Test
    void everyTaskRunsOnce() {
        for (int size = 1; size <= 4; size++) {
            try (Team team = new Team(size)) {
                assertThat(team.size()).isEqualTo(size);
                for (int count : new int[] {0, 1, 2, 3, 100, 5000}) {
                    AtomicIntegerArray runs = new AtomicIntegerArray(count);
                    AtomicInteger strange = new AtomicInteger();
                    team.run(
                            count,
                            (index, worker) -> {
                                runs.incrementAndGet(index);
                                if (worker < 0 || worker >= team.size()) {
                                    strange.incrementAndGet();
                                }
                            });
                    for (int i = 0; i < count; i++) {
                        assertThat(runs.get(i)).as("task %d of %d", i, count).isEqualTo(1);
                    }
                    assertThat(strange).hasValue(0);
                }
            }
        }
    }

    @Test
    void manyRegionsFollowEachOther() {
        try (Team team = new Team(3)) {
            int[] sums = new int[3];
            for (int region = 0; region < 20_000; region++) {
                team.run(3, (index, worker) -> sums[index]++);
            }
            assertThat(sums).containsExactly(20_000, 20_000, 20_000);
        }
    }

    /// More threads than processors, so that workers come late to regions, at every place.
    @Test
    void everyTaskBelongsToItsOwnRegion() {
        try (Team team = new Team(Runtime.getRuntime().availableProcessors() + 3)) {
            AtomicInteger strange = new AtomicInteger();
            for (int region = 0; region < 30_000; region++) {
                int count = 2 + region % 5;
                AtomicInteger tasks = new AtomicInteger();
                AtomicInteger sum = new AtomicInteger();
                team.run(
                        count,
                        (index, worker) -> {
                            tasks.incrementAndGet();
                            sum.addAndGet(index);
                        });
                if (tasks.get() != count || sum.get() != count * (count - 1) / 2) {
                    strange.incrementAndGet();
                }
            }
            assertThat(strange).as("regions with missing or foreign tasks").hasValue(0);
        }
    }

    @Test
    void aRegionAllocatesNothing() {
        try (Team team = new Team(3)) {
            Team.Task nothing = (index, worker) -> {};
            long least = Long.MAX_VALUE;
            for (int round = 0; round < 20; round++) {
                long before = Allocation.ofThisThread();
                for (int region = 0; region < 100; region++) {
                    team.run(8, nothing);
                }
                least = Math.min(least, Allocation.ofThisThread() - before);
            }
            assertThat(least).isZero();
        }
    }

    @Test
    void parkedWorkersWakeUp() throws InterruptedException {
        try (Team team = new Team(3)) {
            AtomicInteger runs = new AtomicInteger();
            for (int i = 0; i < 5; i++) {
                Thread.sleep(20);
                team.run(10, (index, worker) -> runs.incrementAndGet());
            }
            assertThat(runs).hasValue(50);
        }
    }

    @Test
    void aFailureIsThrownAfterAllWorkersStoppedAndTheTeamGoesOn() {
        try (Team team = new Team(3)) {
            for (int failing : new int[] {0, 7, 99}) {
                AtomicInteger active = new AtomicInteger();
                assertThatThrownBy(() ->
                                team.run(
                                        100,
                                        (index, worker) -> {
                                            active.incrementAndGet();
                                            try {
                                                if (index == failing) {
                                                    throw new IllegalStateException(
                                                            "task " + index);
                                                }
                                                Thread.onSpinWait();
                                            } finally {
                                                active.decrementAndGet();
                                            }
                                        }))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("task " + failing);
                assertThat(active).hasValue(0);
                AtomicInteger runs = new AtomicInteger();
                team.run(50, (index, worker) -> runs.incrementAndGet());
                assertThat(runs).hasValue(50);
            }
            assertThatThrownBy(() ->
                            team.run(
                                    4,
                                    (index, worker) -> {
                                        throw new StackOverflowError("deep");
                                    }))
                    .isInstanceOf(StackOverflowError.class);
        }
    }

    @Test
    void aRegionInsideARegionKeepsItsWorker() {
        try (Team team = new Team(3)) {
            AtomicInteger inner = new AtomicInteger();
            AtomicInteger changed = new AtomicInteger();
            team.run(
                    20,
                    (index, worker) ->
                            team.run(
                                    5,
                                    (nested, nestedWorker) -> {
                                        inner.incrementAndGet();
                                        if (nestedWorker != worker) {
                                            changed.incrementAndGet();
                                        }
                                    }));
            assertThat(inner).hasValue(100);
            assertThat(changed).as("nested tasks under another worker number").hasValue(0);
        }
    }

    @Test
    void noTwoTasksShareAWorkerNumberAtATime() throws InterruptedException {
        try (Team team = new Team(2)) {
            AtomicIntegerArray busy = new AtomicIntegerArray(2);
            AtomicInteger clashes = new AtomicInteger();
            AtomicInteger runs = new AtomicInteger();
            Runnable caller =
                    () -> {
                        for (int region = 0; region < 300; region++) {
                            team.run(
                                    1 + region % 3,
                                    (index, worker) -> {
                                        if (busy.getAndIncrement(worker) != 0) {
                                            clashes.incrementAndGet();
                                        }
                                        runs.incrementAndGet();
                                        busy.decrementAndGet(worker);
                                    });
                        }
                    };
            Thread[] callers = new Thread[3];
            for (int i = 0; i < callers.length; i++) {
                callers[i] = new Thread(caller);
                callers[i].start();
            }
            for (Thread thread : callers) {
                thread.join();
            }
            assertThat(clashes).hasValue(0);
            assertThat(runs).hasValue(3 * 600);
        }
    }

    @Test
    void anIdleTeamSleeps() throws InterruptedException {
        try (Team team = new Team(3)) {
            team.run(3, (index, worker) -> {});
            Thread.sleep(50);
            long before = processorTime();
            Thread.sleep(400);
            assertThat(processorTime() - before).as("nanoseconds of work").isLessThan(40_000_000);
        }
    }

    private static long processorTime() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("minke-"))
                .mapToLong(thread -> threads.getThreadCpuTime(thread.threadId()))
                .sum();
    }

    @Test
    void aClosedTeamRefusesWork() {
        Team team = new Team(2);
        team.close();
        team.close();
        assertThatThrownBy(() -> team.run(3, (index, worker) -> {}))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void aTaskCannotCloseItsTeam() {
        Team team = new Team(2);
        assertThatThrownBy(() -> team.run(3, (index, worker) -> team.close()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("cannot close");
        team.run(3, (index, worker) -> {});
        team.close();
    }

    @Test
    void aTeamNeedsAThread() {
        assertThatThrownBy(() -> new Team(0).close())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a team needs at least 1 thread, found 0");
    }
}
