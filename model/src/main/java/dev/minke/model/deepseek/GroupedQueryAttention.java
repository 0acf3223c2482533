package dev.minke.model.deepseek;

import dev.minke.model.autograd.Ops;
import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.GqaConfig;
import dev.minke.model.nn.Linear;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.AttentionShape;
import java.util.List;

/// Grouped-query attention of the dense relatives (Llama, Qwen2), the baseline of latent attention.
///
///     q = rope(Wq x + bq)    k = rope(Wk x + bk)    v = Wv x + bv    biases in Qwen2 alone
///     out_h = softmax(q_h k_g^T / sqrt(dh)) v_g     g = h / (H / G)
///     y = Wo [out_1 .. out_H]
///
/// x: [T, hidden] -> [T, hidden]. Rotation turns neighbouring pairs, as everywhere in this model;
/// checkpoints of these architectures pair element i with i + dh/2, so [RotaryOrder] brings the
/// rows of Wq and Wk into the other order on loading.
public final class GroupedQueryAttention implements Attention {
    private final GqaConfig config;
    private final AttentionShape shape;
    private final Linear query;
    private final Linear key;
    private final Linear value;
    private final Linear output;

    GroupedQueryAttention(
            Parameters parameters, String prefix, GqaConfig gqa, DeepSeekConfig model) {
        config = gqa;
        int heads = gqa.numAttentionHeads();
        int width = gqa.headDim();
        shape = new AttentionShape(heads, width, 0, width, (float) model.softmaxScale());
        int d = model.hiddenSize();
        query = projection(parameters, prefix + "q_proj", gqa.queryRows(), d);
        key = projection(parameters, prefix + "k_proj", gqa.keyValueRows(), d);
        value = projection(parameters, prefix + "v_proj", gqa.keyValueRows(), d);
        output = new Linear(parameters, prefix + "o_proj.weight", d, gqa.outputColumns());
    }

    private Linear projection(Parameters parameters, String name, long rows, long columns) {
        return config.qkvBias()
                ? new Linear(parameters, name + ".weight", name + ".bias", rows, columns)
                : new Linear(parameters, name + ".weight", rows, columns);
    }

    @Override
    public Var forward(Pass pass, Var x) {
        return expanded(pass, queries(pass, x), keyValues(pass, x));
    }

    /// Rotated queries: [T, hidden] -> [T, H * dh].
    public Var queries(Pass pass, Var x) {
        return rotated(pass, query.forward(pass.tape(), x), config.numAttentionHeads());
    }

    /// What a cache holds of every token.
    ///
    /// @param key [T, G * dh], rotated
    /// @param value [T, G * dh]
    public record KeyValues(Var key, Var value) {}

    /// Rotated keys, and values, of every token of `x` [T, hidden].
    public KeyValues keyValues(Pass pass, Var x) {
        Var k = rotated(pass, key.forward(pass.tape(), x), config.numKeyValueHeads());
        return new KeyValues(k, value.forward(pass.tape(), x));
    }

    private Var rotated(Pass pass, Var x, int heads) {
        Ops.rope(pass.tape(), x, heads, config.headDim(), 0, pass.positions(), pass.rope());
        return x;
    }

    /// Attention among the rows of the pass, and the output projection.
    public Var expanded(Pass pass, Var q, KeyValues cached) {
        Tape tape = pass.tape();
        Var kv =
                Ops.repeatHeads(
                        tape,
                        cached.key(),
                        cached.value(),
                        config.numAttentionHeads(),
                        config.numKeyValueHeads());
        Var unrotated = Var.of(tape.workspace().f32(q.value().rows(), 0));
        return output.forward(tape, Ops.attention(tape, shape, q, kv, unrotated, pass.sequences()));
    }

    /// Sizes and the number of key and value heads.
    public GqaConfig config() {
        return config;
    }

    @Override
    public AttentionShape shape() {
        return shape;
    }

    /// The output projection, [hidden, H * dh].
    public Linear output() {
        return output;
    }

    @Override
    public List<Linear> linears() {
        return List.of(query, key, value, output);
    }
}
