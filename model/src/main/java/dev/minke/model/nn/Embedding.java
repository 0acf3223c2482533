package dev.minke.model.nn;

import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.tensor.Tensor;

/// A vector for every token: ids [T] -> [T, hidden], weight [vocab, hidden].
public final class Embedding {
    private final Weight weight;

    /// Create the weight `name`.
    public Embedding(Parameters parameters, String name, long vocab, long width) {
        weight = parameters.weight(name, vocab, width);
    }

    /// The table, which a tied output head shares.
    public Weight weight() {
        return weight;
    }

    /// The rows of `tokens` [T].
    public Var forward(Tape tape, Tensor tokens) {
        return weight.gather(tape, tokens);
    }
}
