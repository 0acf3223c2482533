package dev.minke.model.autograd;

import dev.minke.tensor.ShapeMismatch;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;
import org.jspecify.annotations.Nullable;

/// A tensor in a computation, with room for the gradient of the loss with respect to it.
///
/// The gradient buffer appears when the first consumer writes to it. A column view shares its
/// parent's buffer. A parameter's buffer is allocated once and marked empty before every step. A
/// constant never changes, so that it can be used again, with its views, in every pass.
public final class Var {
    private final Tensor value;
    private final boolean differentiable;
    private final @Nullable Var parent;
    private final long firstColumn;
    private @Nullable Tensor gradient;
    private boolean empty = true;
    private @Nullable Var views; // of a constant, to be found again
    private @Nullable Var nextView;

    private Var(Tensor value, boolean differentiable, @Nullable Var parent, long firstColumn) {
        this.value = value;
        this.differentiable = differentiable;
        this.parent = parent;
        this.firstColumn = firstColumn;
    }

    /// An intermediate result that takes part in differentiation.
    public static Var of(Tensor value) {
        return new Var(value, true, null, 0);
    }

    /// A value without gradient.
    public static Var constant(Tensor value) {
        return new Var(value, false, null, 0);
    }

    /// A parameter with its own gradient buffer of the same shape.
    public static Var parameter(Tensor value, Tensor gradient) {
        gradient.expectShapeOf("gradient", value);
        Var var = new Var(value, true, null, 0);
        var.gradient = gradient;
        return var;
    }

    /// The number itself.
    public Tensor value() {
        return value;
    }

    /// Whether a gradient is wanted.
    public boolean differentiable() {
        return differentiable;
    }

    /// The columns `from` to `to`; value and gradient are views of this one's.
    public Var columns(long from, long to) {
        if (differentiable) {
            return new Var(value.columns(from, to), true, this, from);
        }
        for (Var view = views; view != null; view = view.nextView) {
            if (view.firstColumn == from && view.value.cols() == to - from) {
                return view;
            }
        }
        Var view = new Var(value.columns(from, to), false, this, from);
        view.nextView = views;
        views = view;
        return view;
    }

    /// Whether any consumer has contributed to the gradient.
    public boolean hasGradient() {
        return parent == null ? gradient != null && !empty : parent.hasGradient();
    }

    /// The gradient.
    ///
    /// @throws IllegalStateException if no consumer has contributed to it
    public Tensor gradient() {
        if (parent != null) {
            return view(parent.gradient());
        }
        if (gradient == null || empty) {
            throw new IllegalStateException("no gradient has reached " + value);
        }
        return gradient;
    }

    /// Mark the gradient as empty, keep its buffer.
    public void clearGradient() {
        empty = true;
    }

    /// Hand `tensor` over as the gradient without copying; only while there is none.
    void adoptGradient(Tensor tensor) {
        tensor.expectShapeOf("gradient", value);
        gradient = tensor;
        empty = false;
    }

    /// Where a consumer writes its contribution.
    ///
    /// @param target the gradient buffer
    /// @param accumulate whether to add to it; otherwise every element must be overwritten
    record Sink(Tensor target, boolean accumulate) {}

    Sink sink(Workspace workspace) {
        if (parent != null) {
            return new Sink(view(parent.zeroed(workspace)), true);
        }
        boolean accumulate = hasGradient();
        Tensor target = buffer(workspace);
        empty = false;
        return new Sink(target, accumulate);
    }

    /// The gradient buffer to add to, cleared if it was empty.
    Tensor zeroed(Workspace workspace) {
        if (parent != null) {
            return view(parent.zeroed(workspace));
        }
        boolean fresh = !hasGradient();
        Tensor target = buffer(workspace);
        if (fresh) {
            target.clear();
        }
        empty = false;
        return target;
    }

    private Tensor buffer(Workspace workspace) {
        if (!differentiable) {
            throw new ShapeMismatch("a constant has no gradient: " + value);
        }
        Tensor buffer = gradient;
        if (buffer == null) {
            buffer = workspace.like(value);
            gradient = buffer;
        }
        return buffer;
    }

    private Tensor view(Tensor of) {
        return of.columns(firstColumn, firstColumn + value.cols());
    }
}
