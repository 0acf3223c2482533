package dev.minke.model.hub;

import java.nio.file.Path;
import java.util.Optional;

/// How to fetch.
///
/// @param connections ranges at a time, 1 to 64
/// @param partBytes length of a range
/// @param out the folder, instead of the store's
public record PullOptions(int connections, long partBytes, Optional<Path> out) {
    private static final int MOST_CONNECTIONS = 64;

    /// @throws IllegalArgumentException for connections outside 1 to 64 or a length below 1
    public PullOptions {
        if (connections < 1 || connections > MOST_CONNECTIONS) {
            throw new IllegalArgumentException(
                    "%d connections, expected 1 to %d".formatted(connections, MOST_CONNECTIONS));
        }
        if (partBytes < 1) {
            throw new IllegalArgumentException(
                    "ranges of %d bytes, expected 1 or more".formatted(partBytes));
        }
    }

    /// Four ranges of 64 MiB at a time into the store.
    public static PullOptions standard() {
        return new PullOptions(4, 64L << 20, Optional.empty());
    }

    /// These options with another number of connections.
    public PullOptions withConnections(int value) {
        return new PullOptions(value, partBytes, out);
    }

    /// These options with a folder of one's own.
    public PullOptions withOut(Path folder) {
        return new PullOptions(connections, partBytes, Optional.of(folder));
    }
}
