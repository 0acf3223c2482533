package dev.minke.model.checkpoint.gguf;

import dev.minke.model.checkpoint.MalformedCheckpoint;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/// The header of a GGUF file, read and checked in full before any data is touched.
///
/// Rules: version 2 or 3, little-endian; counts and lengths that fit into the file; no key and no
/// tensor twice; one to four dimensions whose product fits into 63 bits; rows of whole blocks of a
/// known type; data at multiples of the alignment, in the file, without overlap.
///
/// @param version 2 or 3
/// @param alignment what the data of tensors start at multiples of, in bytes
/// @param metadata keys and values
/// @param tensors by name, in the order of the header
record GgufHeader(
        int version,
        long alignment,
        GgufMetadata metadata,
        SequencedMap<String, GgufTensor> tensors) {
    static final int MAGIC = 'G' | 'G' << 8 | 'U' << 16 | 'F' << 24;
    static final int VERSION = 3;
    static final String ALIGNMENT = "general.alignment";
    static final long DEFAULT_ALIGNMENT = 32;
    static final long MAX_ALIGNMENT = 1L << 30;

    /// Beyond what real files have (100 and 1,100), so that objects stay few whatever counts say.
    static final int MAX_KEYS = 16_384;

    static final int MAX_TENSORS = 65_536;

    private static final int LEAST_KEY = 8 + 1 + 4 + 1;
    private static final int LEAST_TENSOR = 8 + 1 + 4 + 8 + 4 + 8;

    static GgufHeader read(Path file, MemorySegment bytes) throws MalformedCheckpoint {
        return new Reader(file, bytes, new HeaderCursor(file, bytes)).read();
    }

    static boolean powerOfTwo(long alignment) {
        return alignment >= 1 && alignment <= MAX_ALIGNMENT && Long.bitCount(alignment) == 1;
    }

    /// The first multiple of `alignment` that is not below `at`.
    static long align(long at, long alignment) {
        return Math.addExact(at, alignment - 1) & -alignment;
    }

    /// A tensor whose offset counts from the start of the data, which the header does not tell
    /// before its end. The array is not shared.
    private record Entry(GgufType type, long[] dimensions, long offset, long length) {}

    /// One pass over the header in `bytes`.
    private record Reader(Path file, MemorySegment bytes, HeaderCursor in) {

        GgufHeader read() throws MalformedCheckpoint {
            int version = readVersion();
            int tensorCount = in.readCount("tensors", LEAST_TENSOR, MAX_TENSORS);
            int keyCount = in.readCount("keys", LEAST_KEY, MAX_KEYS);
            GgufMetadata metadata = readMetadata(keyCount);
            long alignment = readAlignment(metadata);
            SequencedMap<String, Entry> entries = readEntries(tensorCount, alignment);
            SequencedMap<String, GgufTensor> tensors =
                    place(entries, align(in.position(), alignment));
            checkOverlap(tensors);
            return new GgufHeader(
                    version, alignment, metadata, Collections.unmodifiableSequencedMap(tensors));
        }

        private int readVersion() throws MalformedCheckpoint {
            int magic = in.readInt("the letters GGUF");
            if (magic != MAGIC) {
                throw in.wrong(
                        0, "the letters GGUF", "0x%08x".formatted(Integer.reverseBytes(magic)));
            }
            int version = in.readInt("a version");
            if (version != 0 && (version & 0xffff) == 0) {
                throw in.wrong(
                        Integer.BYTES,
                        "a little-endian file",
                        "a big-endian one of version "
                                + Integer.toUnsignedString(Integer.reverseBytes(version)));
            }
            if (version != 2 && version != VERSION) {
                throw in.wrong(Integer.BYTES, "version 2 or 3", Integer.toUnsignedString(version));
            }
            return version;
        }

        private GgufMetadata readMetadata(int count) throws MalformedCheckpoint {
            SequencedMap<String, Long> places = new LinkedHashMap<>();
            for (int i = 0; i < count; i++) {
                in.about("key", i);
                long start = in.position();
                String key = in.readName("a key", HeaderCursor.MAX_KEY);
                in.about("key", key);
                if (places.put(key, in.position()) != null) {
                    throw in.wrong(start, "one entry", "two");
                }
                in.skipValue(in.readType(), 0);
            }
            return new GgufMetadata(file, bytes, Collections.unmodifiableSequencedMap(places));
        }

        private long readAlignment(GgufMetadata metadata) throws MalformedCheckpoint {
            long alignment = metadata.findInteger(ALIGNMENT).orElse(DEFAULT_ALIGNMENT);
            if (!powerOfTwo(alignment)) {
                throw new MalformedCheckpoint(
                        file, "key " + ALIGNMENT, "a power of two up to 2^30", alignment + "");
            }
            return alignment;
        }

        private SequencedMap<String, Entry> readEntries(int count, long alignment)
                throws MalformedCheckpoint {
            SequencedMap<String, Entry> entries = LinkedHashMap.newLinkedHashMap(count);
            for (int i = 0; i < count; i++) {
                in.about("tensor", i);
                long start = in.position();
                String name = in.readName("a tensor name", HeaderCursor.MAX_NAME);
                in.about("tensor", name);
                if (entries.put(name, readEntry(alignment)) != null) {
                    throw in.wrong(start, "one entry", "two");
                }
            }
            return entries;
        }

        private Entry readEntry(long alignment) throws MalformedCheckpoint {
            long start = in.position();
            int rank = in.readInt("the number of dimensions");
            if (rank < 1 || rank > HeaderCursor.MAX_RANK) {
                throw in.wrong(start, "1 to 4 dimensions", Integer.toUnsignedString(rank));
            }
            long[] dimensions = new long[rank];
            for (int i = 0; i < rank; i++) {
                dimensions[i] = in.readLong("a dimension");
            }
            long typeAt = in.position();
            int id = in.readInt("a tensor type");
            GgufType type = GgufType.of(id).orElse(null);
            if (type == null) {
                throw in.wrong(typeAt, "a known type", GgufType.describeUnknown(id));
            }
            long length = GgufType.byteSize(type, dimensions);
            if (length < 0) {
                throw in.wrong(
                        start,
                        "%s for type %s".formatted(GgufTensorSpec.rule(type), type),
                        Arrays.toString(GgufTensor.reversed(dimensions)));
            }
            long offsetAt = in.position();
            long offset = in.readLong("a data offset");
            if (offset < 0 || offset % alignment != 0) {
                throw in.wrong(
                        offsetAt,
                        "a data offset at a multiple of " + alignment,
                        Long.toUnsignedString(offset));
            }
            return new Entry(type, dimensions, offset, length);
        }

        private SequencedMap<String, GgufTensor> place(
                SequencedMap<String, Entry> entries, long dataStart) throws MalformedCheckpoint {
            SequencedMap<String, GgufTensor> tensors =
                    LinkedHashMap.newLinkedHashMap(entries.size());
            for (var named : entries.entrySet()) {
                String name = named.getKey();
                Entry entry = named.getValue();
                long offset = place(name, entry, dataStart);
                tensors.put(
                        name,
                        new GgufTensor(
                                name, entry.type, entry.dimensions, file, offset, entry.length));
            }
            return tensors;
        }

        private long place(String name, Entry entry, long dataStart) throws MalformedCheckpoint {
            if (entry.length == 0) {
                // no bytes are nowhere; the padding before them may be missing at the end
                return Math.min(dataStart, bytes.byteSize());
            }
            long dataBytes = Math.max(0, bytes.byteSize() - dataStart);
            if (entry.offset > dataBytes - entry.length) {
                throw new MalformedCheckpoint(
                        file,
                        "tensor " + name,
                        "its data within the %d bytes from byte %d on"
                                .formatted(dataBytes, dataStart),
                        "%d bytes at offset %d".formatted(entry.length, entry.offset));
            }
            return dataStart + entry.offset;
        }

        private void checkOverlap(SequencedMap<String, GgufTensor> tensors)
                throws MalformedCheckpoint {
            GgufTensor[] inOrder = tensors.values().toArray(new GgufTensor[0]);
            Arrays.sort(
                    inOrder,
                    Comparator.comparingLong(GgufTensor::offset)
                            .thenComparingLong(GgufTensor::length));
            long end = 0;
            String before = "";
            for (GgufTensor tensor : inOrder) {
                if (tensor.length() > 0 && tensor.offset() < end) {
                    throw new MalformedCheckpoint(
                            file,
                            "tensor " + tensor.name(),
                            "data from byte %d on, where tensor %s ends".formatted(end, before),
                            "an overlap as it starts at " + tensor.offset());
                }
                if (tensor.length() > 0) {
                    end = tensor.offset() + tensor.length();
                    before = tensor.name();
                }
            }
        }
    }
}
