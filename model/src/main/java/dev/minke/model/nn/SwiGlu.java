package dev.minke.model.nn;

import dev.minke.model.autograd.Ops;
import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import java.util.List;

/// The gated feed-forward W_down(silu(W_gate x) * (W_up x)), [T, d] -> [T, d]: a dense layer's, and
/// the shared experts' (stored and evaluated as one of their common width).
public final class SwiGlu {
    private final Linear gate;
    private final Linear up;
    private final Linear down;

    /// Create `prefix`gate_proj, up_proj and down_proj.
    ///
    /// @param width d
    /// @param inner width of the gated layer
    public SwiGlu(Parameters parameters, String prefix, long width, long inner) {
        gate = new Linear(parameters, prefix + "gate_proj.weight", inner, width);
        up = new Linear(parameters, prefix + "up_proj.weight", inner, width);
        down = new Linear(parameters, prefix + "down_proj.weight", width, inner);
    }

    /// Apply to every row of `x`.
    public Var forward(Tape tape, Var x) {
        return down.forward(tape, Ops.swiGlu(tape, gate.forward(tape, x), up.forward(tape, x)));
    }

    /// The three linear layers.
    public List<Linear> linears() {
        return List.of(gate, up, down);
    }
}
