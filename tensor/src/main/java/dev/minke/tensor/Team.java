package dev.minke.tensor;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

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

    private static final int SPINS = 20_000;

    private final Thread[] workers;
    private final ReentrantLock region = new ReentrantLock();
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger generation = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile boolean closed;
    private volatile @Nullable Thread caller;
    // written before, and read after, the change of `generation`
    private @Nullable Task task;
    private int tasks;

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
        boolean nested = region.isHeldByCurrentThread();
        region.lock();
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
            region.unlock();
        }
    }

    private static void alone(int count, Task body, int worker) {
        for (int i = 0; i < count; i++) {
            body.run(i, worker);
        }
    }

    private void together(int count, Task body) {
        task = body;
        tasks = count;
        caller = Thread.currentThread();
        failure.set(null);
        next.set(0);
        running.set(workers.length);
        generation.incrementAndGet();
        for (Thread worker : workers) {
            LockSupport.unpark(worker);
        }
        take(body, count, 0);
        await();
        task = null;
        caller = null;
        Throwable thrown = failure.get();
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

    private void await() {
        int spins = 0;
        while (running.get() > 0) {
            if (spins++ < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(this, 50_000);
            }
        }
    }

    private void take(Task body, int count, int worker) {
        try {
            for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
                body.run(i, worker);
            }
        } catch (Throwable thrown) { // a worker must report, never die
            failure.compareAndSet(null, thrown);
            next.set(count);
        }
    }

    private void work(int worker) {
        int seen = 0;
        while (true) {
            int spins = 0;
            while (generation.get() == seen) {
                if (closed) {
                    return;
                }
                if (spins++ < SPINS) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.park(this);
                }
            }
            seen = generation.get();
            Task body = task;
            if (body != null) {
                take(body, tasks, worker);
            }
            if (running.decrementAndGet() == 0) {
                LockSupport.unpark(caller);
            }
        }
    }

    /// Let the workers end; waits for a region of another thread. Later regions are refused.
    ///
    /// @throws IllegalStateException if called from inside a region
    @Override
    public void close() {
        if (workerOfThisThread() > 0 || region.isHeldByCurrentThread()) {
            throw new IllegalStateException("a task cannot close its own worker team");
        }
        region.lock();
        try {
            closed = true;
        } finally {
            region.unlock();
        }
        for (Thread worker : workers) {
            LockSupport.unpark(worker);
        }
    }
}
