package dev.minke.infer.engine;

import dev.minke.tensor.AttentionShape;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;

/// The two attentions that the engine needs and [dev.minke.tensor.Kernels] does not have.
///
/// The result of a row depends on its query, its length and the tokens it sees, and on nothing
/// else: neither on the other rows nor on where the blocks lie.
interface PagedAttention {
    /// Where the tokens lie that the rows see.
    ///
    /// @param blocks I32 [N] block numbers, the tables of all sequences one behind the other
    /// @param starts I32 [R] for each row the place in `blocks` where its sequence's table begins
    /// @param lengths I32 [R] tokens that the row sees, its own included, at least 1: token j is
    ///   row j % 64 of block blocks[starts[r] + j / 64]. Rows of one sequence lie together.
    record Rows(Tensor blocks, Tensor starts, Tensor lengths) {}

    /// out[r, h] = softmax(scale * q[r, h] K^T) V over the tokens that row r sees.
    ///
    /// Query head h reads part g = h / (H / G). K are the last columns of the pages, as many as a
    /// query has; V are the first, as many as an output has; they may overlap. For latent attention
    /// in absorbed form G = 1, q [R, H, rk + dr], out [R, H, rk].
    ///
    /// @param q F32 [R, H, key width]
    /// @param pages F32 or BF16 [blocks, G, 64, width]
    /// @param out F32 [R, H, value width]
    void overPages(float scale, Tensor q, Tensor pages, Rows rows, Tensor out);

    /// Attention in expanded form, [dev.minke.tensor.Kernels#attention], for queries of the last
    /// tokens of each sequence alone: with C of L tokens the result is the last C rows that the
    /// whole sequence would give, bit for bit.
    ///
    /// @param q [C, H * (nope + rope)] queries of all sequences
    /// @param queries [S + 1] first query of each sequence
    /// @param kv [L, H * (nope + value)] keys and values of all tokens of all sequences
    /// @param kr [L, rope] rotated keys
    /// @param tokens [S + 1] first token of each sequence
    /// @param out [C, H * value]
    void lastRows(
            AttentionShape shape,
            Tensor q,
            Tensor queries,
            Tensor kv,
            Tensor kr,
            Tensor tokens,
            Tensor out,
            Workspace workspace);
}
