package dev.minke.tensor;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A fixed team of worker threads that shares the tasks of one parallel region at a time.
///
/// The calling thread is worker 0 and works too. Idle workers spin briefly, because regions follow
/// each other within microseconds, then park. Which worker takes which task is not determined; a
/// task must own its outputs, so that results do not depend on the number of threads. A region
/// allocates nothing.
public final class Team implements AutoCloseable {
    /// The body of a parallel region.
    @FunctionalInterface
    public interface Task {
        /// Do task `index`; `worker` (0 to size - 1) selects scratch memory.
        void run(int index, int worker);
    }

    /// How long an idle worker looks for the next region before it sleeps: longer than the engine
    /// takes between two steps, too short to be noticed.
    private static final long SPIN_NANOS = 1_000_000;

    /// How long the caller looks for the end of a region before it sleeps.
    private static final long AWAIT_NANOS = 200_000;

    /// Looks between two readings of the clock.
    private static final int LOOKS = 64;

    private static final Task NOTHING = (_, _) -> {};

    private final Worker[] workers;
    private final ReentrantLock entry = new ReentrantLock();
    private final AtomicInteger parked = new AtomicInteger();
    private volatile boolean closed;

    // The region. Its fields are written while no task is left to take, and are the present ones
    // for whoever takes a task afterwards. A worker that comes late finds nothing to take and is
    // not waited for: on a busy machine it may not run for milliseconds.

    /// Number of the region in the upper half, tasks left to take in the lower.
    private final AtomicLong turn = new AtomicLong();

    /// Tasks that workers have done.
    private final AtomicInteger done = new AtomicInteger();

    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private Task body = NOTHING;
    private int count;
    private @Nullable Thread caller;
    private volatile boolean callerParked;

    /// A thread that knows its team and its number.
    private static final class Worker extends Thread {
        final Team team;
        final int number;

        Worker(Team team, int number) {
            super("minke-" + number);
            this.team = team;
            this.number = number;
            setDaemon(true);
        }

        @Override
        public void run() {
            team.work(number);
        }
    }

    /// Start a team.
    ///
    /// @param size threads that work, the caller included; at least 1
    public Team(int size) {
        if (size < 1) {
            throw new IllegalArgumentException("a team needs at least 1 thread, found " + size);
        }
        workers = new Worker[size - 1];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Worker(this, i + 1);
        }
        for (Worker worker : workers) {
            worker.start();
        }
    }

    /// Threads that work in a region, the caller included.
    public int size() {
        return workers.length + 1;
    }

    /// Run tasks 0 to `count - 1` and return when all are done.
    ///
    /// A region inside a region runs on its own thread alone, as the same worker; other threads
    /// wait until the team is free. The first failure of a task is thrown again here, after all
    /// workers have stopped.
    public void run(int count, Task body) {
        int worker = workerOfThisThread();
        if (worker > 0) {
            alone(count, body, worker);
            return;
        }
        boolean nested = entry.isHeldByCurrentThread();
        entry.lock();
        try {
            if (closed) {
                throw new IllegalStateException("the worker team is closed");
            }
            if (nested || count <= 1 || workers.length == 0) {
                alone(count, body, 0);
            } else {
                together(count, body);
            }
        } finally {
            entry.unlock();
        }
    }

    private static void alone(int count, Task body, int worker) {
        for (int i = 0; i < count; i++) {
            body.run(i, worker);
        }
    }

    private void together(int tasks, Task task) {
        body = task;
        count = tasks;
        caller = Thread.currentThread();
        done.set(0);
        turn.set(((turn.get() >>> 32) + 1) << 32 | tasks); // publishes all of the above
        if (parked.get() > 0) {
            for (int i = 0; i < workers.length && i < tasks - 1; i++) {
                LockSupport.unpark(workers[i]);
            }
        }
        await(tasks - take(0));
        body = NOTHING; // lets go of what it holds
        if (failure.get() != null) {
            raise();
        }
    }

    /// Do tasks as long as there are any.
    ///
    /// @return how many
    private int take(int worker) {
        int taken = 0;
        long now = turn.get();
        while ((int) now != 0) {
            Task task = body;
            int index = count - (int) now;
            // succeeds only while the region is the one that `task` and `index` were read from
            if (turn.compareAndSet(now, now - 1)) {
                taken++;
                runTask(task, index, worker);
            }
            now = turn.get();
        }
        return taken;
    }

    private void runTask(Task task, int index, int worker) {
        try {
            if (failure.get() == null) {
                task.run(index, worker);
            }
        } catch (Throwable thrown) { // a worker must report, never die
            failure.compareAndSet(null, thrown);
        }
    }

    /// Wait until the workers have done `expected` tasks.
    private void await(int expected) {
        long start = System.nanoTime();
        while (done.get() < expected) {
            for (int look = 0; look < LOOKS && done.get() < expected; look++) {
                Thread.onSpinWait();
            }
            if (System.nanoTime() - start > AWAIT_NANOS) {
                callerParked = true;
                while (done.get() < expected) {
                    LockSupport.park(this);
                }
                callerParked = false;
            }
        }
    }

    private void raise() {
        Throwable thrown = failure.getAndSet(null);
        if (thrown instanceof Error e) {
            throw e;
        }
        if (thrown instanceof RuntimeException e) {
            throw e;
        }
        throw new IllegalStateException("a task failed", thrown);
    }

    private int workerOfThisThread() {
        return Thread.currentThread() instanceof Worker worker && worker.team == this
                ? worker.number
                : 0;
    }

    private void work(int worker) {
        while (!closed) {
            int taken = take(worker);
            if (taken > 0) {
                done.addAndGet(taken);
                if (callerParked) {
                    LockSupport.unpark(caller);
                }
            }
            awaitTurn();
        }
    }

    /// Wait until there are tasks to take, or the team is closed.
    private void awaitTurn() {
        long start = System.nanoTime();
        while (System.nanoTime() - start < SPIN_NANOS) {
            for (int look = 0; look < LOOKS; look++) {
                if ((int) turn.get() != 0 || closed) {
                    return;
                }
                Thread.onSpinWait();
            }
        }
        // announce first, then look again: `together` publishes first, then looks who is parked
        parked.incrementAndGet();
        while ((int) turn.get() == 0 && !closed) {
            LockSupport.park(this);
        }
        parked.decrementAndGet();
    }

    /// Let the workers end; waits for a region of another thread. Later regions are refused.
    ///
    /// @throws IllegalStateException if called from inside a region
    @Override
    public void close() {
        if (workerOfThisThread() > 0 || entry.isHeldByCurrentThread()) {
            throw new IllegalStateException("a task cannot close its own worker team");
        }
        entry.lock();
        try {
            closed = true;
        } finally {
            entry.unlock();
        }
        for (Worker worker : workers) {
            LockSupport.unpark(worker);
        }
    }
}
