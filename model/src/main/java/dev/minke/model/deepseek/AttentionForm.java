package dev.minke.model.deepseek;

import dev.minke.model.autograd.Var;

/// How attention runs: expanded over whole sequences, or over a cache, which latent attention does
/// in absorbed form.
@FunctionalInterface
public interface AttentionForm {
    /// Attend with the weights of a layer: `x` [T, d], normalised -> [T, d].
    ///
    /// @param layer index of the block, to find its cache
    Var attend(Pass pass, int layer, Attention weights, Var x);

    /// The expanded form: training and whole prompts.
    static AttentionForm expanded() {
        return (pass, layer, weights, x) -> weights.forward(pass, x);
    }
}
