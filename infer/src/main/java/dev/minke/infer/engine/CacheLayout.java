package dev.minke.infer.engine;

import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.GqaConfig;
import dev.minke.model.config.MlaConfig;
import dev.minke.tensor.PageRow;

/// What the cache keeps of one token, as rows of `[value | rest]`, one row for each layer and part.
///
/// Latent attention: one part, `[normalised latent | rotated key]`; the value is the latent, the
/// key the whole row (spec 1.4, 1.5). Grouped-query attention: a part for each key and value head,
/// `[value | rotated key]`.
///
/// @param layers num_hidden_layers, and one more where the MTP module keeps a cache
/// @param parts rows of a token in a layer
/// @param width numbers in a row
/// @param valueWidth the value is columns 0 to this
/// @param keyFrom the key is columns keyFrom to width
/// @param type how a number is kept
record CacheLayout(int layers, int parts, int width, int valueWidth, int keyFrom, CacheType type) {
    /// Tokens in a block.
    static final int BLOCK = PageRow.TOKENS;

    /// The layout for the main model's layers.
    static CacheLayout of(DeepSeekConfig config, CacheType type) {
        int layers = config.numHiddenLayers();
        return switch (config.attention()) {
            case MlaConfig mla ->
                    new CacheLayout(
                            layers,
                            1,
                            mla.kvLoraRank() + mla.qkRopeHeadDim(),
                            mla.kvLoraRank(),
                            0,
                            type);
            case GqaConfig gqa ->
                    new CacheLayout(
                            layers,
                            gqa.numKeyValueHeads(),
                            2 * gqa.headDim(),
                            gqa.headDim(),
                            gqa.headDim(),
                            type);
        };
    }

    /// The same with one more layer, the MTP module's.
    CacheLayout withMtp() {
        return new CacheLayout(layers + 1, parts, width, valueWidth, keyFrom, type);
    }

    /// How the numbers of a row lie in a page.
    PageRow row() {
        if (type != CacheType.Q8) {
            return PageRow.plain(type.dtype(), width);
        }
        // value and key of grouped queries are stored one after the other
        return keyFrom == 0
                ? PageRow.coded(width, valueWidth, valueWidth)
                : PageRow.coded(width, width, valueWidth);
    }

    /// Numbers in a key.
    int keyWidth() {
        return width - keyFrom;
    }

    /// Bytes of a block over all layers.
    long blockBytes() {
        return (long) layers * parts * BLOCK * row().bytes();
    }

    /// Blocks that hold `tokens` tokens.
    static int blocks(int tokens) {
        return Math.ceilDiv(tokens, BLOCK);
    }
}
