package dev.minke.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.minke.tensor.RouterRule.GroupScore;
import dev.minke.tensor.RouterRule.Scoring;
import dev.minke.tensor.spi.KernelSet.AdamWStep;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What the facade refuses, and in which words.
class KernelsTests {
    private final Arena arena = Arena.ofShared();
    private final Team team = new Team(1);
    private final Kernels kernels = Backends.open(team, "reference");
    private final RouterRule rule =
            new RouterRule(Scoring.SIGMOID, 8, 2, 2, 1, GroupScore.MAX, true, 1);
    private final AttentionShape shape = new AttentionShape(2, 4, 2, 3, 1);

    @AfterEach
    void close() {
        team.close();
        arena.close();
    }

    private Tensor f(long... dims) {
        return Tensor.zeros(arena, dims);
    }

    private Tensor i(int... values) {
        return Tensor.copyOf(arena, values, values.length);
    }

    private Tensor bf16(long... dims) {
        return Tensor.zeros(arena, DType.BF16, dims);
    }

    private static void refused(ThrowingCallable call, String... parts) {
        assertThatThrownBy(call)
                .isInstanceOf(IllegalArgumentException.class)
                .satisfies(e -> assertThat(e.getMessage()).contains(parts).doesNotContain("\n"));
    }

    @Test
    void productsNameTheOperationAndAllShapes() {
        refused(
                () -> kernels.gemmNt(f(2, 3), f(4, 5), f(2, 4), false),
                "gemmNt: a F32[2, 3], b F32[4, 5], c F32[2, 4] do not fit");
        refused(
                () -> kernels.gemmNn(f(2, 3), f(4, 3), f(2, 3), false),
                "gemmNn: a F32[2, 3], b F32[4, 3], c F32[2, 3]");
        refused(
                () -> kernels.gemmTn(f(2, 3), f(2, 4), f(4, 3), false),
                "gemmTn: a F32[2, 3], b F32[2, 4], c F32[4, 3]");
        refused(
                () -> kernels.gemmNt(f(6), f(4, 3), f(2, 4), false),
                "gemmNt: a is F32[6], expected a matrix of F32");
        refused(
                () -> kernels.gemmNn(f(2, 3), bf16(3, 4), f(2, 4), false),
                "gemmNn: b is BF16[3, 4], expected a matrix of F32");
        refused(
                () -> kernels.gemmNt(bf16(2, 3), f(4, 3), f(2, 4), false),
                "gemmNt: a is BF16[2, 3]");
        refused(() -> kernels.pack(f(2, 3, 4), arena), "pack: b is F32[2, 3, 4]");
        refused(() -> kernels.pack(i(1, 2).reshape(1, 2), arena), "pack: b is I32[1, 2]");
        refused(
                () -> kernels.gemmPacked(f(2, 5), kernels.pack(f(4, 3), arena), f(2, 4), false),
                "gemmPacked: a F32[2, 5], b [4, 3] packed, c F32[2, 4]");
    }

    @Test
    void groupedProductsNeedAscendingOffsets() {
        refused(
                () -> kernels.groupedGemmNt(f(5, 3), f(2, 4, 3), i(0, 5), f(5, 4), false),
                "groupedGemmNt: a F32[5, 3], b F32[2, 4, 3], offsets I32[2], c F32[5, 4]");
        refused(
                () -> kernels.groupedGemmNn(f(5, 3), f(2, 4, 3), i(0, 5, 5), f(5, 3), false),
                "groupedGemmNn: a F32[5, 3], b F32[2, 4, 3]");
        refused(
                () -> kernels.groupedGemmNt(f(5, 3), f(2, 4, 3), i(0, 6, 5), f(5, 4), false),
                "groupedGemmNt offsets must ascend from 0 to 5, found 5 at position 2");
        refused(
                () -> kernels.groupedGemmNt(f(5, 3), f(2, 4, 3), i(1, 2, 5), f(5, 4), false),
                "found 1 at position 0");
        refused(
                () -> kernels.groupedGemmTn(f(5, 3), f(5, 4), i(0, 3, 4), f(2, 3, 4), false),
                "groupedGemmTn offsets must ascend from 0 to 5, found 4 at position 2");
        refused(
                () -> kernels.groupedGemmTn(f(5, 3), f(5, 4), i(0, 3, 5), f(2, 4, 3), false),
                "groupedGemmTn c has shape [2, 4, 3], expected [2, 3, 4]");
        refused(
                () -> kernels.groupedGemmTn(f(5, 3), f(6, 4), i(0, 3, 5), f(2, 3, 4), false),
                "groupedGemmTn b has shape [6, 4], expected [5, -1]");
    }

    @Test
    void layersNameTheTensorThatDoesNotFit() {
        refused(
                () -> kernels.rmsNorm(f(2, 3), f(4), 1e-6f, f(2, 3), f(2)),
                "rmsNorm gain has shape [4], expected [3]");
        refused(
                () -> kernels.rmsNorm(f(2, 3), f(3), 1e-6f, f(2, 3), f(3)),
                "rmsNorm rstd has shape [3], expected [2]");
        refused(
                () -> kernels.rmsNorm(bf16(2, 3), f(3), 1e-6f, f(2, 3), f(2)),
                "rmsNorm x holds BF16, expected F32");
        refused(
                () -> kernels.rmsNormBackward(f(2, 3), f(2, 3), f(3), f(2), f(2, 3), false, f(2)),
                "rmsNormBackward dgain has shape [2], expected [3]");
        refused(
                () -> kernels.rmsNormBackward(f(2, 3), f(2, 3), f(2), f(2), f(2, 3), false, f(3)),
                "rmsNormBackward gain has shape [2], expected [3]");
        refused(
                () -> kernels.swiGlu(f(2, 3), f(2, 4), f(2, 3)),
                "swiGlu up has shape [2, 4], expected [2, 3]");
        refused(
                () -> kernels.swiGluBackward(f(2, 3), f(2, 3), f(2, 2), f(2, 3), f(2, 3)),
                "swiGluBackward up has shape [2, 2], expected [2, 3]");
        refused(
                () -> kernels.rope(f(2, 10), 2, 5, 3, i(0, 1), f(9, 4), false),
                "rope: x F32[2, 10] is not 2 heads of 5 with 4 rotated from 3");
        refused(
                () -> kernels.rope(f(2, 10), 2, 5, 1, i(0, 9), f(9, 4), false),
                "rope positions: 9 is outside 0 to 8 (position 1)");
        refused(
                () -> kernels.rope(f(2, 10), 2, 5, 1, i(0), f(9, 4), false),
                "rope positions has shape [1], expected [2]");
    }

    @Test
    void attentionNamesTheTensorThatDoesNotFit() {
        refused(
                () -> attention(f(5, 13), f(5, 14), f(5, 2), i(0, 5), f(5, 6), f(2, 5)),
                "attention q has shape [5, 13], expected [5, 12]");
        refused(
                () -> attention(f(5, 12), f(5, 14), f(5, 3), i(0, 5), f(5, 6), f(2, 5)),
                "attention kr has shape [5, 3], expected [5, 2]");
        refused(
                () -> attention(f(5, 12), f(5, 14), f(5, 2), i(0, 4), f(5, 6), f(2, 5)),
                "attention sequences must ascend from 0 to 5, found 4 at position 1");
        refused(
                () -> attention(f(5, 12), f(5, 14), f(5, 2), i(0, 3, 2, 5), f(5, 6), f(2, 5)),
                "found 2 at position 2");
        refused(
                () -> attention(f(5, 12), f(5, 14), f(5, 2), f(2), f(5, 6), f(2, 5)),
                "attention sequences holds F32, expected I32");
        refused(
                () ->
                        kernels.attentionBackward(
                                shape, f(5, 6), f(5, 12), f(5, 14), f(5, 2), i(0, 5), f(5, 6),
                                f(2, 5), f(5, 12), f(5, 13), f(5, 2)),
                "attentionBackward gradients kv has shape [5, 13], expected [5, 14]");
        refused(
                () -> kernels.latentDecode(1, f(2, 3, 8), f(4, 9, 7), i(0, 1), i(1, 1), f(2, 3, 6)),
                "latentDecode cache has shape [4, 9, 7], expected [-1, -1, 8]");
        refused(
                () -> kernels.latentDecode(1, f(2, 3, 8), f(4, 9, 8), i(0, 4), i(1, 1), f(2, 3, 6)),
                "latentDecode slots: 4 is outside 0 to 3 (position 1)");
        refused(
                () -> kernels.latentDecode(1, f(2, 3, 8), f(4, 9, 8), i(0, 1), i(0, 1), f(2, 3, 6)),
                "latentDecode lengths: 0 is outside 1 to 9 (position 0)");
        refused(
                () -> kernels.latentDecode(1, f(2, 3, 8), f(4, 9, 8), i(0, 1), i(1, 1), f(2, 3, 9)),
                "latentDecode: out F32[2, 3, 9] is wider than cache F32[4, 9, 8]");
    }

    private void attention(Tensor q, Tensor kv, Tensor kr, Tensor starts, Tensor out, Tensor lse) {
        kernels.attention(shape, q, kv, kr, starts, out, lse);
    }

    @Test
    void routingNamesTheTensorThatDoesNotFit() {
        Tensor index = i(0, 1, 2, 3).reshape(2, 2);
        refused(
                () -> kernels.route(rule, f(2, 7), f(8), f(2, 8), index, f(2, 2)),
                "route logits has shape [2, 7], expected [-1, 8]");
        refused(
                () -> kernels.route(rule, f(2, 8), f(8), f(2, 8), index, f(2, 3)),
                "route weight has shape [2, 3], expected [2, 2]");
        refused(
                () -> kernels.route(rule, f(2, 8), f(8), f(2, 8), f(2, 2), f(2, 2)),
                "route index holds F32, expected I32");
        Tensor wild = i(0, 1, 8, 3).reshape(2, 2);
        refused(
                () -> kernels.routeBackward(rule, f(2, 2), f(2, 8), f(2, 8), wild, f(2, 8)),
                "routeBackward index: 8 is outside 0 to 7 (position 2)");
        refused(
                () -> kernels.balanceLoss(f(4, 8), i(0, 2, 5), 2, 1, f(4, 8)),
                "balanceLoss sequences must ascend from 0 to 4, found 5 at position 2");
        refused(
                () -> kernels.balanceLoss(f(4, 8), i(0, 4), 9, 1, f(4, 8)),
                "balanceLoss: topK is 9 of 8 experts");
        refused(
                () -> kernels.planDispatch(wild, i(new int[5]), i(new int[4]), wild),
                "planDispatch index: 8 is outside 0 to 3 (position 2)");
    }

    @Test
    void rowsMustExist() {
        refused(
                () -> kernels.gatherRows(f(4, 3), i(0, -1), f(2, 3)),
                "gatherRows rows: -1 is outside 0 to 3 (position 1)");
        refused(
                () -> kernels.gatherRows(f(4, 3), i(0, 1), f(2, 4)),
                "gatherRows y has shape [2, 4], expected [2, 3]");
        refused(
                () -> kernels.scatterAddRows(f(2, 3), i(0, 4), f(4, 3)),
                "scatterAddRows rows: 4 is outside 0 to 3 (position 1)");
        Tensor slots = i(0, 1, 2, 9).reshape(2, 2);
        refused(
                () -> kernels.combine(f(4, 3), slots, f(2, 2), f(2, 3), false),
                "combine slots: 9 is outside 0 to 3 (position 3)");
        refused(
                () -> kernels.sumSlots(f(10, 3), slots, f(3, 3), false),
                "sumSlots x has shape [3, 3], expected [2, 3]");
        refused(
                () -> kernels.combineBackward(f(2, 3), f(10, 3), slots, f(2, 1), f(10, 3), f(2, 2)),
                "combineBackward weight has shape [2, 1], expected [2, 2]");
    }

    @Test
    void lossOptimiserAndElementsNameTheTensorThatDoesNotFit() {
        refused(
                () -> kernels.softmaxCrossEntropy(f(2, 5), i(1, 5), f(2), f(2)),
                "softmaxCrossEntropy targets: 5 is outside -1 to 4 (position 1)");
        refused(
                () -> kernels.softmaxCrossEntropy(f(2, 5), i(1), f(2), f(2)),
                "softmaxCrossEntropy targets has shape [1], expected [2]");
        AdamWStep step = new AdamWStep(0.1f, 0.9f, 0.95f, 1e-8f, 0, 1, 1);
        refused(
                () -> kernels.adamW(f(6), f(6), f(5), f(6), step),
                "adamW m is F32[5], expected 6 contiguous F32");
        refused(
                () -> kernels.adamW(f(2, 3), f(2, 6).columns(0, 3), f(6), f(6), step),
                "adamW g is F32[2, 3] stride 6, expected 6 contiguous F32");
        refused(
                () ->
                        kernels.adamW(
                                f(6),
                                f(6),
                                f(6),
                                f(6),
                                new AdamWStep(0.1f, 0.9f, 0.95f, 1e-8f, 0, 0, 1)),
                "adamW: the first step is 1, found 0");
        refused(() -> kernels.add(f(2, 3), f(3, 2), f(2, 3)), "add b has shape [3, 2]");
        refused(() -> kernels.scale(bf16(2, 3), 2), "scale x holds BF16, expected F32");
        refused(() -> kernels.sumOfSquares(i(1, 2)), "sumOfSquares x holds I32, expected F32");
        refused(() -> kernels.convert(f(2, 3), f(3, 2)), "convert to has shape [3, 2]");
        refused(
                () -> kernels.convert(f(3), i(1, 2, 3)),
                "convert: from F32[3], to I32[3], expected F32, BF16 or F16");
    }

    @Test
    void halfPrecisionIsForStorageAlone() {
        Tensor half = Tensor.zeros(arena, DType.F16, 4, 3);
        refused(
                () -> kernels.gemmNt(f(2, 3), half, f(2, 4), false),
                "gemmNt: b is F16[4, 3], expected a matrix of F32");
        refused(() -> kernels.pack(i(4, 3), arena), "pack: b is I32[2]");
        refused(() -> kernels.gatherRows(half, i(0), f(1, 3)), "gatherRows: x is F16[4, 3]");
        refused(() -> kernels.scale(half, 2), "scale x holds F16, expected F32");
    }

    @Test
    void quantisedMatricesNameFormatAndShapes() {
        BlockMatrix q3 = blocks(BlockFormat.Q3_K, 2, 256);
        refused(
                () -> kernels.dequantize(q3, f(2, 255)),
                "dequantize: Q3_K[2, 256] and F32[2, 255] do not fit");
        refused(() -> kernels.dequantize(q3, bf16(2, 256)), "dequantize to holds BF16");
        refused(() -> kernels.quantize(f(3, 256), q3), "Q3_K[2, 256] and F32[3, 256] do not fit");
        refused(() -> kernels.quantize(i(1, 2), q3), "quantize: from I32[2], expected floats");
        for (BlockFormat format : BlockFormat.values()) {
            if (!format.canEncode()) {
                refused(
                        () -> kernels.quantize(f(2, 256), blocks(format, 2, 256)),
                        "quantize: cannot write " + format + ", only Q4_0, Q4_1, Q5_0, Q5_1, Q8_0");
            }
        }
    }

    private BlockMatrix blocks(BlockFormat format, long rows, long cols) {
        return new BlockMatrix(format, rows, cols, arena.allocate(rows * format.rowBytes(cols)));
    }

    @Test
    void fp8MatricesNameTheScalesTheyNeed() {
        MemorySegment codes = arena.allocate(6);
        refused(
                () -> kernels.dequantizeFp8(codes, f(2, 2), 2, 2, f(2, 3)),
                "dequantizeFp8 scaleInv has shape [2, 2], expected [1, 2]");
        refused(
                () -> kernels.quantizeFp8(f(2, 4), 2, 2, false, codes, f(1, 2)),
                "quantizeFp8: 6 bytes of codes do not fit [2, 4]");
        refused(
                () -> kernels.dequantizeFp8(codes, f(2, 2), 0, 2, f(2, 3)),
                "dequantizeFp8: blocks of 0 x 2");
        refused(
                () -> kernels.quantizeFp8(i(1, 2), 2, 2, false, codes, f(1, 1)),
                "quantizeFp8: from I32[2], expected floats");
        refused(
                () -> kernels.dequantizeFp8(codes, f(1, 2), 2, 2, bf16(2, 3)),
                "dequantizeFp8 to holds BF16, expected F32");
    }
}
