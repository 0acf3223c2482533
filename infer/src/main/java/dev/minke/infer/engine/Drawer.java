package dev.minke.infer.engine;

import dev.minke.infer.Candidates;
import dev.minke.tensor.Tensor;

/// Draws the tokens of one choice, on the engine's thread: a [dev.minke.infer.Sampler], or whatever
/// puts masks, log-probabilities or stop strings around one.
@FunctionalInterface
public interface Drawer {
    /// Draw from row `row` of `logits` [rows, vocabulary], which are valid until the call returns.
    ///
    /// It is called once for every token of the choice in their order, however often the choice had
    /// to start again.
    ///
    /// @param candidates where to work, shared by all choices
    int draw(Tensor logits, long row, Candidates candidates);
}
