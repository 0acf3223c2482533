package dev.minke.tensor;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/// Counts what threads allocate on the heap, exactly.
public final class Allocation {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Allocation() {}

    /// Bytes that this thread has allocated so far; asking allocates nothing.
    public static long ofThisThread() {
        return THREADS.getCurrentThreadAllocatedBytes();
    }

    /// Bytes that all threads have allocated so far whose names begin with `prefix`.
    public static long ofThreads(String prefix) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith(prefix))
                .mapToLong(thread -> THREADS.getThreadAllocatedBytes(thread.threadId()))
                .sum();
    }
}
