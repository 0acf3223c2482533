package dev.minke.tensor.reference;

import dev.minke.tensor.AttentionShape;
import dev.minke.tensor.BlockMatrix;
import dev.minke.tensor.DType;
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

/// Every operation of [KernelSet], each delegated to the class that holds its loops.
final class ReferenceKernels implements KernelSet {
    private final Team team;

    ReferenceKernels(Team team) {
        this.team = team;
    }

    @Override
    public String describe() {
        return "reference, scalar, threads " + team.size();
    }

    @Override
    public void gemmNt(Tensor a, Tensor b, Tensor c, boolean accumulate) {
        Gemm.nt(team, a, b, c, accumulate);
    }

    @Override
    public void gemmNn(Tensor a, Tensor b, Tensor c, boolean accumulate) {
        Gemm.nn(team, a, b, c, accumulate);
    }

    @Override
    public void gemmTn(Tensor a, Tensor b, Tensor c, boolean accumulate) {
        Gemm.tn(team, a, b, c, accumulate);
    }

    /// A plain copy: this back end gains nothing from another layout.
    private record Copy(Tensor matrix) implements PackedMatrix {
        @Override
        public long rows() {
            return matrix.rows();
        }

        @Override
        public long cols() {
            return matrix.cols();
        }

        @Override
        public long byteSize() {
            return matrix.byteSize();
        }
    }

    @Override
    public PackedMatrix pack(Tensor b, Arena arena) {
        // F16 is widened, F32 and BF16 are what a product reads
        boolean wide = b.dtype() == DType.F16;
        Tensor copy = Tensor.zeros(arena, wide ? DType.F32 : b.dtype(), b.shape());
        if (wide) {
            Elementwise.convert(team, b, copy);
        } else {
            copy.copyFrom(b);
        }
        return new Copy(copy);
    }

    /// Decoded at once: this back end saves neither time nor memory.
    @Override
    public PackedMatrix pack(BlockMatrix b, Arena arena) {
        Tensor copy = Tensor.zeros(arena, b.rows(), b.cols());
        Blocks.dequantize(team, b, copy);
        return new Copy(copy);
    }

    /// Decoded at once, too.
    @Override
    public PackedMatrix packFp8(
            MemorySegment codes,
            Tensor scaleInv,
            int blockRows,
            int blockCols,
            long rows,
            long cols,
            Arena arena) {
        Tensor copy = Tensor.zeros(arena, rows, cols);
        Fp8Blocks.decode(team, codes, scaleInv, blockRows, blockCols, copy);
        return new Copy(copy);
    }

    @Override
    public void gemmPacked(Tensor a, PackedMatrix b, Tensor c, boolean accumulate) {
        if (!(b instanceof Copy copy)) {
            throw new IllegalArgumentException(
                    "gemmPacked: b was packed by another back end, pack it by this one");
        }
        Gemm.nt(team, a, copy.matrix(), c, accumulate);
    }

    @Override
    public void groupedGemmPacked(
            Tensor a, List<PackedMatrix> b, Tensor offsets, Tensor c, boolean accumulate) {
        for (int e = 0; e < b.size(); e++) {
            int from = offsets.getInt(e);
            int to = offsets.getInt(e + 1);
            if (from < to) {
                gemmPacked(a.range(from, to), b.get(e), c.range(from, to), accumulate);
            }
        }
    }

    @Override
    public void groupedGemmNt(Tensor a, Tensor b, Tensor offsets, Tensor c, boolean accumulate) {
        GroupedGemm.nt(team, a, b, offsets, c, accumulate);
    }

    @Override
    public void groupedGemmNn(Tensor a, Tensor b, Tensor offsets, Tensor c, boolean accumulate) {
        GroupedGemm.nn(team, a, b, offsets, c, accumulate);
    }

    @Override
    public void groupedGemmTn(Tensor a, Tensor b, Tensor offsets, Tensor c, boolean accumulate) {
        GroupedGemm.tn(team, a, b, offsets, c, accumulate);
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
        Rope.run(team, x, heads, headDim, from, positions, table, inverse);
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
        Attention.forward(team, shape, q, queries, kv, kr, tokens, out, lse);
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
        Attention.backward(team, shape, dout, q, kv, kr, sequences, out, lse, dq, dkv, dkr);
    }

    @Override
    public void pagedAttention(
            PagedShape shape, Tensor q, Tensor pages, PageRow row, PagedRows rows, Tensor out) {
        PagedAttention.run(team, shape, q, pages, row, rows, out);
    }

    @Override
    public void storePages(Tensor from, Tensor pages, PageRow row, int part, int at, Tensor cells) {
        Pages.store(team, from, pages, row, part, at, cells);
    }

    @Override
    public void loadPages(Tensor pages, PageRow row, int part, int at, Tensor cells, Tensor to) {
        Pages.load(team, pages, row, part, at, cells, to);
    }

    @Override
    public void latentDecode(
            float scale, Tensor q, Tensor cache, Tensor slots, Tensor lengths, Tensor out) {
        LatentDecode.run(team, scale, q, cache, slots, lengths, out);
    }

    @Override
    public void route(
            RouterRule rule,
            Tensor logits,
            Tensor bias,
            Tensor scores,
            Tensor index,
            Tensor weight) {
        Router.forward(team, rule, logits, bias, scores, index, weight);
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
        CrossEntropy.run(team, logits, targets, weights, loss);
    }

    @Override
    public void adamW(Tensor p, Tensor g, Tensor m, Tensor v, AdamWStep step) {
        AdamW.run(team, p, g, m, v, step);
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
        Blocks.dequantize(team, from, to);
    }

    @Override
    public void quantize(Tensor from, BlockMatrix to) {
        Blocks.quantize(team, from, to);
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
        Fp8Blocks.encode(team, from, blockRows, blockCols, powerOfTwoScales, codes, scaleInv);
    }
}
