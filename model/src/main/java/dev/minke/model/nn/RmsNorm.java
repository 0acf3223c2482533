package dev.minke.model.nn;

import dev.minke.model.autograd.Ops;
import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;

/// y = gain * x / sqrt(mean(x^2) + eps) for every row, [T, d] -> [T, d].
public final class RmsNorm {
    private final Var gain;
    private final float eps;

    /// Create the gain `name`.
    ///
    /// @param eps rms_norm_eps
    public RmsNorm(Parameters parameters, String name, long width, double eps) {
        this.gain = parameters.create(name, width);
        this.eps = (float) eps;
    }

    /// Normalise every row of `x`.
    public Var forward(Tape tape, Var x) {
        return Ops.rmsNorm(tape, x, gain, eps);
    }

    /// Normalise every row of `x` into `y`, which may be a column view.
    public Var forward(Tape tape, Var x, Var y) {
        return Ops.rmsNorm(tape, x, gain, eps, y);
    }
}
