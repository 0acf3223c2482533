package dev.minke.model.files;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// Hands encoded bands to a writer, in order, while the next one is encoded.
final class BandWriter implements AutoCloseable {
    private final ExecutorService thread =
            Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().factory());
    private final Arena arena = Arena.ofShared();
    private final MemorySegment[] buffers = {MemorySegment.NULL, MemorySegment.NULL};
    private CompletableFuture<Void> last = CompletableFuture.completedFuture(null);
    private int next;

    /// A buffer for the next band; it may be filled while the one before is written.
    MemorySegment buffer(long bytes) {
        int slot = next;
        if (buffers[slot].byteSize() < bytes) {
            buffers[slot] = arena.allocate(bytes, 64);
        }
        return buffers[slot].asSlice(0, bytes);
    }

    /// Write `bytes`, which must not change before the next call or [#finish] returns.
    void write(MemorySegment bytes, RowEncoder.Sink sink) throws IOException {
        finish();
        next = 1 - next;
        last =
                CompletableFuture.runAsync(
                        () -> {
                            try {
                                sink.write(bytes);
                            } catch (IOException e) {
                                throw new CompletionException(e);
                            }
                        },
                        thread);
    }

    /// Wait for what was begun.
    void finish() throws IOException {
        try {
            last.join();
        } catch (CompletionException e) {
            last = CompletableFuture.completedFuture(null);
            if (e.getCause() instanceof IOException io) {
                throw io;
            }
            throw e;
        }
    }

    @Override
    public void close() {
        thread.close();
        arena.close();
    }
}
