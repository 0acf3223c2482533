package dev.minke.infer;

import dev.minke.model.config.AttentionConfig;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.GqaConfig;
import dev.minke.model.config.MlaConfig;
import dev.minke.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/// What attention keeps of every token, as rows of `[left | right]`.
///
/// Latent attention: one part a layer, `[normalised latent | rotated key]`, kv_lora_rank +
/// qk_rope_head_dim numbers and nothing per head (spec 1.4, 1.5). Grouped-query attention: one part
/// for each key and value head, `[value | rotated key]`. Each part is a [slots, capacity, width]
/// tensor; a sequence owns a slot.
public final class AttentionCache implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final List<Tensor> tensors = new ArrayList<>();
    private final int capacity;
    private final int parts;

    /// @param config of the model whose layers are cached
    /// @param slots sequences at once
    /// @param capacity longest sequence
    public AttentionCache(DeepSeekConfig config, int slots, int capacity) {
        this.capacity = capacity;
        AttentionConfig attention = config.attention();
        this.parts =
                switch (attention) {
                    case MlaConfig _ -> 1;
                    case GqaConfig gqa -> gqa.numKeyValueHeads();
                };
        long width = attention.cacheElements() / parts;
        for (int i = 0; i < config.numHiddenLayers() * parts; i++) {
            tensors.add(Tensor.zeros(arena, slots, capacity, width));
        }
    }

    /// Longest sequence that fits.
    public int capacity() {
        return capacity;
    }

    /// [slots, capacity, width] of a part of a layer.
    Tensor part(int layer, int part) {
        return tensors.get(layer * parts + part);
    }

    /// Keep rows of `left` and `right` as the tokens `position` onwards of `slot`.
    void store(int layer, int part, int slot, int position, Tensor left, Tensor right) {
        Tensor rows = part(layer, part).slice(slot).range(position, position + left.rows());
        rows.columns(0, left.cols()).copyFrom(left);
        rows.columns(left.cols(), rows.cols()).copyFrom(right);
    }

    @Override
    public void close() {
        arena.close();
    }
}
