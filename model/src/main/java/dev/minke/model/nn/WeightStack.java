package dev.minke.model.nn;

import dev.minke.model.autograd.Ops;
import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.spi.KernelSet.PackedMatrix;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Equal matrices of which every row has its own, such as the experts of a layer or the heads of an
/// attention: [E, out, in], in memory or as stored, see [Weight].
///
/// A stored one is laid out when the first row needs it, so that a model starts with what it uses.
public final class WeightStack {
    private final long rows;
    private final long cols;
    private final PackedMemory memory;
    private final @Nullable Var var;
    private final List<StoredWeight> stored;
    private final PackedMatrix[] packed;
    private final List<PackedMatrix> view;

    /// Stands for a matrix that nothing has used yet.
    private record Absent(long rows, long cols) implements PackedMatrix {
        @Override
        public long byteSize() {
            return 0;
        }
    }

    private WeightStack(
            int count,
            long rows,
            long cols,
            PackedMemory memory,
            @Nullable Var var,
            List<StoredWeight> stored) {
        this.rows = rows;
        this.cols = cols;
        this.memory = memory;
        this.var = var;
        this.stored = stored;
        packed = new PackedMatrix[count];
        Arrays.fill(packed, new Absent(rows, cols));
        view = Arrays.asList(packed);
    }

    /// Values in memory, [E, out, in].
    static WeightStack of(Var var, PackedMemory memory) {
        Tensor value = var.value();
        return new WeightStack(
                (int) value.dim(0), value.dim(1), value.dim(2), memory, var, List.of());
    }

    /// Matrices of one shape, laid out for good when they are first used.
    ///
    /// @param arena owner of what is laid out
    public static WeightStack of(List<StoredWeight> stored, Arena arena) {
        return of(stored, PackedMemory.unlimited(arena));
    }

    /// Stored matrices of one shape.
    static WeightStack of(List<StoredWeight> stored, PackedMemory memory) {
        StoredWeight first = stored.getFirst();
        return new WeightStack(
                stored.size(), first.rows(), first.cols(), memory, null, List.copyOf(stored));
    }

    /// y[i] = x[i] W[e]^T for the slots i of matrix e: `x` [slots, in], `offsets` [E + 1] ->
    /// [slots, out].
    public Var forward(Tape tape, Var x, Tensor offsets) {
        if (var != null) {
            return Ops.groupedLinear(tape, x, var, offsets);
        }
        Var y = tape.output(x.value().rows(), rows);
        times(tape.kernels(), x.value(), offsets, y.value());
        return y;
    }

    /// As [#forward] without a tape, for stored matrices.
    ///
    /// @param y [slots, out]
    public void times(Kernels kernels, Tensor x, Tensor offsets, Tensor y) {
        if (ready(kernels, offsets)) {
            kernels.groupedGemmPacked(x, view, offsets, y, false);
            return;
        }
        for (int e = 0; e < packed.length; e++) {
            long from = offsets.getInt(e);
            long to = offsets.getInt(e + 1L);
            if (from < to) {
                PackedMatrix own =
                        packed[e] instanceof Absent
                                ? memory.pass(stored.get(e), kernels)
                                : packed[e];
                kernels.gemmPacked(x.range(from, to), own, y.range(from, to), false);
            }
        }
    }

    /// Lay out what has rows, as far as memory allows in this step.
    private boolean ready(Kernels kernels, Tensor offsets) {
        boolean all = true;
        for (int e = 0; e < packed.length; e++) {
            if (packed[e] instanceof Absent && offsets.getInt(e) < offsets.getInt(e + 1L)) {
                if (memory.grant(stored.get(e).packedBytes())) {
                    packed[e] = memory.keep(stored.get(e), kernels);
                } else {
                    all = false;
                }
            }
        }
        return all;
    }

    /// Lay all stored matrices out now and for good.
    public void pack(Kernels kernels) {
        for (int e = 0; e < stored.size(); e++) {
            if (packed[e] instanceof Absent) {
                packed[e] = memory.keep(stored.get(e), kernels);
            }
        }
    }
}
