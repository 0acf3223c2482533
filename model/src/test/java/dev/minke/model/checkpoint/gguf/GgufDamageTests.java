package dev.minke.model.checkpoint.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.minke.model.checkpoint.MalformedCheckpoint;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Broken files end in one line or in a valid file, soon, and without much memory.
class GgufDamageTests {
    private static final int MUTATIONS = 3000;
    private static final long SLACK = 64L << 20;
    private static final long[] ODD = {
        0,
        1,
        2,
        7,
        31,
        32,
        33,
        255,
        256,
        0x7fff_ffffL,
        0x8000_0000L,
        0xffff_ffffL,
        1L << 32,
        1L << 40,
        Long.MAX_VALUE,
        Long.MAX_VALUE - 31,
        Long.MIN_VALUE,
        -1,
        -32
    };

    @TempDir private Path folder;

    /// What became of a file.
    private enum Outcome {
        VALID,
        REFUSED
    }

    @Test
    void endsEveryMutationInAnErrorOrAValidFile() throws IOException {
        List<GgufTensorSpec> specs = GgufSamples.everyType().subList(0, 12);
        Path path = folder.resolve("mutated.gguf");
        GgufSamples.write(GgufWriter.toFile(path, GgufSamples.everyValue(), specs), specs);
        byte[] original = Files.readAllBytes(path);
        int header = (int) GgufLayout.of(GgufSamples.everyValue(), specs).dataStart();
        Random random = new Random(20260801);
        int[] outcomes = new int[2];
        for (int i = 0; i < MUTATIONS; i++) {
            Files.write(path, mutate(original, header, random));
            outcomes[load(path).ordinal()]++;
        }
        assertThat(outcomes[0] + outcomes[1]).isEqualTo(MUTATIONS);
        // most mutations hit the structure, some only a number, a letter or the padding
        assertThat(outcomes[Outcome.REFUSED.ordinal()])
                .isBetween(MUTATIONS / 3, MUTATIONS * 9 / 10);
    }

    private static byte[] mutate(byte[] original, int header, Random random) {
        byte[] bytes = original.clone();
        MemorySegment segment = MemorySegment.ofArray(bytes);
        switch (random.nextInt(8)) {
            case 0 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
            case 1 -> bytes = Arrays.copyOf(bytes, header + random.nextInt(bytes.length - header));
            case 2 -> {
                for (int i = 0; i <= random.nextInt(8); i++) {
                    bytes[random.nextInt(header)] ^= (byte) (1 << random.nextInt(8));
                }
            }
            case 3 -> segment.set(Wire.LONG, random.nextInt(header - 8), odd(random));
            case 4 -> segment.set(Wire.INT, random.nextInt(header - 4), (int) odd(random));
            // counts and version
            case 5 -> segment.set(Wire.LONG, 4 * (1 + random.nextInt(4)), odd(random));
            // a piece of the file in another place
            case 6 -> {
                int length = 1 + random.nextInt(64);
                int from = random.nextInt(header - length);
                System.arraycopy(original, from, bytes, random.nextInt(header - length), length);
            }
            // the entries of tensors, at the end of the header
            default -> {
                int at = header * 2 / 3 + random.nextInt(header / 3 - 8);
                segment.set(Wire.LONG, at, odd(random));
            }
        }
        return bytes;
    }

    private static long odd(Random random) {
        return random.nextInt(4) == 0 ? random.nextLong() : ODD[random.nextInt(ODD.length)];
    }

    @Test
    void endsEveryBrokenHeaderInAnErrorOrAValidFile() throws IOException {
        Random random = new Random(42);
        Path path = folder.resolve("made.gguf");
        int[] outcomes = new int[2];
        for (int i = 0; i < 1000; i++) {
            make(random).write(path);
            outcomes[load(path).ordinal()]++;
        }
        assertThat(outcomes[0]).isPositive();
        assertThat(outcomes[1]).isGreaterThan(300);
    }

    /// A header whose parts make sense one by one, but not always together.
    private static GgufBytes make(Random random) {
        int keys = random.nextInt(4);
        int tensors = random.nextInt(5);
        GgufBytes bytes =
                GgufBytes.header(
                        3,
                        rarely(random) ? odd(random) : tensors,
                        rarely(random) ? odd(random) : keys);
        for (int i = 0; i < keys; i++) {
            bytes.string(rarely(random) ? "k" : "k" + i);
            value(bytes, random, 0);
        }
        GgufType[] types = GgufType.values();
        long offset = 0;
        for (int i = 0; i < tensors; i++) {
            GgufType type = types[random.nextInt(types.length)];
            long[] dimensions = new long[1 + random.nextInt(4)];
            Arrays.setAll(dimensions, d -> rarely(random) ? odd(random) : d == 0 ? 256 : 1);
            bytes.tensor(
                    rarely(random) ? "t" : "t" + i,
                    rarely(random) ? (int) odd(random) : type.id(),
                    rarely(random) ? odd(random) : offset,
                    dimensions);
            offset += GgufHeader.align(256L / type.blockSize() * type.blockBytes(), 32);
        }
        return bytes.pad(32).zeros((int) offset);
    }

    private static boolean rarely(Random random) {
        return random.nextInt(12) == 0;
    }

    private static void value(GgufBytes bytes, Random random, int depth) {
        GgufValueType[] types = GgufValueType.values();
        GgufValueType type = types[random.nextInt(types.length)];
        bytes.int32(rarely(random) ? (int) odd(random) : type.id());
        switch (type) {
            case STRING -> bytes.string("x".repeat(random.nextInt(5)));
            case ARRAY -> {
                int count = random.nextInt(3);
                bytes.array(GgufValueType.ARRAY, rarely(random) ? odd(random) : count);
                for (int i = 0; i < count && depth < 10; i++) {
                    bytes.array(GgufValueType.INT16, rarely(random) ? odd(random) : 1).int16(7);
                }
            }
            default -> bytes.zeros(type.bytes());
        }
    }

    @Test
    void endsEveryDamageToAPartInAnErrorOrAValidModel() throws IOException {
        List<GgufTensorSpec> specs = GgufSamples.everyType().subList(0, 8);
        GgufSamples.write(
                GgufWriter.toParts(folder.resolve("m.gguf"), GgufSamples.everyValue(), specs, 1000),
                specs);
        List<String> names = GgufSamples.listing(folder);
        assertThat(names).hasSizeGreaterThan(2);
        Path victim = folder.resolve(names.get(1));
        byte[] original = Files.readAllBytes(victim);
        Random random = new Random(5);
        int[] outcomes = new int[2];
        for (int i = 0; i < 500; i++) {
            Files.write(victim, mutate(original, 240, random));
            Outcome outcome = Outcome.VALID;
            try (GgufCheckpoint read = GgufCheckpoint.open(folder.resolve(names.getFirst()))) {
                for (GgufTensor tensor : read.tensors()) {
                    touch(read.data(tensor.name()));
                }
            } catch (MalformedCheckpoint e) {
                assertThat(e).message().startsWith(folder.toString()).doesNotContain("\n");
                outcome = Outcome.REFUSED;
            }
            outcomes[outcome.ordinal()]++;
        }
        assertThat(outcomes[0]).isPositive();
        assertThat(outcomes[1]).isGreaterThan(200);
    }

    /// Open a file and touch everything in it, within the limits of time and memory.
    private static Outcome load(Path path) throws IOException {
        long size = Files.size(path);
        long bytes = allocated();
        long start = System.nanoTime();
        Outcome outcome;
        try (GgufFile file = GgufFile.open(path)) {
            assertThat(allocated() - bytes).isLessThan(size + SLACK);
            for (GgufValue value : file.metadata().toMap().values()) {
                touch(value);
            }
            for (GgufTensor tensor : file.tensors()) {
                MemorySegment data = file.data(tensor.name());
                assertThat(data.byteSize()).isEqualTo(tensor.length());
                touch(data);
            }
            outcome = Outcome.VALID;
        } catch (MalformedCheckpoint e) {
            assertThat(e)
                    .message()
                    .startsWith(path + ": ")
                    .doesNotContain("\n")
                    .hasSizeLessThan(900);
            outcome = Outcome.REFUSED;
        }
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
        assertThat(allocated() - bytes).isLessThan(size + SLACK);
        return outcome;
    }

    private static void touch(GgufValue value) {
        assertThat(value.toString()).isNotNull();
        if (value instanceof GgufArray array) {
            array.values().forEach(GgufDamageTests::touch);
        }
    }

    private static void touch(MemorySegment data) {
        if (data.byteSize() > 0) {
            int ends =
                    data.get(ValueLayout.JAVA_BYTE, 0)
                            ^ data.get(ValueLayout.JAVA_BYTE, data.byteSize() - 1);
            assertThat(ends).isBetween(-128, 127);
        }
    }

    /// Bytes that this thread has allocated on the heap so far.
    private static long allocated() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean())
                .getCurrentThreadAllocatedBytes();
    }

    @Test
    void holdsAsManyTensorsAndKeysAsItTakesInLittleMemory() throws IOException {
        GgufBytes bytes = GgufBytes.header(3, GgufHeader.MAX_TENSORS, GgufHeader.MAX_KEYS);
        for (int i = 0; i < GgufHeader.MAX_KEYS; i++) {
            bytes.key("k" + i, GgufValueType.INT8).int8(0);
        }
        for (int i = 0; i < GgufHeader.MAX_TENSORS; i++) {
            bytes.tensor("t" + i, 0, 32L * i, 1, 1, 1, 1);
        }
        Path path =
                bytes.pad(32).zeros(32 * GgufHeader.MAX_TENSORS).write(folder.resolve("m.gguf"));
        long before = allocated();
        try (GgufFile file = GgufFile.open(path)) {
            assertThat(allocated() - before).isLessThan(Files.size(path) + SLACK);
            assertThat(file.tensors()).hasSize(GgufHeader.MAX_TENSORS);
        }
    }

    /// A file of zeros is an array of empty strings of any length, and one of arrays of bytes.
    @ParameterizedTest
    @ValueSource(ints = {0, 7, 8, 9})
    void givesUpOnAnEndlessArray(int elementType) throws IOException {
        Path path = folder.resolve("endless.gguf");
        byte[] start =
                GgufBytes.header(3, 0, 1)
                        .key("a", GgufValueType.ARRAY)
                        .array(GgufValueType.of(elementType).orElseThrow(), 20_000_000)
                        .toBytes();
        try (FileChannel channel =
                FileChannel.open(
                        path,
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.SPARSE)) {
            channel.write(ByteBuffer.wrap(start), 0);
            channel.write(ByteBuffer.allocate(1), (8L << 30) - 1);
        }
        long before = allocated();
        long time = System.nanoTime();
        try (GgufFile file = GgufFile.open(path)) {
            assertThat(allocated() - before).isLessThan(1 << 20);
            assertThat(file.metadata().keys()).containsExactly("a");
        }
        assertThat(Duration.ofNanos(System.nanoTime() - time)).isLessThan(Duration.ofSeconds(5));
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            ByteBuffer count = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            channel.write(count.putLong(300_000_000).flip(), start.length - 8);
        }
        assertThatThrownBy(() -> GgufFile.open(path))
                .isInstanceOf(MalformedCheckpoint.class)
                .hasMessageContaining("key a at byte 41: expected at most ")
                .hasMessageEndingWith("found 300000000");
    }

    @Test
    void readsNoHeaderBeyond256Megabytes() throws IOException {
        Path path = folder.resolve("beyond.gguf");
        byte[] start =
                GgufBytes.header(3, 0, 2)
                        .key("a", GgufValueType.STRING)
                        .int64(HeaderCursor.MAX_BYTES - 100)
                        .toBytes();
        byte[] more = GgufBytes.header(3, 0, 0).toBytes();
        try (FileChannel channel =
                FileChannel.open(
                        path,
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.SPARSE)) {
            channel.write(ByteBuffer.wrap(start), 0);
            channel.write(ByteBuffer.wrap(more), 1L << 30);
        }
        long before = allocated();
        assertThatThrownBy(() -> GgufFile.open(path))
                .isInstanceOf(MalformedCheckpoint.class)
                .hasMessageContaining("key number 1 at byte 268435401: expected a key of 1 to 47");
        assertThat(allocated() - before).isLessThan(SLACK);
    }
}
