package dev.minke.model.nn;

import dev.minke.model.autograd.Ops;
import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.spi.KernelSet.PackedMatrix;
import org.jspecify.annotations.Nullable;

/// A matrix of a layer, [out, in]: F32 values that can be trained, or a [StoredWeight], which is
/// laid out for products when it is first used.
///
/// Both give the same bits where their values are equal. Inference is for one thread.
public final class Weight {
    private final long rows;
    private final long cols;
    private final PackedMemory memory;
    private final @Nullable Var var;
    private final @Nullable StoredWeight stored;
    private @Nullable PackedMatrix packed;

    private Weight(
            long rows,
            long cols,
            PackedMemory memory,
            @Nullable Var var,
            @Nullable StoredWeight stored) {
        this.rows = rows;
        this.cols = cols;
        this.memory = memory;
        this.var = var;
        this.stored = stored;
    }

    /// Values in memory.
    static Weight of(Var var, PackedMemory memory) {
        return new Weight(var.value().rows(), var.value().cols(), memory, var, null);
    }

    /// As stored.
    static Weight of(StoredWeight stored, PackedMemory memory) {
        return new Weight(stored.rows(), stored.cols(), memory, null, stored);
    }

    /// Outputs.
    public long rows() {
        return rows;
    }

    /// Inputs.
    public long cols() {
        return cols;
    }

    /// The values, [out, in].
    ///
    /// @throws IllegalStateException if they stay in their stored type
    public Var var() {
        if (var == null) {
            throw new IllegalStateException(
                    "the weight [%d, %d] is kept as it is stored, only inference can use it"
                            .formatted(rows, cols));
        }
        return var;
    }

    /// Whether [#var()] is there.
    public boolean inMemory() {
        return var != null;
    }

    /// y = x W^T: [T, in] -> [T, out].
    Var times(Tape tape, Var x) {
        if (tape.recording() || var != null && packed == null) {
            return Ops.linear(tape, x, var());
        }
        Var y = tape.output(x.value().rows(), rows);
        tape.kernels().gemmPacked(x.value(), packed(tape.kernels()), y.value(), false);
        return y;
    }

    /// y = x W^T + b: [T, in] -> [T, out].
    Var timesPlus(Tape tape, Var x, Var bias) {
        if (tape.recording() || var != null && packed == null) {
            return Ops.linear(tape, x, var(), bias);
        }
        Var y = Ops.repeatRow(tape, bias, x.value().rows());
        tape.kernels().gemmPacked(x.value(), packed(tape.kernels()), y.value(), true);
        return y;
    }

    /// Rows of the matrix: `rows` [N] -> [N, in].
    Var gather(Tape tape, Tensor wanted) {
        if (var != null) {
            return Ops.gather(tape, var, wanted);
        }
        Var y = tape.output(wanted.size(), cols);
        StoredWeight from = stored();
        for (long i = 0; i < wanted.size(); i++) {
            from.read(wanted.getInt(i), y.value().range(i, i + 1), tape.kernels());
        }
        return y;
    }

    /// Lay it out now and for good; values in memory must not change afterwards.
    void pack(Kernels kernels) {
        if (packed == null) {
            packed =
                    var == null
                            ? memory.keep(stored(), kernels)
                            : kernels.pack(var.value(), memory.kept());
        }
    }

    /// For one product.
    private PackedMatrix packed(Kernels kernels) {
        PackedMatrix ready = packed;
        if (ready == null) {
            if (!memory.grant(stored().packedBytes())) {
                return memory.pass(stored(), kernels);
            }
            ready = memory.keep(stored(), kernels);
            packed = ready;
        }
        return ready;
    }

    private StoredWeight stored() {
        if (stored == null) {
            throw new IllegalStateException("the weight has no stored form");
        }
        return stored;
    }
}
