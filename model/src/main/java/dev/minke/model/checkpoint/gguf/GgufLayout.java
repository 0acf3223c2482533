package dev.minke.model.checkpoint.gguf;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/// Where the tensors of one file go, and the header that says so.
///
/// The data follow each other in the given order, each at a multiple of the alignment; the last is
/// padded, too, which llama.cpp expects.
///
/// @param metadata keys and values in order
/// @param tensors in order
/// @param offsets first byte of each after the header
/// @param alignment what the data start at multiples of, in bytes
/// @param dataStart first byte after the header and its padding
/// @param fileBytes size of the whole file
record GgufLayout(
        SequencedMap<String, GgufValue> metadata,
        List<GgufTensorSpec> tensors,
        long[] offsets,
        long alignment,
        long dataStart,
        long fileBytes) {

    /// What llama.cpp's readers have room for, less the zero at the end.
    static final int MAX_NAME = 63;

    static GgufLayout of(SequencedMap<String, GgufValue> metadata, List<GgufTensorSpec> tensors) {
        long alignment = alignment(metadata);
        long[] offsets = new long[tensors.size()];
        long end = 0;
        for (int i = 0; i < offsets.length; i++) {
            offsets[i] = end;
            end = GgufHeader.align(Math.addExact(end, tensors.get(i).byteSize()), alignment);
        }
        long header = headerBytes(new GgufLayout(metadata, tensors, offsets, alignment, 0, 0));
        long dataStart = GgufHeader.align(header, alignment);
        return new GgufLayout(
                metadata,
                tensors,
                offsets,
                alignment,
                dataStart,
                tensors.isEmpty() ? header : Math.addExact(dataStart, end));
    }

    private static long headerBytes(GgufLayout layout) {
        long bytes;
        try {
            bytes = layout.writeHeader(OutputStream.nullOutputStream());
        } catch (IOException e) {
            throw new IllegalStateException("a stream to nowhere failed", e);
        }
        if (bytes > HeaderCursor.MAX_BYTES) {
            throw new IllegalArgumentException(
                    "the header has %d bytes, expected at most %d"
                            .formatted(bytes, HeaderCursor.MAX_BYTES));
        }
        return bytes;
    }

    /// The alignment that `metadata` states, or 32.
    static long alignment(Map<String, GgufValue> metadata) {
        return switch (metadata.get(GgufHeader.ALIGNMENT)) {
            case null -> GgufHeader.DEFAULT_ALIGNMENT;
            case GgufValue.Whole whole
                    when whole.type() == GgufValueType.UINT32
                            && GgufHeader.powerOfTwo(whole.value()) ->
                    whole.value();
            case GgufValue other ->
                    throw new IllegalArgumentException(
                            "%s is %s %s, expected UINT32 and a power of two up to 2^30"
                                    .formatted(GgufHeader.ALIGNMENT, other.type(), other));
        };
    }

    /// Refuse what readers would refuse, before anything is written.
    static void check(Map<String, GgufValue> metadata, List<GgufTensorSpec> tensors) {
        atMost(metadata.size(), GgufHeader.MAX_KEYS, "keys");
        atMost(tensors.size(), GgufHeader.MAX_TENSORS, "tensors");
        metadata.keySet().forEach(key -> checkLength("key", key, HeaderCursor.MAX_KEY));
        metadata.forEach((key, value) -> checkDepth(key, value, 0));
        Set<String> names = new HashSet<>();
        for (GgufTensorSpec spec : tensors) {
            checkLength("tensor name", spec.name(), MAX_NAME);
            if (!names.add(spec.name())) {
                throw new IllegalArgumentException(
                        "tensor name %s is there twice, expected once".formatted(spec.name()));
            }
        }
    }

    private static void atMost(int count, int most, String what) {
        if (count > most) {
            throw new IllegalArgumentException(
                    "%d %s, expected at most %d".formatted(count, what, most));
        }
    }

    private static void checkLength(String what, String text, int most) {
        int length = text.getBytes(StandardCharsets.UTF_8).length;
        if (length < 1 || length > most) {
            throw new IllegalArgumentException(
                    "%s \"%s\" has %d bytes, expected 1 to %d".formatted(what, text, length, most));
        }
    }

    private static void checkDepth(String key, GgufValue value, int depth) {
        if (value instanceof GgufArray array) {
            if (depth == HeaderCursor.MAX_DEPTH) {
                throw new IllegalArgumentException(
                        "key %s has more than %d arrays in each other, expected at most as many"
                                .formatted(key, HeaderCursor.MAX_DEPTH));
            }
            if (array.elementType() == GgufValueType.ARRAY) {
                array.values().forEach(inner -> checkDepth(key, inner, depth + 1));
            }
        }
    }

    /// First byte of a tensor in the file.
    long position(int tensor) {
        return dataStart + offsets[tensor];
    }

    /// Write the header without its padding.
    ///
    /// @return its bytes
    long writeHeader(OutputStream out) throws IOException {
        HeaderSink sink = new HeaderSink(out);
        sink.putInt(GgufHeader.MAGIC);
        sink.putInt(GgufHeader.VERSION);
        sink.putLong(tensors.size());
        sink.putLong(metadata.size());
        for (var entry : metadata.entrySet()) {
            sink.putString(entry.getKey());
            sink.putValue(entry.getValue());
        }
        for (int i = 0; i < offsets.length; i++) {
            GgufTensorSpec spec = tensors.get(i);
            long[] dimensions = GgufTensor.reversed(spec.shape());
            sink.putString(spec.name());
            sink.putInt(dimensions.length);
            for (long n : dimensions) {
                sink.putLong(n);
            }
            sink.putInt(spec.type().id());
            sink.putLong(offsets[i]);
        }
        sink.flush();
        return sink.position();
    }
}
