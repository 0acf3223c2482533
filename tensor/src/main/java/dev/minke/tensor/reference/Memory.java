package dev.minke.tensor.reference;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.minke.tensor.Bf16;
import dev.minke.tensor.DType;
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

    static int loadInt(MemorySegment segment, long at) {
        return segment.get(I32, at);
    }

    static void storeInt(MemorySegment segment, long at, int value) {
        segment.set(I32, at, value);
    }

    /// Copy `n` elements (F32, or BF16 widened) from byte `at` on into `to`.
    static void read(MemorySegment segment, DType type, long at, float[] to, int toAt, int n) {
        if (type == DType.BF16) {
            for (int i = 0; i < n; i++) {
                to[toAt + i] = loadBf16(segment, at + 2L * i);
            }
        } else {
            MemorySegment.copy(segment, F32, at, to, toAt, n);
        }
    }

    /// Copy `n` elements of `from` to F32 memory from byte `at` on.
    static void write(float[] from, int fromAt, MemorySegment segment, long at, int n) {
        MemorySegment.copy(from, fromAt, segment, F32, at, n);
    }
}
