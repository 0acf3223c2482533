package dev.minke.model.checkpoint;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;

/// A stored tensor: what it is and where its bytes lie.
///
/// @param name as in the file
/// @param type element type
/// @param shape row-major, copied in and out; empty for a single number
/// @param file the file that holds it
/// @param offset first byte in the file
/// @param length bytes, the product of shape and element size
public record TensorInfo(
        String name, StoredType type, long[] shape, Path file, long offset, long length) {

    /// Copy the shape.
    public TensorInfo {
        shape = shape.clone();
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    /// Number of elements.
    public long elements() {
        return length / type.bytes();
    }

    /// The same tensor as something to be written.
    public TensorSpec spec() {
        return new TensorSpec(name, type, shape);
    }

    /// Whether the shape is `expected`.
    public boolean hasShape(long... expected) {
        return Arrays.equals(shape, expected);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TensorInfo that
                && name.equals(that.name)
                && type == that.type
                && Arrays.equals(shape, that.shape)
                && file.equals(that.file)
                && offset == that.offset
                && length == that.length;
    }

    @Override
    public int hashCode() {
        return Objects.hash(name, type, Arrays.hashCode(shape), file, offset, length);
    }

    @Override
    public String toString() {
        return "%s %s %s at %d of %s".formatted(name, type, Arrays.toString(shape), offset, file);
    }
}
