package dev.minke.model.checkpoint.gguf;

import dev.minke.model.checkpoint.MalformedCheckpoint;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;

/// One GGUF file, mapped into memory for reading; larger than 2 GiB is fine.
///
/// The header is checked in full when the file is opened. Neither data nor metadata are copied:
/// pages are read when touched, and belong to the system's file cache. Nobody may shorten the file
/// while it is mapped. A part of a split model is a file like any other here, see [GgufCheckpoint].
/// Safe for use by several threads.
public final class GgufFile implements AutoCloseable {
    private final Arena arena;
    private final Path file;
    private final MemorySegment bytes;
    private final GgufHeader header;

    private GgufFile(Arena arena, Path file, MemorySegment bytes, GgufHeader header) {
        this.arena = arena;
        this.file = file;
        this.bytes = bytes;
        this.header = header;
    }

    /// Map `file` and check its header.
    ///
    /// @throws MalformedCheckpoint if the header breaks the format, or is of a version other than 2
    ///   and 3 or big-endian
    /// @throws NoSuchFileException if there is no such file
    public static GgufFile open(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new NoSuchFileException(file.toString(), null, "expected a GGUF file there");
        }
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            MemorySegment bytes = channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
            return new GgufFile(arena, file, bytes, GgufHeader.read(file, bytes));
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    /// The file.
    public Path file() {
        return file;
    }

    /// Version of the format, 2 or 3.
    public int version() {
        return header.version();
    }

    /// What data start at multiples of, in bytes.
    public long alignment() {
        return header.alignment();
    }

    /// The keys and their values.
    public GgufMetadata metadata() {
        return header.metadata();
    }

    /// All tensors in the order of the header.
    public List<GgufTensor> tensors() {
        return List.copyOf(header.tensors().values());
    }

    /// The tensor of that name, if there is one.
    public Optional<GgufTensor> find(String name) {
        return Optional.ofNullable(header.tensors().get(name));
    }

    /// What and where a tensor is.
    ///
    /// @throws MalformedCheckpoint if there is none of that name
    public GgufTensor tensor(String name) throws MalformedCheckpoint {
        return find(name)
                .orElseThrow(() ->
                        new MalformedCheckpoint(file, "tensor " + name, "it in this file", "none"));
    }

    /// The bytes of a tensor, read-only, at a multiple of the alignment, until [#close].
    ///
    /// @throws MalformedCheckpoint if there is none of that name
    public MemorySegment data(String name) throws MalformedCheckpoint {
        return data(tensor(name));
    }

    MemorySegment data(GgufTensor tensor) {
        return bytes.asSlice(tensor.offset(), tensor.length());
    }

    /// Unmap the file; segments and arrays handed out must not be touched any more.
    @Override
    public void close() {
        arena.close();
    }
}
