package dev.minke.infer;

import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.LatentAttention.Latents;
import dev.minke.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/// What attention keeps of every token: the normalised latent and the rotated key, kv_lora_rank +
/// qk_rope_head_dim numbers a layer (spec 1.4, 1.5), nothing per head.
///
/// One [slots, capacity, rk + dr] tensor for each layer; a sequence owns a slot.
public final class LatentCache implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final List<Tensor> layers = new ArrayList<>();
    private final int capacity;
    private final int latentWidth;

    /// @param model whose layers are cached
    /// @param slots sequences at once
    /// @param capacity longest sequence
    public LatentCache(DeepSeekModel model, int slots, int capacity) {
        this.capacity = capacity;
        this.latentWidth = model.config().mla().kvLoraRank();
        for (int l = 0; l < model.config().numHiddenLayers(); l++) {
            layers.add(Tensor.zeros(arena, slots, capacity, model.config().mla().kvDownRows()));
        }
    }

    /// Longest sequence that fits.
    public int capacity() {
        return capacity;
    }

    /// [slots, capacity, rk + dr] of a layer.
    Tensor layer(int layer) {
        return layers.get(layer);
    }

    /// Keep rows `from` to `to` of `latents` as the tokens `position` onwards of `slot`.
    void store(int layer, int slot, int position, Latents latents, long from, long to) {
        Tensor rows = layers.get(layer).slice(slot).range(position, position + (to - from));
        rows.columns(0, latentWidth).copyFrom(latents.latent().value().range(from, to));
        rows.columns(latentWidth, rows.cols()).copyFrom(latents.keyRope().value().range(from, to));
    }

    @Override
    public void close() {
        arena.close();
    }
}
