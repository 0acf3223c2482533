package dev.minke.model.checkpoint;

import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;

/// Where the tensors of one file go, and the header that says so.
///
/// The data follow each other in the given order, unless an element would then lie across a
/// multiple of its size, which PyTorch does not read; in that case larger elements come first.
///
/// @param tensors in the order they are written
/// @param starts first byte of each after the header
/// @param header length and JSON, padded to a multiple of eight bytes
record ShardLayout(List<TensorSpec> tensors, long[] starts, byte[] header) {

    static ShardLayout of(List<TensorSpec> tensors, Map<String, String> metadata) {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < tensors.size(); i++) {
            order.add(i);
        }
        long[] starts = place(tensors, order);
        if (!aligned(tensors, starts)) {
            order.sort(Comparator.comparingInt(i -> -tensors.get(i).type().bytes()));
            starts = place(tensors, order);
        }
        return new ShardLayout(
                List.copyOf(tensors), starts, header(tensors, order, starts, metadata));
    }

    /// First byte of a tensor in the file.
    long position(int tensor) {
        return header.length + starts[tensor];
    }

    private static long[] place(List<TensorSpec> tensors, List<Integer> order) {
        long[] starts = new long[tensors.size()];
        long end = 0;
        for (int i : order) {
            starts[i] = end;
            end = Math.addExact(end, tensors.get(i).byteSize());
        }
        return starts;
    }

    private static boolean aligned(List<TensorSpec> tensors, long[] starts) {
        for (int i = 0; i < starts.length; i++) {
            if (starts[i] % tensors.get(i).type().bytes() != 0) {
                return false;
            }
        }
        return true;
    }

    private static byte[] header(
            List<TensorSpec> tensors,
            List<Integer> order,
            long[] starts,
            Map<String, String> metadata) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json =
                SafetensorsHeader.JSON.createGenerator(ObjectWriteContext.empty(), text)) {
            json.writeStartObject();
            if (!metadata.isEmpty()) {
                json.writeObjectPropertyStart(SafetensorsHeader.METADATA);
                // sorted, so that the same tensors make the same file
                metadata.entrySet().stream()
                        .sorted(Map.Entry.comparingByKey())
                        .forEach(e -> json.writeStringProperty(e.getKey(), e.getValue()));
                json.writeEndObject();
            }
            for (int i : order) {
                writeTensor(json, tensors.get(i), starts[i]);
            }
            json.writeEndObject();
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        int length = Math.ceilDiv(bytes.length, 8) * 8;
        if (length > SafetensorsHeader.MAX_BYTES) {
            throw new IllegalArgumentException(
                    "the header has %d bytes, expected at most %d: use smaller shards"
                            .formatted(length, SafetensorsHeader.MAX_BYTES));
        }
        ByteBuffer header = ByteBuffer.allocate(8 + length).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(length).put(bytes);
        Arrays.fill(header.array(), header.position(), header.capacity(), (byte) ' ');
        return header.array();
    }

    private static void writeTensor(JsonGenerator json, TensorSpec spec, long start) {
        long[] shape = spec.shape();
        long[] offsets = {start, start + spec.byteSize()};
        json.writeObjectPropertyStart(spec.name());
        json.writeStringProperty("dtype", spec.type().name());
        json.writeName("shape");
        json.writeArray(shape, 0, shape.length);
        json.writeName("data_offsets");
        json.writeArray(offsets, 0, 2);
        json.writeEndObject();
    }
}
