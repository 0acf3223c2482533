package dev.minke.train;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Token ids end to end: a mapped file of little-endian 32-bit integers.
public final class TokenStream implements AutoCloseable {
    static final ValueLayout.OfInt ID = ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);

    private final Arena arena;
    private final MemorySegment ids;

    private TokenStream(Arena arena, MemorySegment ids) {
        this.arena = arena;
        this.ids = ids;
    }

    /// Map `file`.
    ///
    /// @throws IOException if it is missing or its size is not a multiple of 4
    public static TokenStream open(Path file) throws IOException {
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (channel.size() % 4 != 0) {
                throw new IOException(
                        "%s has %d bytes, expected a multiple of 4: it was cut"
                                .formatted(file, channel.size()));
            }
            MemorySegment ids =
                    channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return new TokenStream(arena, ids);
        } catch (IOException e) {
            arena.close();
            throw e;
        }
    }

    /// Keep `ids` in memory.
    public static TokenStream of(int... ids) {
        Arena arena = Arena.ofShared();
        MemorySegment memory = arena.allocate(Math.max(1, 4L * ids.length), 4);
        MemorySegment.copy(ids, 0, memory, ID, 0, ids.length);
        return new TokenStream(arena, memory.asSlice(0, 4L * ids.length));
    }

    /// Number of tokens.
    public long size() {
        return ids.byteSize() / 4;
    }

    /// Tokens `from` to `from + count`.
    public int[] read(long from, int count) {
        int[] out = new int[count];
        MemorySegment.copy(ids, ID, 4 * from, out, 0, count);
        return out;
    }

    @Override
    public void close() {
        arena.close();
    }
}
