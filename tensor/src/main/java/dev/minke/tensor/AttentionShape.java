package dev.minke.tensor;

/// Sizes of multi-head latent attention in expanded form.
///
/// @param heads number of heads, num_attention_heads
/// @param nope width of the part of key and query without position, qk_nope_head_dim
/// @param rope width of the rotated part, shared by all heads on the key side, qk_rope_head_dim
/// @param value width of a head's value, v_head_dim
/// @param scale factor on the scores before the softmax
public record AttentionShape(int heads, int nope, int rope, int value, float scale) {
    /// Check that all widths are positive (`rope` may be 0).
    public AttentionShape {
        if (heads < 1 || nope < 1 || rope < 0 || value < 1) {
            throw new IllegalArgumentException(
                    "attention needs positive sizes, found heads %d, nope %d, rope %d, value %d"
                            .formatted(heads, nope, rope, value));
        }
    }

    /// Width of a query or key head, `nope + rope`.
    public int queryKey() {
        return nope + rope;
    }

    /// Width of a head's share of the up-projected latent, key part first: `nope + value`.
    public int keyValue() {
        return nope + value;
    }
}
