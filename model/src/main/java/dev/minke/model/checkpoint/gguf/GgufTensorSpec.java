package dev.minke.model.checkpoint.gguf;

import java.util.Arrays;
import java.util.Objects;

/// A tensor to be written: name, type and shape.
///
/// @param name as in the file
/// @param type element or block type
/// @param shape row-major, the length of a row last; one to four dimensions, copied in and out
public record GgufTensorSpec(String name, GgufType type, long[] shape) {

    /// Copy and check the shape.
    ///
    /// @throws IllegalArgumentException if there are not one to four dimensions, one is negative, a
    ///   row is no whole number of blocks, or the size is beyond 2^63
    public GgufTensorSpec {
        shape = shape.clone();
        if (shape.length < 1 || shape.length > HeaderCursor.MAX_RANK || size(type, shape) < 0) {
            throw new IllegalArgumentException(
                    "tensor %s of type %s has shape %s, expected %s"
                            .formatted(name, type, Arrays.toString(shape), rule(type)));
        }
    }

    private static long size(GgufType type, long[] shape) {
        return GgufType.byteSize(type, GgufTensor.reversed(shape));
    }

    static String rule(GgufType type) {
        return "1 to 4 dimensions of 0 or more, "
                + (type.quantized() ? "rows of a multiple of " + type.blockSize() + ", " : "")
                + "fewer than 2^63 bytes";
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    /// Bytes of the whole tensor, without padding.
    public long byteSize() {
        return size(type, shape);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof GgufTensorSpec that
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
