package dev.minke.model.deepseek;

import dev.minke.model.autograd.Ops;
import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.nn.Linear;
import dev.minke.model.nn.Parameters;
import dev.minke.model.nn.RmsNorm;
import dev.minke.model.nn.SwiGlu;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A Transformer block with pre-normalisation (V3 report 2.1):
///
///     h = h + Attention(RmsNorm(h))
///     h = h + FeedForward(RmsNorm(h))
///
/// h: [T, hidden]. The feed-forward is dense in the first first_k_dense_replace blocks, MoE after.
public final class Block {
    private final int layer;
    private final RmsNorm inputNorm;
    private final Attention attention;
    private final RmsNorm postAttentionNorm;
    private final FeedForward feedForward;

    Block(Parameters parameters, int layer, DeepSeekConfig config) {
        this.layer = layer;
        String prefix = "model.layers." + layer + ".";
        int d = config.hiddenSize();
        double eps = config.rmsNormEps();
        inputNorm = new RmsNorm(parameters, prefix + "input_layernorm.weight", d, eps);
        attention = Attention.of(parameters, prefix + "self_attn.", config);
        postAttentionNorm =
                new RmsNorm(parameters, prefix + "post_attention_layernorm.weight", d, eps);
        feedForward =
                !config.layerHasExperts(layer)
                        ? new FeedForward.Dense(
                                new SwiGlu(
                                        parameters, prefix + "mlp.", d, config.intermediateSize()))
                        : new FeedForward.Experts(
                                new MoeLayer(parameters, prefix + "mlp.", layer, config));
    }

    Var forward(Pass pass, Var h) {
        Tape tape = pass.tape();
        Var attended = pass.attention().attend(pass, layer, attention, inputNorm.forward(tape, h));
        h = Ops.residual(tape, h, attended);
        Var fed = feedForward.forward(pass, postAttentionNorm.forward(tape, h));
        return Ops.residual(tape, h, fed);
    }

    /// Index in the checkpoint: model.layers.N.
    public int layer() {
        return layer;
    }

    /// The attention's weights.
    public Attention attention() {
        return attention;
    }

    /// The experts, or nothing in a dense block.
    public Optional<MoeLayer> moe() {
        return feedForward instanceof FeedForward.Experts experts
                ? Optional.of(experts.moe())
                : Optional.empty();
    }

    List<Linear> linears() {
        List<Linear> all = new ArrayList<>(attention.linears());
        all.addAll(feedForward.linears());
        return all;
    }
}
