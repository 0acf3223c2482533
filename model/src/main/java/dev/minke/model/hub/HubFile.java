package dev.minke.model.hub;

import java.util.Optional;

/// One file of a repository.
///
/// @param name its path in the repository, with `/` between folders
/// @param size bytes
/// @param hash what it hashes to, if the hub says
public record HubFile(String name, long size, Optional<FileHash> hash) {
    /// More is refused before any sum of sizes can overflow.
    private static final long MOST_BYTES = 1L << 45;

    /// @throws IllegalArgumentException for a name that leaves the folder or a negative size
    public HubFile {
        FileNames.checkInside(name);
        if (size < 0 || size > MOST_BYTES) {
            throw new IllegalArgumentException(
                    "the file \"%s\" has size %d, expected 0 to %d"
                            .formatted(name, size, MOST_BYTES));
        }
    }

    /// The name without its folders.
    String baseName() {
        return name.substring(name.lastIndexOf('/') + 1);
    }

    boolean atRoot() {
        return name.indexOf('/') < 0;
    }

    static long bytes(Iterable<HubFile> files) {
        long bytes = 0;
        for (HubFile file : files) {
            bytes = Math.addExact(bytes, file.size());
        }
        return bytes;
    }
}
