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
    private final Arena arena;
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
            Arena arena,
            @Nullable Var var,
            List<StoredWeight> stored) {
        this.rows = rows;
        this.cols = cols;
        this.arena = arena;
        this.var = var;
        this.stored = stored;
        packed = new PackedMatrix[count];
        Arrays.fill(packed, new Absent(rows, cols));
        view = Arrays.asList(packed);
    }

    /// Values in memory, [E, out, in].
    static WeightStack of(Var var, Arena arena) {
        Tensor value = var.value();
        return new WeightStack(
                (int) value.dim(0), value.dim(1), value.dim(2), arena, var, List.of());
    }

    /// Stored matrices of one shape.
    ///
    /// @param arena owner of what is laid out
    public static WeightStack of(List<StoredWeight> stored, Arena arena) {
        StoredWeight first = stored.getFirst();
        return new WeightStack(
                stored.size(), first.rows(), first.cols(), arena, null, List.copyOf(stored));
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
        for (int e = 0; e < packed.length; e++) {
            if (packed[e] instanceof Absent && offsets.getInt(e) < offsets.getInt(e + 1L)) {
                packed[e] = stored.get(e).pack(kernels, arena);
            }
        }
        kernels.groupedGemmPacked(x, view, offsets, y, false);
    }
}
