package dev.minke.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A bump allocator for the tensors of one step: allocation is an addition, freeing is a reset.
///
/// Memory is taken in chunks, kept over resets and returned by [#close()], so that after the first
/// step nothing is allocated. The content of a new tensor is undefined. Not for use by several
/// threads at once (kernels may read and write the tensors from all workers).
///
/// Steps repeat, and so do the layers of a step: the same shapes come to the same places. The
/// objects that were handed out are therefore remembered and handed out again, which is safe since
/// a tensor is nothing but type, shape and place, and no two tensors in use share a place.
public final class Workspace implements AutoCloseable {
    private static final long CHUNK = 64L << 20;
    private static final long ALIGN = 64;

    /// Tensors remembered, a power of two: several times what a step of an engine takes.
    private static final int KNOWN = 2048;

    /// Neighbours of its hash's slot where a tensor may be.
    private static final int WAYS = 8;

    private final Arena arena = Arena.ofShared();
    private final List<MemorySegment> chunks = new ArrayList<>();
    private final @Nullable Tensor[] known = new Tensor[KNOWN];
    private int next;
    private int current;
    private long top;

    /// A position to return to, see [#release(Mark)].
    public record Mark(int chunk, long top) {}

    /// Start without memory.
    public Workspace() {}

    /// Allocate an F32 tensor of undefined content.
    public Tensor f32(long... shape) {
        return allocate(DType.F32, shape);
    }

    /// Allocate a vector of undefined content.
    public Tensor f32(long size) {
        return take(DType.F32, 1, size, 1, 1);
    }

    /// Allocate a matrix of undefined content.
    public Tensor f32(long rows, long cols) {
        return take(DType.F32, 2, rows, cols, 1);
    }

    /// Allocate a tensor of three dimensions and undefined content.
    public Tensor f32(long a, long b, long c) {
        return take(DType.F32, 3, a, b, c);
    }

    /// Allocate an I32 tensor of undefined content.
    public Tensor i32(long... shape) {
        return allocate(DType.I32, shape);
    }

    /// Allocate a vector of undefined numbers.
    public Tensor i32(long size) {
        return take(DType.I32, 1, size, 1, 1);
    }

    /// Allocate a matrix of undefined numbers.
    public Tensor i32(long rows, long cols) {
        return take(DType.I32, 2, rows, cols, 1);
    }

    /// Allocate a tensor of undefined content.
    public Tensor allocate(DType dtype, long... shape) {
        return switch (shape.length) {
            case 1 -> take(dtype, 1, shape[0], 1, 1);
            case 2 -> take(dtype, 2, shape[0], shape[1], 1);
            case 3 -> take(dtype, 3, shape[0], shape[1], shape[2]);
            default -> {
                long place = place(dtype, size(shape));
                yield Tensor.of(chunks.get(current), place, dtype, shape);
            }
        };
    }

    /// Allocate a tensor of undefined content with the type and shape of another.
    public Tensor like(Tensor other) {
        DType dtype = other.dtype();
        return switch (other.rank()) {
            case 1 -> take(dtype, 1, other.dim(0), 1, 1);
            case 2 -> take(dtype, 2, other.dim(0), other.dim(1), 1);
            case 3 -> take(dtype, 3, other.dim(0), other.dim(1), other.dim(2));
            default -> allocate(dtype, other.shape());
        };
    }

    private static long size(long[] shape) {
        long size = 1;
        for (long n : shape) {
            size = Math.multiplyExact(size, n);
        }
        return size;
    }

    /// Find or make the tensor of up to three dimensions at the next place.
    private Tensor take(DType dtype, int rank, long a, long b, long c) {
        long place = place(dtype, Math.multiplyExact(Math.multiplyExact(a, b), c));
        MemorySegment chunk = chunks.get(current);
        int slot = hash(place, a, b);
        for (int way = 0; way < WAYS; way++) {
            int i = (slot + way) & (KNOWN - 1);
            Tensor tensor = known[i];
            if (tensor == null) {
                return remember(i, create(chunk, place, dtype, rank, a, b, c));
            }
            if (tensor.is(chunk, place, dtype, rank, a, b, c)) {
                return tensor;
            }
        }
        // another slot each time, so that two that are both in use do not drive each other out
        int victim = (slot + next++ % WAYS) & (KNOWN - 1);
        return remember(victim, create(chunk, place, dtype, rank, a, b, c));
    }

    private static int hash(long place, long a, long b) {
        long mixed = (place / ALIGN + 31 * a + 1009 * b) * 0x9E3779B97F4A7C15L;
        return (int) (mixed >>> 40);
    }

    private Tensor remember(int slot, Tensor tensor) {
        known[slot] = tensor;
        return tensor;
    }

    private static Tensor create(
            MemorySegment chunk, long place, DType dtype, int rank, long a, long b, long c) {
        return switch (rank) {
            case 1 -> Tensor.of(chunk, place, dtype, a);
            case 2 -> Tensor.of(chunk, place, dtype, a, b);
            default -> Tensor.of(chunk, place, dtype, a, b, c);
        };
    }

    /// Take memory for `size` elements.
    ///
    /// @return its place in the current chunk
    private long place(DType dtype, long size) {
        long bytes = Math.multiplyExact(dtype.bytes(), size);
        long need = (Math.max(bytes, 1) + ALIGN - 1) / ALIGN * ALIGN;
        while (current < chunks.size() && top + need > chunks.get(current).byteSize()) {
            current++;
            top = 0;
        }
        if (current == chunks.size()) {
            chunks.add(arena.allocate(Math.max(CHUNK, need), ALIGN));
        }
        long place = top;
        top += need;
        return place;
    }

    /// Remember the present position.
    public Mark mark() {
        return new Mark(current, top);
    }

    /// Give up everything allocated since `mark`.
    public void release(Mark mark) {
        current = mark.chunk();
        top = mark.top();
    }

    /// Give up all tensors, keep the memory.
    public void reset() {
        current = 0;
        top = 0;
    }

    /// Bytes held, used or not.
    public long capacity() {
        return chunks.stream().mapToLong(MemorySegment::byteSize).sum();
    }

    @Override
    public void close() {
        arena.close();
    }
}
