package dev.minke.infer.engine;

import java.nio.file.Path;

/// Where an engine keeps prefixes that outlive it.
///
/// Full blocks of prompts are written behind, one file each, and read again when a prompt begins
/// with them and memory has them no more. A folder serves engines of several models one after the
/// other; one at a time has it, a second runs without.
///
/// @param folder of its own, made if missing
/// @param bytes of all files in it at most, the ones unused for longest go first; 0 for no folder
public record PrefixDisk(Path folder, long bytes) {
    /// Check the range.
    ///
    /// @throws IllegalArgumentException naming the field, its value and what would fit
    public PrefixDisk {
        if (bytes < 0) {
            throw new IllegalArgumentException(
                    "bytes of the prefix folder are " + bytes + ", expected 0 or more");
        }
    }

    /// Prefixes in memory alone.
    public static PrefixDisk none() {
        return new PrefixDisk(Path.of(""), 0);
    }
}
