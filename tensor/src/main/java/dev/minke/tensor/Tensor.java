package dev.minke.tensor;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A row-major view of memory: an element type, a shape and the distance between rows.
///
/// The last dimension is contiguous. All leading dimensions together count the *rows*; consecutive
/// rows lie `rowStride` elements apart, so that a range of columns of a matrix is again a tensor.
/// Values and views only: arithmetic is in [Kernels]. Sizes and offsets are 64-bit. A tensor itself
/// never changes, only the memory it views; so one object may stand for the same view many times,
/// and taking a view that was taken shortly before makes no new one.
public final class Tensor {
    private static final ValueLayout.OfFloat F32 =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(LITTLE_ENDIAN);
    private static final ValueLayout.OfInt I32 =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);
    private static final ValueLayout.OfShort I16 =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE_ENDIAN);

    /// Views remembered.
    private static final int VIEWS = 8;

    private final Storage storage;
    private final MemorySegment segment;
    private final long offset;
    private final DType dtype;
    private final long[] shape;
    private final long rows;
    private final long rowStride;

    /// The views taken last, as the next step will take the same ones again. Threads need not agree
    /// on what is in here: at worst a view is made twice.
    private @Nullable Tensor @Nullable [] views;

    private int nextView;

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
        boolean valid = shape.length > 0;
        for (long n : shape) {
            valid &= n >= 0;
        }
        if (!valid) {
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

    /// Whether this is the contiguous tensor of up to three dimensions at this place.
    boolean is(MemorySegment at, long byteOffset, DType type, int rank, long a, long b, long c) {
        return lies(byteOffset, rank, a, b, c)
                && dtype == type
                && contiguous()
                && segment.equals(at);
    }

    private boolean lies(long byteOffset, int rank, long a, long b, long c) {
        return offset == byteOffset
                && shape.length == rank
                && shape[0] == a
                && (rank < 2 || shape[1] == b)
                && (rank < 3 || shape[2] == c);
    }

    /// Find or make a view of up to three dimensions.
    private Tensor view(long byteOffset, long stride, int rank, long a, long b, long c) {
        @Nullable Tensor[] taken = views;
        if (taken == null) {
            taken = new Tensor[VIEWS];
            views = taken;
        }
        for (Tensor view : taken) {
            if (view != null && view.rowStride == stride && view.lies(byteOffset, rank, a, b, c)) {
                return view;
            }
        }
        long[] dims =
                switch (rank) {
                    case 1 -> new long[] {a};
                    case 2 -> new long[] {a, b};
                    default -> new long[] {a, b, c};
                };
        Tensor view = new Tensor(storage, byteOffset, dtype, dims, stride);
        int slot = nextView;
        nextView = (slot + 1) % VIEWS;
        taken[slot] = view;
        return view;
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
        if (to - from == cols()) {
            return this;
        }
        long at = offset + from * dtype.bytes();
        long width = to - from;
        return switch (shape.length) {
            case 1 -> view(at, width, 1, width, 1, 1);
            case 2 -> view(at, rowStride, 2, shape[0], width, 1);
            case 3 -> view(at, rowStride, 3, shape[0], shape[1], width);
            default -> {
                long[] dims = shape.clone();
                dims[dims.length - 1] = width;
                yield new Tensor(storage, at, dtype, dims, rowStride);
            }
        };
    }

    /// The slices `from` (inclusive) to `to` (exclusive) of the first dimension, sharing memory.
    public Tensor range(long from, long to) {
        if (from < 0 || to < from || to > shape[0]) {
            throw new ShapeMismatch(
                    "range %d to %d of a tensor with first dimension %d"
                            .formatted(from, to, shape[0]));
        }
        if (to - from == shape[0]) {
            return this;
        }
        long step = rank() == 1 ? 1 : (rows / Math.max(shape[0], 1)) * rowStride;
        long at = offset + from * step * dtype.bytes();
        long count = to - from;
        return switch (shape.length) {
            case 1 -> view(at, count, 1, count, 1, 1);
            case 2 -> view(at, rowStride, 2, count, shape[1], 1);
            case 3 -> view(at, rowStride, 3, count, shape[1], shape[2]);
            default -> {
                long[] dims = shape.clone();
                dims[0] = count;
                yield new Tensor(storage, at, dtype, dims, rowStride);
            }
        };
    }

    /// Slice `i` of the first dimension with that dimension removed, sharing memory.
    public Tensor slice(long i) {
        if (rank() < 2) {
            throw new ShapeMismatch("a slice needs at least two dimensions");
        }
        if (i < 0 || i >= shape[0]) {
            throw new ShapeMismatch(
                    "slice %d of a tensor with first dimension %d".formatted(i, shape[0]));
        }
        long at = offset + i * (rows / shape[0]) * rowStride * dtype.bytes();
        return switch (shape.length) {
            case 2 -> view(at, shape[1], 1, shape[1], 1, 1);
            case 3 -> view(at, rowStride, 2, shape[1], shape[2], 1);
            default -> {
                long[] dims = Arrays.copyOfRange(shape, 1, shape.length);
                yield new Tensor(storage, at, dtype, dims, rowStride);
            }
        };
    }

    /// The same elements under another shape of equal size; needs contiguous rows, or an unchanged
    /// last dimension.
    public Tensor reshape(long... dims) {
        long size = 1;
        boolean negative = false;
        for (long n : dims) {
            size *= n;
            negative |= n < 0;
        }
        int rank = dims.length;
        boolean sameColumns = rank > 0 && dims[rank - 1] == cols();
        boolean fits = rank > 0 && !negative && size == size();
        if (!fits || !(contiguous() || sameColumns)) {
            throw new ShapeMismatch("cannot view %s as %s".formatted(this, Arrays.toString(dims)));
        }
        return new Tensor(storage, offset, dtype, dims.clone(), strideOf(dims[rank - 1]));
    }

    /// See [#reshape(long...)].
    public Tensor reshape(long a, long b) {
        return a >= 0 && reshapes(a * b, b)
                ? view(offset, strideOf(b), 2, a, b, 1)
                : reshape(new long[] {a, b});
    }

    /// See [#reshape(long...)].
    public Tensor reshape(long a, long b, long c) {
        return a >= 0 && b >= 0 && reshapes(a * b * c, c)
                ? view(offset, strideOf(c), 3, a, b, c)
                : reshape(new long[] {a, b, c});
    }

    /// Whether a shape of so many elements and columns is possible here.
    private boolean reshapes(long size, long columns) {
        return columns >= 0 && size == size() && (columns == cols() || contiguous());
    }

    private long strideOf(long columns) {
        return columns == cols() && rows > 1 ? rowStride : columns;
    }

    /// Check the shape, where -1 fits any size.
    ///
    /// @return this
    /// @throws ShapeMismatch naming the tensor and both shapes
    public Tensor expect(String name, long... dims) {
        boolean fits = dims.length == shape.length;
        for (int i = 0; fits && i < dims.length; i++) {
            fits = fits(i, dims[i]);
        }
        if (!fits) {
            throw new ShapeMismatch(
                    "%s has shape %s, expected %s"
                            .formatted(name, Arrays.toString(shape), Arrays.toString(dims)));
        }
        return this;
    }

    // The same for few dimensions, without an array while all is well.

    /// See [#expect(String, long...)].
    public Tensor expect(String name, long a) {
        return hasShape(a) ? this : expect(name, new long[] {a});
    }

    /// See [#expect(String, long...)].
    public Tensor expect(String name, long a, long b) {
        return hasShape(a, b) ? this : expect(name, new long[] {a, b});
    }

    /// See [#expect(String, long...)].
    public Tensor expect(String name, long a, long b, long c) {
        return hasShape(a, b, c) ? this : expect(name, new long[] {a, b, c});
    }

    /// Check that the shape is `other`'s, see [#expect(String, long...)].
    public Tensor expectShapeOf(String name, Tensor other) {
        return Arrays.equals(shape, other.shape) ? this : expect(name, other.shape);
    }

    boolean hasShape(long a) {
        return shape.length == 1 && fits(0, a);
    }

    boolean hasShape(long a, long b) {
        return shape.length == 2 && fits(0, a) && fits(1, b);
    }

    boolean hasShape(long a, long b, long c) {
        return shape.length == 3 && fits(0, a) && fits(1, b) && fits(2, c);
    }

    private boolean fits(int i, long expected) {
        return expected == -1 || expected == shape[i];
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
            case I8 -> segment.get(ValueLayout.JAVA_BYTE, at);
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
            case I8 -> segment.set(ValueLayout.JAVA_BYTE, at, (byte) value);
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
