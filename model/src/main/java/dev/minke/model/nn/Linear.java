package dev.minke.model.nn;

import dev.minke.model.autograd.Ops;
import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.spi.KernelSet.PackedMatrix;
import java.lang.foreign.Arena;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// y = x W^T, plus a bias where the architecture has one: [T, in] -> [T, out], weight [out, in].
public final class Linear {
    private final Var weight;
    private final Optional<Var> bias;
    private @Nullable PackedMatrix packed;

    /// Create the weight `name` of zeros.
    public Linear(Parameters parameters, String name, long out, long in) {
        this(parameters.create(name, out, in));
    }

    /// Create the weight `name` and the bias `biasName`, [out], of zeros.
    public Linear(Parameters parameters, String name, String biasName, long out, long in) {
        this.weight = parameters.create(name, out, in);
        this.bias = Optional.of(parameters.create(biasName, out));
    }

    /// Use a weight that another layer owns, as a tied output head does with the embedding.
    public Linear(Var weight) {
        this.weight = weight;
        this.bias = Optional.empty();
    }

    /// The weight, [out, in].
    public Var weight() {
        return weight;
    }

    /// Apply to every row of `x`.
    public Var forward(Tape tape, Var x) {
        PackedMatrix fast = packed;
        if (fast == null || tape.recording()) {
            return bias.map(b -> Ops.linear(tape, x, weight, b))
                    .orElseGet(() -> Ops.linear(tape, x, weight));
        }
        Var y =
                bias.map(b -> Ops.repeatRow(tape, b, x.value().rows()))
                        .orElseGet(() -> tape.output(x.value().rows(), fast.rows()));
        tape.kernels().gemmPacked(x.value(), fast, y.value(), bias.isPresent());
        return y;
    }

    /// Keep a copy of the weight in the layout of the back end, for many small forward passes. The
    /// results are the same bits. The weight must not change afterwards.
    public void pack(Kernels kernels, Arena arena) {
        packed = kernels.pack(weight.value(), arena);
    }
}
