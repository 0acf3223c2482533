package dev.minke.model.config;

/// Attention of a model: latent in the DeepSeek family, grouped-query in its dense relatives.
public sealed interface AttentionConfig permits MlaConfig, GqaConfig {
    /// Query heads.
    int numAttentionHeads();

    /// Width of a head's query and key.
    int qkHeadDim();

    /// Width of the part of query and key that is rotated.
    int ropeDim();

    /// Width of a head's value.
    int vHeadDim();

    /// Rows of the projection that makes the queries of all heads.
    int queryRows();

    /// Columns of `o_proj`: the values of all heads.
    int outputColumns();

    /// Elements that one layer's cache keeps of a token.
    long cacheElements();

    /// Numbers in the matrices of a layer's attention at model width `hidden`.
    ///
    /// @throws ArithmeticException beyond 2^63
    long matrixElements(long hidden);

    /// Numbers in the vectors: gains of norms within attention, and biases.
    long vectorElements();
}
