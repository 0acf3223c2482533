package dev.minke.cli;

import java.nio.file.Path;

/// Where this user's models are: `$MINKE_HOME`, or `.minke` in the home folder.
final class Home {
    private Home() {}

    /// The folder that `pull` fills and `list` shows.
    static Path models() {
        String home = System.getenv("MINKE_HOME");
        Path root =
                home == null || home.isBlank()
                        ? Path.of(System.getProperty("user.home"), ".minke")
                        : Path.of(home);
        return root.resolve("models");
    }
}
