package dev.minke.infer;

import dev.minke.model.deepseek.AttentionForm;
import dev.minke.model.deepseek.GroupedQueryAttention;
import dev.minke.model.deepseek.LatentAttention;
import dev.minke.model.deepseek.Pass;
import dev.minke.tensor.Tensor;

/// Attention over an [AttentionCache]: whole prompts that fill it, then one token per sequence.
final class CachedAttention {
    private CachedAttention() {}

    /// Whole prompts: sequence s of the pass fills `slots[s]` from position 0.
    static AttentionForm prefill(AttentionCache cache, int[] slots) {
        return (pass, layer, weights, x) ->
                switch (weights) {
                    case LatentAttention latent ->
                            CachedLatentAttention.prefill(cache, slots, pass, layer, latent, x);
                    case GroupedQueryAttention grouped ->
                            CachedGroupedAttention.prefill(cache, slots, pass, layer, grouped, x);
                };
    }

    /// One token per sequence: row b belongs to `slots[b]`, at its position in the pass.
    static AttentionForm decode(AttentionCache cache, int[] slots) {
        return (pass, layer, weights, x) -> {
            Rows rows = Rows.of(pass, slots);
            return switch (weights) {
                case LatentAttention latent ->
                        CachedLatentAttention.decode(cache, rows, pass, layer, latent, x);
                case GroupedQueryAttention grouped ->
                        CachedGroupedAttention.decode(cache, rows, pass, layer, grouped, x);
            };
        };
    }

    /// Where the rows of a decoding pass lie in the cache.
    ///
    /// @param slots [B] slot of each row
    /// @param lengths [B] tokens in it, the row's own included
    record Rows(Tensor slots, Tensor lengths) {
        private static Rows of(Pass pass, int[] slots) {
            Tensor slotTensor = pass.tape().workspace().i32(slots.length);
            Tensor lengths = pass.tape().workspace().i32(slots.length);
            for (int b = 0; b < slots.length; b++) {
                slotTensor.setInt(b, slots[b]);
                lengths.setInt(b, pass.positions().getInt(b) + 1);
            }
            return new Rows(slotTensor, lengths);
        }

        int count() {
            return (int) slots.size();
        }

        int slot(int row) {
            return slots.getInt(row);
        }

        int position(int row) {
            return lengths.getInt(row) - 1;
        }
    }
}
