package dev.minke.model.deepseek;

import dev.minke.model.autograd.Var;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.GqaConfig;
import dev.minke.model.config.MlaConfig;
import dev.minke.model.nn.Linear;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.AttentionShape;
import java.util.List;

/// The attention of a block: latent in the family, grouped-query in its dense relatives.
public sealed interface Attention permits LatentAttention, GroupedQueryAttention {
    /// The attention that `config` asks for, its weights named from `prefix` on.
    static Attention of(Parameters parameters, String prefix, DeepSeekConfig config) {
        return switch (config.attention()) {
            case MlaConfig mla -> new LatentAttention(parameters, prefix, mla, config);
            case GqaConfig gqa -> new GroupedQueryAttention(parameters, prefix, gqa, config);
        };
    }

    /// Attend among the rows of each sequence: `x` [T, hidden], normalised -> [T, hidden].
    Var forward(Pass pass, Var x);

    /// Sizes of heads.
    AttentionShape shape();

    /// Linear layers that may be packed for inference.
    List<Linear> linears();
}
