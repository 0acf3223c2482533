package dev.minke.model.nn;

import dev.minke.tensor.Tensor;

/// Where the weights of an inference model come from that stay in their stored types; closed with
/// the model.
public interface StoredWeights extends AutoCloseable {
    /// The matrix `name`, [rows, cols].
    ///
    /// @param name as in [Parameter], without `*`; of `kv_b_proj` also the two halves `k_b_proj`
    ///   [heads * kv_lora_rank, nope] (each head transposed) and `v_b_proj` [heads * value,
    ///   kv_lora_rank]
    /// @throws java.io.UncheckedIOException if it cannot be read
    StoredWeight matrix(String name, long rows, long cols);

    /// Rows `from` to `to` of the matrix `name`, [rows, cols].
    ///
    /// @throws java.io.UncheckedIOException if it cannot be read
    StoredWeight rows(String name, long rows, long cols, long from, long to);

    /// Read the vector `name`.
    ///
    /// @param to F32 of its length
    /// @throws java.io.UncheckedIOException if it cannot be read
    void vector(String name, Tensor to);

    @Override
    void close();
}
