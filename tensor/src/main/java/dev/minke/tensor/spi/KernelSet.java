package dev.minke.tensor.spi;

import dev.minke.tensor.AttentionShape;
import dev.minke.tensor.BlockMatrix;
import dev.minke.tensor.PageRow;
import dev.minke.tensor.PagedRows;
import dev.minke.tensor.PagedShape;
import dev.minke.tensor.RouterRule;
import dev.minke.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// The operations of a back end. [dev.minke.tensor.Kernels] has checked all shapes, types and
/// aliases before; its methods of the same names hold the contracts.
///
/// Numerics: products accumulate in F32 with fused multiply-add over ascending inner index, so that
/// an output's value depends neither on the number of threads nor on the other rows of the batch.
public interface KernelSet {
    /// One line for logs: name, width, threads.
    String describe();

    // Matrix products; `c` is overwritten, or added to when `accumulate`.

    void gemmNt(Tensor a, Tensor b, Tensor c, boolean accumulate);

    void gemmNn(Tensor a, Tensor b, Tensor c, boolean accumulate);

    void gemmTn(Tensor a, Tensor b, Tensor c, boolean accumulate);

    PackedMatrix pack(Tensor b, Arena arena);

    PackedMatrix pack(BlockMatrix b, Arena arena);

    PackedMatrix packFp8(
            MemorySegment codes,
            Tensor scaleInv,
            int blockRows,
            int blockCols,
            long rows,
            long cols,
            Arena arena);

    void gemmPacked(Tensor a, PackedMatrix b, Tensor c, boolean accumulate);

    void groupedGemmNt(Tensor a, Tensor b, Tensor offsets, Tensor c, boolean accumulate);

    void groupedGemmPacked(
            Tensor a, List<PackedMatrix> b, Tensor offsets, Tensor c, boolean accumulate);

    void groupedGemmNn(Tensor a, Tensor b, Tensor offsets, Tensor c, boolean accumulate);

    void groupedGemmTn(Tensor a, Tensor b, Tensor offsets, Tensor c, boolean accumulate);

    // Normalisation, position, activation.

    void rmsNorm(Tensor x, Tensor gain, float eps, Tensor y, Tensor rstd);

    void rmsNormBackward(
            Tensor dy,
            Tensor x,
            Tensor gain,
            Tensor rstd,
            Tensor dx,
            boolean accumulate,
            Tensor dgain);

    void rope(
            Tensor x,
            int heads,
            int headDim,
            int from,
            Tensor positions,
            Tensor table,
            boolean inverse);

    void swiGlu(Tensor gate, Tensor up, Tensor y);

    void swiGluBackward(Tensor dy, Tensor gate, Tensor up, Tensor dgate, Tensor dup);

    // Attention.

    void attention(
            AttentionShape shape,
            Tensor q,
            Tensor queries,
            Tensor kv,
            Tensor kr,
            Tensor tokens,
            Tensor out,
            Tensor lse);

    void attentionBackward(
            AttentionShape shape,
            Tensor dout,
            Tensor q,
            Tensor kv,
            Tensor kr,
            Tensor sequences,
            Tensor out,
            Tensor lse,
            Tensor dq,
            Tensor dkv,
            Tensor dkr);

    void pagedAttention(
            PagedShape shape, Tensor q, Tensor pages, PageRow row, PagedRows rows, Tensor out);

    void storePages(Tensor from, Tensor pages, PageRow row, int part, int at, Tensor cells);

    void loadPages(Tensor pages, PageRow row, int part, int at, Tensor cells, Tensor to);

    void latentDecode(
            float scale, Tensor q, Tensor cache, Tensor slots, Tensor lengths, Tensor out);

    // Routing and dispatch to experts.

    void route(
            RouterRule rule,
            Tensor logits,
            Tensor bias,
            Tensor scores,
            Tensor index,
            Tensor weight);

    void routeBackward(
            RouterRule rule,
            Tensor dweight,
            Tensor dscores,
            Tensor scores,
            Tensor index,
            Tensor dlogits);

    double balanceLoss(Tensor scores, Tensor sequences, int topK, float alpha, Tensor dscores);

    void gatherRows(Tensor x, Tensor rows, Tensor y);

    void scatterAddRows(Tensor y, Tensor rows, Tensor x);

    void combine(Tensor y, Tensor slots, Tensor weight, Tensor x, boolean accumulate);

    void combineBackward(
            Tensor dx, Tensor y, Tensor slots, Tensor weight, Tensor dy, Tensor dweight);

    void sumSlots(Tensor y, Tensor slots, Tensor x, boolean accumulate);

    // Loss and optimiser.

    void softmaxCrossEntropy(Tensor logits, Tensor targets, Tensor weights, Tensor loss);

    void adamW(Tensor p, Tensor g, Tensor m, Tensor v, AdamWStep step);

    double sumOfSquares(Tensor x);

    // Elementwise.

    void add(Tensor a, Tensor b, Tensor y);

    void scale(Tensor x, float factor);

    void convert(Tensor from, Tensor to);

    // Weights in fewer bits.

    void dequantize(BlockMatrix from, Tensor to);

    void quantize(Tensor from, BlockMatrix to);

    void dequantizeFp8(
            MemorySegment codes, Tensor scaleInv, int blockRows, int blockCols, Tensor to);

    void quantizeFp8(
            Tensor from,
            int blockRows,
            int blockCols,
            boolean powerOfTwoScales,
            MemorySegment codes,
            Tensor scaleInv);

    /// A matrix in the back end's own layout, see [dev.minke.tensor.Kernels#pack].
    interface PackedMatrix {
        /// Rows of the matrix that was packed: outputs.
        long rows();

        /// Columns of the matrix that was packed: inputs.
        long cols();

        /// Bytes that one pass over it reads.
        long byteSize();
    }

    /// Numbers of one AdamW step, see [dev.minke.tensor.Kernels#adamW].
    ///
    /// @param lr learning rate
    /// @param beta1 decay of the first moment
    /// @param beta2 decay of the second moment
    /// @param eps added to the root of the second moment
    /// @param weightDecay decoupled decay, multiplied by `lr`
    /// @param step 1 for the first step, for bias correction
    /// @param gradScale factor on the gradient: clipping and averaging
    record AdamWStep(
            float lr,
            float beta1,
            float beta2,
            float eps,
            float weightDecay,
            int step,
            float gradScale) {}
}
