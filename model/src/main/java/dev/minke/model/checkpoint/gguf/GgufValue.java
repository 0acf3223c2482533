package dev.minke.model.checkpoint.gguf;

import static dev.minke.model.checkpoint.gguf.GgufValueType.BOOL;
import static dev.minke.model.checkpoint.gguf.GgufValueType.FLOAT32;
import static dev.minke.model.checkpoint.gguf.GgufValueType.FLOAT64;
import static dev.minke.model.checkpoint.gguf.GgufValueType.INT32;
import static dev.minke.model.checkpoint.gguf.GgufValueType.STRING;
import static dev.minke.model.checkpoint.gguf.GgufValueType.UINT16;
import static dev.minke.model.checkpoint.gguf.GgufValueType.UINT32;
import static dev.minke.model.checkpoint.gguf.GgufValueType.UINT64;

import java.util.List;

/// What a metadata key holds.
public sealed interface GgufValue
        permits GgufValue.Whole, GgufValue.Real, GgufValue.Bool, GgufValue.Text, GgufArray {
    /// Its type in the file.
    GgufValueType type();

    /// An integer of any width.
    ///
    /// @param type one of the integer types
    /// @param value the number; for UINT64 its 64 bits, so that 2^63 and more look negative
    record Whole(GgufValueType type, long value) implements GgufValue {
        /// Check the range.
        ///
        /// @throws IllegalArgumentException if the type is no integer or does not hold the value
        public Whole {
            if (!type.holds(value)) {
                throw new IllegalArgumentException(
                        "%s is of type %s, expected an integer type that holds it"
                                .formatted(value, type));
            }
        }

        /// Whether the number fits into a long.
        public boolean fitsLong() {
            return type != UINT64 || value >= 0;
        }

        @Override
        public String toString() {
            return type == UINT64 ? Long.toUnsignedString(value) : Long.toString(value);
        }
    }

    /// A floating-point number.
    ///
    /// @param type FLOAT32 or FLOAT64
    /// @param value the number, rounded to the type
    record Real(GgufValueType type, double value) implements GgufValue {
        /// Round to the type.
        ///
        /// @throws IllegalArgumentException if the type is no floating-point type
        public Real {
            if (!type.real()) {
                throw new IllegalArgumentException(
                        "%s is of type %s, expected FLOAT32 or FLOAT64".formatted(value, type));
            }
            value = type == FLOAT32 ? (float) value : value;
        }

        @Override
        public String toString() {
            return type == FLOAT32 ? Float.toString((float) value) : Double.toString(value);
        }
    }

    /// A truth value.
    ///
    /// @param value the value
    record Bool(boolean value) implements GgufValue {
        @Override
        public GgufValueType type() {
            return BOOL;
        }

        @Override
        public String toString() {
            return Boolean.toString(value);
        }
    }

    /// A string.
    ///
    /// @param value its text; bytes that are no UTF-8 have become U+FFFD
    record Text(String value) implements GgufValue {
        @Override
        public GgufValueType type() {
            return STRING;
        }

        @Override
        public String toString() {
            return value;
        }
    }

    /// A value of type STRING.
    static GgufValue string(String value) {
        return new Text(value);
    }

    /// A value of type STRING array.
    static GgufValue strings(List<String> values) {
        return GgufArray.strings(values);
    }

    /// A value of type BOOL.
    static GgufValue bool(boolean value) {
        return new Bool(value);
    }

    /// A value of type UINT16.
    static GgufValue uint16(long value) {
        return new Whole(UINT16, value);
    }

    /// A value of type UINT32.
    static GgufValue uint32(long value) {
        return new Whole(UINT32, value);
    }

    /// A value of type INT32.
    static GgufValue int32(long value) {
        return new Whole(INT32, value);
    }

    /// A value of type UINT64.
    static GgufValue uint64(long value) {
        return new Whole(UINT64, value);
    }

    /// A value of type FLOAT32.
    static GgufValue float32(double value) {
        return new Real(FLOAT32, value);
    }

    /// A value of type FLOAT64.
    static GgufValue float64(double value) {
        return new Real(FLOAT64, value);
    }
}
