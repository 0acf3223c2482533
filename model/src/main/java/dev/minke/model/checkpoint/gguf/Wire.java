package dev.minke.model.checkpoint.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// How numbers and strings lie in a file: little-endian, unaligned, strings after their length.
///
/// Nothing is checked here beyond the bounds of the segment, see [HeaderCursor].
final class Wire {
    static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Wire() {}

    /// An integer; for UINT64 its 64 bits.
    static long whole(MemorySegment bytes, long at, GgufValueType type) {
        return switch (type) {
            case UINT8 -> bytes.get(ValueLayout.JAVA_BYTE, at) & 0xff;
            case INT8 -> bytes.get(ValueLayout.JAVA_BYTE, at);
            case UINT16 -> bytes.get(SHORT, at) & 0xffff;
            case INT16 -> bytes.get(SHORT, at);
            case UINT32 -> bytes.get(INT, at) & 0xffff_ffffL;
            case INT32 -> bytes.get(INT, at);
            case UINT64, INT64 -> bytes.get(LONG, at);
            case FLOAT32, FLOAT64, BOOL, STRING, ARRAY ->
                    throw new IllegalArgumentException(
                            "type is " + type + ", expected an integer type");
        };
    }

    /// A floating-point number.
    static double real(MemorySegment bytes, long at, GgufValueType type) {
        return type == GgufValueType.FLOAT32 ? bytes.get(FLOAT, at) : bytes.get(DOUBLE, at);
    }

    static void putWhole(MemorySegment bytes, long at, GgufValueType type, long value) {
        switch (type.bytes()) {
            case 1 -> bytes.set(ValueLayout.JAVA_BYTE, at, (byte) value);
            case 2 -> bytes.set(SHORT, at, (short) value);
            case 4 -> bytes.set(INT, at, (int) value);
            default -> bytes.set(LONG, at, value);
        }
    }

    static void putReal(MemorySegment bytes, long at, GgufValueType type, double value) {
        if (type == GgufValueType.FLOAT32) {
            bytes.set(FLOAT, at, (float) value);
        } else {
            bytes.set(DOUBLE, at, value);
        }
    }

    /// The bytes of a string whose length is at `at`.
    static MemorySegment stringBytes(MemorySegment bytes, long at) {
        return bytes.asSlice(at + Long.BYTES, bytes.get(LONG, at));
    }

    static String string(MemorySegment bytes, long at) {
        return new String(
                stringBytes(bytes, at).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }

    /// Where the value at `at` ends.
    static long end(MemorySegment bytes, long at, GgufValueType type) {
        if (type == GgufValueType.STRING) {
            return at + Long.BYTES + bytes.get(LONG, at);
        }
        if (type != GgufValueType.ARRAY) {
            return at + type.bytes();
        }
        GgufValueType element = type(bytes, at);
        long count = count(bytes, at);
        long end = at + Integer.BYTES + Long.BYTES;
        if (element.bytes() > 0) {
            return end + count * element.bytes();
        }
        for (long i = 0; i < count; i++) {
            end = end(bytes, end, element);
        }
        return end;
    }

    /// The type whose number is at `at`: before a value, or at the start of an array.
    static GgufValueType type(MemorySegment bytes, long at) {
        return GgufValueType.at(bytes.get(INT, at));
    }

    /// Number of elements of the array at `at`.
    static long count(MemorySegment bytes, long at) {
        return bytes.get(LONG, at + Integer.BYTES);
    }

    /// The value of `type` at `at`; an array stays where it is.
    static GgufValue value(MemorySegment bytes, long at, GgufValueType type) {
        return switch (type) {
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 ->
                    new GgufValue.Whole(type, whole(bytes, at, type));
            case FLOAT32, FLOAT64 -> new GgufValue.Real(type, real(bytes, at, type));
            case BOOL -> new GgufValue.Bool(bytes.get(ValueLayout.JAVA_BYTE, at) != 0);
            case STRING -> new GgufValue.Text(string(bytes, at));
            case ARRAY -> GgufArray.at(bytes, at);
        };
    }
}
