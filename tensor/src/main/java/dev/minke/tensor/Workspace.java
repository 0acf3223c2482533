package dev.minke.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// A bump allocator for the tensors of one step: allocation is an addition, freeing is a reset.
///
/// Memory is taken in chunks, kept over resets and returned by [#close()], so that after the first
/// step nothing is allocated. The content of a new tensor is undefined. Not for use by several
/// threads at once (kernels may read and write the tensors from all workers).
public final class Workspace implements AutoCloseable {
    private static final long CHUNK = 64L << 20;
    private static final long ALIGN = 64;

    private final Arena arena = Arena.ofShared();
    private final List<MemorySegment> chunks = new ArrayList<>();
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

    /// Allocate an I32 tensor of undefined content.
    public Tensor i32(long... shape) {
        return allocate(DType.I32, shape);
    }

    /// Allocate a tensor of undefined content.
    public Tensor allocate(DType dtype, long... shape) {
        long bytes = dtype.bytes();
        for (long n : shape) {
            bytes = Math.multiplyExact(bytes, n);
        }
        long need = (Math.max(bytes, 1) + ALIGN - 1) / ALIGN * ALIGN;
        while (current < chunks.size() && top + need > chunks.get(current).byteSize()) {
            current++;
            top = 0;
        }
        if (current == chunks.size()) {
            chunks.add(arena.allocate(Math.max(CHUNK, need), ALIGN));
        }
        Tensor tensor = Tensor.of(chunks.get(current), top, dtype, shape);
        top += need;
        return tensor;
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
