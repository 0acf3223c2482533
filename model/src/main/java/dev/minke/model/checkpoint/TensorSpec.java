package dev.minke.model.checkpoint;

import java.util.Arrays;
import java.util.Objects;

/// A tensor to be written: name, element type and shape.
///
/// @param name as in the file
/// @param type element type
/// @param shape row-major, copied in and out; empty for a single number
public record TensorSpec(String name, StoredType type, long[] shape) {

    /// Copy the shape.
    ///
    /// @throws IllegalArgumentException if a dimension is negative or the size is beyond 2^63 bytes
    public TensorSpec {
        shape = shape.clone();
        if (byteSize(type, shape) < 0) {
            throw new IllegalArgumentException(
                    "tensor %s has shape %s, expected dimensions of 0 or more and fewer than 2^63 bytes"
                            .formatted(name, Arrays.toString(shape)));
        }
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    /// Bytes of the whole tensor.
    public long byteSize() {
        return byteSize(type, shape);
    }

    /// Bytes of a tensor, or -1 where a dimension is negative or the product overflows.
    static long byteSize(StoredType type, long[] shape) {
        long size = type.bytes();
        boolean empty = false;
        for (long n : shape) {
            if (n < 0) {
                return -1;
            }
            empty |= n == 0;
            // counted even beside a zero: a product that cannot be formed is refused everywhere
            if (n > 0 && Math.multiplyHigh(size, n) != 0 || n > 0 && size * n < 0) {
                return -1;
            }
            size *= Math.max(n, 1);
        }
        return empty ? 0 : size;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TensorSpec that
                && name.equals(that.name)
                && type == that.type
                && Arrays.equals(shape, that.shape);
    }

    @Override
    public int hashCode() {
        return Objects.hash(name, type, Arrays.hashCode(shape));
    }

    @Override
    public String toString() {
        return "%s %s %s".formatted(name, type, Arrays.toString(shape));
    }
}
