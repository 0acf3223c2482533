package dev.minke.model.nn;

import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.tensor.Kernels;
import java.util.Optional;

/// y = x W^T, plus a bias where the architecture has one: [T, in] -> [T, out], weight [out, in].
public final class Linear {
    private final Weight weight;
    private final Optional<Var> bias;

    /// Create the weight `name`.
    public Linear(Parameters parameters, String name, long out, long in) {
        this(parameters.weight(name, out, in));
    }

    /// Create the weight `name` and the bias `biasName`, [out].
    public Linear(Parameters parameters, String name, String biasName, long out, long in) {
        this.weight = parameters.weight(name, out, in);
        this.bias = Optional.of(parameters.create(biasName, out));
    }

    /// Use a weight that another layer owns, as a tied output head does with the embedding.
    public Linear(Weight weight) {
        this.weight = weight;
        this.bias = Optional.empty();
    }

    /// The weight, [out, in].
    public Weight weight() {
        return weight;
    }

    /// Apply to every row of `x`.
    public Var forward(Tape tape, Var x) {
        return bias.isPresent() ? weight.timesPlus(tape, x, bias.get()) : weight.times(tape, x);
    }

    /// Keep a copy of the weight in the layout of the back end, for many small forward passes. The
    /// results are the same bits. The weight must not change afterwards.
    public void pack(Kernels kernels) {
        weight.pack(kernels);
    }
}
