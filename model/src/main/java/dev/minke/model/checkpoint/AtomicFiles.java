package dev.minke.model.checkpoint;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Files and folders that appear whole or not at all.
///
/// Everything is written beside the target under a name with `.tmp-`, forced to disk and renamed;
/// then the parent folder is forced too. A failure deletes what was begun and leaves the target as
/// it was.
public final class AtomicFiles {
    static final String BEGUN = ".tmp-";
    private static final String REPLACED = ".old-";

    private AtomicFiles() {}

    /// What fills a file or folder.
    @FunctionalInterface
    public interface ThrowingConsumer<T> {
        /// Write into `target`.
        void accept(T target) throws IOException;
    }

    /// Write `target` through `body`, replacing a file of that name.
    ///
    /// @throws IOException in one line naming the target; it is then as it was before
    public static void write(Path target, ThrowingConsumer<FileChannel> body) throws IOException {
        Path begun = beside(target, BEGUN);
        try {
            try (FileChannel channel = FileChannel.open(begun, CREATE_NEW, WRITE)) {
                body.accept(channel);
                channel.force(true);
            }
            Files.move(begun, target, ATOMIC_MOVE);
            forceFolder(folderOf(target));
        } catch (IOException e) {
            throw failed(target, e);
        } finally {
            // still there only after a failure, whatever its kind
            deleteQuietly(begun);
        }
    }

    /// Write a text in UTF-8, see [#write].
    public static void writeString(Path target, String text) throws IOException {
        write(
                target,
                channel -> {
                    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
                    while (bytes.hasRemaining()) {
                        channel.write(bytes);
                    }
                });
    }

    /// Bytes that the file system of `target`, which need not exist yet, has room for.
    public static long usableSpace(Path target) throws IOException {
        Path there = target.toAbsolutePath();
        while (Files.notExists(there)) {
            there = folderOf(there);
        }
        return Files.getFileStore(there).getUsableSpace();
    }

    /// Fill a new folder through `body` and put it in the place of `target`.
    ///
    /// Readers see the old folder, for an instant none, then the new one. A machine that stops in
    /// that instant leaves the old folder under a name with `.old-`; [#recover] puts it back.
    ///
    /// @throws IOException in one line naming the target; it is then as it was before
    public static void replaceDirectory(Path target, ThrowingConsumer<Path> body)
            throws IOException {
        Path begun = beside(target, BEGUN);
        try {
            Files.createDirectory(begun);
            body.accept(begun);
            forceTree(begun);
            exchange(begun, target);
        } catch (IOException e) {
            throw failed(target, e);
        } finally {
            deleteQuietly(begun);
        }
    }

    /// Put right what an interrupted [#replaceDirectory] or [#write] of `target` left behind.
    ///
    /// Nobody else may be writing `target`. Restores the old folder if there is no target, and
    /// deletes what was begun or replaced.
    public static void recover(Path target) throws IOException {
        for (Path old : leftovers(target, REPLACED)) {
            if (Files.notExists(target, LinkOption.NOFOLLOW_LINKS)) {
                Files.move(old, target, ATOMIC_MOVE);
            } else {
                delete(old);
            }
        }
        for (Path begun : leftovers(target, BEGUN)) {
            delete(begun);
        }
        forceFolder(folderOf(target));
    }

    private static void exchange(Path begun, Path target) throws IOException {
        if (Files.notExists(target, LinkOption.NOFOLLOW_LINKS)) {
            Files.move(begun, target, ATOMIC_MOVE);
            forceFolder(folderOf(target));
            return;
        }
        Path old = beside(target, REPLACED);
        Files.move(target, old, ATOMIC_MOVE);
        try {
            Files.move(begun, target, ATOMIC_MOVE);
        } catch (IOException e) {
            Files.move(old, target, ATOMIC_MOVE);
            throw e;
        }
        forceFolder(folderOf(target));
        deleteQuietly(old);
    }

    private static List<Path> leftovers(Path target, String mark) throws IOException {
        List<Path> found = new ArrayList<>();
        String start = nameOf(target) + mark;
        try (var siblings = Files.newDirectoryStream(folderOf(target))) {
            for (Path sibling : siblings) {
                if (nameOf(sibling).startsWith(start)) {
                    found.add(sibling);
                }
            }
        }
        return found;
    }

    static Path beside(Path target, String mark) {
        return target.resolveSibling(nameOf(target) + mark + UUID.randomUUID());
    }

    static Path begun(Path target) {
        return beside(target, BEGUN);
    }

    static String nameOf(Path path) {
        return Objects.requireNonNull(path.getFileName(), () -> path + " has no name").toString();
    }

    static Path folderOf(Path target) {
        Path parent = target.toAbsolutePath().getParent();
        return Objects.requireNonNull(parent, () -> target + " has no parent folder");
    }

    /// Force the entries of a folder to disk, so that a rename in it outlives a power failure.
    static void forceFolder(Path folder) throws IOException {
        FileChannel channel;
        try {
            channel = FileChannel.open(folder, READ);
        } catch (AccessDeniedException _) {
            // Windows opens no folders and needs no forcing of them
            return;
        }
        try (channel) {
            channel.force(true);
        }
    }

    private static void forceTree(Path folder) throws IOException {
        Files.walkFileTree(
                folder,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        try (FileChannel channel = FileChannel.open(file, WRITE)) {
                            channel.force(true);
                        }
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(
                            Path visited, @Nullable IOException problem) throws IOException {
                        forceFolder(visited);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }

    private static void delete(Path path) throws IOException {
        if (Files.notExists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(
                path,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        Files.delete(file);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(
                            Path visited, @Nullable IOException problem) throws IOException {
                        Files.delete(visited);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }

    /// Clean up without hiding the failure that led here; [#recover] finds what is left.
    static void deleteQuietly(Path path) {
        try {
            delete(path);
        } catch (IOException _) {
            // the name with its mark says that it is no result
            return;
        }
    }

    /// One line naming the target, whatever file system exception it was; a broken source, which a
    /// body may meet, keeps its own line.
    static IOException failed(Path target, IOException cause) {
        if (cause instanceof MalformedCheckpoint) {
            return cause;
        }
        String reason =
                switch (cause) {
                    case NoSuchFileException missing ->
                            "no such folder or file " + missing.getFile();
                    case FileSystemException e when e.getReason() != null -> e.getReason();
                    default -> String.valueOf(cause.getMessage());
                };
        return new IOException("cannot write %s: %s".formatted(target, reason), cause);
    }
}
