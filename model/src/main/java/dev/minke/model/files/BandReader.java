package dev.minke.model.files;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// Reads stored bands into memory of its own, one ahead of the one that is worked on.
///
/// Mapped pages would stay resident until the file is closed; so a model of any size takes three
/// bands: one that is read, one that is worked on, one that may still be written as it is.
final class BandReader implements AutoCloseable {
    private final ExecutorService thread =
            Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().factory());
    private final Map<Path, FileChannel> open = new HashMap<>();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment[] buffers = {
        MemorySegment.NULL, MemorySegment.NULL, MemorySegment.NULL
    };
    private int next;

    /// Begin to read a band; the buffer of the third before it is used again.
    CompletableFuture<MemorySegment> begin(StoredBand band) {
        int slot = next;
        next = (next + 1) % buffers.length;
        if (buffers[slot].byteSize() < band.length()) {
            buffers[slot] = arena.allocate(band.length(), 64);
        }
        MemorySegment to = buffers[slot].asSlice(0, band.length());
        return CompletableFuture.supplyAsync(() -> read(band, to), thread);
    }

    private MemorySegment read(StoredBand band, MemorySegment to) {
        try {
            FileChannel channel = open.get(band.file());
            if (channel == null) {
                channel = FileChannel.open(band.file(), StandardOpenOption.READ);
                open.put(band.file(), channel);
            }
            ByteBuffer bytes = to.asByteBuffer();
            long at = band.offset();
            while (bytes.hasRemaining()) {
                int count = channel.read(bytes, at);
                if (count < 0) {
                    throw new EOFException(band.file() + ": became shorter while it was read");
                }
                at += count;
            }
            return to;
        } catch (IOException e) {
            throw new CompletionException(e);
        }
    }

    /// The bytes of a band that was begun.
    static MemorySegment await(CompletableFuture<MemorySegment> band) throws IOException {
        try {
            return band.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof IOException io) {
                throw io;
            }
            throw e;
        }
    }

    @Override
    public void close() throws IOException {
        thread.close();
        for (FileChannel channel : open.values()) {
            channel.close();
        }
        arena.close();
    }
}
