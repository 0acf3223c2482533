package dev.minke.model.checkpoint.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.minke.model.checkpoint.MalformedCheckpoint;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufFileTests {
    private static final int F32 = GgufType.F32.id();

    @TempDir private Path folder;

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void readsVersionsTwoAndThree(int version) throws IOException {
        Path path =
                GgufBytes.header(version, 2, 2)
                        .key("general.architecture", GgufValueType.STRING)
                        .string("llama")
                        .key("n", GgufValueType.UINT16)
                        .int16(7)
                        .tensor("a", F32, 0, 3, 2)
                        .tensor("b", GgufType.Q4_0.id(), 32, 32, 1, 1, 1)
                        .pad(32)
                        .zeros(31)
                        .int8(5)
                        .zeros(17)
                        .int8(9)
                        .write(folder.resolve("model.gguf"));
        try (GgufFile file = GgufFile.open(path)) {
            assertThat(file.version()).isEqualTo(version);
            assertThat(file.alignment()).isEqualTo(32);
            assertThat(file.file()).isEqualTo(path);
            assertThat(file.metadata().integer("n")).isEqualTo(7);
            GgufTensor a = file.tensor("a");
            assertThat(a.dimensions()).containsExactly(3, 2);
            assertThat(a.shape()).containsExactly(2, 3);
            assertThat(a.hasShape(2, 3)).isTrue();
            assertThat(a.columns()).isEqualTo(3);
            assertThat(a.rows()).isEqualTo(2);
            assertThat(a.elements()).isEqualTo(6);
            assertThat(a.length()).isEqualTo(24);
            assertThat(a.offset()).isEqualTo(Files.size(path) - 50).isEqualTo(192);
            GgufTensor b = file.tensor("b");
            assertThat(b.elements()).isEqualTo(32);
            assertThat(b.spec())
                    .isEqualTo(new GgufTensorSpec("b", GgufType.Q4_0, new long[] {1, 1, 1, 32}));
            MemorySegment data = file.data("b");
            assertThat(data.byteSize()).isEqualTo(18);
            assertThat(data.get(ValueLayout.JAVA_BYTE, 17)).isEqualTo((byte) 9);
            assertThat(data.address() % 32).isZero();
            assertThat(file.tensors()).containsExactly(a, b);
            assertThat(file.find("c")).isEmpty();
        }
    }

    @Test
    void handsOutReadOnlyMemoryUntilClosed() throws IOException {
        List<GgufTensorSpec> specs = GgufSamples.everyType();
        Path path = folder.resolve("model.gguf");
        GgufSamples.write(GgufWriter.toFile(path, new LinkedHashMap<>(), specs), specs);
        GgufFile file = GgufFile.open(path);
        MemorySegment data = file.data("t.F32");
        assertThat(data.isReadOnly()).isTrue();
        file.close();
        assertThatIllegalStateException().isThrownBy(() -> data.get(ValueLayout.JAVA_BYTE, 0));
    }

    @Test
    void namesWhatIsNotThere() throws IOException {
        Path missing = folder.resolve("none.gguf");
        assertThatThrownBy(() -> GgufFile.open(missing))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessage(missing + ": expected a GGUF file there");
        assertThatThrownBy(() -> GgufFile.open(folder)).isInstanceOf(NoSuchFileException.class);
        Path path = GgufBytes.header(3, 0, 0).write(folder.resolve("empty.gguf"));
        try (GgufFile file = GgufFile.open(path)) {
            assertThat(file.tensors()).isEmpty();
            assertThatThrownBy(() -> file.data("a"))
                    .isInstanceOf(MalformedCheckpoint.class)
                    .hasMessage(path + ": tensor a: expected it in this file, found none");
        }
    }

    @Test
    void needsNoPaddingWhereNothingFollows() throws IOException {
        Path path =
                GgufBytes.header(3, 2, 0)
                        .tensor("none", F32, 0, 0)
                        .tensor("never", F32, 32, 4, 0)
                        .write(folder.resolve("model.gguf"));
        try (GgufFile file = GgufFile.open(path)) {
            assertThat(file.data("none").byteSize()).isZero();
            assertThat(file.data("never").byteSize()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 8, 64, 4096})
    void obeysTheAlignment(int alignment) throws IOException {
        int second = Math.max(4, alignment);
        Path path =
                GgufBytes.header(3, 2, 1)
                        .key("general.alignment", GgufValueType.UINT32)
                        .int32(alignment)
                        .tensor("a", F32, 0, 1)
                        .tensor("b", F32, second, 1)
                        .pad(alignment)
                        .int32(1)
                        .zeros(second - 4)
                        .int32(2)
                        .write(folder.resolve("model.gguf"));
        try (GgufFile file = GgufFile.open(path)) {
            assertThat(file.alignment()).isEqualTo(alignment);
            assertThat(file.data("a").get(Wire.INT, 0)).isEqualTo(1);
            assertThat(file.data("b").get(Wire.INT, 0)).isEqualTo(2);
            assertThat(file.tensor("b").offset() % alignment).isZero();
        }
    }

    static Stream<Arguments> brokenFiles() {
        return Stream.of(
                broken(
                        "header at byte 0: expected the letters GGUF, found the end of the file at"
                                + " byte 0",
                        new GgufBytes()),
                broken(
                        "header at byte 0: expected the letters GGUF, found 0x47475556",
                        new GgufBytes().bytes((byte) 'G', (byte) 'G', (byte) 'U', (byte) 'V')),
                broken(
                        "header at byte 4: expected a version, found the end of the file at byte 6",
                        new GgufBytes().int32(GgufHeader.MAGIC).int16(3)),
                broken(
                        "header at byte 4: expected version 2 or 3, found 1",
                        GgufBytes.header(1, 0, 0)),
                broken(
                        "header at byte 4: expected version 2 or 3, found 4",
                        GgufBytes.header(4, 0, 0)),
                broken(
                        "header at byte 4: expected version 2 or 3, found 0",
                        GgufBytes.header(0, 0, 0)),
                broken(
                        "header at byte 4: expected a little-endian file, found a big-endian one of"
                                + " version 3",
                        GgufBytes.header(3 << 24, 0, 0)),
                broken(
                        "header at byte 8: expected at most 0 tensors, as the file is, found 1",
                        GgufBytes.header(3, 1, 0)),
                broken(
                        "header at byte 8: expected at most 65536 tensors, as the file is, found"
                                + " 65537",
                        GgufBytes.header(3, 65_537, 0).zeros(3_000_000)),
                broken(
                        "header at byte 8: expected at most 0 tensors, as the file is, found"
                                + " 18446744073709551615",
                        GgufBytes.header(3, -1, 0)),
                broken(
                        "header at byte 16: expected at most 0 keys, as the file is, found"
                                + " 4611686018427387904",
                        GgufBytes.header(3, 0, 1L << 62)),
                broken(
                        "key number 0 at byte 24: expected a key of 1 to 12 bytes, found 1000",
                        GgufBytes.header(3, 0, 1).int64(1000).zeros(12)),
                broken(
                        "key number 0 at byte 24: expected a key of 1 to 12 bytes, found 0",
                        GgufBytes.header(3, 0, 1).int64(0).zeros(12)),
                broken(
                        "key number 0 at byte 24: expected a key in UTF-8, found bytes that are"
                                + " none",
                        GgufBytes.header(3, 0, 1).int64(2).bytes((byte) 0xc3, (byte) 'x').zeros(9)),
                broken(
                        "key a at byte 33: expected a value type of 0 to 12, found 13",
                        GgufBytes.header(3, 0, 1).string("a").int32(13).zeros(9)),
                broken(
                        "key a at byte 37: expected a value of type UINT64, found the end of the"
                                + " file at byte 40",
                        GgufBytes.header(3, 0, 1).key("a", GgufValueType.UINT64).zeros(3)),
                broken(
                        "key a at byte 37: expected 0 or 1 as BOOL, found byte 0x02",
                        GgufBytes.header(3, 0, 1).key("a", GgufValueType.BOOL).int8(2)),
                broken(
                        "key a at byte 37: expected a string of at most 1 bytes, as the file is,"
                                + " found 18446744073709551615",
                        GgufBytes.header(3, 0, 1).key("a", GgufValueType.STRING).int64(-1).int8(0)),
                broken(
                        "key a at byte 41: expected at most 1 elements, as the file is, found"
                                + " 1099511627776",
                        GgufBytes.header(3, 0, 1)
                                .key("a", GgufValueType.ARRAY)
                                .array(GgufValueType.INT32, 1L << 40)
                                .zeros(7)),
                broken(
                        "key a at byte 41: expected at most 1 elements, as the file is, found 2",
                        GgufBytes.header(3, 0, 1)
                                .key("a", GgufValueType.ARRAY)
                                .array(GgufValueType.STRING, 2)
                                .zeros(9)),
                broken(
                        "key a at byte 38: expected one entry, found two",
                        GgufBytes.header(3, 0, 2)
                                .key("a", GgufValueType.INT8)
                                .int8(0)
                                .key("a", GgufValueType.INT8)
                                .int8(0)),
                broken(
                        "key general.alignment: expected a power of two up to 2^30, found 48",
                        alignment(48)),
                broken(
                        "key general.alignment: expected a power of two up to 2^30, found 0",
                        alignment(0)),
                broken(
                        "key general.alignment: expected a power of two up to 2^30, found"
                                + " 2147483648",
                        alignment(1 << 31)),
                broken(
                        "key general.alignment: expected an integer below 2^63, found STRING"
                                + " \"32\"",
                        GgufBytes.header(3, 0, 1)
                                .key("general.alignment", GgufValueType.STRING)
                                .string("32")),
                broken(
                        "tensor a at byte 33: expected 1 to 4 dimensions, found 0",
                        GgufBytes.header(3, 1, 0).tensor("a", F32, 0).zeros(16)),
                broken(
                        "tensor a at byte 33: expected 1 to 4 dimensions, found 5",
                        GgufBytes.header(3, 1, 0).tensor("a", F32, 0, 1, 1, 1, 1, 1)),
                broken(
                        "tensor a at byte 45: expected a known type, found type number 99",
                        GgufBytes.header(3, 1, 0).tensor("a", 99, 0, 1)),
                broken(
                        "tensor a at byte 45: expected a known type, found type number 4 (Q4_2),"
                                + " which the format has dropped",
                        GgufBytes.header(3, 1, 0).tensor("a", 4, 0, 1)),
                broken(
                        "tensor a at byte 33: expected 1 to 4 dimensions of 0 or more, fewer than"
                                + " 2^63 bytes for type F32, found [-1]",
                        GgufBytes.header(3, 1, 0).tensor("a", F32, 0, -1)),
                broken(
                        "tensor a at byte 33: expected 1 to 4 dimensions of 0 or more, fewer than"
                                + " 2^63 bytes for type F32, found [4294967296, 4294967296]",
                        GgufBytes.header(3, 1, 0).tensor("a", F32, 0, 1L << 32, 1L << 32)),
                broken(
                        "tensor a at byte 33: expected 1 to 4 dimensions of 0 or more, rows of a"
                                + " multiple of 256, fewer than 2^63 bytes for type Q6_K, found"
                                + " [2, 255]",
                        GgufBytes.header(3, 1, 0).tensor("a", GgufType.Q6_K.id(), 0, 255, 2)),
                broken(
                        "tensor a at byte 49: expected a data offset at a multiple of 32, found 16",
                        GgufBytes.header(3, 1, 0).tensor("a", F32, 16, 1)),
                broken(
                        "tensor a at byte 49: expected a data offset at a multiple of 32, found"
                                + " 18446744073709551584",
                        GgufBytes.header(3, 1, 0).tensor("a", F32, -32, 1)),
                broken(
                        "tensor a: expected its data within the 3 bytes from byte 64 on, found 4"
                                + " bytes at offset 0",
                        GgufBytes.header(3, 1, 0).tensor("a", F32, 0, 1).pad(32).zeros(3)),
                broken(
                        "tensor a: expected its data within the 0 bytes from byte 64 on, found 4"
                                + " bytes at offset 0",
                        GgufBytes.header(3, 1, 0).tensor("a", F32, 0, 1)),
                broken(
                        "tensor a: expected its data within the 4 bytes from byte 64 on, found 4"
                                + " bytes at offset 9223372036854775776",
                        GgufBytes.header(3, 1, 0)
                                .tensor("a", F32, Long.MAX_VALUE - 31, 1)
                                .pad(32)
                                .zeros(4)),
                broken(
                        "tensor b: expected data from byte 132 on, where tensor a ends, found an"
                                + " overlap as it starts at 128",
                        GgufBytes.header(3, 2, 0)
                                .tensor("a", F32, 0, 9)
                                .tensor("b", F32, 32, 8)
                                .pad(32)
                                .zeros(64)),
                broken(
                        "tensor a at byte 57: expected one entry, found two",
                        GgufBytes.header(3, 2, 0)
                                .tensor("a", F32, 0, 1)
                                .tensor("a", F32, 32, 1)
                                .pad(32)
                                .zeros(64)));
    }

    private static GgufBytes alignment(int value) {
        return GgufBytes.header(3, 0, 1)
                .key("general.alignment", GgufValueType.UINT32)
                .int32(value);
    }

    private static Arguments broken(String message, GgufBytes bytes) {
        return Arguments.of(Named.of(message, bytes), message);
    }

    @ParameterizedTest
    @MethodSource("brokenFiles")
    void refusesAFileThatBreaksTheFormat(GgufBytes bytes, String message) throws IOException {
        Path path = bytes.write(folder.resolve("broken.gguf"));
        assertThatThrownBy(() -> GgufFile.open(path))
                .isInstanceOf(MalformedCheckpoint.class)
                .hasMessage(path + ": " + message);
    }

    @Test
    void takesEightArraysInEachOtherAndNoMore() throws IOException {
        try (GgufFile file = GgufFile.open(nested(8).write(folder.resolve("eight.gguf")))) {
            GgufArray array = file.metadata().array("a");
            for (int depth = 2; depth <= 8; depth++) {
                array = array.array(0);
            }
            assertThat(array.size()).isZero();
        }
        for (int depth : new int[] {9, 10, 100_000}) {
            Path path = nested(depth).write(folder.resolve("deep.gguf"));
            assertThatThrownBy(() -> GgufFile.open(path))
                    .isInstanceOf(MalformedCheckpoint.class)
                    .hasMessageContaining("key a at byte 133: expected at most 8 arrays in each");
        }
    }

    private static GgufBytes nested(int depth) {
        GgufBytes bytes = GgufBytes.header(3, 0, 1).key("a", GgufValueType.ARRAY);
        for (int i = 1; i < depth; i++) {
            bytes.array(GgufValueType.ARRAY, 1);
        }
        return bytes.array(GgufValueType.STRING, 0);
    }

    @Test
    void keepsNamesFromBreakingTheLine() throws IOException {
        Path path =
                GgufBytes.header(3, 1, 0)
                        .tensor("a\nb" + "x".repeat(900), 99, 0, 1)
                        .write(folder.resolve("broken.gguf"));
        assertThatThrownBy(() -> GgufFile.open(path))
                .isInstanceOf(MalformedCheckpoint.class)
                .message()
                .contains("tensor a?b")
                .doesNotContain("\n")
                .hasSizeLessThan(600);
    }

    @Test
    void opensTwentyGigabytesInAnInstant() throws IOException {
        long gib = 1L << 30;
        List<GgufTensorSpec> specs =
                List.of(
                        new GgufTensorSpec("first", GgufType.BF16, new long[] {7, gib / 2}),
                        new GgufTensorSpec("small", GgufType.F32, new long[] {2}),
                        new GgufTensorSpec("second", GgufType.I8, new long[] {13, gib}),
                        new GgufTensorSpec("last", GgufType.I32, new long[] {1}));
        Path path = folder.resolve("large.gguf");
        GgufLayout layout = GgufLayout.of(new LinkedHashMap<>(), specs);
        assertThat(layout.fileBytes()).isGreaterThan(20_000_000_000L);
        try (FileChannel channel = sparse(path, layout.fileBytes())) {
            channel.position(0);
            layout.writeHeader(Channels.newOutputStream(channel));
            channel.write(ByteBuffer.wrap(new byte[] {1, 0, 0, 0}), layout.position(1));
            channel.write(ByteBuffer.wrap(new byte[] {9}), layout.position(2) + 13 * gib - 1);
            channel.write(ByteBuffer.wrap(new byte[] {2, 0, 0, 0}), layout.position(3));
        }
        long start = System.nanoTime();
        try (GgufFile file = GgufFile.open(path)) {
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isLessThan(Duration.ofSeconds(1));
            assertThat(file.tensor("small").offset()).isGreaterThan(4 * gib);
            assertThat(file.data("small").get(Wire.INT, 0)).isEqualTo(1);
            assertThat(file.data("second").get(ValueLayout.JAVA_BYTE, 13 * gib - 1))
                    .isEqualTo((byte) 9);
            assertThat(file.data("last").get(Wire.INT, 0)).isEqualTo(2);
            assertThat(file.data("first").byteSize()).isEqualTo(7 * gib);
        }
    }

    private static FileChannel sparse(Path file, long size) throws IOException {
        FileChannel channel =
                FileChannel.open(
                        file,
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.SPARSE);
        channel.write(ByteBuffer.allocate(1), size - 1);
        return channel;
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny-v3", "tiny-v2-lite", "tiny-moonlight"})
    void readsTheGoldenModels(String name) throws IOException {
        var path = GgufSamples.shared("golden/" + name + "/model.gguf");
        assumeTrue(path.isPresent(), "needs shared/golden beside the project");
        try (GgufFile file = GgufFile.open(path.get())) {
            GgufMetadata keys = file.metadata();
            assertThat(keys.string("general.architecture")).isEqualTo("deepseek2");
            assertThat(keys.integer("deepseek2.attention.head_count_kv")).isEqualTo(1);
            assertThat(keys.number("deepseek2.attention.layer_norm_rms_epsilon"))
                    .isBetween(1e-7, 1e-4);
            assertThat(keys.bool("deepseek2.expert_weights_norm")).isIn(true, false);
            GgufTensor embedding = file.tensor("token_embd.weight");
            long width = keys.integer("deepseek2.embedding_length");
            assertThat(embedding.hasShape(keys.integer("deepseek2.vocab_size"), width)).isTrue();
            assertThat(embedding.type()).isEqualTo(GgufType.BF16);
            assertThat(file.tensor("blk.0.attn_norm.weight").type()).isEqualTo(GgufType.F32);
            GgufTensor stacked = file.tensor("blk.1.ffn_gate_exps.weight");
            assertThat(stacked.shape()[0]).isEqualTo(keys.integer("deepseek2.expert_count"));
            long end = 0;
            for (GgufTensor tensor : file.tensors()) {
                if (end > 0) {
                    assertThat(tensor.offset()).isEqualTo(end);
                }
                end = GgufHeader.align(tensor.offset() + tensor.length(), 32);
            }
            assertThat(end).isEqualTo(Files.size(path.get()));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"deepseek-llm", "deepseek-coder"})
    void readsVocabularies(String name) throws IOException {
        var path = GgufSamples.shared("data/tokenizer/ggml-vocab-" + name + ".gguf");
        assumeTrue(path.isPresent(), "needs shared/data beside the project");
        try (GgufFile file = GgufFile.open(path.get())) {
            GgufMetadata keys = file.metadata();
            assertThat(keys.string("tokenizer.ggml.pre")).isEqualTo(name);
            List<String> tokens = keys.strings("tokenizer.ggml.tokens");
            assertThat(tokens).contains("Ġthe").doesNotContain("\ufffd");
            assertThat(keys.integers("tokenizer.ggml.token_type")).hasSameSizeAs(tokens.toArray());
            assertThat(keys.strings("tokenizer.ggml.merges"))
                    .allMatch(merge -> merge.contains(" "));
            assertThat(keys.integer("tokenizer.ggml.bos_token_id")).isLessThan(tokens.size());
            assertCopies(file);
        }
    }

    /// What is read is written again to the last byte, padding of an absent data section apart.
    private void assertCopies(GgufFile file) throws IOException {
        Path copy = folder.resolve("copy.gguf");
        GgufSamples.write(GgufWriter.toFile(copy, file.metadata().toMap(), List.of()), List.of());
        byte[] original = Files.readAllBytes(file.file());
        assertThat(Files.readAllBytes(copy))
                .isEqualTo(Arrays.copyOf(original, (int) Files.size(copy)));
        assertThat(original.length - Files.size(copy)).isBetween(0L, 31L);
    }

    @Test
    void copiesAGoldenModelToTheLastByte() throws IOException {
        var path = GgufSamples.shared("golden/tiny-v3/model.gguf");
        assumeTrue(path.isPresent(), "needs shared/golden beside the project");
        Path copy = folder.resolve("copy.gguf");
        try (GgufFile file = GgufFile.open(path.get())) {
            List<GgufTensorSpec> specs = file.tensors().stream().map(GgufTensor::spec).toList();
            try (GgufWriter writer = GgufWriter.toFile(copy, file.metadata().toMap(), specs)) {
                for (GgufTensorSpec spec : specs.reversed()) {
                    writer.write(spec.name(), file.data(spec.name()));
                }
                writer.commit();
            }
        }
        assertThat(copy).hasSameBinaryContentAs(path.get());
    }
}
