package dev.minke.cli;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import org.jspecify.annotations.Nullable;

/// What a user is told about an exception: one line.
final class Failures {
    private Failures() {}

    /// Describe `e`: what is wrong with the input or the machine, or else an internal error.
    static String describe(Throwable e) {
        return line(
                switch (e) {
                    case UncheckedIOException io when io.getCause() != null ->
                            describe(io.getCause());
                    case FileSystemException file -> describeFile(file);
                    case FileNotFoundException file -> "no such file: " + file.getMessage();
                    case InvalidPathException path ->
                            "not a file name: " + path.getInput() + " (" + path.getReason() + ")";
                    case IOException io -> message(io);
                    case IllegalArgumentException argument -> message(argument);
                    case OutOfMemoryError memory ->
                            "out of memory: "
                                    + message(memory)
                                    + " (the heap may grow to "
                                    + (Runtime.getRuntime().maxMemory() >> 20)
                                    + " MiB; for more, set MINKE_JAVA_OPTS=-Xmx8g or the like)";
                    default -> internal(e);
                });
    }

    private static String describeFile(FileSystemException e) {
        return switch (e) {
            case NoSuchFileException file -> "no such file: " + file.getFile();
            case AccessDeniedException file -> "no permission for " + file.getFile();
            case FileAlreadyExistsException file -> "exists already: " + file.getFile();
            case NotDirectoryException file -> "not a folder: " + file.getFile();
            case DirectoryNotEmptyException file -> "folder is not empty: " + file.getFile();
            default -> message(e);
        };
    }

    private static String internal(Throwable e) {
        StackTraceElement[] trace = e.getStackTrace();
        return "internal error: "
                + e
                + (trace.length == 0 ? "" : " at " + trace[0])
                + " (run with MINKE_DEBUG=1 for the stack trace)";
    }

    private static String message(Throwable e) {
        String message = e.getMessage();
        return message == null || message.isBlank() ? e.getClass().getSimpleName() : message;
    }

    /// Put a message on one line; what a terminal would obey, such as escapes, becomes a space.
    static String line(@Nullable String message) {
        return message == null ? "" : message.replaceAll("[\\p{Cntrl}\\s]+", " ").strip();
    }
}
