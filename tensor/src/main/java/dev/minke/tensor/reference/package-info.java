/// The scalar back end: every operation once more in plain loops, in the order of the formulas.
///
/// Oracle, explanation and fallback of the fast back ends; one file for each operation, under the
/// same name as its fast twin. Products accumulate in F32 by fused multiply-add over the ascending
/// inner index; sums of norms, softmax and losses are double.
///
/// Files: [ReferenceBackend], [ReferenceKernels] (one line for each operation); [Gemm],
/// [GroupedGemm], [Attention], [LatentDecode], [Router], [BalanceLoss], [Rows], [RmsNorm],
/// [SwiGlu], [Rope], [CrossEntropy], [AdamW], [Elementwise]; [Blocks] (quantised matrices) with
/// [SimpleBlocks], [SuperBlocks], [CodebookBlocks], [MinScaleBlocks], [SignedScaleBlocks];
/// [Fp8Blocks]; [Memory] and [Bands] (access to elements, parallel split), [Saxpy].
@NullMarked
package dev.minke.tensor.reference;

import org.jspecify.annotations.NullMarked;
