package dev.minke.model.nn;

import dev.minke.tensor.Kernels;
import dev.minke.tensor.spi.KernelSet.PackedMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Where weights are laid out for products: for good, or just for the product at hand.
///
/// Memory that no program has used lately comes slowly, far slower than weights are laid out. So a
/// step keeps up to [#STEP_BYTES] of what it lays out, and puts the rest into memory that it uses
/// again at once: the first token does not wait until all weights have found their place. Not for
/// several threads.
final class PackedMemory {
    /// Bytes that a step may lay out for good: a tenth of a second at a slow 2.5 GB/s.
    private static final long STEP_BYTES = 256L << 20;

    private final Arena kept;
    private final Passing passing = new Passing();
    private final boolean limited;
    private long left = STEP_BYTES;

    private PackedMemory(Arena kept, boolean limited) {
        this.kept = kept;
        this.limited = limited;
    }

    /// Everything is laid out for good.
    static PackedMemory unlimited(Arena kept) {
        return new PackedMemory(kept, false);
    }

    /// So much in each step.
    static PackedMemory limited(Arena kept) {
        return new PackedMemory(kept, true);
    }

    /// A new step begins.
    void step() {
        left = STEP_BYTES;
    }

    /// Whether `bytes` may be laid out for good in this step.
    boolean grant(long bytes) {
        if (!limited) {
            return true;
        }
        boolean granted = bytes <= left || left == STEP_BYTES;
        left -= granted ? bytes : 0;
        return granted;
    }

    /// Lay out for good.
    PackedMatrix keep(StoredWeight weight, Kernels kernels) {
        return weight.pack(kernels, kept);
    }

    /// Lay out until the next call.
    PackedMatrix pass(StoredWeight weight, Kernels kernels) {
        return weight.pack(kernels, passing);
    }

    /// The owner of what is kept.
    Arena kept() {
        return kept;
    }

    /// Gives the same memory to all.
    private static final class Passing implements Arena {
        private static final long ALIGN = 64;

        private MemorySegment memory = MemorySegment.NULL;

        @Override
        public MemorySegment allocate(long bytes, long alignment) {
            if (memory.byteSize() < bytes) {
                memory = Arena.ofAuto().allocate(bytes, Math.max(ALIGN, alignment));
            }
            return memory.asSlice(0, bytes);
        }

        @Override
        public MemorySegment.Scope scope() {
            return memory.scope();
        }

        @Override
        public void close() {
            memory = MemorySegment.NULL;
        }
    }
}
