package dev.minke.model.files;

import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Files;
import java.nio.file.Path;

/// Files too large for the project, in the folder `shared` beside it; tests that want them are
/// skipped where they are not.
public final class SharedFiles {
    private SharedFiles() {}

    /// The file or folder `path` in `shared`.
    public static Path of(String path) {
        Path root = Path.of("").toAbsolutePath();
        while (root != null) {
            Path file = root.resolve("shared").resolve(path);
            if (Files.exists(file)) {
                return file;
            }
            root = root.getParent();
        }
        return abort("no shared/" + path + " beside the project");
    }
}
