package dev.minke.model.config;

import static java.lang.Math.addExact;
import static java.lang.Math.multiplyExact;

/// Grouped-query attention (Ainslie et al. 2023), the attention of the dense relatives: query head
/// `h` shares key and value head `h / (H / G)` with its group.
///
/// @param numAttentionHeads query heads, `H`
/// @param numKeyValueHeads key and value heads, `G`, a divisor of `H`
/// @param headDim width of every head; all of it is rotated
/// @param qkvBias whether queries, keys and values have a bias, as in Qwen2
public record GqaConfig(int numAttentionHeads, int numKeyValueHeads, int headDim, boolean qkvBias)
        implements AttentionConfig {

    /// @throws IllegalArgumentException naming the key out of range
    public GqaConfig {
        Checks.size("num_attention_heads", numAttentionHeads);
        Checks.size("head_dim", headDim);
        Checks.range("num_key_value_heads", numKeyValueHeads, 1, numAttentionHeads);
        if (numAttentionHeads % numKeyValueHeads != 0) {
            throw new IllegalArgumentException(
                    "num_key_value_heads is %d, expected a divisor of num_attention_heads %d"
                            .formatted(numKeyValueHeads, numAttentionHeads));
        }
        if (headDim % 2 != 0) {
            throw new IllegalArgumentException(
                    "head_dim is %d, expected an even number".formatted(headDim));
        }
        if ((long) numAttentionHeads * 2 * headDim > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "num_attention_heads %d and head_dim %d make %d rows, expected at most %d"
                            .formatted(
                                    numAttentionHeads,
                                    headDim,
                                    (long) numAttentionHeads * headDim,
                                    Integer.MAX_VALUE / 2));
        }
    }

    /// Query heads that share a key and a value.
    public int groupSize() {
        return numAttentionHeads / numKeyValueHeads;
    }

    @Override
    public int qkHeadDim() {
        return headDim;
    }

    @Override
    public int ropeDim() {
        return headDim;
    }

    @Override
    public int vHeadDim() {
        return headDim;
    }

    @Override
    public int queryRows() {
        return numAttentionHeads * headDim;
    }

    /// Rows of `k_proj`, and of `v_proj`.
    public int keyValueRows() {
        return numKeyValueHeads * headDim;
    }

    @Override
    public int outputColumns() {
        return queryRows();
    }

    @Override
    public long cacheElements() {
        return 2L * keyValueRows();
    }

    @Override
    public long matrixElements(long hidden) {
        return multiplyExact(hidden, addExact(2L * queryRows(), 2L * keyValueRows()));
    }

    @Override
    public long vectorElements() {
        return qkvBias ? queryRows() + 2L * keyValueRows() : 0;
    }
}
