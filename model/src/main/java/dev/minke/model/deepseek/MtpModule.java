package dev.minke.model.deepseek;

import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.nn.Linear;
import dev.minke.model.nn.Parameters;
import dev.minke.model.nn.RmsNorm;

/// Multi-token prediction module of depth 1 (V3 report 2.2, eq. 21-23; wiring of the released
/// weights, spec 1.8).
///
///     x_i = eh_proj [ RmsNorm(Emb(t_{i+1})) ; RmsNorm(h_i) ]        h_i after model.norm
///     h'_i = RmsNorm(Block(x)_i)                                    predicts t_{i+2}
///
/// Embedding and output head are the main model's. All [T, hidden].
public final class MtpModule {
    private final int hiddenSize;
    private final RmsNorm embeddingNorm;
    private final RmsNorm hiddenNorm;
    private final Linear projection;
    private final Block block;
    private final RmsNorm headNorm;

    MtpModule(Parameters parameters, int layer, DeepSeekConfig config) {
        hiddenSize = config.hiddenSize();
        double eps = config.rmsNormEps();
        String prefix = "model.layers." + layer + ".";
        embeddingNorm = new RmsNorm(parameters, prefix + "enorm.weight", hiddenSize, eps);
        hiddenNorm = new RmsNorm(parameters, prefix + "hnorm.weight", hiddenSize, eps);
        projection = new Linear(parameters, prefix + "eh_proj.weight", hiddenSize, 2L * hiddenSize);
        block = new Block(parameters, layer, config);
        headNorm = new RmsNorm(parameters, prefix + "shared_head.norm.weight", hiddenSize, eps);
    }

    /// Hidden states that score the token after next.
    ///
    /// @param hidden [T, hidden] of the main model after model.norm
    /// @param nextEmbedding [T, hidden] embedding of the token that follows
    Var forward(Pass pass, Var hidden, Var nextEmbedding) {
        Tape tape = pass.tape();
        Var both = tape.output(hidden.value().rows(), 2L * hiddenSize);
        embeddingNorm.forward(tape, nextEmbedding, both.columns(0, hiddenSize));
        hiddenNorm.forward(tape, hidden, both.columns(hiddenSize, 2L * hiddenSize));
        Var x = projection.forward(tape, both);
        return headNorm.forward(tape, block.forward(pass, x));
    }

    /// The Transformer block of the module.
    public Block block() {
        return block;
    }

    Linear projection() {
        return projection;
    }
}
