package dev.minke.model.hub;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// The right to change a model's folder; it ends with the process, however that ends.
final class StoreLock implements AutoCloseable {
    static final String NAME = Manifest.OWN + ".lock";

    private final FileChannel channel;

    private StoreLock(FileChannel channel) {
        this.channel = channel;
    }

    /// Take the lock.
    ///
    /// @throws HubException if another process, or another part of this one, has it
    static StoreLock take(Path folder) throws IOException {
        FileChannel channel = FileChannel.open(folder.resolve(NAME), CREATE, WRITE, NOFOLLOW_LINKS);
        boolean taken = false;
        try {
            taken = tryLock(channel) != null;
            if (!taken) {
                throw new HubException(
                        "another minke is changing %s; wait for it, what it has fetched is kept"
                                .formatted(folder));
            }
            return new StoreLock(channel);
        } finally {
            if (!taken) {
                channel.close();
            }
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException _) {
            return null;
        }
    }

    /// Give it back; the empty file stays, since deleting it would race with the next owner.
    @Override
    public void close() throws IOException {
        channel.close();
    }
}
