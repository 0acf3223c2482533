package dev.minke.model.checkpoint;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Write safetensors as a stream: all names and shapes first, then the data in the same order.
///
///     try (var writer = SafetensorsWriter.toFolder(folder, specs, 5_000_000_000L)) {
///         for (var spec : specs) {
///             writer.write(spec.name(), bytesOf(spec));
///         }
///         writer.commit();
///     }
///
/// Files grow under names with `.tmp-` beside their targets and are renamed by [#commit]; whatever
/// happens before leaves no target. One file is open at a time. For one thread.
public final class SafetensorsWriter implements AutoCloseable {
    private static final int COPY_BYTES = 1 << 20;
    private static final long VIEW_BYTES = 1 << 24;

    /// How a shard's file is opened; tests put a full disk here.
    @FunctionalInterface
    interface Opener {
        FileChannel open(Path begun) throws IOException;
    }

    private final List<Shard> shards;
    private final Optional<Path> indexFolder;
    private final Opener opener;
    private final List<Path> begun = new ArrayList<>();
    private int shardAt;
    private int tensorAt;
    private long written;
    private @Nullable FileChannel channel;
    private boolean done;

    private record Shard(Path target, ShardLayout layout) {}

    private SafetensorsWriter(List<Shard> shards, Optional<Path> indexFolder, Opener opener) {
        this.shards = shards;
        this.indexFolder = indexFolder;
        this.opener = opener;
    }

    /// Write one file, replacing a file of that name on commit.
    ///
    /// @throws IllegalArgumentException if a name is there twice, empty or reserved
    public static SafetensorsWriter toFile(
            Path file, List<TensorSpec> tensors, Map<String, String> metadata) throws IOException {
        checkNames(tensors);
        Shard only = new Shard(file, ShardLayout.of(tensors, metadata));
        return new SafetensorsWriter(List.of(only), Optional.empty(), path -> openNew(path))
                .start();
    }

    /// Write `model.safetensors`, or shards of at most `maxShardBytes` of data with their index.
    ///
    /// A tensor beyond that size gets a shard of its own. The folder is made if it is missing.
    ///
    /// @throws IllegalArgumentException if a name is there twice, empty or reserved
    /// @throws FileAlreadyExistsException if the folder holds weights already
    public static SafetensorsWriter toFolder(
            Path folder, List<TensorSpec> tensors, long maxShardBytes) throws IOException {
        return toFolder(folder, tensors, maxShardBytes, path -> openNew(path));
    }

    static SafetensorsWriter toFolder(
            Path folder, List<TensorSpec> tensors, long maxShardBytes, Opener opener)
            throws IOException {
        checkNames(tensors);
        if (maxShardBytes < 1) {
            throw new IllegalArgumentException(
                    "maxShardBytes is %d, expected 1 or more".formatted(maxShardBytes));
        }
        refuseExisting(folder);
        Files.createDirectories(folder);
        List<List<TensorSpec>> parts = split(tensors, maxShardBytes);
        List<Shard> shards = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            String name =
                    parts.size() == 1
                            ? HuggingFaceFolder.SINGLE
                            : "model-%05d-of-%05d.safetensors".formatted(i + 1, parts.size());
            // readers in Python refuse a file that does not say whose layout it follows
            shards.add(
                    new Shard(
                            folder.resolve(name),
                            ShardLayout.of(parts.get(i), Map.of("format", "pt"))));
        }
        Optional<Path> index = parts.size() == 1 ? Optional.empty() : Optional.of(folder);
        return new SafetensorsWriter(List.copyOf(shards), index, opener).start();
    }

    private static FileChannel openNew(Path path) throws IOException {
        return FileChannel.open(path, CREATE_NEW, WRITE);
    }

    private static void checkNames(List<TensorSpec> tensors) {
        Set<String> names = new HashSet<>();
        for (TensorSpec spec : tensors) {
            String name = spec.name();
            if (name.isEmpty() || name.equals(SafetensorsHeader.METADATA) || !names.add(name)) {
                throw new IllegalArgumentException(
                        "tensor name \"%s\" is empty, reserved or there twice, expected another"
                                .formatted(name));
            }
        }
    }

    private static void refuseExisting(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (var files = Files.newDirectoryStream(folder, "model*.safetensors*")) {
            for (Path file : files) {
                if (!file.toString().contains(AtomicFiles.BEGUN)) {
                    throw new FileAlreadyExistsException(
                            file.toString(), null, "expected a folder without weights");
                }
            }
        }
    }

    private static List<List<TensorSpec>> split(List<TensorSpec> tensors, long maxShardBytes) {
        List<List<TensorSpec>> parts = new ArrayList<>();
        List<TensorSpec> part = new ArrayList<>();
        long bytes = 0;
        for (TensorSpec spec : tensors) {
            if (!part.isEmpty() && spec.byteSize() > maxShardBytes - bytes) {
                parts.add(part);
                part = new ArrayList<>();
                bytes = 0;
            }
            part.add(spec);
            bytes += spec.byteSize();
        }
        parts.add(part);
        return parts;
    }

    private SafetensorsWriter start() throws IOException {
        try {
            openShard();
            advance();
        } catch (IOException e) {
            throw abandon(e);
        }
        return this;
    }

    /// Append bytes to the tensor whose turn it is; a tensor may come in several pieces.
    ///
    /// @param name the tensor, to be sure that both sides mean the same one
    /// @param data little-endian elements, in native or heap memory
    /// @throws IllegalArgumentException if it is another tensor's turn or the bytes are too many
    /// @throws IOException in one line naming the target; nothing is left of the files then
    public void write(String name, MemorySegment data) throws IOException {
        checkOpen();
        if (data.byteSize() == 0) {
            return;
        }
        TensorSpec spec = turn(name);
        long room = spec.byteSize() - written;
        if (data.byteSize() > room) {
            throw new IllegalArgumentException(
                    "tensor %s gets %d more bytes, expected at most %d"
                            .formatted(spec, data.byteSize(), room));
        }
        try {
            long start = shards.get(shardAt).layout().position(tensorAt);
            append(data, start + written);
            written += data.byteSize();
            advance();
        } catch (IOException e) {
            throw abandon(e);
        }
    }

    private TensorSpec turn(String name) {
        if (shardAt == shards.size()) {
            throw new IllegalArgumentException(
                    "tensor %s comes after the last, expected no more".formatted(name));
        }
        TensorSpec spec = shards.get(shardAt).layout().tensors().get(tensorAt);
        if (!spec.name().equals(name)) {
            throw new IllegalArgumentException(
                    "tensor %s is written, expected %s after %d of its %d bytes"
                            .formatted(name, spec.name(), written, spec.byteSize()));
        }
        return spec;
    }

    /// Give the files their names, the index last.
    ///
    /// @throws IllegalStateException if tensors are missing
    /// @throws IOException in one line naming the target; nothing is left of the files then
    public void commit() throws IOException {
        checkOpen();
        if (shardAt < shards.size()) {
            TensorSpec next = shards.get(shardAt).layout().tensors().get(tensorAt);
            throw new IllegalStateException(
                    "tensor %s has %d of %d bytes, expected all before commit"
                            .formatted(next.name(), written, next.byteSize()));
        }
        List<Path> renamed = new ArrayList<>();
        try {
            for (int i = 0; i < shards.size(); i++) {
                Path target = shards.get(i).target();
                Files.move(begun.get(i), target, ATOMIC_MOVE);
                renamed.add(target);
            }
            if (indexFolder.isPresent()) {
                AtomicFiles.writeString(indexFolder.get().resolve(ShardIndex.NAME), index());
            } else {
                AtomicFiles.forceFolder(AtomicFiles.folderOf(shards.get(0).target()));
            }
            done = true;
        } catch (IOException e) {
            shardAt = renamed.size();
            IOException failure = abandon(e);
            if (indexFolder.isPresent()) {
                renamed.forEach(AtomicFiles::deleteQuietly);
            }
            throw failure;
        }
    }

    private String index() {
        long total = 0;
        List<Map.Entry<String, String>> shardOf = new ArrayList<>();
        for (Shard shard : shards) {
            for (TensorSpec spec : shard.layout().tensors()) {
                total += spec.byteSize();
                shardOf.add(Map.entry(spec.name(), AtomicFiles.nameOf(shard.target())));
            }
        }
        return ShardIndex.toJson(total, shardOf);
    }

    /// Step over finished and empty tensors, and into the next shard where one is finished.
    private void advance() throws IOException {
        while (shardAt < shards.size()) {
            List<TensorSpec> tensors = shards.get(shardAt).layout().tensors();
            while (tensorAt < tensors.size() && tensors.get(tensorAt).byteSize() == written) {
                tensorAt++;
                written = 0;
            }
            if (tensorAt < tensors.size()) {
                return;
            }
            finishShard();
            shardAt++;
            tensorAt = 0;
            if (shardAt < shards.size()) {
                openShard();
            }
        }
    }

    private void openShard() throws IOException {
        Shard shard = shards.get(shardAt);
        Path path = AtomicFiles.begun(shard.target());
        begun.add(path);
        channel = opener.open(path);
        append(MemorySegment.ofArray(shard.layout().header()), 0);
    }

    private void finishShard() throws IOException {
        try (FileChannel finished = opened()) {
            finished.force(true);
        }
        channel = null;
    }

    private FileChannel opened() {
        if (channel == null) {
            throw new IllegalStateException("no shard is open");
        }
        return channel;
    }

    private void append(MemorySegment data, long position) throws IOException {
        long at = 0;
        ByteBuffer copy = data.isNative() ? null : ByteBuffer.allocateDirect(copySize(data));
        while (at < data.byteSize()) {
            long left = data.byteSize() - at;
            ByteBuffer piece;
            if (copy == null) {
                piece = data.asSlice(at, Math.min(left, VIEW_BYTES)).asByteBuffer();
            } else {
                // a float[] has no view as bytes
                piece = copy.clear().limit((int) Math.min(left, copy.capacity()));
                MemorySegment.ofBuffer(piece).copyFrom(data.asSlice(at, piece.remaining()));
            }
            int bytes = piece.remaining();
            while (piece.hasRemaining()) {
                opened().write(piece, position + at + piece.position());
            }
            at += bytes;
        }
    }

    private static int copySize(MemorySegment data) {
        return (int) Math.min(COPY_BYTES, Math.max(1, data.byteSize()));
    }

    private void checkOpen() {
        if (done) {
            throw new IllegalStateException(
                    "the writer of %s is finished, expected it open"
                            .formatted(shards.get(0).target()));
        }
    }

    private IOException abandon(IOException cause) {
        Path target = shards.get(Math.min(shardAt, shards.size() - 1)).target();
        close();
        return AtomicFiles.failed(target, cause);
    }

    /// Delete what was begun, unless it was committed.
    @Override
    public void close() {
        if (done) {
            return;
        }
        done = true;
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException _) {
                // the file is deleted next, what could not be written does not matter
            }
        }
        begun.forEach(AtomicFiles::deleteQuietly);
    }
}
