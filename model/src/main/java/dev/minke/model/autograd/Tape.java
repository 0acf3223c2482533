package dev.minke.model.autograd;

import dev.minke.tensor.Kernels;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;

/// Records the backward half of every operation and plays it in reverse.
///
/// Intermediate values and gradients live in the workspace until its owner resets it. A tape that
/// does not record (inference) keeps nothing.
public final class Tape {
    private final Kernels kernels;
    private final Workspace workspace;
    private final boolean recording;
    private final List<Runnable> backward = new ArrayList<>();

    private Tape(Kernels kernels, Workspace workspace, boolean recording) {
        this.kernels = kernels;
        this.workspace = workspace;
        this.recording = recording;
    }

    /// A tape for one forward and backward pass.
    public static Tape recording(Kernels kernels, Workspace workspace) {
        return new Tape(kernels, workspace, true);
    }

    /// A tape for forward passes only.
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
        Tensor value = workspace.f32(shape);
        return recording ? Var.of(value) : Var.constant(value);
    }

    /// Remember what to do in the backward pass; nothing while not recording.
    void record(Runnable step) {
        if (recording) {
            backward.add(step);
        }
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
