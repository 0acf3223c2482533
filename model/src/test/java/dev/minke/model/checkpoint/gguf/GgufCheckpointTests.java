package dev.minke.model.checkpoint.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.minke.model.checkpoint.MalformedCheckpoint;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GgufCheckpointTests {
    /// Padded to the alignment, a part of three has 3 x 64 bytes of data.
    private static final List<GgufTensorSpec> SPECS =
            List.of(
                    spec("a", 33),
                    spec("b", 64),
                    spec("c", 40),
                    spec("d", 64),
                    spec("e", 50),
                    spec("f", 60),
                    spec("g", 33),
                    spec("h", 33),
                    spec("i", 33),
                    spec("j", 33));

    @TempDir private Path folder;

    private static GgufTensorSpec spec(String name, long size) {
        return new GgufTensorSpec(name, GgufType.I8, new long[] {size});
    }

    private static SequencedMap<String, GgufValue> keys(String name, GgufValue value) {
        SequencedMap<String, GgufValue> keys = new LinkedHashMap<>();
        keys.put(name, value);
        return keys;
    }

    private void writeParts(long maxPartBytes) throws IOException {
        var metadata = keys("general.name", GgufValue.string("split"));
        GgufSamples.write(
                GgufWriter.toParts(folder.resolve("m.gguf"), metadata, SPECS, maxPartBytes), SPECS);
    }

    private Path part(int part, int count) {
        return folder.resolve("m-%05d-of-%05d.gguf".formatted(part, count));
    }

    private void assertWhole(Path file, int parts) throws IOException {
        try (GgufCheckpoint read = GgufCheckpoint.open(file)) {
            assertThat(read.parts()).hasSize(parts);
            assertThat(read.file()).isEqualTo(read.parts().getFirst().file());
            assertThat(read.metadata().string("general.name")).isEqualTo("split");
            assertThat(read.tensors().stream().map(GgufTensor::spec)).isEqualTo(SPECS);
            for (GgufTensorSpec spec : SPECS) {
                assertThat(read.contains(spec.name())).isTrue();
                assertThat(read.tensor(spec.name()).spec()).isEqualTo(spec);
                assertThat(GgufSamples.copy(read.data(spec.name())))
                        .isEqualTo(GgufSamples.bytes(spec));
            }
            assertThat(read.find("z")).isEmpty();
            assertThatThrownBy(() -> read.data("z"))
                    .isInstanceOf(MalformedCheckpoint.class)
                    .hasMessage(
                            read.file() + ": tensor z: expected it in the checkpoint, found none");
        }
    }

    @Test
    void writesOneFileWhereItFits() throws IOException {
        writeParts(640);
        assertThat(GgufSamples.listing(folder)).containsExactly("m.gguf");
        assertWhole(folder.resolve("m.gguf"), 1);
        try (GgufFile file = GgufFile.open(folder.resolve("m.gguf"))) {
            assertThat(file.metadata().keys()).containsExactly("general.name");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 10})
    void opensAllPartsByAnyOfThem(int parts) throws IOException {
        writeParts(64L * Math.ceilDiv(SPECS.size(), parts));
        assertThat(GgufSamples.listing(folder))
                .hasSize(parts)
                .first()
                .isEqualTo("m-00001-of-%05d.gguf".formatted(parts));
        for (int part = 1; part <= parts; part++) {
            assertWhole(part(part, parts), parts);
            try (GgufFile file = GgufFile.open(part(part, parts))) {
                GgufMetadata keys = file.metadata();
                assertThat(keys.contains("general.name")).isEqualTo(part == 1);
                assertThat(keys.value("split.no")).isEqualTo(GgufValue.uint16(part - 1));
                assertThat(keys.value("split.count")).isEqualTo(GgufValue.uint16(parts));
                assertThat(keys.value("split.tensors.count")).isEqualTo(GgufValue.int32(10));
            }
        }
    }

    @Test
    void givesALargeTensorItsOwnPart() throws IOException {
        writeParts(1);
        assertWhole(part(7, 10), 10);
    }

    @Test
    void writesAnAlignmentIntoEveryPart() throws IOException {
        var metadata = keys("general.alignment", GgufValue.uint32(128));
        GgufSamples.write(
                GgufWriter.toParts(folder.resolve("m.gguf"), metadata, SPECS, 640), SPECS);
        try (GgufCheckpoint read = GgufCheckpoint.open(part(2, 2))) {
            assertThat(read.parts()).allMatch(part -> part.alignment() == 128);
            assertThat(read.tensors()).allMatch(tensor -> tensor.offset() % 128 == 0);
        }
    }

    @Test
    void replacesNoParts() throws IOException {
        writeParts(320);
        Files.delete(part(1, 2));
        assertThatThrownBy(() -> writeParts(320))
                .isInstanceOf(FileAlreadyExistsException.class)
                .hasMessage(part(2, 2) + ": expected no file of that name");
        assertThatIllegalArgumentException().isThrownBy(() -> writeParts(0));
    }

    @Test
    void readsAFirstPartWithoutTensors() throws IOException {
        GgufBytes first = GgufBytes.header(3, 0, 4).key("general.name", GgufValueType.STRING);
        split(first.string("split"), 0, 2, 1).write(part(1, 2));
        split(GgufBytes.header(3, 1, 3), 1, 2, 1)
                .tensor("a", GgufType.I8.id(), 0, 2)
                .pad(32)
                .int16(0x0605)
                .write(part(2, 2));
        try (GgufCheckpoint read = GgufCheckpoint.open(part(2, 2))) {
            assertThat(read.metadata().string("general.name")).isEqualTo("split");
            assertThat(GgufSamples.copy(read.data("a"))).containsExactly(5, 6);
        }
    }

    private static GgufBytes split(GgufBytes bytes, int number, int count, int tensors) {
        return bytes.key("split.no", GgufValueType.UINT16)
                .int16(number)
                .key("split.count", GgufValueType.UINT16)
                .int16(count)
                .key("split.tensors.count", GgufValueType.INT32)
                .int32(tensors);
    }

    private static GgufBytes part(int number, int count, int tensors, String... names) {
        GgufBytes bytes = split(GgufBytes.header(3, names.length, 3), number, count, tensors);
        for (int i = 0; i < names.length; i++) {
            bytes.tensor(names[i], GgufType.I8.id(), 32L * i, 1);
        }
        return bytes.pad(32).zeros(32 * names.length);
    }

    private void assertRefused(Path opened, Path named, String message) {
        assertThatThrownBy(() -> GgufCheckpoint.open(opened))
                .isInstanceOf(MalformedCheckpoint.class)
                .hasMessage(named + ": " + message);
    }

    @Test
    void namesTheMissingPart() throws IOException {
        writeParts(192);
        Files.delete(part(3, 4));
        for (int part : new int[] {1, 2, 4}) {
            assertRefused(
                    part(part, 4),
                    part(part, 4),
                    "key split.count: expected part m-00003-of-00004.gguf beside it, found no such"
                            + " file");
        }
    }

    @Test
    void refusesAPartUnderAnotherName() throws IOException {
        Path loose = part(0, 2, 1, "a").write(folder.resolve("loose.gguf"));
        assertRefused(
                loose,
                loose,
                "keys split.no and split.count: expected a file called <prefix>-00001-of-00003.gguf"
                        + " or so, found 0 and 2");
        part(1, 2, 1, "a").write(part(1, 2));
        assertRefused(
                part(1, 2),
                part(1, 2),
                "keys split.no and split.count: expected 0 and 2 by its name, found 1 and 2");
        part(0, 3, 1, "a").write(part(1, 2));
        assertRefused(
                part(1, 2),
                part(1, 2),
                "keys split.no and split.count: expected 0 and 2 by its name, found 0 and 3");
        Path zero = part(-1, 2, 1, "a").write(part(0, 2));
        assertRefused(
                zero,
                zero,
                "keys split.no and split.count: expected -1 and 2 by its name, found 65535 and 2");
        Path none = part(0, 0, 1, "a").write(part(1, 1));
        assertRefused(none, none, "key split.count: expected 1 to 99999, found 0");
        Path noNumber =
                GgufBytes.header(3, 0, 1)
                        .key("split.count", GgufValueType.UINT16)
                        .int16(2)
                        .write(part(1, 2));
        assertRefused(noNumber, noNumber, "key split.no: expected it in the metadata, found none");
    }

    @Test
    void refusesPartsThatDoNotFitEachOther() throws IOException {
        part(0, 2, 2, "a").write(part(1, 2));
        part(0, 2, 2, "b").write(part(2, 2));
        assertRefused(part(1, 2), part(2, 2), "key split.no: expected 1, found 0");
        part(1, 3, 2, "b").write(part(2, 2));
        assertRefused(part(1, 2), part(2, 2), "key split.count: expected 2, found 3");
        GgufBytes.header(3, 0, 0).write(part(2, 2));
        assertRefused(
                part(1, 2), part(2, 2), "key split.no: expected it in the metadata, found none");
        part(1, 2, 2, "a").write(part(2, 2));
        assertRefused(
                part(1, 2),
                part(2, 2),
                "tensor a: expected it in one part, found it in m-00001-of-00002.gguf, too");
        part(1, 2, 3, "b", "c").write(part(2, 2));
        assertRefused(
                part(2, 2),
                part(1, 2),
                "key split.tensors.count: expected 3, as many as all parts have, found 2");
        Files.write(part(2, 2), new byte[30]);
        assertRefused(
                part(1, 2),
                part(2, 2),
                "header at byte 0: expected the letters GGUF, found 0x00000000");
    }

    @Test
    void doesWithoutTheNumberOfTensors() throws IOException {
        for (int i = 0; i < 2; i++) {
            GgufBytes.header(3, 1, 2)
                    .key("split.no", GgufValueType.UINT32)
                    .int32(i)
                    .key("split.count", GgufValueType.UINT32)
                    .int32(2)
                    .tensor("t" + i, GgufType.I8.id(), 0, 1)
                    .pad(32)
                    .zeros(1)
                    .write(part(i + 1, 2));
        }
        try (GgufCheckpoint read = GgufCheckpoint.open(part(1, 2))) {
            assertThat(read.tensors()).extracting(GgufTensor::name).containsExactly("t0", "t1");
        }
    }

    @Test
    void unmapsEveryPartAfterARefusal() throws IOException {
        Path maps = Path.of("/proc/self/maps");
        assumeTrue(Files.isReadable(maps), "needs a list of what is mapped");
        writeParts(320);
        try (GgufCheckpoint read = GgufCheckpoint.open(part(1, 2))) {
            assertThat(read.parts()).hasSize(2);
            assertThat(Files.readString(maps)).contains(part(1, 2).toString());
        }
        part(1, 2, 99, "a").write(part(2, 2));
        assertThatThrownBy(() -> GgufCheckpoint.open(part(1, 2)))
                .isInstanceOf(MalformedCheckpoint.class);
        assertThat(Files.readString(maps)).doesNotContain(folder.toString());
    }

    @Test
    void takesBackRenamedPartsWhenACommitFails() throws IOException {
        try (var writer =
                GgufWriter.toParts(folder.resolve("m.gguf"), new LinkedHashMap<>(), SPECS, 320)) {
            for (GgufTensorSpec spec : SPECS) {
                writer.write(spec.name(), GgufSamples.segment(spec));
            }
            // a folder with content where the first part should go
            Files.createDirectories(part(1, 2).resolve("x"));
            assertThatThrownBy(writer::commit)
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith("cannot write " + part(1, 2));
        }
        assertThat(GgufSamples.listing(folder)).containsExactly("m-00001-of-00002.gguf");
    }
}
