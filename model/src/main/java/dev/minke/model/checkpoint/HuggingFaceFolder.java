package dev.minke.model.checkpoint;

import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.TensorInventory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A checkpoint in Hugging Face's layout: config.json, and model.safetensors or an index of shards.
///
/// Shards are mapped when a tensor of theirs is first asked for. Where both layouts are present the
/// single file counts, as in the libraries that write them. Safe for use by several threads.
public final class HuggingFaceFolder implements AutoCloseable {
    /// Name of the file with all tensors.
    public static final String SINGLE = "model.safetensors";

    /// Name of the configuration.
    public static final String CONFIG = "config.json";

    private final Path folder;
    private final Map<String, String> fileOf;
    private final Map<String, List<String>> namesIn;
    private final Map<String, Safetensors> open;
    private boolean closed;

    /// @param fileOf file by tensor
    /// @param namesIn tensors by file, for files whose header has yet to agree
    private HuggingFaceFolder(
            Path folder,
            Map<String, String> fileOf,
            Map<String, List<String>> namesIn,
            Map<String, Safetensors> open) {
        this.folder = folder;
        this.fileOf = fileOf;
        this.namesIn = namesIn;
        this.open = open;
    }

    /// Open the weights in `folder`.
    ///
    /// @throws MalformedCheckpoint if the index or the single file is broken
    /// @throws IOException if the folder, the weights or one of the shards is missing
    public static HuggingFaceFolder open(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw Files.exists(folder)
                    ? new NotDirectoryException(folder + ": expected a folder with " + CONFIG)
                    : new NoSuchFileException(
                            folder.toString(), null, "expected a folder with " + CONFIG);
        }
        if (Files.exists(folder.resolve(SINGLE))) {
            return single(folder);
        }
        Path index = folder.resolve(ShardIndex.NAME);
        if (Files.exists(index)) {
            return sharded(folder, ShardIndex.read(index));
        }
        throw new NoSuchFileException(
                folder.toString(),
                null,
                "expected " + SINGLE + " or " + ShardIndex.NAME + " in it");
    }

    private static HuggingFaceFolder single(Path folder) throws IOException {
        Safetensors file = Safetensors.open(folder.resolve(SINGLE));
        Map<String, String> fileOf = new LinkedHashMap<>();
        file.names().forEach(name -> fileOf.put(name, SINGLE));
        Map<String, Safetensors> open = new HashMap<>();
        open.put(SINGLE, file);
        return new HuggingFaceFolder(folder, fileOf, Map.of(), open);
    }

    private static HuggingFaceFolder sharded(Path folder, ShardIndex index) throws IOException {
        Map<String, List<String>> namesIn = index.namesIn();
        for (String shard : namesIn.keySet()) {
            if (!Files.isRegularFile(folder.resolve(shard))) {
                throw new MalformedCheckpoint(
                        index.file(),
                        "weight_map",
                        "shard " + shard + " beside it",
                        "no such file");
            }
        }
        return new HuggingFaceFolder(folder, index.shardOf(), namesIn, new HashMap<>());
    }

    /// The folder.
    public Path folder() {
        return folder;
    }

    /// Read config.json, see [DeepSeekConfig#read].
    public DeepSeekConfig config() throws IOException {
        return DeepSeekConfig.read(folder.resolve(CONFIG));
    }

    /// Bytes of all files with weights.
    public long bytes() {
        long sum = 0;
        for (String file : new HashSet<>(fileOf.values())) {
            try {
                sum += Files.size(folder.resolve(file));
            } catch (IOException e) {
                return sum; // a size for people, not worth a failure
            }
        }
        return sum;
    }

    /// Names of all tensors, in the order of index or header.
    public Set<String> names() {
        return Collections.unmodifiableSet(fileOf.keySet());
    }

    /// Whether there is a tensor of that name.
    public boolean contains(String name) {
        return fileOf.containsKey(name);
    }

    /// What and where a tensor is; opens its shard.
    ///
    /// @throws MalformedCheckpoint if there is none of that name, or its shard is broken
    public TensorInfo info(String name) throws IOException {
        return fileWith(name).info(name);
    }

    /// The bytes of a tensor, read-only, little-endian, of any alignment, until [#close].
    ///
    /// @throws MalformedCheckpoint if there is none of that name, or its shard is broken
    public MemorySegment data(String name) throws IOException {
        return fileWith(name).data(name);
    }

    /// Check that every tensor of `inventory` is here in its shape; opens all shards it needs.
    /// Tensors beyond the inventory are of no concern.
    ///
    /// @throws MalformedCheckpoint naming the first tensor that is missing or of another shape
    public void check(TensorInventory inventory) throws IOException {
        for (TensorInventory.Entry entry : inventory.entries()) {
            TensorInfo info = info(entry.name());
            if (!info.hasShape(entry.shape())) {
                throw new MalformedCheckpoint(
                        info.file(),
                        "tensor " + entry.name(),
                        "shape " + Arrays.toString(entry.shape()) + " by " + CONFIG,
                        Arrays.toString(info.shape()));
            }
        }
    }

    private Safetensors fileWith(String name) throws IOException {
        String file = fileOf.get(name);
        if (file == null) {
            throw new MalformedCheckpoint(folder, "tensor " + name, "it in the checkpoint", "none");
        }
        return shard(file);
    }

    private synchronized Safetensors shard(String file) throws IOException {
        if (closed) {
            throw new IllegalStateException(folder + " is closed, expected it open");
        }
        Safetensors known = open.get(file);
        if (known != null) {
            return known;
        }
        Safetensors shard = Safetensors.open(folder.resolve(file));
        for (String name : namesIn.getOrDefault(file, List.of())) {
            if (!shard.names().contains(name)) {
                shard.close();
                throw new MalformedCheckpoint(
                        shard.file(),
                        "tensor " + name,
                        "it in this shard, as " + ShardIndex.NAME + " says",
                        "none");
            }
        }
        open.put(file, shard);
        return shard;
    }

    /// Unmap all files; segments handed out must not be touched any more.
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            open.values().forEach(Safetensors::close);
        }
    }
}
