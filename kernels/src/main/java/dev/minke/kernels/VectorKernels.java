package dev.minke.kernels;

import dev.minke.tensor.AttentionShape;
import dev.minke.tensor.BlockMatrix;
import dev.minke.tensor.PageRow;
import dev.minke.tensor.PagedRows;
import dev.minke.tensor.PagedShape;
import dev.minke.tensor.RouterRule;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.spi.KernelSet;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// The operations on the Vector API: each is one call into the class of its name.
final class VectorKernels implements KernelSet {
    private final Team team;
    private final Scratch.Pool pool;
    private final Packing.Pool packing;
    private final PagedAttention paged;

    VectorKernels(Team team) {
        this.team = team;
        // one more for operations that keep memory between two regions
        pool = new Scratch.Pool(team.size() + 1);
        packing = new Packing.Pool(team.size());
        paged = new PagedAttention(team);
    }

    @Override
    public String describe() {
        return "vector, %d bits, %d thread%s"
                .formatted(32 * Lanes.COUNT, team.size(), team.size() == 1 ? "" : "s");
    }

    @Override
    public void gemmNt(Tensor a, Tensor b, Tensor c, boolean accumulate) {
        Gemm.nt(team, pool, a, b, c, accumulate);
    }

    @Override
    public void gemmNn(Tensor a, Tensor b, Tensor c, boolean accumulate) {
        Gemm.nn(team, pool, a, b, c, accumulate);
    }

    @Override
    public void gemmTn(Tensor a, Tensor b, Tensor c, boolean accumulate) {
        Gemm.tn(team, pool, a, b, c, accumulate);
    }

    @Override
    public PackedMatrix pack(Tensor b, Arena arena) {
        return Packing.pack(team, packing, b, arena);
    }

    @Override
    public PackedMatrix pack(BlockMatrix b, Arena arena) {
        return Packing.pack(team, packing, b, arena);
    }

    @Override
    public PackedMatrix packFp8(
            MemorySegment codes,
            Tensor scaleInv,
            int blockRows,
            int blockCols,
            long rows,
            long cols,
            Arena arena) {
        return Packing.packFp8(
                team, packing, codes, scaleInv, blockRows, blockCols, rows, cols, arena);
    }

    @Override
    public void gemmPacked(Tensor a, PackedMatrix b, Tensor c, boolean accumulate) {
        GemmPacked.run(team, pool, a, b, c, accumulate);
    }

    @Override
    public void groupedGemmNt(Tensor a, Tensor b, Tensor offsets, Tensor c, boolean accumulate) {
        GroupedGemm.nt(team, pool, a, b, offsets, c, accumulate);
    }

    @Override
    public void groupedGemmPacked(
            Tensor a, List<PackedMatrix> b, Tensor offsets, Tensor c, boolean accumulate) {
        GroupedPacked.run(team, pool, a, b, offsets, c, accumulate);
    }

    @Override
    public void groupedGemmNn(Tensor a, Tensor b, Tensor offsets, Tensor c, boolean accumulate) {
        GroupedGemm.nn(team, pool, a, b, offsets, c, accumulate);
    }

    @Override
    public void groupedGemmTn(Tensor a, Tensor b, Tensor offsets, Tensor c, boolean accumulate) {
        GroupedGemm.tn(team, pool, a, b, offsets, c, accumulate);
    }

    @Override
    public void rmsNorm(Tensor x, Tensor gain, float eps, Tensor y, Tensor rstd) {
        RmsNorm.forward(team, x, gain, eps, y, rstd);
    }

    @Override
    public void rmsNormBackward(
            Tensor dy,
            Tensor x,
            Tensor gain,
            Tensor rstd,
            Tensor dx,
            boolean accumulate,
            Tensor dgain) {
        RmsNorm.backward(team, dy, x, gain, rstd, dx, accumulate, dgain);
    }

    @Override
    public void rope(
            Tensor x,
            int heads,
            int headDim,
            int from,
            Tensor positions,
            Tensor table,
            boolean inverse) {
        Rope.rotate(team, x, heads, headDim, from, positions, table, inverse);
    }

    @Override
    public void swiGlu(Tensor gate, Tensor up, Tensor y) {
        SwiGlu.forward(team, gate, up, y);
    }

    @Override
    public void swiGluBackward(Tensor dy, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
        SwiGlu.backward(team, dy, gate, up, dgate, dup);
    }

    @Override
    public void attention(
            AttentionShape shape,
            Tensor q,
            Tensor queries,
            Tensor kv,
            Tensor kr,
            Tensor tokens,
            Tensor out,
            Tensor lse) {
        Attention.forward(team, pool, shape, q, queries, kv, kr, tokens, out, lse);
    }

    @Override
    public void attentionBackward(
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
            Tensor dkr) {
        AttentionBackward.backward(
                team, pool, shape, dout, q, kv, kr, sequences, out, lse, dq, dkv, dkr);
    }

    @Override
    public void pagedAttention(
            PagedShape shape, Tensor q, Tensor pages, PageRow row, PagedRows rows, Tensor out) {
        paged.run(shape, q, pages, row, rows, out);
    }

    @Override
    public void storePages(Tensor from, Tensor pages, PageRow row, int part, int at, Tensor cells) {
        Pages.store(team, pool, from, pages, row, part, at, cells);
    }

    @Override
    public void loadPages(Tensor pages, PageRow row, int part, int at, Tensor cells, Tensor to) {
        Pages.load(team, pool, pages, row, part, at, cells, to);
    }

    @Override
    public void latentDecode(
            float scale, Tensor q, Tensor cache, Tensor slots, Tensor lengths, Tensor out) {
        LatentDecode.run(team, pool, scale, q, cache, slots, lengths, out);
    }

    @Override
    public void route(
            RouterRule rule,
            Tensor logits,
            Tensor bias,
            Tensor scores,
            Tensor index,
            Tensor weight) {
        Router.forward(team, pool, rule, logits, bias, scores, index, weight);
    }

    @Override
    public void routeBackward(
            RouterRule rule,
            Tensor dweight,
            Tensor dscores,
            Tensor scores,
            Tensor index,
            Tensor dlogits) {
        Router.backward(team, rule, dweight, dscores, scores, index, dlogits);
    }

    @Override
    public double balanceLoss(
            Tensor scores, Tensor sequences, int topK, float alpha, Tensor dscores) {
        return BalanceLoss.run(team, scores, sequences, topK, alpha, dscores);
    }

    @Override
    public void gatherRows(Tensor x, Tensor rows, Tensor y) {
        Rows.gather(team, x, rows, y);
    }

    @Override
    public void scatterAddRows(Tensor y, Tensor rows, Tensor x) {
        Rows.scatterAdd(team, y, rows, x);
    }

    @Override
    public void combine(Tensor y, Tensor slots, Tensor weight, Tensor x, boolean accumulate) {
        Rows.combine(team, y, slots, weight, x, accumulate);
    }

    @Override
    public void combineBackward(
            Tensor dx, Tensor y, Tensor slots, Tensor weight, Tensor dy, Tensor dweight) {
        Rows.combineBackward(team, dx, y, slots, weight, dy, dweight);
    }

    @Override
    public void sumSlots(Tensor y, Tensor slots, Tensor x, boolean accumulate) {
        Rows.sumSlots(team, y, slots, x, accumulate);
    }

    @Override
    public void softmaxCrossEntropy(Tensor logits, Tensor targets, Tensor weights, Tensor loss) {
        CrossEntropy.softmaxCrossEntropy(team, logits, targets, weights, loss);
    }

    @Override
    public void adamW(Tensor p, Tensor g, Tensor m, Tensor v, AdamWStep step) {
        AdamW.step(team, p, g, m, v, step);
    }

    @Override
    public double sumOfSquares(Tensor x) {
        return Elementwise.sumOfSquares(team, x);
    }

    @Override
    public void add(Tensor a, Tensor b, Tensor y) {
        Elementwise.add(team, a, b, y);
    }

    @Override
    public void scale(Tensor x, float factor) {
        Elementwise.scale(team, x, factor);
    }

    @Override
    public void convert(Tensor from, Tensor to) {
        Elementwise.convert(team, from, to);
    }

    @Override
    public void dequantize(BlockMatrix from, Tensor to) {
        Blocks.dequantize(team, pool, from, to);
    }

    @Override
    public void quantize(Tensor from, BlockMatrix to) {
        Blocks.quantize(team, pool, from, to);
    }

    @Override
    public void dequantizeFp8(
            MemorySegment codes, Tensor scaleInv, int blockRows, int blockCols, Tensor to) {
        Fp8Blocks.decode(team, codes, scaleInv, blockRows, blockCols, to);
    }

    @Override
    public void quantizeFp8(
            Tensor from,
            int blockRows,
            int blockCols,
            boolean powerOfTwoScales,
            MemorySegment codes,
            Tensor scaleInv) {
        Fp8Blocks.encode(team, pool, from, blockRows, blockCols, powerOfTwoScales, codes, scaleInv);
    }
}
