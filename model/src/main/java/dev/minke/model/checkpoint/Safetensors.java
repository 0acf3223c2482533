package dev.minke.model.checkpoint;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Set;

/// One safetensors file, mapped into memory for reading; larger than 2 GiB is fine.
///
/// The header is checked in full when the file is opened. The data are not copied: pages are read
/// when touched, and belong to the system's file cache. Nobody may shorten the file while it is
/// mapped.
public final class Safetensors implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final Path file;
    private final SafetensorsHeader header;
    private final MemorySegment bytes;

    private Safetensors(Path file, SafetensorsHeader header, FileChannel channel)
            throws IOException {
        this.file = file;
        this.header = header;
        try {
            this.bytes = channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    /// Check the header of `file` and map it.
    ///
    /// @throws MalformedCheckpoint if the header breaks the format
    public static Safetensors open(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new NoSuchFileException(
                    file.toString(), null, "expected a safetensors file there");
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return new Safetensors(file, SafetensorsHeader.read(file, channel), channel);
        }
    }

    /// The file.
    public Path file() {
        return file;
    }

    /// Names in the order of the header.
    public Set<String> names() {
        return header.tensors().keySet();
    }

    /// The free strings of the header.
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /// What and where a tensor is.
    ///
    /// @throws MalformedCheckpoint if there is none of that name
    public TensorInfo info(String name) throws MalformedCheckpoint {
        TensorInfo info = header.tensors().get(name);
        if (info == null) {
            throw new MalformedCheckpoint(file, "tensor " + name, "it in this file", "none");
        }
        return info;
    }

    /// The bytes of a tensor, read-only, little-endian, of any alignment, until [#close].
    ///
    /// @throws MalformedCheckpoint if there is none of that name
    public MemorySegment data(String name) throws MalformedCheckpoint {
        TensorInfo info = info(name);
        return bytes.asSlice(info.offset(), info.length());
    }

    /// Unmap the file; segments handed out must not be touched any more.
    @Override
    public void close() {
        arena.close();
    }
}
