package dev.minke.train;

import dev.minke.model.deepseek.Block;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.MoeLayer;
import dev.minke.tensor.Tensor;
import java.util.Map;
import java.util.Optional;

/// Auxiliary-loss-free load balancing (V3 report 2.1.2; spec 4.3): once a step, every router bias
/// moves by gamma against its expert's load in the whole batch.
///
///     b_e += gamma * sign(mean(n) - n_e)
final class BiasUpdate {
    private BiasUpdate() {}

    /// @param counts tokens of every expert for each layer
    static void apply(DeepSeekModel model, Map<Integer, long[]> counts, double gamma) {
        if (gamma == 0 || !model.config().moe().topkMethod().hasCorrectionBias()) {
            return;
        }
        for (Block block : model.blocks()) {
            Optional<MoeLayer> moe = block.moe();
            long[] n = counts.get(block.layer());
            if (moe.isEmpty() || n == null) {
                continue;
            }
            Tensor bias = moe.get().router().bias();
            long sum = 0;
            for (long count : n) {
                sum += count;
            }
            for (int e = 0; e < n.length; e++) {
                // sum - n_e * E has the sign of mean - n_e, without rounding
                int sign = Long.signum(sum - n[e] * n.length);
                bias.setFloat(0, e, bias.getFloat(0, e) + (float) gamma * sign);
            }
        }
    }
}
