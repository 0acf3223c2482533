package dev.minke.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTests {
    @TempDir private Path folder;

    @Test
    void readsWhatPythonWroteInEveryType() throws IOException {
        try (Safetensors file = Safetensors.open(Samples.resource("every-type.safetensors"))) {
            assertThat(file.names())
                    .containsExactlyElementsOf(
                            Samples.EVERY_TYPE.stream().map(TensorSpec::name).toList());
            assertThat(file.metadata()).containsOnly(Map.entry("format", "pt"));
            for (TensorSpec spec : Samples.EVERY_TYPE) {
                TensorInfo info = file.info(spec.name());
                assertThat(info.spec()).isEqualTo(spec);
                assertThat(info.file()).isEqualTo(file.file());
                assertThat(Samples.copy(file.data(spec.name()))).isEqualTo(Samples.bytes(spec));
                byte[] whole = Files.readAllBytes(file.file());
                assertThat(
                                Arrays.copyOfRange(
                                        whole,
                                        (int) info.offset(),
                                        (int) (info.offset() + info.length())))
                        .isEqualTo(Samples.bytes(spec));
            }
        }
    }

    @Test
    void handsOutReadOnlyMemoryUntilClosed() throws IOException {
        Safetensors file = Safetensors.open(Samples.resource("every-type.safetensors"));
        MemorySegment data = file.data("t.f32");
        assertThat(data.isReadOnly()).isTrue();
        file.close();
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> data.get(ValueLayout.JAVA_BYTE, 0));
    }

    @Test
    void namesATensorThatIsNotThere() throws IOException {
        Path path = Samples.resource("every-type.safetensors");
        try (Safetensors file = Safetensors.open(path)) {
            assertThatThrownBy(() -> file.data("t.f128"))
                    .isInstanceOf(MalformedCheckpoint.class)
                    .hasMessage(path + ": tensor t.f128: expected it in this file, found none");
        }
    }

    @Test
    void namesAFileThatIsNotThere() {
        Path missing = folder.resolve("none.safetensors");
        assertThatThrownBy(() -> Safetensors.open(missing))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining(missing.toString());
        assertThatThrownBy(() -> Safetensors.open(folder)).isInstanceOf(NoSuchFileException.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "8|[]|byte 8: expected a JSON object, found byte 0x5b",
                "8|{}|byte 10: expected the end of the file after the last tensor, found 8 more"
                        + " bytes",
                "4|{'a':{'dtype':'F32','shape':[1]}}|tensor a: expected dtype, shape and two"
                        + " data_offsets, found fewer",
                "4|{'a':{'dtype':'F33','shape':[1],'data_offsets':[0,4]}}|tensor a: expected a"
                        + " dtype of [F64, F32, F16, BF16, F8_E4M3, F8_E5M2, F8_E8M0, I64, I32,"
                        + " I16, I8, U8, BOOL], found F33",
                "4|{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,4]}}|tensor a: expected 8"
                        + " bytes for F32 [2], found 4 at data_offsets [0, 4]",
                "4|{'a':{'dtype':'F32','shape':[1],'data_offsets':[4,0]}}|tensor a: expected"
                        + " data_offsets within 4 bytes of data, found [4, 0]",
                "4|{'a':{'dtype':'F32','shape':[1],'data_offsets':[1,5]}}|tensor a: expected"
                        + " data_offsets within 4 bytes of data, found [1, 5]",
                "4|{'a':{'dtype':'U8','shape':[9223372036854775807,2],'data_offsets':[0,4]}}|"
                        + "tensor a: expected a shape of fewer than 2^63 bytes, found"
                        + " [9223372036854775807, 2]",
                "4|{'a':{'dtype':'U8','shape':[4294967296,4294967296,0],'data_offsets':[0,0]}}|"
                        + "tensor a: expected a shape of fewer than 2^63 bytes, found"
                        + " [4294967296, 4294967296, 0]",
                "4|{'a':{'dtype':'U8','shape':[4],'data_offsets':[0,4]},'b':{'dtype':'U8',"
                        + "'shape':[2],'data_offsets':[2,4]}}|tensor b: expected data from byte 117"
                        + " on, where the tensor before it ends, found an overlap as it starts at"
                        + " 115",
                "4|{'a':{'dtype':'U8','shape':[1],'data_offsets':[0,1]},'b':{'dtype':'U8',"
                        + "'shape':[2],'data_offsets':[2,4]}}|tensor b: expected data from byte 114"
                        + " on, where the tensor before it ends, found a hole as it starts at 115",
                "2|{'a':{'dtype':'U8','shape':[1],'data_offsets':[0,1]},'a':{'dtype':'U8',"
                        + "'shape':[1],'data_offsets':[1,2]}}|tensor a: expected one entry, found"
                        + " two",
                "1|{'a':{'dtype':'U8','dtype':'I8','shape':[1],'data_offsets':[0,1]}}|tensor a:"
                        + " expected one dtype, found two",
                "1|{'a':{'dtype':'U8','shape':[1],'shape':[1],'data_offsets':[0,1]}}|tensor a:"
                        + " expected one shape, found two",
                "0|{'__metadata__':{},'__metadata__':{}}|__metadata__: expected one entry, found"
                        + " two",
            })
    void refusesAHeaderThatBreaksTheFormat(int dataBytes, String header, String message)
            throws IOException {
        assertRefused(Samples.file(header.replace('\'', '"'), dataBytes), message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'a':7}|an object as tensor a",
                "{'a':{'dtype':7}}|a string as dtype of a",
                "{'a':{'shape':7}}|a list as shape of a",
                "{'a':{'shape':[-1]}}|at most 32 integers of 0 or more as shape of a",
                "{'a':{'shape':[1.5]}}|at most 32 integers of 0 or more as shape of a",
                "{'a':{'data_offsets':[0,1,2]}}|at most 2 integers of 0 or more as data_offsets of"
                        + " a",
                "{'a':{'shape':[99999999999999999999]}}|expected JSON",
                "{'__metadata__':[]}|an object of strings as __metadata__",
                "{'__metadata__':{'a':1}}|a string as metadata a",
                "{'a'|expected JSON",
                "{}{}|the end of the header",
                "{'a':{'x':[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}}|expected JSON",
                "{'a':NaN}|expected JSON"
            })
    void saysWhatItExpectedWhere(String header, String expected) throws IOException {
        Path file = folder.resolve("broken.safetensors");
        Files.write(file, Samples.file(header.replace('\'', '"'), 0));
        assertThatThrownBy(() -> Safetensors.open(file))
                .isInstanceOf(MalformedCheckpoint.class)
                .hasMessageStartingWith(file + ": byte ")
                .hasMessageContaining(expected);
    }

    @Test
    void readsNoHeaderThatTheFileCannotHold() throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        assertRefused(
                bytes.putLong(0, Long.MAX_VALUE).array(),
                "byte 0: expected a header length of 2 to 8, found 9223372036854775807");
        assertRefused(
                bytes.putLong(0, -1).array(),
                "byte 0: expected a header length of 2 to 8, found 18446744073709551615");
        assertRefused(
                bytes.putLong(0, 9).array(), "byte 0: expected a header length of 2 to 8, found 9");
        assertRefused(
                new byte[7], "byte 0: expected 8 bytes of header length, found a file of 7 bytes");
        assertRefused(
                new byte[0], "byte 0: expected 8 bytes of header length, found a file of 0 bytes");
    }

    @Test
    void readsNoHeaderBeyond100Megabytes() throws IOException {
        Path file = folder.resolve("large.safetensors");
        try (FileChannel channel = sparse(file, 200_000_000)) {
            ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            channel.write(length.putLong(100_000_001).flip(), 0);
        }
        assertThatThrownBy(() -> Safetensors.open(file))
                .hasMessage(
                        file
                                + ": byte 0: expected a header length of 2 to 100000000, found"
                                + " 100000001");
    }

    @Test
    void keepsNamesFromBreakingTheLine() throws IOException {
        String header = "{\"a\\nb\":{\"dtype\":\"" + "X".repeat(5000) + "\",\"shape\":[1],";
        Path file = folder.resolve("broken.safetensors");
        Files.write(file, Samples.file(header + "\"data_offsets\":[0,1]}}", 1));
        assertThatThrownBy(() -> Safetensors.open(file))
                .isInstanceOf(MalformedCheckpoint.class)
                .message()
                .contains("tensor a?b")
                .doesNotContain("\n")
                .hasSizeLessThan(600);
    }

    @Test
    void mapsMoreThanTwoGigabytes() throws IOException {
        long big = (1L << 31) + 5;
        String header =
                "{\"big\":{\"dtype\":\"U8\",\"shape\":[%d],\"data_offsets\":[0,%d]},"
                                .formatted(big, big)
                        + "\"tail\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[%d,%d]}}"
                                .formatted(big, big + 4);
        byte[] start = Samples.file(header, 0);
        Path file = folder.resolve("big.safetensors");
        try (FileChannel channel = sparse(file, start.length + big + 4)) {
            channel.write(ByteBuffer.wrap(start), 0);
            channel.write(ByteBuffer.wrap(new byte[] {9, 1, 2, 3, 4}), start.length + big - 1);
        }
        try (Safetensors mapped = Safetensors.open(file)) {
            MemorySegment data = mapped.data("big");
            assertThat(data.byteSize()).isEqualTo(big);
            assertThat(data.get(ValueLayout.JAVA_BYTE, big - 1)).isEqualTo((byte) 9);
            assertThat(Samples.copy(mapped.data("tail"))).containsExactly(1, 2, 3, 4);
        }
    }

    @Test
    void endsEveryMutationInAnErrorOrAValidFile() throws IOException {
        byte[] original = Files.readAllBytes(Samples.resource("every-type.safetensors"));
        int header = (int) ByteBuffer.wrap(original).order(ByteOrder.LITTLE_ENDIAN).getLong() + 8;
        Path file = folder.resolve("mutated.safetensors");
        Random random = new Random(20250211);
        int[] outcomes = new int[2];
        for (int i = 0; i < 500; i++) {
            Files.write(file, mutate(original, header, random));
            Assertions.assertTimeoutPreemptively(
                    Duration.ofSeconds(5), () -> outcomes[load(file)]++);
        }
        assertThat(outcomes[0] + outcomes[1]).isEqualTo(500);
        // most mutations hit the structure, some only a name or a blank
        assertThat(outcomes[1]).isBetween(300, 499);
    }

    /// 0 for a file that loads in full, 1 for one refused; everything else fails the test.
    private static int load(Path file) throws IOException {
        try (Safetensors loaded = Safetensors.open(file)) {
            for (String name : loaded.names()) {
                assertThat(Samples.copy(loaded.data(name)))
                        .hasSize((int) loaded.info(name).length());
            }
            return 0;
        } catch (MalformedCheckpoint e) {
            assertThat(e).message().startsWith(file + ": ").doesNotContain("\n");
            return 1;
        }
    }

    private static byte[] mutate(byte[] original, int header, Random random) {
        byte[] bytes = original.clone();
        switch (random.nextInt(5)) {
            case 0 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
            case 1 -> bytes = Arrays.copyOf(bytes, bytes.length + 1 + random.nextInt(64));
            case 2 -> bytes[random.nextInt(8)] = (byte) random.nextInt();
            case 3 -> bytes[8 + random.nextInt(header - 8)] = (byte) random.nextInt();
            default -> {
                String alphabet = "0123456789{}[],:\"-e. aFBI8\\";
                for (int i = 0; i <= random.nextInt(4); i++) {
                    int at = 8 + random.nextInt(header - 8);
                    bytes[at] = (byte) alphabet.charAt(random.nextInt(alphabet.length()));
                }
            }
        }
        return bytes;
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

    private void assertRefused(byte[] bytes, String message) throws IOException {
        Path file = folder.resolve("broken.safetensors");
        Files.write(file, bytes);
        assertThatThrownBy(() -> Safetensors.open(file))
                .isInstanceOf(MalformedCheckpoint.class)
                .hasMessage(file + ": " + message);
    }
}
