package dev.minke.model.deepseek;

import dev.minke.model.autograd.Var;
import dev.minke.model.nn.Linear;
import dev.minke.model.nn.SwiGlu;
import java.util.List;

/// The second half of a block: one dense layer, or experts.
public sealed interface FeedForward {
    /// Apply to `x` [T, hidden] -> [T, hidden].
    Var forward(Pass pass, Var x);

    /// Linear layers that may be packed for inference.
    List<Linear> linears();

    /// A leading dense layer.
    record Dense(SwiGlu mlp) implements FeedForward {
        @Override
        public Var forward(Pass pass, Var x) {
            return mlp.forward(pass.tape(), x);
        }

        @Override
        public List<Linear> linears() {
            return mlp.linears();
        }
    }

    /// DeepSeekMoE.
    record Experts(MoeLayer moe) implements FeedForward {
        @Override
        public Var forward(Pass pass, Var x) {
            return moe.forward(pass, x);
        }

        @Override
        public List<Linear> linears() {
            return moe.linears();
        }
    }
}
