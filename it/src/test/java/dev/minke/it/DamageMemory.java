package dev.minke.it;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/// How much memory outside the heap the process has come to use at most, where Linux tells.
///
/// What Java maps or allocates outside the heap is not counted by Java itself. The compiler and
/// class data grow, too, so that only what is far too much can be told.
final class DamageMemory {
    /// More than compiler threads take, less than anything that trusts a damaged size.
    static final long SLACK = 512L << 20;

    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Path RESET = Path.of("/proc/self/clear_refs");

    private final long before;

    private DamageMemory(long before) {
        this.before = before;
    }

    /// Begin to watch.
    static DamageMemory watch() {
        try {
            Files.writeString(RESET, "5"); // forget the largest size so far
            return new DamageMemory(read("VmRSS"));
        } catch (IOException e) {
            return new DamageMemory(Long.MAX_VALUE); // another system, or not allowed
        }
    }

    /// Bytes by which the process grew at most beyond what the heap has, 0 where nobody tells.
    long growth() throws IOException {
        if (before == Long.MAX_VALUE) {
            return 0;
        }
        long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getCommitted();
        return Math.max(0, read("VmHWM") - before - heap);
    }

    private static long read(String key) throws IOException {
        for (String line : Files.readAllLines(STATUS)) {
            if (line.startsWith(key + ":")) {
                return Long.parseLong(line.replaceAll("\\D+", "")) << 10;
            }
        }
        throw new IOException(STATUS + " has no " + key);
    }
}
