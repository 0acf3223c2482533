package dev.minke.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import org.junit.jupiter.api.Test;

class FailuresTests {
    @Test
    void filesAreNamedTogetherWithWhatIsWrongWithThem() {
        assertThat(Failures.describe(new NoSuchFileException("a/b")))
                .isEqualTo("no such file: a/b");
        assertThat(Failures.describe(new FileNotFoundException("a (No such file or directory)")))
                .isEqualTo("no such file: a (No such file or directory)");
        assertThat(Failures.describe(new AccessDeniedException("a")))
                .isEqualTo("no permission for a");
        assertThat(Failures.describe(new FileAlreadyExistsException("a")))
                .isEqualTo("exists already: a");
        assertThat(Failures.describe(new NotDirectoryException("a"))).isEqualTo("not a folder: a");
        assertThat(
                        Failures.describe(
                                new FileSystemException("out/x", null, "No space left on device")))
                .isEqualTo("out/x: No space left on device");
    }

    @Test
    void fileNamesThatCannotBeAreNamed() {
        assertThat(Failures.describe(new InvalidPathException("a\0b", "Nul character not allowed")))
                .isEqualTo("not a file name: a b (Nul character not allowed)");
    }

    @Test
    void wrappedInputErrorsShowTheirCause() {
        assertThat(Failures.describe(new UncheckedIOException(new NoSuchFileException("x"))))
                .isEqualTo("no such file: x");
        assertThat(Failures.describe(new UncheckedIOException(new IOException("reset"))))
                .isEqualTo("reset");
    }

    @Test
    void badArgumentsAreTheUsersBusinessAndAllElseIsOurs() {
        assertThat(Failures.describe(new IllegalArgumentException("--steps is 0, expected more")))
                .isEqualTo("--steps is 0, expected more");
        assertThat(Failures.describe(new IllegalStateException("closed")))
                .startsWith("internal error: java.lang.IllegalStateException: closed at ")
                .contains("MINKE_DEBUG=1");
    }

    @Test
    void tooSmallAHeapIsSaidWithItsSizeAndTheWayOut() {
        assertThat(Failures.describe(new OutOfMemoryError("Java heap space")))
                .startsWith("out of memory: Java heap space")
                .contains("MiB")
                .contains("MINKE_JAVA_OPTS=-Xmx");
    }

    @Test
    void everyMessageIsOneLineThatATerminalCanShow() {
        assertThat(Failures.describe(new IOException("two\r\n  lines\t\033[31mred")))
                .isEqualTo("two lines [31mred");
        assertThat(Failures.describe(new IOException())).isEqualTo("IOException");
    }
}
