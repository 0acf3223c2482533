package dev.minke.tensor.reference;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.minke.tensor.Bf16;
import dev.minke.tensor.DType;
import dev.minke.tensor.F16;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Elements of tensors by byte offset, and whole rows to and from arrays.
final class Memory {
    private static final ValueLayout.OfFloat F32 =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(LITTLE_ENDIAN);
    private static final ValueLayout.OfInt I32 =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);
    private static final ValueLayout.OfShort I16 =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE_ENDIAN);

    private Memory() {}

    /// Byte offset of a row's first element.
    static long row(Tensor x, long row) {
        return x.offset() + row * x.rowStride() * x.dtype().bytes();
    }

    static float load(MemorySegment segment, long at) {
        return segment.get(F32, at);
    }

    static void store(MemorySegment segment, long at, float value) {
        segment.set(F32, at, value);
    }

    static float loadBf16(MemorySegment segment, long at) {
        return Bf16.toFloat(segment.get(I16, at));
    }

    static void storeBf16(MemorySegment segment, long at, float value) {
        segment.set(I16, at, Bf16.fromFloat(value));
    }

    static float loadF16(MemorySegment segment, long at) {
        return F16.toFloat(segment.get(I16, at));
    }

    static void storeF16(MemorySegment segment, long at, short bits) {
        segment.set(I16, at, bits);
    }

    /// One byte, unsigned.
    static int loadByte(MemorySegment segment, long at) {
        return segment.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
    }

    static void storeByte(MemorySegment segment, long at, int value) {
        segment.set(ValueLayout.JAVA_BYTE, at, (byte) value);
    }

    /// One element (F32, or BF16 or F16 widened).
    static float load(MemorySegment segment, DType type, long at) {
        return switch (type) {
            case F32 -> load(segment, at);
            case BF16 -> loadBf16(segment, at);
            case F16 -> loadF16(segment, at);
            case I32, I8 -> throw new IllegalArgumentException(type + " is no floating type");
        };
    }

    /// Set one element of a floating type, rounding to nearest even.
    static void store(MemorySegment segment, DType type, long at, float value) {
        switch (type) {
            case F32 -> store(segment, at, value);
            case BF16 -> storeBf16(segment, at, value);
            case F16 -> storeF16(segment, at, F16.fromFloat(value));
            case I32, I8 -> throw new IllegalArgumentException(type + " is no floating type");
        }
    }

    static int loadInt(MemorySegment segment, long at) {
        return segment.get(I32, at);
    }

    static void storeInt(MemorySegment segment, long at, int value) {
        segment.set(I32, at, value);
    }

    /// Copy `n` elements (F32, or BF16 or F16 widened) from byte `at` on into `to`.
    static void read(MemorySegment segment, DType type, long at, float[] to, int toAt, int n) {
        if (type == DType.F32) {
            MemorySegment.copy(segment, F32, at, to, toAt, n);
            return;
        }
        for (int i = 0; i < n; i++) {
            to[toAt + i] = load(segment, type, at + 2L * i);
        }
    }

    /// Copy `n` elements of `from` to F32 memory from byte `at` on.
    static void write(float[] from, int fromAt, MemorySegment segment, long at, int n) {
        MemorySegment.copy(from, fromAt, segment, F32, at, n);
    }
}
