package dev.minke.cli;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/// Bytes on disk.
final class Sizes {
    private Sizes() {}

    /// Bytes of a file, or of the files in a folder.
    static long of(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            return Files.size(path);
        }
        long sum = 0;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(path)) {
            for (Path file : files) {
                sum += Files.isRegularFile(file) ? Files.size(file) : 0;
            }
        }
        return sum;
    }
}
