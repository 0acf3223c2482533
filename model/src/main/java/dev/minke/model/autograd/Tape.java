package dev.minke.model.autograd;

import dev.minke.tensor.Kernels;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Records the backward half of every operation and plays it in reverse.
///
/// Intermediate values and gradients live in the workspace until its owner resets it. A tape that
/// does not record (inference) may be used for many passes: what it hands out are constants, which
/// it remembers and hands out again when the workspace yields the same tensor, so that a pass like
/// the one before makes no new objects.
public final class Tape {
    /// Constants remembered, a power of two, and the neighbours where one may be.
    private static final int CONSTANTS = 1024;

    private static final int WAYS = 8;

    private final Kernels kernels;
    private final Workspace workspace;
    private final boolean recording;
    private final List<Runnable> backward = new ArrayList<>();

    /// Constants by the places of their values, see [Workspace].
    private final @Nullable Var[] constants;

    private int next;

    private Tape(Kernels kernels, Workspace workspace, boolean recording) {
        this.kernels = kernels;
        this.workspace = workspace;
        this.recording = recording;
        constants = new Var[recording ? 0 : CONSTANTS];
    }

    /// A tape for one forward and backward pass.
    public static Tape recording(Kernels kernels, Workspace workspace) {
        return new Tape(kernels, workspace, true);
    }

    /// A tape for forward passes only, as many as its owner likes.
    public static Tape inference(Kernels kernels, Workspace workspace) {
        return new Tape(kernels, workspace, false);
    }

    /// Operations to compute with.
    public Kernels kernels() {
        return kernels;
    }

    /// Memory for intermediate results.
    public Workspace workspace() {
        return workspace;
    }

    /// Whether gradients are wanted.
    public boolean recording() {
        return recording;
    }

    /// A new F32 intermediate of undefined content.
    public Var output(long... shape) {
        return var(workspace.f32(shape));
    }

    /// A new vector, see [#output(long...)].
    public Var output(long size) {
        return var(workspace.f32(size));
    }

    /// A new matrix, see [#output(long...)].
    public Var output(long rows, long cols) {
        return var(workspace.f32(rows, cols));
    }

    /// A new F32 intermediate of the shape of `x`.
    public Var outputLike(Var x) {
        return var(workspace.like(x.value()));
    }

    private Var var(Tensor value) {
        if (recording) {
            return Var.of(value);
        }
        int slot = (int) (value.offset() * 0x9E3779B97F4A7C15L >>> 40);
        for (int way = 0; way < WAYS; way++) {
            int i = (slot + way) & (CONSTANTS - 1);
            Var known = constants[i];
            if (known == null) {
                return remember(i, value);
            }
            if (known.value() == value) {
                return known;
            }
        }
        return remember((slot + next++ % WAYS) & (CONSTANTS - 1), value);
    }

    private Var remember(int slot, Tensor value) {
        Var constant = Var.constant(value);
        constants[slot] = constant;
        return constant;
    }

    /// Remember what to do in the backward pass.
    ///
    /// @throws IllegalStateException if the tape does not record: an operation need not even make
    ///   `step` then
    void record(Runnable step) {
        if (!recording) {
            throw new IllegalStateException("an inference tape has no backward pass");
        }
        backward.add(step);
    }

    /// Run all recorded steps in reverse order, once.
    ///
    /// The losses have put their gradients in place in the forward pass, see [Ops#headLoss].
    public void backward() {
        for (int i = backward.size() - 1; i >= 0; i--) {
            backward.get(i).run();
        }
        backward.clear();
    }
}
