package dev.minke.model.checkpoint;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.SPARSE;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import com.sun.management.ThreadMXBean;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.TensorInventory;
import dev.minke.model.config.TensorInventory.Kind;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/// A checkpoint as large as the released V3, of which only headers and some rows are on the disk.
///
/// 163 shards, 91,991 tensors, 641.3 GiB in sparse files. Skipped where the file system has none.
class HugeCheckpointTests {
    private static final int SHARDS = 163;
    private static final long DATA_BYTES = 688_574_839_360L;

    /// The first and the last row of each are on the disk, recognisable by the tensor's name.
    private static final List<String> WRITTEN =
            List.of(
                    "model.embed_tokens.weight",
                    "model.layers.0.self_attn.kv_a_proj_with_mqa.weight",
                    "model.layers.30.mlp.gate.weight",
                    "model.layers.60.mlp.experts.255.down_proj.weight",
                    "model.layers.60.mlp.experts.255.down_proj.weight_scale_inv",
                    "model.layers.61.eh_proj.weight",
                    "model.layers.61.shared_head.head.weight");

    @TempDir private static Path folder;
    private static TensorInventory inventory;

    @BeforeAll
    static void writeSparseShards() throws IOException {
        DeepSeekConfig config = v3();
        inventory = TensorInventory.of(config);
        List<List<TensorSpec>> shards = shards(specs(inventory));
        Files.writeString(folder.resolve(HuggingFaceFolder.CONFIG), config.toJson());
        List<Map.Entry<String, String>> shardOf = new ArrayList<>();
        long total = 0;
        long free = Files.getFileStore(folder).getUsableSpace();
        for (int i = 0; i < shards.size(); i++) {
            String name = "model-%05d-of-%06d.safetensors".formatted(i + 1, shards.size());
            writeSparse(folder.resolve(name), ShardLayout.of(shards.get(i), Map.of()));
            for (TensorSpec spec : shards.get(i)) {
                shardOf.add(Map.entry(spec.name(), name));
                total += spec.byteSize();
            }
            if (i == 0 && free - Files.getFileStore(folder).getUsableSpace() > 4L << 30) {
                abort("the file system of " + folder + " has no sparse files");
            }
        }
        Files.writeString(folder.resolve(ShardIndex.NAME), ShardIndex.toJson(total, shardOf));
        assertThat(total).isEqualTo(DATA_BYTES);
    }

    private static DeepSeekConfig v3() throws IOException {
        try (var in = HugeCheckpointTests.class.getResourceAsStream("/config/deepseek-v3.json")) {
            return DeepSeekConfig.parse(
                    new String(Objects.requireNonNull(in).readAllBytes(), UTF_8), "deepseek-v3");
        }
    }

    private static List<TensorSpec> specs(TensorInventory inventory) {
        List<TensorSpec> specs = new ArrayList<>();
        for (TensorInventory.Entry entry : inventory.entries()) {
            StoredType type =
                    switch (entry.kind()) {
                        case LINEAR -> StoredType.F8_E4M3;
                        case ROUTER_BIAS, BLOCK_SCALE -> StoredType.F32;
                        default -> StoredType.BF16;
                    };
            specs.add(new TensorSpec(entry.name(), type, entry.shape()));
        }
        return specs;
    }

    /// Consecutive tensors in shards of about the same size.
    private static List<List<TensorSpec>> shards(List<TensorSpec> specs) {
        long total = specs.stream().mapToLong(TensorSpec::byteSize).sum();
        List<List<TensorSpec>> shards = new ArrayList<>();
        long before = 0;
        for (TensorSpec spec : specs) {
            if (before >= total / SHARDS * shards.size()) {
                shards.add(new ArrayList<>());
            }
            shards.getLast().add(spec);
            before += spec.byteSize();
        }
        return shards;
    }

    private static void writeSparse(Path file, ShardLayout layout) throws IOException {
        List<TensorSpec> tensors = layout.tensors();
        long size = layout.header().length;
        for (TensorSpec spec : tensors) {
            size += spec.byteSize();
        }
        try (FileChannel channel = FileChannel.open(file, CREATE_NEW, WRITE, SPARSE)) {
            channel.write(ByteBuffer.wrap(layout.header()), 0);
            channel.write(ByteBuffer.wrap(new byte[1]), size - 1);
            for (int i = 0; i < tensors.size(); i++) {
                TensorSpec spec = tensors.get(i);
                if (WRITTEN.contains(spec.name())) {
                    int row = rowBytes(spec.byteSize(), spec.shape());
                    long last = layout.position(i) + spec.byteSize() - row;
                    channel.write(ByteBuffer.wrap(row(spec.name(), row)), layout.position(i));
                    channel.write(ByteBuffer.wrap(row(spec.name(), row)), last);
                }
            }
        } catch (IOException e) {
            abort("no sparse files in " + folder + ": " + e.getMessage());
        }
    }

    private static int rowBytes(long bytes, long[] shape) {
        return (int) (bytes / shape[0]);
    }

    private static byte[] row(String name, int bytes) {
        CRC32 crc = new CRC32();
        crc.update(name.getBytes(UTF_8));
        byte[] row = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            row[i] = (byte) (crc.getValue() >>> (i % 4) * 8);
        }
        return row;
    }

    @Test
    void hasTheTotalsOfTheReleasedFiles() {
        assertThat(inventory.entries()).hasSize(91_991);
        assertThat(inventory.elements()).isEqualTo(684_531_386_000L);
        assertThat(DATA_BYTES / (double) (1L << 30)).isBetween(641.25, 641.35);
    }

    @Test
    void opensWithinSecondsAndWithLittleHeap(TestReporter report) throws IOException {
        var thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long heapBefore = usedHeap();
        long allocatedBefore = thread.getCurrentThreadAllocatedBytes();
        long start = System.nanoTime();
        try (HuggingFaceFolder checkpoint = HuggingFaceFolder.open(folder)) {
            double opened = (System.nanoTime() - start) / 1e9;
            checkpoint.check(inventory);
            for (String name : WRITTEN) {
                assertRows(checkpoint, name);
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            long allocated = thread.getCurrentThreadAllocatedBytes() - allocatedBefore;
            long retained = usedHeap() - heapBefore;
            report.publishEntry(
                    "641.3 GiB",
                    "index %.2f s, with all headers %.2f s; allocated %d MiB, retained %d MiB"
                            .formatted(opened, seconds, allocated >> 20, retained >> 20));
            assertThat(checkpoint.names()).hasSize(91_991);
            assertThat(seconds).isLessThan(10);
            assertThat(allocated).isLessThan(200L << 20);
            assertThat(retained).isLessThan(64L << 20);
        }
    }

    private static void assertRows(HuggingFaceFolder checkpoint, String name) throws IOException {
        TensorInfo info = checkpoint.info(name);
        MemorySegment data = checkpoint.data(name);
        int row = rowBytes(info.length(), info.shape());
        assertThat(data.byteSize()).isEqualTo(info.length());
        assertThat(data.asSlice(0, row).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(row(name, row));
        assertThat(data.asSlice(info.length() - row).toArray(ValueLayout.JAVA_BYTE))
                .isEqualTo(row(name, row));
    }

    @Test
    void namesTheTensorThatAnotherConfigurationExpects() throws IOException {
        TensorInventory wider = TensorInventory.of(v3().withNumNextnPredictLayers(2));
        try (HuggingFaceFolder checkpoint = HuggingFaceFolder.open(folder)) {
            assertThatThrownBy(() -> checkpoint.check(wider))
                    .isInstanceOf(MalformedCheckpoint.class)
                    .hasMessage(
                            folder
                                    + ": tensor model.layers.62.embed_tokens.weight: expected it in"
                                    + " the checkpoint, found none");
        }
    }

    @Test
    void quantizedTensorsAreAllButAFewOfIt() {
        long quantized =
                inventory.entries().stream()
                        .filter(entry -> entry.kind() == Kind.LINEAR)
                        .mapToLong(TensorInventory.Entry::elements)
                        .sum();
        assertThat((double) quantized / inventory.elements()).isBetween(0.99, 1.0);
    }

    /// The smallest of some readings, as a collection may leave what it could have freed.
    private static long usedHeap() {
        long used = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            System.gc();
            Runtime runtime = Runtime.getRuntime();
            used = Math.min(used, runtime.totalMemory() - runtime.freeMemory());
        }
        return used;
    }
}
