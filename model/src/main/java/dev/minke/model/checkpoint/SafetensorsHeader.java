package dev.minke.model.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;

/// The header of a safetensors file, read and checked in full before any data is touched.
///
/// Rules: a little-endian length that lies in the file and below 100 MB; JSON whose tensors have a
/// known dtype, a shape that fits into 63 bits and a range of exactly that size; ranges that cover
/// the data without overlap or hole; no name twice.
///
/// @param tensors by name, in the order of the header
/// @param metadata the free strings of `__metadata__`
record SafetensorsHeader(Map<String, TensorInfo> tensors, Map<String, String> metadata) {
    static final String METADATA = "__metadata__";
    static final int MAX_BYTES = 100_000_000;
    private static final int PREFIX = 8;

    /// The released V3 in one file would have 91,991; each takes half a kilobyte of memory.
    private static final int MAX_TENSORS = 100_000;

    private static final int MAX_STRINGS = 65_536;
    private static final int MAX_RANK = 32;

    /// Names of a file that may be hostile are not kept in tables that outlive it.
    static final JsonFactory JSON =
            JsonFactory.builder()
                    .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
                    .disable(TokenStreamFactory.Feature.INTERN_PROPERTY_NAMES)
                    .streamReadConstraints(
                            StreamReadConstraints.builder()
                                    .maxNestingDepth(8)
                                    .maxNumberLength(32)
                                    .maxNameLength(4096)
                                    .maxStringLength(1 << 20)
                                    .build())
                    .build();

    static SafetensorsHeader read(Path file, FileChannel channel) throws IOException {
        long size = channel.size();
        if (size < PREFIX) {
            throw new MalformedCheckpoint(
                    file, "byte 0", "8 bytes of header length", "a file of " + size + " bytes");
        }
        long length = readFully(file, channel, 0, PREFIX).order(ByteOrder.LITTLE_ENDIAN).getLong();
        if (length < 2 || length > Math.min(MAX_BYTES, size - PREFIX)) {
            throw new MalformedCheckpoint(
                    file,
                    "byte 0",
                    "a header length of 2 to " + Math.min(MAX_BYTES, size - PREFIX),
                    Long.toUnsignedString(length));
        }
        byte[] json = readFully(file, channel, PREFIX, (int) length).array();
        if (json[0] != '{') {
            throw new MalformedCheckpoint(
                    file, "byte 8", "a JSON object", "byte 0x%02x".formatted(json[0]));
        }
        return new Reader(file, PREFIX + length, size).read(json);
    }

    private static ByteBuffer readFully(Path file, FileChannel channel, long at, int count)
            throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, at + bytes.position()) < 0) {
                throw new MalformedCheckpoint(
                        file,
                        "byte " + (at + bytes.position()),
                        count + " bytes of header",
                        "the end of the file");
            }
        }
        return bytes.flip();
    }

    /// One pass over the JSON of `file`, whose data lie from `dataStart` to `fileSize`.
    private record Reader(
            Path file,
            long dataStart,
            long fileSize,
            Map<String, TensorInfo> tensors,
            Map<String, String> metadata) {

        Reader(Path file, long dataStart, long fileSize) {
            this(file, dataStart, fileSize, new LinkedHashMap<>(), new LinkedHashMap<>());
        }

        SafetensorsHeader read(byte[] json) throws IOException {
            try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), json)) {
                parser.nextToken();
                boolean sawMetadata = false;
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    if (!name.equals(METADATA)) {
                        addTensor(parser, name);
                    } else if (sawMetadata) {
                        throw new MalformedCheckpoint(file, METADATA, "one entry", "two");
                    } else {
                        sawMetadata = true;
                        readMetadata(parser);
                    }
                }
                if (parser.nextToken() != null) {
                    throw wrong(parser, "the end of the header");
                }
            } catch (JacksonException e) {
                throw MalformedCheckpoint.notJson(file, PREFIX, e);
            }
            checkCover();
            return new SafetensorsHeader(
                    Collections.unmodifiableMap(tensors), Collections.unmodifiableMap(metadata));
        }

        private MalformedCheckpoint wrong(JsonParser parser, String expected) {
            JsonToken token = parser.currentToken();
            long at = PREFIX + parser.currentTokenLocation().getByteOffset();
            return new MalformedCheckpoint(
                    file, "byte " + at, expected, token == null ? "nothing" : token.toString());
        }

        /// @param what with `name` the words of the refusal, joined only there
        private void expect(JsonParser parser, JsonToken token, String what, String name)
                throws MalformedCheckpoint {
            if (parser.nextToken() != token) {
                throw wrong(parser, what + name);
            }
        }

        private void readMetadata(JsonParser parser) throws MalformedCheckpoint {
            expect(parser, JsonToken.START_OBJECT, "an object of strings as ", METADATA);
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String key = parser.currentName();
                expect(parser, JsonToken.VALUE_STRING, "a string as metadata ", key);
                metadata.put(key, parser.getString());
                if (metadata.size() > MAX_STRINGS) {
                    throw wrong(parser, "at most " + MAX_STRINGS + " strings of metadata");
                }
            }
        }

        private void addTensor(JsonParser parser, String name) throws MalformedCheckpoint {
            if (tensors.size() == MAX_TENSORS) {
                throw new MalformedCheckpoint(
                        file, "tensor " + name, "at most " + MAX_TENSORS + " tensors", "more");
            }
            expect(parser, JsonToken.START_OBJECT, "an object as tensor ", name);
            String dtype = "";
            long[] shape = null;
            long[] offsets = null;
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String key = parser.currentName();
                switch (key) {
                    case "dtype" -> {
                        checkOnce(name, key, !dtype.isEmpty());
                        expect(parser, JsonToken.VALUE_STRING, "a string as dtype of ", name);
                        dtype = parser.getString();
                    }
                    case "shape" -> {
                        checkOnce(name, key, shape != null);
                        shape = readLongs(parser, "shape of ", name, MAX_RANK);
                    }
                    case "data_offsets" -> {
                        checkOnce(name, key, offsets != null);
                        offsets = readLongs(parser, "data_offsets of ", name, 2);
                    }
                    default -> {
                        parser.nextToken();
                        parser.skipChildren();
                    }
                }
            }
            if (shape == null || offsets == null || offsets.length != 2) {
                throw new MalformedCheckpoint(
                        file, "tensor " + name, "dtype, shape and two data_offsets", "fewer");
            }
            TensorInfo info = check(name, dtype, shape, offsets);
            if (tensors.put(name, info) != null) {
                throw new MalformedCheckpoint(file, "tensor " + name, "one entry", "two");
            }
        }

        private void checkOnce(String name, String key, boolean seen) throws MalformedCheckpoint {
            if (seen) {
                throw new MalformedCheckpoint(file, "tensor " + name, "one " + key, "two");
            }
        }

        private long[] readLongs(JsonParser parser, String what, String name, int most)
                throws MalformedCheckpoint {
            if (parser.nextToken() != JsonToken.START_ARRAY) {
                throw wrong(parser, "a list as " + what + name);
            }
            long[] values = new long[Math.min(most, 4)];
            int count = 0;
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT
                        || parser.getLongValue() < 0
                        || count == most) {
                    throw wrong(
                            parser, "at most " + most + " integers of 0 or more as " + what + name);
                }
                if (count == values.length) {
                    values = Arrays.copyOf(values, most);
                }
                values[count++] = parser.getLongValue();
            }
            return Arrays.copyOf(values, count);
        }

        private TensorInfo check(String name, String dtype, long[] shape, long[] offsets)
                throws MalformedCheckpoint {
            StoredType type = StoredType.of(dtype).orElse(null);
            if (type == null) {
                throw new MalformedCheckpoint(
                        file,
                        "tensor " + name,
                        "a dtype of " + Arrays.toString(StoredType.values()),
                        dtype);
            }
            long dataSize = fileSize - dataStart;
            if (offsets[0] > offsets[1] || offsets[1] > dataSize) {
                throw new MalformedCheckpoint(
                        file,
                        "tensor " + name,
                        "data_offsets within " + dataSize + " bytes of data",
                        Arrays.toString(offsets));
            }
            long length = TensorSpec.byteSize(type, shape);
            if (length != offsets[1] - offsets[0]) {
                throw new MalformedCheckpoint(
                        file,
                        "tensor " + name,
                        length < 0
                                ? "a shape of fewer than 2^63 bytes"
                                : "%d bytes for %s %s"
                                        .formatted(length, type, Arrays.toString(shape)),
                        length < 0
                                ? Arrays.toString(shape)
                                : "%d at data_offsets %s"
                                        .formatted(
                                                offsets[1] - offsets[0], Arrays.toString(offsets)));
            }
            return new TensorInfo(name, type, shape, file, dataStart + offsets[0], length);
        }

        /// Every byte of data belongs to exactly one tensor.
        private void checkCover() throws MalformedCheckpoint {
            List<TensorInfo> inOrder = new ArrayList<>(tensors.values());
            inOrder.sort(
                    Comparator.comparingLong(TensorInfo::offset)
                            .thenComparingLong(TensorInfo::length));
            long end = dataStart;
            for (TensorInfo info : inOrder) {
                if (info.offset() != end) {
                    throw new MalformedCheckpoint(
                            file,
                            "tensor " + info.name(),
                            "data from byte %d on, where the tensor before it ends".formatted(end),
                            (info.offset() < end ? "an overlap" : "a hole")
                                    + " as it starts at "
                                    + info.offset());
                }
                end += info.length();
            }
            if (end != fileSize) {
                throw new MalformedCheckpoint(
                        file,
                        "byte " + end,
                        "the end of the file after the last tensor",
                        (fileSize - end) + " more bytes");
            }
        }
    }
}
