package dev.minke.tensor;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// A row-major view of memory: an element type, a shape and the distance between rows.
///
/// The last dimension is contiguous. All leading dimensions together count the *rows*; consecutive
/// rows lie `rowStride` elements apart, so that a range of columns of a matrix is again a tensor.
/// Values and views only: arithmetic is in [Kernels]. Sizes and offsets are 64-bit.
public final class Tensor {
    private static final ValueLayout.OfFloat F32 =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(LITTLE_ENDIAN);
    private static final ValueLayout.OfInt I32 =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);
    private static final ValueLayout.OfShort I16 =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE_ENDIAN);

    private final Storage storage;
    private final MemorySegment segment;
    private final long offset;
    private final DType dtype;
    private final long[] shape;
    private final long rows;
    private final long rowStride;

    private Tensor(Storage storage, long offset, DType dtype, long[] shape, long rowStride) {
        this.storage = storage;
        this.segment =
                switch (storage) {
                    case Storage.Host host -> host.segment();
                };
        this.offset = offset;
        this.dtype = dtype;
        this.shape = shape;
        long cols = shape[shape.length - 1];
        // a single row has no next one: a piece of a vector is a vector again
        this.rowStride = shape.length == 1 ? cols : rowStride;
        boolean fits = offset >= 0;
        long count = 1;
        try {
            for (int i = 0; i < shape.length - 1; i++) {
                count = Math.multiplyExact(count, shape[i]);
            }
            if (count > 0 && cols > 0) {
                long last = Math.addExact(Math.multiplyExact(count - 1, rowStride), cols);
                long end = Math.addExact(offset, Math.multiplyExact(last, dtype.bytes()));
                fits = fits && end <= segment.byteSize();
            }
        } catch (ArithmeticException e) {
            fits = false;
        }
        if (!fits) {
            throw new ShapeMismatch(
                    "tensor %s %s at byte %d does not fit into %d bytes"
                            .formatted(dtype, Arrays.toString(shape), offset, segment.byteSize()));
        }
        this.rows = count;
    }

    /// View `segment` from byte `offset` on as a contiguous tensor.
    ///
    /// @throws ShapeMismatch if the shape is empty, negative or larger than the segment
    public static Tensor of(MemorySegment segment, long offset, DType dtype, long... shape) {
        return of(new Storage.Host(segment), offset, dtype, shape);
    }

    static Tensor of(Storage storage, long offset, DType dtype, long... shape) {
        if (shape.length == 0 || Arrays.stream(shape).anyMatch(n -> n < 0)) {
            throw new ShapeMismatch(
                    "a tensor needs at least one dimension and none negative, found "
                            + Arrays.toString(shape));
        }
        return new Tensor(storage, offset, dtype, shape.clone(), shape[shape.length - 1]);
    }

    /// Allocate zeros that live as long as `arena`, aligned to 64 bytes.
    public static Tensor zeros(Arena arena, DType dtype, long... shape) {
        long size = dtype.bytes();
        for (long n : shape) {
            size = Math.multiplyExact(size, n);
        }
        return of(arena.allocate(Math.max(size, 1), 64), 0, dtype, shape);
    }

    /// Allocate F32 zeros, see [#zeros(Arena, DType, long...)].
    public static Tensor zeros(Arena arena, long... shape) {
        return zeros(arena, DType.F32, shape);
    }

    /// Copy a Java array into new F32 memory of `arena`.
    public static Tensor copyOf(Arena arena, float[] values, long... shape) {
        Tensor tensor = zeros(arena, DType.F32, shape);
        if (tensor.size() != values.length) {
            throw new ShapeMismatch(
                    "%d values do not fill %s".formatted(values.length, Arrays.toString(shape)));
        }
        MemorySegment.copy(values, 0, tensor.segment, F32, tensor.offset, values.length);
        return tensor;
    }

    /// Copy a Java array into new I32 memory of `arena`.
    public static Tensor copyOf(Arena arena, int[] values, long... shape) {
        Tensor tensor = zeros(arena, DType.I32, shape);
        if (tensor.size() != values.length) {
            throw new ShapeMismatch(
                    "%d values do not fill %s".formatted(values.length, Arrays.toString(shape)));
        }
        MemorySegment.copy(values, 0, tensor.segment, I32, tensor.offset, values.length);
        return tensor;
    }

    /// The memory this tensor views (with its neighbours; see [#offset()]).
    public MemorySegment segment() {
        return segment;
    }

    /// Byte position of the first element in [#segment()].
    public long offset() {
        return offset;
    }

    /// Element type.
    public DType dtype() {
        return dtype;
    }

    /// Number of dimensions.
    public int rank() {
        return shape.length;
    }

    /// Size of dimension `i`.
    public long dim(int i) {
        return shape[i];
    }

    /// All dimensions, a copy.
    public long[] shape() {
        return shape.clone();
    }

    /// Product of all dimensions but the last.
    public long rows() {
        return rows;
    }

    /// The last dimension.
    public long cols() {
        return shape[shape.length - 1];
    }

    /// Elements between the starts of consecutive rows; at least [#cols()].
    public long rowStride() {
        return rowStride;
    }

    /// Number of elements.
    public long size() {
        return rows * cols();
    }

    /// Bytes of the elements, gaps between rows not counted.
    public long byteSize() {
        return size() * dtype.bytes();
    }

    /// Whether rows follow each other without a gap.
    public boolean contiguous() {
        return rowStride == cols() || rows <= 1;
    }

    /// The columns `from` (inclusive) to `to` (exclusive) of every row, sharing memory.
    public Tensor columns(long from, long to) {
        if (from < 0 || to < from || to > cols()) {
            throw new ShapeMismatch(
                    "columns %d to %d of a tensor with %d columns".formatted(from, to, cols()));
        }
        long[] view = shape.clone();
        view[view.length - 1] = to - from;
        return new Tensor(storage, offset + from * dtype.bytes(), dtype, view, rowStride);
    }

    /// The slices `from` (inclusive) to `to` (exclusive) of the first dimension, sharing memory.
    public Tensor range(long from, long to) {
        if (from < 0 || to < from || to > shape[0]) {
            throw new ShapeMismatch(
                    "range %d to %d of a tensor with first dimension %d"
                            .formatted(from, to, shape[0]));
        }
        long step = rank() == 1 ? 1 : (rows / Math.max(shape[0], 1)) * rowStride;
        long[] view = shape.clone();
        view[0] = to - from;
        long stride = rank() == 1 ? view[0] : rowStride;
        return new Tensor(storage, offset + from * step * dtype.bytes(), dtype, view, stride);
    }

    /// Slice `i` of the first dimension with that dimension removed, sharing memory.
    public Tensor slice(long i) {
        if (rank() < 2) {
            throw new ShapeMismatch("a slice needs at least two dimensions");
        }
        Tensor one = range(i, i + 1);
        long[] view = Arrays.copyOfRange(shape, 1, shape.length);
        long stride = view.length == 1 ? view[0] : rowStride;
        return new Tensor(storage, one.offset, dtype, view, stride);
    }

    /// The same elements under another shape of equal size; needs contiguous rows, or an unchanged
    /// last dimension.
    public Tensor reshape(long... view) {
        long size = 1;
        boolean negative = false;
        for (long n : view) {
            size *= n;
            negative |= n < 0;
        }
        boolean sameColumns = view.length > 0 && view[view.length - 1] == cols();
        boolean fits = view.length > 0 && !negative && size == size();
        if (!fits || !(contiguous() || sameColumns)) {
            throw new ShapeMismatch("cannot view %s as %s".formatted(this, Arrays.toString(view)));
        }
        long stride = sameColumns && rows > 1 ? rowStride : view[view.length - 1];
        return new Tensor(storage, offset, dtype, view.clone(), stride);
    }

    /// Check the shape, where -1 fits any size.
    ///
    /// @return this
    /// @throws ShapeMismatch naming the tensor and both shapes
    public Tensor expect(String name, long... dims) {
        boolean fits = dims.length == shape.length;
        for (int i = 0; fits && i < dims.length; i++) {
            fits = dims[i] == -1 || dims[i] == shape[i];
        }
        if (!fits) {
            throw new ShapeMismatch(
                    "%s has shape %s, expected %s"
                            .formatted(name, Arrays.toString(shape), Arrays.toString(dims)));
        }
        return this;
    }

    /// Check the element type.
    ///
    /// @return this
    /// @throws ShapeMismatch naming the tensor and both types
    public Tensor expect(String name, DType expected) {
        if (dtype != expected) {
            throw new ShapeMismatch("%s holds %s, expected %s".formatted(name, dtype, expected));
        }
        return this;
    }

    /// One element as a float; for set-up and tests, not for loops.
    public float getFloat(long row, long col) {
        long at = at(row, col);
        return switch (dtype) {
            case F32 -> segment.get(F32, at);
            case BF16 -> Bf16.toFloat(segment.get(I16, at));
            case F16 -> F16.toFloat(segment.get(I16, at));
            case I32 -> segment.get(I32, at);
        };
    }

    /// Set one element; see [#getFloat(long, long)].
    public void setFloat(long row, long col, float value) {
        long at = at(row, col);
        switch (dtype) {
            case F32 -> segment.set(F32, at, value);
            case BF16 -> segment.set(I16, at, Bf16.fromFloat(value));
            case F16 -> segment.set(I16, at, F16.fromFloat(value));
            case I32 -> segment.set(I32, at, (int) value);
        }
    }

    /// Element `i` of an I32 tensor, in row order.
    public int getInt(long i) {
        return segment.get(I32, at(i));
    }

    /// Set element `i` of an I32 tensor, in row order.
    public void setInt(long i, int value) {
        segment.set(I32, at(i), value);
    }

    /// All elements in row order, widened to float.
    public float[] toFloats() {
        float[] out = new float[Math.toIntExact(size())];
        int cols = Math.toIntExact(cols());
        for (int i = 0; i < out.length; i++) {
            out[i] = getFloat(i / cols, i % cols);
        }
        return out;
    }

    /// All elements of an I32 tensor in row order.
    public int[] toInts() {
        int[] out = new int[Math.toIntExact(size())];
        for (int i = 0; i < out.length; i++) {
            out[i] = getInt(i);
        }
        return out;
    }

    /// Overwrite this tensor's elements with `other`'s bit for bit; same type and size.
    public void copyFrom(Tensor other) {
        if (other.dtype != dtype || other.rows != rows || other.cols() != cols()) {
            throw new ShapeMismatch("cannot copy %s into %s".formatted(other, this));
        }
        if (size() == 0) { // an empty view may lie beyond the memory
            return;
        }
        int bytes = dtype.bytes();
        if (contiguous() && other.contiguous()) {
            MemorySegment.copy(other.segment, other.offset, segment, offset, byteSize());
            return;
        }
        for (long r = 0; r < rows; r++) {
            MemorySegment.copy(
                    other.segment,
                    other.offset + r * other.rowStride * bytes,
                    segment,
                    offset + r * rowStride * bytes,
                    cols() * bytes);
        }
    }

    /// Set all elements to zero.
    public void clear() {
        if (size() == 0) {
            return;
        }
        int bytes = dtype.bytes();
        if (contiguous()) {
            segment.asSlice(offset, byteSize()).fill((byte) 0);
            return;
        }
        for (long r = 0; r < rows; r++) {
            segment.asSlice(offset + r * rowStride * bytes, cols() * bytes).fill((byte) 0);
        }
    }

    private long at(long i) {
        return contiguous() ? offset + i * dtype.bytes() : at(i / cols(), i % cols());
    }

    private long at(long row, long col) {
        return offset + (row * rowStride + col) * dtype.bytes();
    }

    @Override
    public String toString() {
        return dtype + Arrays.toString(shape) + (contiguous() ? "" : " stride " + rowStride);
    }
}
