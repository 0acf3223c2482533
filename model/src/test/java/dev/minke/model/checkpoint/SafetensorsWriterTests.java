package dev.minke.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTests {
    private static final long NO_LIMIT = Long.MAX_VALUE;
    private static final TensorSpec FIRST = new TensorSpec("a", StoredType.F32, new long[] {4});
    private static final TensorSpec SECOND = new TensorSpec("b", StoredType.U8, new long[] {8});

    @TempDir private Path folder;

    @Test
    void writesTheVeryBytesOfTheReferenceLayout() throws IOException {
        Path file = folder.resolve("out.safetensors");
        write(SafetensorsWriter.toFile(file, Samples.EVERY_TYPE, Map.of("format", "pt")));
        assertThat(file).hasSameBinaryContentAs(Samples.resource("every-type.safetensors"));
        assertThat(Samples.listing(folder)).containsExactly("out.safetensors");
    }

    @Test
    void putsLargerElementsFirstWhereOneWouldBeMisaligned() throws IOException {
        List<TensorSpec> specs = new ArrayList<>(Samples.EVERY_TYPE);
        Collections.reverse(specs);
        Path file = folder.resolve("out.safetensors");
        try (var writer = SafetensorsWriter.toFile(file, specs, Map.of())) {
            for (TensorSpec spec : specs) {
                writer.write(spec.name(), Samples.segment(spec));
            }
            writer.commit();
        }
        try (Safetensors read = Safetensors.open(file)) {
            for (TensorSpec spec : specs) {
                TensorInfo info = read.info(spec.name());
                assertThat(info.offset() % spec.type().bytes()).isZero();
                assertThat(Samples.copy(read.data(spec.name()))).isEqualTo(Samples.bytes(spec));
            }
        }
    }

    @Test
    void writesOneFileWhereItFits() throws IOException {
        Path target = folder.resolve("new/folder");
        write(SafetensorsWriter.toFolder(target, Samples.EVERY_TYPE, NO_LIMIT));
        assertThat(Samples.listing(target)).containsExactly("model.safetensors");
        assertRoundTrip(target);
    }

    @Test
    void writesShardsWithTheirIndex() throws IOException {
        write(SafetensorsWriter.toFolder(folder, Samples.EVERY_TYPE, 60));
        assertThat(Samples.listing(folder))
                .containsExactly(
                        "model-00001-of-00004.safetensors",
                        "model-00002-of-00004.safetensors",
                        "model-00003-of-00004.safetensors",
                        "model-00004-of-00004.safetensors",
                        "model.safetensors.index.json");
        assertThat(Files.readString(folder.resolve("model.safetensors.index.json")))
                .startsWith("{\"metadata\":{\"total_size\":219},\"weight_map\":{\"t.f64\":")
                .contains("\"t.u8\":\"model-00004-of-00004.safetensors\"");
        for (String name : Samples.listing(folder)) {
            if (name.endsWith(".safetensors")) {
                try (Safetensors shard = Safetensors.open(folder.resolve(name))) {
                    assertThat(shard.metadata()).containsEntry("format", "pt");
                    long data = 0;
                    for (String tensor : shard.names()) {
                        data += shard.info(tensor).length();
                    }
                    assertThat(data).isBetween(1L, 60L);
                }
            }
        }
        assertRoundTrip(folder);
    }

    @Test
    void givesATensorBeyondTheLimitAShardOfItsOwn() throws IOException {
        write(SafetensorsWriter.toFolder(folder, Samples.EVERY_TYPE, 1));
        assertThat(Samples.listing(folder)).hasSize(Samples.EVERY_TYPE.size() + 1);
        assertRoundTrip(folder);
    }

    @Test
    void takesATensorInPieces() throws IOException {
        Path file = folder.resolve("out.safetensors");
        try (var writer = SafetensorsWriter.toFile(file, List.of(FIRST, SECOND), Map.of())) {
            byte[] first = Samples.bytes(FIRST);
            for (int i = 0; i < first.length; i += 3) {
                int count = Math.min(3, first.length - i);
                writer.write("a", MemorySegment.ofArray(first).asSlice(i, count));
            }
            writer.write("b", Samples.segment(SECOND));
            writer.commit();
        }
        try (Safetensors read = Safetensors.open(file)) {
            assertThat(Samples.copy(read.data("a"))).isEqualTo(Samples.bytes(FIRST));
            assertThat(Samples.copy(read.data("b"))).isEqualTo(Samples.bytes(SECOND));
        }
    }

    @Test
    void takesNativeMemoryAndFloatArraysLargerThanItsBuffers() throws IOException {
        int count = 5_000_000;
        TensorSpec spec = new TensorSpec("x", StoredType.F32, new long[] {2, count});
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = i;
        }
        Path file = folder.resolve("out.safetensors");
        try (Arena arena = Arena.ofConfined();
                var writer = SafetensorsWriter.toFile(file, List.of(spec), Map.of())) {
            MemorySegment copy = arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
            writer.write("x", copy);
            writer.write("x", MemorySegment.ofArray(values));
            writer.commit();
        }
        try (Safetensors read = Safetensors.open(file)) {
            MemorySegment data = read.data("x");
            long half = 4L * count;
            assertThat(data.asSlice(0, half).mismatch(MemorySegment.ofArray(values))).isEqualTo(-1);
            assertThat(data.asSlice(half).mismatch(MemorySegment.ofArray(values))).isEqualTo(-1);
        }
    }

    @Test
    void writesAFileWithoutTensors() throws IOException {
        Path file = folder.resolve("out.safetensors");
        try (var writer = SafetensorsWriter.toFile(file, List.of(), Map.of("step", "7"))) {
            writer.commit();
        }
        try (Safetensors read = Safetensors.open(file)) {
            assertThat(read.names()).isEmpty();
            assertThat(read.metadata()).containsEntry("step", "7");
        }
    }

    @Test
    void leavesNothingWithoutACommit() throws IOException {
        Path file = Files.writeString(folder.resolve("out.safetensors"), "before");
        try (var writer = SafetensorsWriter.toFile(file, List.of(FIRST, SECOND), Map.of())) {
            writer.write("a", Samples.segment(FIRST));
            assertThat(Samples.listing(folder)).hasSize(2);
        }
        assertThat(Samples.listing(folder)).containsExactly("out.safetensors");
        assertThat(file).hasContent("before");
    }

    @Test
    void refusesTensorsOutOfTurn() throws IOException {
        Path file = folder.resolve("out.safetensors");
        try (var writer = SafetensorsWriter.toFile(file, List.of(FIRST, SECOND), Map.of())) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> writer.write("b", Samples.segment(SECOND)))
                    .withMessage("tensor b is written, expected a after 0 of its 16 bytes");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> writer.write("a", MemorySegment.ofArray(new byte[17])))
                    .withMessage("tensor a F32 [4] gets 17 more bytes, expected at most 16");
            assertThatIllegalStateException()
                    .isThrownBy(writer::commit)
                    .withMessage("tensor a has 0 of 16 bytes, expected all before commit");
            writer.write("a", Samples.segment(FIRST));
            writer.write("b", Samples.segment(SECOND));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> writer.write("b", Samples.segment(SECOND)))
                    .withMessage("tensor b comes after the last, expected no more");
            writer.commit();
            assertThatIllegalStateException().isThrownBy(writer::commit);
        }
    }

    @Test
    void refusesNamesThatCannotBeStored() {
        for (String name : List.of("", "__metadata__")) {
            TensorSpec spec = new TensorSpec(name, StoredType.U8, new long[] {1});
            assertThatIllegalArgumentException()
                    .isThrownBy(() ->
                            SafetensorsWriter.toFolder(folder, List.of(spec), NO_LIMIT).close());
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        SafetensorsWriter.toFolder(folder, List.of(FIRST, FIRST), NO_LIMIT).close())
                .withMessage(
                        "tensor name \"a\" is empty, reserved or there twice, expected another");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TensorSpec("a", StoredType.F32, new long[] {-1}));
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> new TensorSpec("a", StoredType.F32, new long[] {1L << 40, 1L << 22}));
    }

    @Test
    void overwritesNoWeightsInAFolder() throws IOException {
        Path existing = Files.writeString(folder.resolve("model.safetensors"), "weights");
        assertThatThrownBy(
                        () -> SafetensorsWriter.toFolder(folder, List.of(FIRST), NO_LIMIT).close())
                .isInstanceOf(FileAlreadyExistsException.class)
                .hasMessageContaining(existing + ": expected a folder without weights");
        assertThat(existing).hasContent("weights");
    }

    @Test
    void leavesNothingOnAFullDisk() throws IOException {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.isWritable(full), "needs a device that is always full");
        List<Path> opened = new ArrayList<>();
        SafetensorsWriter.Opener opener =
                begun -> {
                    opened.add(begun);
                    if (opened.size() == 1) {
                        return FileChannel.open(
                                begun, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                    }
                    Files.createFile(begun);
                    return FileChannel.open(full, StandardOpenOption.WRITE);
                };
        assertThatThrownBy(
                        () -> {
                            try (var writer =
                                    SafetensorsWriter.toFolder(
                                            folder, List.of(FIRST, SECOND), 1, opener)) {
                                writer.write("a", Samples.segment(FIRST));
                            }
                        })
                .isInstanceOf(IOException.class)
                .hasMessage(
                        "cannot write %s: No space left on device"
                                .formatted(folder.resolve("model-00002-of-00002.safetensors")));
        assertThat(opened).hasSize(2);
        assertThat(Samples.listing(folder)).isEmpty();
    }

    @Test
    void takesBackRenamedShardsWhenACommitFails() throws IOException {
        var writer = SafetensorsWriter.toFolder(folder, List.of(FIRST, SECOND), 1);
        writer.write("a", Samples.segment(FIRST));
        writer.write("b", Samples.segment(SECOND));
        // a folder with content where the second shard should go
        Files.createDirectories(folder.resolve("model-00002-of-00002.safetensors/x"));
        assertThatThrownBy(writer::commit)
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(
                        "cannot write " + folder.resolve("model-00002-of-00002.safetensors"));
        writer.close();
        assertThat(Samples.listing(folder)).containsExactly("model-00002-of-00002.safetensors");
    }

    private static void write(SafetensorsWriter writer) throws IOException {
        try (writer) {
            for (TensorSpec spec : Samples.EVERY_TYPE) {
                writer.write(spec.name(), Samples.segment(spec));
            }
            writer.commit();
        }
    }

    private static void assertRoundTrip(Path folder) throws IOException {
        try (HuggingFaceFolder read = HuggingFaceFolder.open(folder)) {
            assertThat(read.names())
                    .containsExactlyElementsOf(
                            Samples.EVERY_TYPE.stream().map(TensorSpec::name).toList());
            for (TensorSpec spec : Samples.EVERY_TYPE) {
                assertThat(read.info(spec.name()).spec()).isEqualTo(spec);
                assertThat(Samples.copy(read.data(spec.name()))).isEqualTo(Samples.bytes(spec));
            }
        }
    }
}
