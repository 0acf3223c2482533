package dev.minke.infer;

import dev.minke.infer.CachedAttention.Rows;
import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.model.config.GqaConfig;
import dev.minke.model.deepseek.GroupedQueryAttention;
import dev.minke.model.deepseek.GroupedQueryAttention.KeyValues;
import dev.minke.model.deepseek.Pass;
import dev.minke.tensor.Tensor;

/// Grouped-query attention over an [AttentionCache].
///
/// A group of query heads over its cached `[value | key]` is latent attention with the value as the
/// latent and a query of `[0 | q]`: scores see the key alone, and what is summed is the value.
final class CachedGroupedAttention {
    private CachedGroupedAttention() {}

    static Var prefill(
            AttentionCache cache,
            int[] slots,
            Pass pass,
            int layer,
            GroupedQueryAttention weights,
            Var x) {
        KeyValues keyValues = weights.keyValues(pass, x);
        for (int s = 0; s < slots.length; s++) {
            int from = pass.sequences().getInt(s);
            int to = pass.sequences().getInt(s + 1L);
            store(cache, layer, slots[s], 0, keyValues, weights.config(), from, to);
        }
        return weights.expanded(pass, weights.queries(pass, x), keyValues);
    }

    static Var decode(
            AttentionCache cache,
            Rows rows,
            Pass pass,
            int layer,
            GroupedQueryAttention weights,
            Var x) {
        GqaConfig config = weights.config();
        KeyValues keyValues = weights.keyValues(pass, x);
        for (int b = 0; b < rows.count(); b++) {
            store(cache, layer, rows.slot(b), rows.position(b), keyValues, config, b, b + 1L);
        }
        Tape tape = pass.tape();
        long width = config.headDim();
        int group = config.groupSize();
        Tensor q = weights.queries(pass, x).value();
        Tensor padded = tape.workspace().f32(rows.count(), group, 2 * width);
        Tensor summed = tape.workspace().f32(rows.count(), group, width);
        padded.clear();
        Var heads = tape.output(rows.count(), config.queryRows());
        for (int g = 0; g < config.numKeyValueHeads(); g++) {
            long from = g * group * width;
            for (int b = 0; b < rows.count(); b++) {
                Tensor own = q.range(b, b + 1L).columns(from, from + group * width);
                padded.slice(b).columns(width, 2 * width).copyFrom(own.reshape(group, width));
            }
            tape.kernels()
                    .latentDecode(
                            weights.shape().scale(),
                            padded,
                            cache.part(layer, g),
                            rows.slots(),
                            rows.lengths(),
                            summed);
            heads.value()
                    .columns(from, from + group * width)
                    .copyFrom(summed.reshape(rows.count(), group * width));
        }
        return weights.output().forward(tape, heads);
    }

    private static void store(
            AttentionCache cache,
            int layer,
            int slot,
            int position,
            KeyValues keyValues,
            GqaConfig config,
            long from,
            long to) {
        Tensor keys = keyValues.key().value().range(from, to);
        Tensor values = keyValues.value().value().range(from, to);
        long width = config.headDim();
        for (int g = 0; g < config.numKeyValueHeads(); g++) {
            Tensor value = values.columns(g * width, (g + 1) * width);
            Tensor key = keys.columns(g * width, (g + 1) * width);
            cache.store(layer, g, slot, position, value, key);
        }
    }
}
