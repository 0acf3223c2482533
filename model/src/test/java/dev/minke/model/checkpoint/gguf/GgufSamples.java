package dev.minke.model.checkpoint.gguf;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Stream;

/// Metadata and tensors of every kind, and files that are there on some machines.
final class GgufSamples {
    private GgufSamples() {}

    /// Every value type at its limits, arrays of every element type, and arrays in arrays.
    static SequencedMap<String, GgufValue> everyValue() {
        SequencedMap<String, GgufValue> values = new LinkedHashMap<>();
        values.put("general.architecture", GgufValue.string("deepseek2"));
        values.put("string.empty", GgufValue.string(""));
        values.put("string.wide", GgufValue.string("鲸 \uD83D\uDC0B\u0000 \n"));
        for (GgufValueType type : GgufValueType.values()) {
            if (type.integer()) {
                String name = type.name().toLowerCase(Locale.ROOT);
                values.put(name + ".least", new GgufValue.Whole(type, least(type)));
                values.put(name + ".most", new GgufValue.Whole(type, most(type)));
                values.put(
                        name + ".array", GgufArray.integers(type, least(type), 0, 1, most(type)));
            }
        }
        values.put("float32", GgufValue.float32(1e-6));
        values.put("float64", GgufValue.float64(-1e300));
        values.put("float32.array", GgufArray.numbers(GgufValueType.FLOAT32, 0.5, -0.0, 1e30));
        values.put("float64.array", GgufArray.numbers(GgufValueType.FLOAT64, Math.PI));
        values.put("bool.yes", GgufValue.bool(true));
        values.put("bool.no", GgufValue.bool(false));
        values.put("bool.array", GgufArray.bools(true, false, true));
        values.put("strings", GgufValue.strings(List.of("", "Ġthe", "", "汉字", "x".repeat(300))));
        values.put("strings.none", GgufValue.strings(List.of()));
        values.put("numbers.none", GgufArray.integers(GgufValueType.INT32));
        values.put(
                "nested",
                GgufArray.arrays(
                        List.of(
                                GgufArray.strings(List.of("a", "")),
                                GgufArray.integers(GgufValueType.UINT16, 1, 2, 3),
                                GgufArray.arrays(
                                        List.of(
                                                GgufArray.bools(false),
                                                GgufArray.arrays(List.of()))))));
        return values;
    }

    static long least(GgufValueType type) {
        return switch (type) {
            case INT8 -> Byte.MIN_VALUE;
            case INT16 -> Short.MIN_VALUE;
            case INT32 -> Integer.MIN_VALUE;
            case INT64 -> Long.MIN_VALUE;
            default -> 0;
        };
    }

    static long most(GgufValueType type) {
        return switch (type) {
            case UINT8 -> 0xff;
            case INT8 -> Byte.MAX_VALUE;
            case UINT16 -> 0xffff;
            case INT16 -> Short.MAX_VALUE;
            case UINT32 -> 0xffff_ffffL;
            case INT32 -> Integer.MAX_VALUE;
            case UINT64 -> -1;
            default -> Long.MAX_VALUE;
        };
    }

    /// A tensor of every type, of one to four dimensions, and one without elements.
    static List<GgufTensorSpec> everyType() {
        List<GgufTensorSpec> specs = new ArrayList<>();
        for (GgufType type : GgufType.values()) {
            long columns = 3L * type.blockSize();
            long[] shape =
                    switch (type.ordinal() % 4) {
                        case 0 -> new long[] {columns};
                        case 1 -> new long[] {5, columns};
                        case 2 -> new long[] {2, 3, columns};
                        default -> new long[] {2, 1, 3, columns};
                    };
            specs.add(new GgufTensorSpec("t." + type, type, shape));
        }
        specs.add(3, new GgufTensorSpec("empty", GgufType.Q4_K, new long[] {0, 256}));
        return specs;
    }

    /// Bytes that differ from tensor to tensor and from place to place.
    static byte[] bytes(GgufTensorSpec spec) {
        byte[] bytes = new byte[Math.toIntExact(spec.byteSize())];
        int seed = spec.name().hashCode();
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) ((seed + i) * 0x9E3779B1 >>> 24);
        }
        return bytes;
    }

    static MemorySegment segment(GgufTensorSpec spec) {
        return MemorySegment.ofArray(bytes(spec));
    }

    static byte[] copy(MemorySegment data) {
        return data.toArray(ValueLayout.JAVA_BYTE);
    }

    /// Write everything and commit.
    static void write(GgufWriter writer, List<GgufTensorSpec> specs) throws IOException {
        try (writer) {
            for (GgufTensorSpec spec : specs) {
                writer.write(spec.name(), segment(spec));
            }
            writer.commit();
        }
    }

    static List<String> listing(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    /// A file or folder under `shared/`, which lies beside the project on some machines.
    static Optional<Path> shared(String name) {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path found = at.resolve("shared").resolve(name);
            if (Files.exists(found)) {
                return Optional.of(found);
            }
        }
        return Optional.empty();
    }
}
