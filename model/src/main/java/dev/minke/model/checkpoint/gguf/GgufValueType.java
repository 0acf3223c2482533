package dev.minke.model.checkpoint.gguf;

import java.util.Optional;

/// Types of metadata; the order is that of their numbers in a file.
public enum GgufValueType {
    /// Unsigned byte.
    UINT8(1),
    /// Signed byte.
    INT8(1),
    /// Unsigned 16-bit integer.
    UINT16(2),
    /// Signed 16-bit integer.
    INT16(2),
    /// Unsigned 32-bit integer.
    UINT32(4),
    /// Signed 32-bit integer.
    INT32(4),
    /// IEEE single.
    FLOAT32(4),
    /// One byte, 0 or 1.
    BOOL(1),
    /// Length and UTF-8.
    STRING(0),
    /// Element type, length and elements.
    ARRAY(0),
    /// Unsigned 64-bit integer.
    UINT64(8),
    /// Signed 64-bit integer.
    INT64(8),
    /// IEEE double.
    FLOAT64(8);

    private static final GgufValueType[] ALL = values();

    private final int bytes;

    GgufValueType(int bytes) {
        this.bytes = bytes;
    }

    /// The number that stands for the type in a file.
    public int id() {
        return ordinal();
    }

    /// Bytes of a value, 0 for strings and arrays, whose size differs.
    public int bytes() {
        return bytes;
    }

    /// Whether it is one of the eight integer types.
    public boolean integer() {
        return switch (this) {
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> true;
            case FLOAT32, FLOAT64, BOOL, STRING, ARRAY -> false;
        };
    }

    /// Whether it is one of the two floating-point types.
    public boolean real() {
        return this == FLOAT32 || this == FLOAT64;
    }

    /// The type of that number.
    public static Optional<GgufValueType> of(int id) {
        return known(id) ? Optional.of(at(id)) : Optional.empty();
    }

    static boolean known(int id) {
        return id >= 0 && id < ALL.length;
    }

    /// The type of a number that is known to be one; makes no garbage, since arrays of arrays may
    /// ask millions of times.
    static GgufValueType at(int id) {
        return ALL[id];
    }

    /// Whether `value` can be held; for UINT64 any bits can.
    boolean holds(long value) {
        return switch (this) {
            case UINT8 -> value >= 0 && value < 1L << 8;
            case INT8 -> value == (byte) value;
            case UINT16 -> value >= 0 && value < 1L << 16;
            case INT16 -> value == (short) value;
            case UINT32 -> value >= 0 && value < 1L << 32;
            case INT32 -> value == (int) value;
            case UINT64, INT64 -> true;
            case FLOAT32, FLOAT64, BOOL, STRING, ARRAY -> false;
        };
    }
}
