package dev.minke.model.checkpoint.gguf;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;

/// A stored tensor: what it is and where its bytes lie.
///
/// @param name as in the file
/// @param type element or block type
/// @param dimensions as in the file, the length of a row first; one to four, copied in and out
/// @param file the file that holds it
/// @param offset first byte in the file
/// @param length bytes, without padding
public record GgufTensor(
        String name, GgufType type, long[] dimensions, Path file, long offset, long length) {

    /// Copy the dimensions.
    public GgufTensor {
        dimensions = dimensions.clone();
    }

    @Override
    public long[] dimensions() {
        return dimensions.clone();
    }

    /// Dimensions in row-major order, the length of a row last.
    public long[] shape() {
        return reversed(dimensions);
    }

    /// Elements of a row.
    public long columns() {
        return dimensions[0];
    }

    /// Number of rows, all other dimensions multiplied.
    public long rows() {
        long rows = 1;
        for (int i = 1; i < dimensions.length; i++) {
            rows *= dimensions[i];
        }
        return rows;
    }

    /// Number of elements.
    public long elements() {
        return length / type.blockBytes() * type.blockSize();
    }

    /// The same tensor as something to be written.
    public GgufTensorSpec spec() {
        return new GgufTensorSpec(name, type, shape());
    }

    /// Whether the row-major shape is `expected`.
    public boolean hasShape(long... expected) {
        return Arrays.equals(shape(), expected);
    }

    static long[] reversed(long[] values) {
        long[] reversed = new long[values.length];
        for (int i = 0; i < values.length; i++) {
            reversed[i] = values[values.length - 1 - i];
        }
        return reversed;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof GgufTensor that
                && name.equals(that.name)
                && type == that.type
                && Arrays.equals(dimensions, that.dimensions)
                && file.equals(that.file)
                && offset == that.offset
                && length == that.length;
    }

    @Override
    public int hashCode() {
        return Objects.hash(name, type, Arrays.hashCode(dimensions), file, offset, length);
    }

    @Override
    public String toString() {
        return "%s %s %s at %d of %s".formatted(name, type, Arrays.toString(shape()), offset, file);
    }
}
