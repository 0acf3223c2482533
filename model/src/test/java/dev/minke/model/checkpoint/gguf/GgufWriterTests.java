package dev.minke.model.checkpoint.gguf;

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
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Random;
import java.util.SequencedMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufWriterTests {
    private static final GgufTensorSpec FLOATS =
            new GgufTensorSpec("a", GgufType.F32, new long[] {4});
    private static final GgufTensorSpec BYTES =
            new GgufTensorSpec("b", GgufType.I8, new long[] {2, 5});

    @TempDir private Path folder;

    private static SequencedMap<String, GgufValue> none() {
        return new LinkedHashMap<>();
    }

    private static void assertHolds(GgufFile file, List<GgufTensorSpec> specs) throws IOException {
        assertThat(file.tensors().stream().map(GgufTensor::spec)).isEqualTo(specs);
        for (GgufTensorSpec spec : specs) {
            assertThat(GgufSamples.copy(file.data(spec.name())))
                    .as(spec.name())
                    .isEqualTo(GgufSamples.bytes(spec));
        }
    }

    @Test
    void writesTheLayoutOfTheFormat() throws IOException {
        Path file = folder.resolve("out.gguf");
        SequencedMap<String, GgufValue> metadata = none();
        metadata.put("k", GgufArray.strings(List.of("x", "")));
        metadata.put("n", GgufValue.int32(-2));
        try (var writer = GgufWriter.toFile(file, metadata, List.of(FLOATS, BYTES))) {
            assertThat(writer.targets()).containsExactly(file);
            writer.write("a", MemorySegment.ofArray(new float[] {1, 2, 3, 4}));
            writer.write("b", MemorySegment.ofArray(new byte[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
            writer.commit();
        }
        GgufBytes expected =
                GgufBytes.header(3, 2, 2)
                        .key("k", GgufValueType.ARRAY)
                        .array(GgufValueType.STRING, 2)
                        .string("x")
                        .string("")
                        .key("n", GgufValueType.INT32)
                        .int32(-2)
                        .tensor("a", 0, 0, 4)
                        .tensor("b", 24, 32, 5, 2)
                        .pad(32)
                        .int32(Float.floatToIntBits(1))
                        .int32(Float.floatToIntBits(2))
                        .int32(Float.floatToIntBits(3))
                        .int32(Float.floatToIntBits(4))
                        .pad(32)
                        .bytes((byte) 0, (byte) 1, (byte) 2, (byte) 3, (byte) 4)
                        .bytes((byte) 5, (byte) 6, (byte) 7, (byte) 8, (byte) 9)
                        .pad(32);
        assertThat(file).hasBinaryContent(expected.toBytes());
        assertThat(GgufSamples.listing(folder)).containsExactly("out.gguf");
    }

    @Test
    void writesEveryTypeInAnyOrderAndPieces() throws IOException {
        List<GgufTensorSpec> specs = GgufSamples.everyType();
        record Piece(GgufTensorSpec spec, int from, int to) {}
        List<Piece> pieces = new ArrayList<>();
        Random random = new Random(3);
        for (GgufTensorSpec spec : specs) {
            int size = (int) spec.byteSize();
            for (int at = 0; at < size; ) {
                int to = Math.min(size, at + 1 + random.nextInt(size));
                pieces.add(new Piece(spec, at, to));
                at = to;
            }
        }
        Collections.shuffle(pieces, random);
        Path file = folder.resolve("out.gguf");
        try (var writer = GgufWriter.toFile(file, GgufSamples.everyValue(), specs);
                Arena arena = Arena.ofConfined()) {
            for (Piece piece : pieces) {
                MemorySegment heap =
                        GgufSamples.segment(piece.spec).asSlice(piece.from, piece.to - piece.from);
                MemorySegment data =
                        random.nextBoolean()
                                ? heap
                                : arena.allocate(heap.byteSize()).copyFrom(heap).asReadOnly();
                writer.write(piece.spec.name(), piece.from, data);
            }
            writer.commit();
        }
        try (GgufFile read = GgufFile.open(file)) {
            assertHolds(read, specs);
            assertThat(read.metadata().toMap()).isEqualTo(GgufSamples.everyValue());
        }
    }

    @Test
    void writesFromManyThreads() throws Exception {
        int rows = 64;
        int columns = 4096;
        List<GgufTensorSpec> specs = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            specs.add(new GgufTensorSpec("t" + i, GgufType.I8, new long[] {rows, columns}));
        }
        Path file = folder.resolve("out.gguf");
        try (var writer = GgufWriter.toParts(file, none(), specs, 2L * rows * columns);
                ExecutorService pool = Executors.newFixedThreadPool(8)) {
            List<Future<?>> jobs = new ArrayList<>();
            for (int row = 0; row < rows; row++) {
                for (GgufTensorSpec spec : specs) {
                    long at = (long) row * columns;
                    jobs.add(
                            pool.submit(() -> {
                                MemorySegment all = GgufSamples.segment(spec);
                                writer.write(spec.name(), at, all.asSlice(at, columns));
                                return null;
                            }));
                }
            }
            for (Future<?> job : jobs) {
                job.get();
            }
            writer.commit();
        }
        try (GgufCheckpoint read = GgufCheckpoint.open(folder.resolve("out-00002-of-00003.gguf"))) {
            for (GgufTensorSpec spec : specs) {
                assertThat(read.data(spec.name()).mismatch(GgufSamples.segment(spec)))
                        .isEqualTo(-1);
            }
        }
    }

    @Test
    void obeysTheAlignmentAndLeavesSplitKeysOut() throws IOException {
        SequencedMap<String, GgufValue> metadata = none();
        metadata.put("general.alignment", GgufValue.uint32(256));
        metadata.put("split.count", GgufValue.uint16(3));
        metadata.put("split.no", GgufValue.uint16(1));
        metadata.put("splitting", GgufValue.uint16(1));
        Path file = folder.resolve("out.gguf");
        GgufSamples.write(
                GgufWriter.toFile(file, metadata, List.of(FLOATS, BYTES)), List.of(FLOATS, BYTES));
        try (GgufFile read = GgufFile.open(file)) {
            assertThat(read.alignment()).isEqualTo(256);
            assertThat(read.metadata().keys()).containsExactly("general.alignment", "splitting");
            assertThat(read.tensor("b").offset() - read.tensor("a").offset()).isEqualTo(256);
            assertThat(Files.size(file) % 256).isZero();
            assertHolds(read, List.of(FLOATS, BYTES));
        }
    }

    @Test
    void replacesAFileOnlyOnCommit() throws IOException {
        Path file = folder.resolve("out.gguf");
        Files.writeString(file, "old");
        try (var writer = GgufWriter.toFile(file, none(), List.of(BYTES))) {
            writer.write("b", GgufSamples.segment(BYTES));
            assertThat(file).hasContent("old");
            assertThat(GgufSamples.listing(folder)).hasSize(2).anyMatch(n -> n.contains(".tmp-"));
        }
        assertThat(file).hasContent("old");
        assertThat(GgufSamples.listing(folder)).containsExactly("out.gguf");
        GgufSamples.write(GgufWriter.toFile(file, none(), List.of(BYTES)), List.of(BYTES));
        try (GgufFile read = GgufFile.open(file)) {
            assertHolds(read, List.of(BYTES));
        }
    }

    @Test
    void doesNotCommitWhatIsIncomplete() throws IOException {
        try (var writer =
                GgufWriter.toFile(folder.resolve("out.gguf"), none(), List.of(FLOATS, BYTES))) {
            writer.write("a", GgufSamples.segment(FLOATS));
            writer.write("b", 2, GgufSamples.segment(BYTES).asSlice(2, 3));
            assertThatIllegalStateException()
                    .isThrownBy(writer::commit)
                    .withMessage("tensor b has 3 of 10 bytes, expected all before commit");
            writer.write("b", 0, GgufSamples.segment(BYTES).asSlice(0, 2));
            writer.write("b", 5, GgufSamples.segment(BYTES).asSlice(5));
            writer.commit();
            assertThatIllegalStateException()
                    .isThrownBy(writer::commit)
                    .withMessageContaining("is finished, expected it open");
            assertThatIllegalStateException()
                    .isThrownBy(() -> writer.write("b", GgufSamples.segment(BYTES)));
        }
        assertThat(GgufSamples.listing(folder)).containsExactly("out.gguf");
    }

    @Test
    void refusesBytesThatHaveNoPlace() throws IOException {
        try (var writer = GgufWriter.toFile(folder.resolve("out.gguf"), none(), List.of(BYTES))) {
            MemorySegment three = MemorySegment.ofArray(new byte[3]);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> writer.write("c", three))
                    .withMessage("tensor c is none of the 1 announced, expected one of them");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> writer.write("b", three))
                    .withMessage("tensor b I8 [2, 5] gets 3 bytes, expected 10");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> writer.write("b", 8, three))
                    .withMessage(
                            "tensor b I8 [2, 5] gets 3 bytes at 8, expected them within its 10");
            assertThatIllegalArgumentException().isThrownBy(() -> writer.write("b", -1, three));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> writer.write("b", Long.MAX_VALUE, three));
            writer.write("b", 3, three);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> writer.write("b", 5, three))
                    .withMessage(
                            "tensor b I8 [2, 5] gets 3 bytes at 5, expected ones not written"
                                    + " before");
        }
        assertThat(GgufSamples.listing(folder)).isEmpty();
    }

    @Test
    void refusesNamesAndKeysThatReadersWouldRefuse() {
        Path file = folder.resolve("out.gguf");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GgufWriter.toFile(file, none(), List.of(BYTES, BYTES)))
                .withMessage("tensor name b is there twice, expected once");
        for (String name : List.of("", "x".repeat(64), "汉".repeat(22))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() ->
                            GgufWriter.toFile(
                                    file,
                                    none(),
                                    List.of(new GgufTensorSpec(name, GgufType.I8, new long[] {1}))))
                    .withMessageMatching(
                            "tensor name \".*\" has (0|64|66) bytes, expected 1 to 63");
        }
        SequencedMap<String, GgufValue> keys = none();
        keys.put("", GgufValue.bool(true));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GgufWriter.toFile(file, keys, List.of()))
                .withMessage("key \"\" has 0 bytes, expected 1 to 65535");
        SequencedMap<String, GgufValue> alignment = none();
        alignment.put("general.alignment", GgufValue.uint32(33));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GgufWriter.toFile(file, alignment, List.of()))
                .withMessage(
                        "general.alignment is UINT32 33, expected UINT32 and a power of two up to"
                                + " 2^30");
        SequencedMap<String, GgufValue> deep = none();
        GgufArray array = GgufArray.bools(true);
        for (int depth = 2; depth <= 9; depth++) {
            array = GgufArray.arrays(List.of(array));
        }
        deep.put("deep", array);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GgufWriter.toFile(file, deep, List.of()))
                .withMessage(
                        "key deep has more than 8 arrays in each other, expected at most as many");
    }

    @Test
    void writesBeyondFourGigabytes() throws IOException {
        long size = 6L << 30;
        var spec = new GgufTensorSpec("large", GgufType.I8, new long[] {6, 1L << 30});
        try (var writer =
                GgufWriter.toFile(folder.resolve("out.gguf"), none(), List.of(BYTES, spec))) {
            writer.write("large", size - 3, MemorySegment.ofArray(new byte[] {7, 8, 9}));
            Path begun = folder.resolve(GgufSamples.listing(folder).getFirst());
            try (GgufFile read = GgufFile.open(begun)) {
                MemorySegment data = read.data("large");
                assertThat(GgufSamples.copy(data.asSlice(size - 4))).containsExactly(0, 7, 8, 9);
            }
        }
        assertThat(GgufSamples.listing(folder)).isEmpty();
    }

    @Test
    void copiesMoreThanItsBuffers() throws IOException {
        int size = (1 << 20) * 3 + 5;
        var spec = new GgufTensorSpec("a", GgufType.I8, new long[] {size});
        Path file = folder.resolve("out.gguf");
        try (var writer = GgufWriter.toFile(file, none(), List.of(spec))) {
            writer.write("a", GgufSamples.segment(spec));
            writer.commit();
        }
        try (GgufFile read = GgufFile.open(file)) {
            assertHolds(read, List.of(spec));
            assertThat(read.data("a").get(ValueLayout.JAVA_BYTE, size - 1))
                    .isEqualTo(GgufSamples.bytes(spec)[size - 1]);
        }
    }

    @Test
    void namesTheFolderThatIsMissing() {
        Path file = folder.resolve("none/out.gguf");
        try (var writer = GgufWriter.toFile(file, none(), List.of(BYTES))) {
            assertThatThrownBy(() -> writer.write("b", GgufSamples.segment(BYTES)))
                    .isInstanceOf(IOException.class)
                    .message()
                    .startsWith("cannot write " + file + ": no such folder or file ")
                    .doesNotContain("\n");
        }
    }

    @Test
    void leavesNothingOnAFullDiskAndSaysSoToEveryThread() throws Exception {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.isWritable(full), "needs a device that is always full");
        Path file = folder.resolve("out.gguf");
        PendingFile.Opener opener =
                begun -> {
                    Files.createFile(begun);
                    return FileChannel.open(full, StandardOpenOption.WRITE);
                };
        try (var writer = GgufWriter.toFile(file, none(), List.of(BYTES, FLOATS), opener)) {
            for (GgufTensorSpec spec : List.of(BYTES, FLOATS)) {
                assertThatThrownBy(() -> writer.write(spec.name(), GgufSamples.segment(spec)))
                        .isInstanceOf(IOException.class)
                        .hasMessage("cannot write " + file + ": No space left on device");
            }
            assertThatThrownBy(writer::commit)
                    .isInstanceOf(IOException.class)
                    .hasMessage("cannot write " + file + ": No space left on device");
        }
        assertThat(GgufSamples.listing(folder)).isEmpty();
        try (var writer = GgufWriter.toFile(file, none(), List.of(BYTES), opener);
                ExecutorService pool = Executors.newFixedThreadPool(4)) {
            List<Future<?>> jobs = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                int at = i;
                MemorySegment piece = GgufSamples.segment(BYTES).asSlice(i, 1);
                jobs.add(
                        pool.submit(() -> {
                            writer.write("b", at, piece);
                            return null;
                        }));
            }
            for (Future<?> job : jobs) {
                assertThatThrownBy(job::get)
                        .isInstanceOf(ExecutionException.class)
                        .cause()
                        .isInstanceOf(IOException.class)
                        .hasMessage("cannot write " + file + ": No space left on device");
            }
        }
        assertThat(GgufSamples.listing(folder)).isEmpty();
    }
}
