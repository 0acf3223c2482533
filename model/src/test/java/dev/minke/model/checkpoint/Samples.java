package dev.minke.model.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// Files written by a Python script in the layout of the reference library, and their content.
final class Samples {
    /// Every element type, a single number and an empty tensor, in the order of the file.
    static final List<TensorSpec> EVERY_TYPE =
            List.of(
                    new TensorSpec("t.f64", StoredType.F64, new long[] {3, 2}),
                    new TensorSpec("t.i64", StoredType.I64, new long[] {3, 2}),
                    new TensorSpec("scalar", StoredType.F32, new long[] {}),
                    new TensorSpec("t.f32", StoredType.F32, new long[] {3, 2}),
                    new TensorSpec("t.i32", StoredType.I32, new long[] {3, 2}),
                    new TensorSpec("empty", StoredType.BF16, new long[] {0, 3}),
                    new TensorSpec("t.bf16", StoredType.BF16, new long[] {3, 2}),
                    new TensorSpec("t.f16", StoredType.F16, new long[] {3, 2}),
                    new TensorSpec("t.i16", StoredType.I16, new long[] {3, 2}),
                    new TensorSpec("t.bool", StoredType.BOOL, new long[] {3, 2}),
                    new TensorSpec("t.f8_e4m3", StoredType.F8_E4M3, new long[] {3, 2}),
                    new TensorSpec("t.f8_e5m2", StoredType.F8_E5M2, new long[] {3, 2}),
                    new TensorSpec("t.f8_e8m0", StoredType.F8_E8M0, new long[] {3, 2}),
                    new TensorSpec("t.i8", StoredType.I8, new long[] {3, 2}),
                    new TensorSpec("t.u8", StoredType.U8, new long[] {5}));

    private Samples() {}

    static Path resource(String name) throws IOException {
        try {
            var url = Samples.class.getResource("/checkpoint/" + name);
            if (url == null) {
                throw new IOException("no test resource checkpoint/" + name);
            }
            return Path.of(url.toURI());
        } catch (URISyntaxException e) {
            throw new IOException(e);
        }
    }

    /// What the script put into a tensor: `(sum of the name + 37 i) mod 256`, for BOOL mod 2.
    static byte[] bytes(TensorSpec spec) {
        byte[] bytes = new byte[(int) spec.byteSize()];
        int seed = spec.name().chars().sum();
        for (int i = 0; i < bytes.length; i++) {
            int value = (seed + 37 * i) % 256;
            bytes[i] = (byte) (spec.type() == StoredType.BOOL ? value & 1 : value);
        }
        return bytes;
    }

    static MemorySegment segment(TensorSpec spec) {
        return MemorySegment.ofArray(bytes(spec));
    }

    static byte[] copy(MemorySegment data) {
        return data.toArray(ValueLayout.JAVA_BYTE);
    }

    /// A file of this header and as many bytes of data.
    static byte[] file(String header, int dataBytes) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + json.length + dataBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json)
                .array();
    }

    static List<String> listing(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }
}
