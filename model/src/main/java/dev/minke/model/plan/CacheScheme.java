package dev.minke.model.plan;

import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.GqaConfig;
import dev.minke.model.config.MlaConfig;
import java.util.ArrayList;
import java.util.List;

/// What a token leaves in the cache under one kind of attention (V2 report Table 1).
///
/// @param name in words
/// @param elementsPerToken numbers in all layers of the main model
/// @param bytesPerToken their bytes, BF16 where the name says nothing else
public record CacheScheme(String name, long elementsPerToken, long bytesPerToken) {
    private static final int BF16 = 2;
    private static final int GROUPS = 8;
    private static final int FP8_TILE = 128;

    /// The model's own attention first, then others with the same heads.
    ///
    ///     MLA    (rk + dr) L          fp8: rk bytes, one F32 scale per 128, dr in BF16
    ///     MHA    H (dn + dv) L        the same heads without positions' part
    ///     GQA    g (dn + dv) L
    ///     naive  H (dn + dr + dv) L   the buffers of the reference implementation
    public static List<CacheScheme> of(DeepSeekConfig config) {
        return switch (config.attention()) {
            case MlaConfig mla -> latent(mla, config.numHiddenLayers());
            case GqaConfig gqa -> grouped(gqa, config.numHiddenLayers());
        };
    }

    private static List<CacheScheme> latent(MlaConfig mla, long layers) {
        long heads = mla.numAttentionHeads();
        long head = (long) mla.qkNopeHeadDim() + mla.vHeadDim();
        long own = mla.cacheElements();
        long scales = Math.ceilDiv(mla.kvLoraRank(), FP8_TILE);
        long fp8 = mla.kvLoraRank() + 4 * scales + (long) BF16 * mla.qkRopeHeadDim();
        List<CacheScheme> schemes = new ArrayList<>();
        schemes.add(bf16("MLA, this model", own * layers));
        schemes.add(new CacheScheme("MLA, latent in fp8", own * layers, fp8 * layers));
        schemes.add(bf16("MQA", head * layers));
        addGroups(schemes, heads, head * layers);
        schemes.add(bf16("MHA, same heads", heads * head * layers));
        schemes.add(bf16("reference, naive", heads * (head + mla.qkRopeHeadDim()) * layers));
        return schemes;
    }

    private static List<CacheScheme> grouped(GqaConfig gqa, long layers) {
        long heads = gqa.numAttentionHeads();
        long head = 2L * gqa.headDim();
        int groups = gqa.numKeyValueHeads();
        List<CacheScheme> schemes = new ArrayList<>();
        schemes.add(
                bf16(
                        groups == heads
                                ? "MHA, this model"
                                : "GQA-%d, this model".formatted(groups),
                        gqa.cacheElements() * layers));
        // V3's ratios: a latent of four heads' width and half a head of rotated key
        schemes.add(bf16("MLA, rk 4 dh, dr dh/2", 9L * gqa.headDim() / 2 * layers));
        schemes.add(bf16("MQA", head * layers));
        if (groups != GROUPS) {
            addGroups(schemes, heads, head * layers);
        }
        if (groups != heads) {
            schemes.add(bf16("MHA, same heads", heads * head * layers));
        }
        return schemes;
    }

    private static void addGroups(List<CacheScheme> schemes, long heads, long oneGroup) {
        if (heads > GROUPS && heads % GROUPS == 0) {
            schemes.add(bf16("GQA-" + GROUPS, GROUPS * oneGroup));
        }
    }

    private static CacheScheme bf16(String name, long elements) {
        return new CacheScheme(name, elements, BF16 * elements);
    }
}
