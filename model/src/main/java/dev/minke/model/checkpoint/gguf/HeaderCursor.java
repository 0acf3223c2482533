package dev.minke.model.checkpoint.gguf;

import dev.minke.model.checkpoint.MalformedCheckpoint;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// A place in the header of a file that nothing is known of, moving forward.
///
/// Every length is held against what is left of the file before anything is allocated or skipped.
final class HeaderCursor {
    /// Where the tensor infos have to end; vocabularies of real models stay below 32 MiB.
    static final long MAX_BYTES = 256L << 20;

    static final int MAX_RANK = 4;
    static final int MAX_DEPTH = 8;
    static final int MAX_KEY = 65_535;
    static final int MAX_NAME = 1024;

    private final Path file;
    private final MemorySegment bytes;
    private final long limit;
    private long at;
    private String kind = "header";
    private String name = "";
    private int number = -1;

    /// @param bytes the whole file
    HeaderCursor(Path file, MemorySegment bytes) {
        this.file = file;
        this.bytes = bytes;
        this.limit = Math.min(bytes.byteSize(), MAX_BYTES);
    }

    /// What the next errors are about.
    void about(String newKind, String newName) {
        kind = newKind;
        name = newName;
    }

    /// What the next errors are about, as long as it has no name.
    void about(String newKind, int newNumber) {
        kind = newKind;
        name = "";
        number = newNumber;
    }

    long position() {
        return at;
    }

    long remaining() {
        return limit - at;
    }

    MalformedCheckpoint wrong(String expected, String found) {
        return wrong(at, expected, found);
    }

    MalformedCheckpoint wrong(long place, String expected, String found) {
        String unnamed = number < 0 ? kind : kind + " number " + number;
        String about = name.isEmpty() ? unnamed : kind + " " + name;
        return new MalformedCheckpoint(file, about + " at byte " + place, expected, found);
    }

    private void need(long count, String what) throws MalformedCheckpoint {
        if (count > remaining()) {
            throw wrong(
                    what,
                    limit == MAX_BYTES
                            ? "a header beyond " + MAX_BYTES + " bytes"
                            : "the end of the file at byte " + limit);
        }
    }

    int readInt(String what) throws MalformedCheckpoint {
        need(Integer.BYTES, what);
        int value = bytes.get(Wire.INT, at);
        at += Integer.BYTES;
        return value;
    }

    long readLong(String what) throws MalformedCheckpoint {
        need(Long.BYTES, what);
        long value = bytes.get(Wire.LONG, at);
        at += Long.BYTES;
        return value;
    }

    /// A number of things that take at least `least` bytes each.
    ///
    /// @param most how many this reader takes
    int readCount(String what, long least, long most) throws MalformedCheckpoint {
        long start = at;
        long count = readLong("a number of 8 bytes");
        long fits = Math.min(remaining() / least, most);
        if (count < 0 || count > fits) {
            throw wrong(
                    start,
                    "at most %d %s, as the file is".formatted(fits, what),
                    Long.toUnsignedString(count));
        }
        return (int) count;
    }

    /// A name: valid UTF-8, neither empty nor longer than `most` bytes.
    String readName(String what, int most) throws MalformedCheckpoint {
        long start = at;
        long length = readLong("a length of 8 bytes");
        if (length < 1 || length > Math.min(most, remaining())) {
            throw wrong(
                    start,
                    "%s of 1 to %d bytes".formatted(what, Math.min(most, remaining())),
                    Long.toUnsignedString(length));
        }
        byte[] text = bytes.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
        at += length;
        if (ascii(text)) {
            return new String(text, StandardCharsets.US_ASCII);
        }
        try {
            // names are compared: two that differ in broken bytes must not become one
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(text)).toString();
        } catch (CharacterCodingException e) {
            throw wrong(start, what + " in UTF-8", "bytes that are none");
        }
    }

    /// As nearly all names are; their decoding is worth a short cut where there are thousands.
    private static boolean ascii(byte[] text) {
        for (byte b : text) {
            if (b < 0) {
                return false;
            }
        }
        return true;
    }

    GgufValueType readType() throws MalformedCheckpoint {
        long start = at;
        int id = readInt("a value type");
        if (!GgufValueType.known(id)) {
            throw wrong(start, "a value type of 0 to 12", Integer.toUnsignedString(id));
        }
        return GgufValueType.at(id);
    }

    /// Step over a value and check it on the way.
    ///
    /// @param depth arrays around it
    void skipValue(GgufValueType type, int depth) throws MalformedCheckpoint {
        switch (type) {
            case STRING -> skipString();
            case ARRAY -> skipArray(depth + 1);
            case BOOL -> skipBools(1);
            default -> skip(type.bytes(), "a value of type " + type);
        }
    }

    private void skip(long count, String what) throws MalformedCheckpoint {
        need(count, what);
        at += count;
    }

    private void skipString() throws MalformedCheckpoint {
        long start = at;
        long length = readLong("a length of 8 bytes");
        if (length < 0 || length > remaining()) {
            throw wrong(
                    start,
                    "a string of at most %d bytes, as the file is".formatted(remaining()),
                    Long.toUnsignedString(length));
        }
        at += length;
    }

    private void skipArray(int depth) throws MalformedCheckpoint {
        if (depth > MAX_DEPTH) {
            throw wrong("at most " + MAX_DEPTH + " arrays in each other", "more");
        }
        GgufValueType element = readType();
        int least =
                switch (element) {
                    case STRING -> Long.BYTES;
                    case ARRAY -> Integer.BYTES + Long.BYTES;
                    default -> element.bytes();
                };
        int count = readCount("elements", least, Integer.MAX_VALUE);
        switch (element) {
            case STRING -> {
                for (int i = 0; i < count; i++) {
                    skipString();
                }
            }
            case ARRAY -> {
                for (int i = 0; i < count; i++) {
                    skipArray(depth + 1);
                }
            }
            case BOOL -> skipBools(count);
            default -> skip((long) count * element.bytes(), "elements");
        }
    }

    private void skipBools(int count) throws MalformedCheckpoint {
        need(count, "a value of type BOOL");
        for (int i = 0; i < count; i++) {
            byte value = bytes.get(ValueLayout.JAVA_BYTE, at);
            if (value != 0 && value != 1) {
                throw wrong("0 or 1 as BOOL", "byte 0x%02x".formatted(value));
            }
            at++;
        }
    }
}
