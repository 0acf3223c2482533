package dev.minke.model.files;

import dev.minke.model.checkpoint.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;

/// Asks for room before anything is written.
final class DiskSpace {
    private static final long SPARE = 64L << 20;

    private DiskSpace() {}

    /// Refuse to begin `target` where its file system has no room for it.
    static void check(Path target, long bytes) throws IOException {
        long free = AtomicFiles.usableSpace(target);
        if (bytes + SPARE > free) {
            throw new IOException(
                    "%s: needs %.1f GB of disk space, %.1f GB are free"
                            .formatted(target, bytes * 1e-9, free * 1e-9));
        }
    }
}
