package dev.minke.model.checkpoint.gguf;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.UUID;

/// A file that grows beside its target until it takes that name.
///
/// In the manner of [dev.minke.model.checkpoint.AtomicFiles], which clears away what a killed
/// process leaves, but written in pieces by several threads.
final class PendingFile {
    private static final int COPY_BYTES = 1 << 20;
    private static final long VIEW_BYTES = 1 << 24;

    /// How a file is opened; tests put a full disk here.
    @FunctionalInterface
    interface Opener {
        FileChannel open(Path begun) throws IOException;
    }

    static final Opener NEW_FILE = path -> FileChannel.open(path, CREATE_NEW, WRITE);

    private final Path target;
    private final Path begun;
    private final FileChannel channel;

    private PendingFile(Path target, Path begun, FileChannel channel) {
        this.target = target;
        this.begun = begun;
        this.channel = channel;
    }

    static PendingFile begin(Path target, Opener opener) throws IOException {
        Path name = Objects.requireNonNull(target.getFileName(), () -> target + " has no name");
        Path begun = target.resolveSibling(name + ".tmp-" + UUID.randomUUID());
        return new PendingFile(target, begun, opener.open(begun));
    }

    /// A stream from the position that the channel has, the start of a new file.
    OutputStream stream() {
        return Channels.newOutputStream(channel);
    }

    /// Write `data` from byte `position` on; safe for several threads.
    void write(MemorySegment data, long position) throws IOException {
        ByteBuffer copy =
                data.isNative()
                        ? ByteBuffer.allocate(0)
                        : ByteBuffer.allocate((int) Math.min(COPY_BYTES, data.byteSize()));
        long at = 0;
        while (at < data.byteSize()) {
            long left = data.byteSize() - at;
            ByteBuffer piece;
            if (data.isNative()) {
                piece = data.asSlice(at, Math.min(left, VIEW_BYTES)).asByteBuffer();
            } else {
                // a float[] has no view as bytes
                piece = copy.clear().limit((int) Math.min(left, copy.capacity()));
                MemorySegment.ofBuffer(piece).copyFrom(data.asSlice(at, piece.remaining()));
            }
            int bytes = piece.remaining();
            while (piece.hasRemaining()) {
                channel.write(piece, position + at + piece.position());
            }
            at += bytes;
        }
    }

    /// Make the file `size` bytes long, filled with zeros.
    void extend(long size) throws IOException {
        if (channel.size() < size) {
            write(MemorySegment.ofArray(new byte[1]), size - 1);
        }
    }

    /// Force everything to disk; nothing more can be written.
    void finish() throws IOException {
        try (channel) {
            channel.force(true);
        }
    }

    /// Take the name of the target.
    void publish() throws IOException {
        Files.move(begun, target, ATOMIC_MOVE);
    }

    /// Delete what was written, unless it has its name already.
    void discard() {
        try {
            channel.close();
        } catch (IOException _) {
            // the file is deleted next, what could not be written does not matter
        }
        deleteQuietly(begun);
    }

    static void deleteQuietly(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException _) {
            // a failure led here, and it is that one which is reported
            return;
        }
    }

    /// Force the entries of the target's folder to disk, so that a rename outlives a power failure.
    static void forceFolderOf(Path target) throws IOException {
        Path folder = Objects.requireNonNull(target.toAbsolutePath().getParent());
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

    /// One line naming the target, whatever file system exception it was.
    static IOException failed(Path target, IOException cause) {
        String reason =
                switch (cause) {
                    case NoSuchFileException missing ->
                            "no such folder or file " + missing.getFile();
                    case FileSystemException e when e.getReason() != null -> e.getReason();
                    default -> Objects.requireNonNullElse(cause.getMessage(), cause.toString());
                };
        return new IOException("cannot write %s: %s".formatted(target, reason), cause);
    }
}
