package dev.minke.tensor;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A fixed team of worker threads that shares the tasks of one parallel region at a time.
///
/// The calling thread is worker 0 and works too. Idle workers spin briefly, because regions follow
/// each other within microseconds, then park. Which worker takes which task is not determined; a
/// task must own its outputs, so that results do not depend on the number of threads.
public final class Team implements AutoCloseable {
    /// The body of a parallel region.
    @FunctionalInterface
    public interface Task {
        /// Do task `index`; `worker` (0 to size - 1) selects scratch memory.
        void run(int index, int worker);
    }

    private static final int SPINS = 10_000;

    private final Thread[] workers;
    private final ReentrantLock entry = new ReentrantLock();
    private final AtomicInteger parked = new AtomicInteger();
    private final Region idle = new Region(0, (index, worker) -> {});
    private volatile Region current = idle;
    private volatile boolean closed;

    /// One parallel region. It has its own counters, so that a worker that comes late finds nothing
    /// to do in it and is not waited for: on a busy machine it may not run for milliseconds.
    private static final class Region {
        final int count;
        final Task body;
        final Thread caller = Thread.currentThread();
        final AtomicInteger next = new AtomicInteger();
        final AtomicInteger done = new AtomicInteger();
        final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        volatile boolean callerParked;

        Region(int count, Task body) {
            this.count = count;
            this.body = body;
        }

        void take(int worker) {
            int taken = 0;
            for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
                taken++;
                try {
                    if (failure.get() == null) {
                        body.run(i, worker);
                    }
                } catch (Throwable thrown) { // a worker must report, never die
                    failure.compareAndSet(null, thrown);
                }
            }
            if (taken > 0 && done.addAndGet(taken) == count && callerParked) {
                LockSupport.unpark(caller);
            }
        }

        void await() {
            for (int spins = 0; done.get() < count && spins < SPINS; spins++) {
                Thread.onSpinWait();
            }
            callerParked = true;
            while (done.get() < count) {
                LockSupport.park(this);
            }
        }
    }

    /// Start a team.
    ///
    /// @param size threads that work, the caller included; at least 1
    public Team(int size) {
        if (size < 1) {
            throw new IllegalArgumentException("a team needs at least 1 thread, found " + size);
        }
        workers = new Thread[size - 1];
        for (int i = 0; i < workers.length; i++) {
            int worker = i + 1;
            workers[i] =
                    Thread.ofPlatform()
                            .daemon()
                            .name("minke-" + worker)
                            .unstarted(() -> work(worker));
        }
        for (Thread worker : workers) {
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

    private void together(int count, Task body) {
        Region region = new Region(count, body);
        current = region;
        if (parked.get() > 0) {
            for (Thread worker : workers) {
                LockSupport.unpark(worker);
            }
        }
        region.take(0);
        region.await();
        current = idle; // lets go of the body and what it holds
        Throwable thrown = region.failure.get();
        if (thrown instanceof Error e) {
            throw e;
        }
        if (thrown instanceof RuntimeException e) {
            throw e;
        }
        if (thrown != null) {
            throw new IllegalStateException("a task failed", thrown);
        }
    }

    private int workerOfThisThread() {
        Thread current = Thread.currentThread();
        for (int i = 0; i < workers.length; i++) {
            if (workers[i] == current) {
                return i + 1;
            }
        }
        return 0;
    }

    private void work(int worker) {
        Region seen = idle;
        while (true) {
            Region region = next(seen);
            if (region == seen) {
                return; // closed
            }
            seen = region;
            region.take(worker);
        }
    }

    /// Wait for a region other than `seen`; the same one means that the team is closed.
    private Region next(Region seen) {
        for (int spins = 0; spins < SPINS; spins++) {
            Region now = current;
            if (now != seen || closed) {
                return now;
            }
            Thread.onSpinWait();
        }
        // announce first, then look again: `together` publishes first, then looks who is parked
        parked.incrementAndGet();
        Region now = current;
        while (now == seen && !closed) {
            LockSupport.park(this);
            now = current;
        }
        parked.decrementAndGet();
        return now;
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
        for (Thread worker : workers) {
            LockSupport.unpark(worker);
        }
    }
}
