package dev.minke.model.config;

/// Sizes of multi-head latent attention (V3 report 2.1.1).
///
/// @param numAttentionHeads heads
/// @param qLoraRank width of the compressed query, 0 where queries are not compressed
/// @param kvLoraRank width of the cached latent
/// @param qkNopeHeadDim part of a head's query and key without position
/// @param qkRopeHeadDim rotated part, even; its key is shared by all heads
/// @param vHeadDim a head's value
public record MlaConfig(
        int numAttentionHeads,
        int qLoraRank,
        int kvLoraRank,
        int qkNopeHeadDim,
        int qkRopeHeadDim,
        int vHeadDim)
        implements AttentionConfig {

    /// @throws IllegalArgumentException naming the key out of range
    public MlaConfig {
        Checks.size("num_attention_heads", numAttentionHeads);
        Checks.range("q_lora_rank", qLoraRank, 0, Checks.MAX_SIZE);
        Checks.size("kv_lora_rank", kvLoraRank);
        Checks.size("qk_nope_head_dim", qkNopeHeadDim);
        Checks.size("qk_rope_head_dim", qkRopeHeadDim);
        Checks.size("v_head_dim", vHeadDim);
        if (qkRopeHeadDim % 2 != 0) {
            throw new IllegalArgumentException(
                    "qk_rope_head_dim is %d, expected an even number".formatted(qkRopeHeadDim));
        }
        checkRows("qk_nope_head_dim", numAttentionHeads, (long) qkNopeHeadDim + qkRopeHeadDim);
        checkRows("v_head_dim", numAttentionHeads, (long) qkNopeHeadDim + vHeadDim);
    }

    private static void checkRows(String key, int heads, long perHead) {
        if (heads * perHead > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "num_attention_heads %d and %s make %d rows, expected at most %d"
                            .formatted(heads, key, heads * perHead, Integer.MAX_VALUE));
        }
    }

    /// Width of a head's query and key, `dn + dr`.
    @Override
    public int qkHeadDim() {
        return qkNopeHeadDim + qkRopeHeadDim;
    }

    /// Whether the query goes through `q_a_proj` and `q_b_proj` instead of `q_proj`.
    public boolean compressesQuery() {
        return qLoraRank > 0;
    }

    /// Rows of `q_b_proj` or `q_proj`: all heads, per head `[nope | rope]`.
    @Override
    public int queryRows() {
        return numAttentionHeads * qkHeadDim();
    }

    /// Rows of `kv_a_proj_with_mqa`, and elements per token in the cache: `[latent | rope key]`.
    public int kvDownRows() {
        return kvLoraRank + qkRopeHeadDim;
    }

    /// Rows of `kv_b_proj`: all heads, per head `[key nope | value]`.
    public int kvUpRows() {
        return numAttentionHeads * (qkNopeHeadDim + vHeadDim);
    }

    @Override
    public int ropeDim() {
        return qkRopeHeadDim;
    }

    @Override
    public int outputColumns() {
        return numAttentionHeads * vHeadDim;
    }

    @Override
    public long cacheElements() {
        return kvDownRows();
    }

    @Override
    public long matrixElements(long hidden) {
        long query =
                compressesQuery()
                        ? qLoraRank * Math.addExact(hidden, (long) queryRows())
                        : hidden * queryRows();
        long keyValue = hidden * kvDownRows() + (long) kvLoraRank * kvUpRows();
        return Math.addExact(query, Math.addExact(keyValue, hidden * outputColumns()));
    }

    /// The norm of the latent and, if there is one, of the compressed query.
    @Override
    public long vectorElements() {
        return (long) kvLoraRank + qLoraRank;
    }
}
