package dev.minke.tensor;

import static dev.minke.tensor.DType.F32;
import static dev.minke.tensor.DType.I32;

import dev.minke.tensor.spi.KernelBackend;
import dev.minke.tensor.spi.KernelSet;
import dev.minke.tensor.spi.KernelSet.AdamWStep;
import dev.minke.tensor.spi.KernelSet.PackedMatrix;
import dev.minke.tensor.spi.MachineProbe;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// The operations that model code calls: coarse, named by meaning, checked once here, then one call
/// into the chosen back end.
///
/// Letters: T tokens, m n k for matrix products, E experts, K experts per token, S sequences, slot
/// = row of a batch sorted by expert. All floating tensors are F32 unless said otherwise; index
/// tensors are I32. Outputs never alias inputs unless said.
public final class Kernels {
    private final KernelSet set;
    private final Team team;
    private final Optional<MachineProbe> machineProbe;

    Kernels(KernelBackend backend, Team team) {
        this.set = backend.open(team);
        this.team = team;
        this.machineProbe = backend.machineProbe();
    }

    /// Measurements of this machine, if the back end can make them.
    public Optional<MachineProbe> machineProbe() {
        return machineProbe;
    }

    /// The worker team that the kernels run on.
    public Team team() {
        return team;
    }

    /// One line for logs: back end, vector width, threads.
    public String describe() {
        return set.describe();
    }

    // ---------------------------------------------------------------- matrix products

    /// C = A x B^T: `a` [m, k], `b` [n, k] (F32 or BF16), `c` [m, n]; added to C if `accumulate`.
    /// The forward pass of a linear layer with weight `b`. 2mnk flop.
    public void gemmNt(Tensor a, Tensor b, Tensor c, boolean accumulate) {
        matrix("gemmNt", a, F32, "a");
        matrix("gemmNt", b, b.dtype() == DType.BF16 ? DType.BF16 : F32, "b");
        matrix("gemmNt", c, F32, "c");
        product("gemmNt", a, b, c, a.cols(), b.cols(), a.rows(), b.rows());
        set.gemmNt(a, b, c, accumulate);
    }

    /// C = A x B: `a` [m, k], `b` [k, n], `c` [m, n]. The gradient of a linear layer's input.
    public void gemmNn(Tensor a, Tensor b, Tensor c, boolean accumulate) {
        matrix("gemmNn", a, F32, "a");
        matrix("gemmNn", b, F32, "b");
        matrix("gemmNn", c, F32, "c");
        product("gemmNn", a, b, c, a.cols(), b.rows(), a.rows(), b.cols());
        set.gemmNn(a, b, c, accumulate);
    }

    /// C = A^T x B: `a` [k, m], `b` [k, n], `c` [m, n]. The gradient of a linear layer's weight.
    public void gemmTn(Tensor a, Tensor b, Tensor c, boolean accumulate) {
        matrix("gemmTn", a, F32, "a");
        matrix("gemmTn", b, F32, "b");
        matrix("gemmTn", c, F32, "c");
        product("gemmTn", a, b, c, a.rows(), b.rows(), a.cols(), b.cols());
        set.gemmTn(a, b, c, accumulate);
    }

    /// Re-lay a weight `b` [n, k] (F32, BF16 or F16) for repeated [#gemmPacked] calls; it stays in
    /// its type.
    ///
    /// @param arena owner of the packed copy
    public PackedMatrix pack(Tensor b, Arena arena) {
        matrix("pack", b, b.dtype().floating() ? b.dtype() : F32, "b");
        return set.pack(b, arena);
    }

    /// Re-lay a quantised weight for repeated [#gemmPacked] calls; it stays in its type.
    ///
    /// @param arena owner of the packed copy
    public PackedMatrix pack(BlockMatrix b, Arena arena) {
        return set.pack(b, arena);
    }

    /// Re-lay a weight [`rows`, `cols`] of e4m3 codes with a scale for each block, as for
    /// [#dequantizeFp8], for repeated [#gemmPacked] calls. It stays in eight bits where `cols` and
    /// `blockCols` are multiples of 128 (or one block is as wide as the matrix), no code is NaN and
    /// all scales are below 128; else it is decoded to F32 here.
    ///
    /// @param scaleInv [ceil(rows / blockRows), ceil(cols / blockCols)]
    /// @param arena owner of the packed copy
    public PackedMatrix packFp8(
            MemorySegment codes,
            Tensor scaleInv,
            int blockRows,
            int blockCols,
            long rows,
            long cols,
            Arena arena) {
        fp8("packFp8", rows, cols, blockRows, blockCols, codes, scaleInv);
        return set.packFp8(codes, scaleInv, blockRows, blockCols, rows, cols, arena);
    }

    /// C = A x B^T with a packed B: the same bits as [#gemmNt] with the weight (or what
    /// [#dequantize], [#dequantizeFp8] or [#convert] makes of it) for any number of rows; one row
    /// runs at the speed of memory.
    public void gemmPacked(Tensor a, PackedMatrix b, Tensor c, boolean accumulate) {
        matrix("gemmPacked", a, F32, "a");
        matrix("gemmPacked", c, F32, "c");
        if (a.cols() != b.cols() || c.rows() != a.rows() || c.cols() != b.rows()) {
            throw new ShapeMismatch(
                    "gemmPacked: a %s, b [%d, %d] packed, c %s do not fit"
                            .formatted(a, b.rows(), b.cols(), c));
        }
        set.gemmPacked(a, b, c, accumulate);
    }

    /// For every expert e and its slots i in [offsets[e], offsets[e+1]): c[i] = a[i] x b[e]^T. `a`
    /// [slots, k], `b` [E, n, k] (contiguous), `offsets` [E + 1], `c` [slots, n]. One parallel
    /// region over all experts.
    public void groupedGemmNt(Tensor a, Tensor b, Tensor offsets, Tensor c, boolean accumulate) {
        grouped("groupedGemmNt", a, b, offsets, c, 2, 1);
        set.groupedGemmNt(a, b, offsets, c, accumulate);
    }

    /// As [#groupedGemmNt] with packed weights, one [n, k] for each expert, not all of one type:
    /// the same bits as [#gemmPacked] for each. One parallel region for few slots and for many. An
    /// expert without slots is not read: anything of its shape may stand for it.
    public void groupedGemmPacked(
            Tensor a, List<PackedMatrix> b, Tensor offsets, Tensor c, boolean accumulate) {
        matrix("groupedGemmPacked", a, F32, "a");
        matrix("groupedGemmPacked", c, F32, "c");
        c.expect("groupedGemmPacked c", a.rows(), -1);
        starts("groupedGemmPacked", "offsets", offsets, a.rows());
        if (offsets.size() != b.size() + 1) {
            throw new ShapeMismatch(
                    "groupedGemmPacked: %d offsets for %d experts, expected one more than experts"
                            .formatted(offsets.size(), b.size()));
        }
        for (PackedMatrix expert : b) {
            if (expert.cols() != a.cols() || expert.rows() != c.cols()) {
                throw new ShapeMismatch(
                        "groupedGemmPacked: a %s, an expert [%d, %d] packed, c %s do not fit"
                                .formatted(a, expert.rows(), expert.cols(), c));
            }
        }
        set.groupedGemmPacked(a, b, offsets, c, accumulate);
    }

    /// As [#groupedGemmNt] with c[i] = a[i] x b[e]: `a` [slots, k], `b` [E, k, n], `c` [slots, n].
    public void groupedGemmNn(Tensor a, Tensor b, Tensor offsets, Tensor c, boolean accumulate) {
        grouped("groupedGemmNn", a, b, offsets, c, 1, 2);
        set.groupedGemmNn(a, b, offsets, c, accumulate);
    }

    /// For every expert: c[e] = sum over its slots i of a[i]^T b[i]. `a` [slots, m], `b` [slots,
    /// n], `c` [E, m, n]. An expert without slots gets zeros (or keeps its value if `accumulate`).
    public void groupedGemmTn(Tensor a, Tensor b, Tensor offsets, Tensor c, boolean accumulate) {
        matrix("groupedGemmTn", a, F32, "a");
        matrix("groupedGemmTn", b, F32, "b");
        b.expect("groupedGemmTn b", a.rows(), -1);
        floats("groupedGemmTn c", c, offsets.size() - 1, a.cols(), b.cols());
        starts("groupedGemmTn", "offsets", offsets, a.rows());
        set.groupedGemmTn(a, b, offsets, c, accumulate);
    }

    // ---------------------------------------------------------------- norm, position, activation

    /// y = gain * x / sqrt(mean(x^2) + eps) for every row. `x`, `y` [T, d]; `gain` [d]; `rstd` [T]
    /// receives 1 / sqrt(...) for the backward pass. Sums in double or pairwise F32.
    public void rmsNorm(Tensor x, Tensor gain, float eps, Tensor y, Tensor rstd) {
        x.expect("rmsNorm x", F32);
        floats("rmsNorm gain", gain, x.cols());
        floatsLike("rmsNorm y", y, x);
        floats("rmsNorm rstd", rstd, x.rows());
        set.rmsNorm(x, gain, eps, y, rstd);
    }

    /// Gradients of [#rmsNorm]: `dx` [T, d] overwritten or added to, `dgain` [d] added to. dx =
    /// rstd * (g - xn * mean(g * xn)), g = dy * gain, xn = x * rstd; dgain = sum_t dy * xn.
    public void rmsNormBackward(
            Tensor dy,
            Tensor x,
            Tensor gain,
            Tensor rstd,
            Tensor dx,
            boolean accumulate,
            Tensor dgain) {
        x.expect("rmsNormBackward x", F32);
        floatsLike("rmsNormBackward dy", dy, x);
        floats("rmsNormBackward gain", gain, x.cols());
        floats("rmsNormBackward rstd", rstd, x.rows());
        floatsLike("rmsNormBackward dx", dx, x);
        floats("rmsNormBackward dgain", dgain, x.cols());
        set.rmsNormBackward(dy, x, gain, rstd, dx, accumulate, dgain);
    }

    /// Rotate pairs (2i, 2i+1) of a part of every head in place (spec 1.3, interleaved).
    ///
    /// `x` [T, heads * headDim]; the columns `from` to `from + dr` of each head turn by the angle
    /// of `positions` [T]; `table` [maxPositions, dr] holds cos, sin of pair i at columns 2i, 2i +
    /// 1. `inverse` turns back, which is also the gradient.
    public void rope(
            Tensor x,
            int heads,
            int headDim,
            int from,
            Tensor positions,
            Tensor table,
            boolean inverse) {
        x.expect("rope x", F32);
        floats("rope table", table, -1, -1);
        if (x.cols() != (long) heads * headDim
                || from < 0
                || from + table.cols() > headDim
                || table.cols() % 2 != 0) {
            throw new ShapeMismatch(
                    "rope: x %s is not %d heads of %d with %d rotated from %d"
                            .formatted(x, heads, headDim, table.cols(), from));
        }
        positions.expect("rope positions", I32).expect("rope positions", x.rows());
        inRange("rope", "positions", positions, 0, table.rows());
        set.rope(x, heads, headDim, from, positions, table, inverse);
    }

    /// y = silu(gate) * up, all [T, f]; silu(z) = z / (1 + exp(-z)).
    public void swiGlu(Tensor gate, Tensor up, Tensor y) {
        gate.expect("swiGlu gate", F32);
        floatsLike("swiGlu up", up, gate);
        floatsLike("swiGlu y", y, gate);
        set.swiGlu(gate, up, y);
    }

    /// Gradients of [#swiGlu], overwritten; `dgate` may be `gate`'s and `dup` `up`'s memory.
    public void swiGluBackward(Tensor dy, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
        gate.expect("swiGluBackward gate", F32);
        floatsLike("swiGluBackward up", up, gate);
        floatsLike("swiGluBackward dy", dy, gate);
        floatsLike("swiGluBackward dgate", dgate, gate);
        floatsLike("swiGluBackward dup", dup, gate);
        set.swiGluBackward(dy, gate, up, dgate, dup);
    }

    // ---------------------------------------------------------------- attention

    /// Causal attention in expanded form (spec 1.4) with a streaming softmax: scores never exist as
    /// a whole. For sequence s of the rows sequences[s] to sequences[s+1] and head h: out =
    /// softmax(scale * q k^T + causal) v with k = [kv nope part ; kr], v = kv value part.
    ///
    /// `q` [T, H*(nope+rope)], `kv` [T, H*(nope+value)], `kr` [T, rope], `sequences` [S+1], `out`
    /// [T, H*value], `lse` [H, T] receives the log of the softmax denominators.
    public void attention(
            AttentionShape shape,
            Tensor q,
            Tensor kv,
            Tensor kr,
            Tensor sequences,
            Tensor out,
            Tensor lse) {
        attentionShapes("attention", shape, q, kv, kr, sequences, out, lse);
        set.attention(shape, q, sequences, kv, kr, sequences, out, lse);
    }

    /// As [#attention(AttentionShape, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)] for the last
    /// tokens of each sequence alone: the same bits as their rows in the attention of all.
    ///
    /// `q` [C, H*(nope+rope)], `queries` [S+1] the first query of each sequence, `kv` [L,
    /// H*(nope+value)] and `kr` [L, rope] of all tokens, `tokens` [S+1] the first token of each
    /// sequence, `out` [C, H*value], `lse` [H, C]. A sequence of n queries and t tokens, n at most
    /// t, has the queries of its tokens t - n to t.
    public void attention(
            AttentionShape shape,
            Tensor q,
            Tensor queries,
            Tensor kv,
            Tensor kr,
            Tensor tokens,
            Tensor out,
            Tensor lse) {
        long count = q.rows();
        long t = kv.rows();
        floats("attention q", q, count, (long) shape.heads() * shape.queryKey());
        floats("attention kv", kv, t, (long) shape.heads() * shape.keyValue());
        floats("attention kr", kr, t, shape.rope());
        floats("attention out", out, count, (long) shape.heads() * shape.value());
        floats("attention lse", lse, shape.heads(), count);
        starts("attention", "queries", queries, count);
        starts("attention", "tokens", tokens, t);
        tokens.expect("attention tokens", queries.size());
        for (long s = 0; s + 1 < tokens.size(); s++) {
            int own = queries.getInt(s + 1) - queries.getInt(s);
            int all = tokens.getInt(s + 1) - tokens.getInt(s);
            if (own > all) {
                throw new ShapeMismatch(
                        "attention: sequence %d has %d queries for %d tokens"
                                .formatted(s, own, all));
            }
        }
        set.attention(shape, q, queries, kv, kr, tokens, out, lse);
    }

    /// Gradients of [#attention]: `dq` and `dkv` overwritten, `dkr` added to.
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
        attentionShapes("attentionBackward", shape, q, kv, kr, sequences, out, lse);
        attentionShapes("attentionBackward gradients", shape, dq, dkv, dkr, sequences, dout, lse);
        set.attentionBackward(shape, dout, q, kv, kr, sequences, out, lse, dq, dkv, dkr);
    }

    /// Attention over the pages of a cache: for row r and head h, out = softmax(scale * q K^T) V
    /// over the tokens that `rows` gives to the row. Query head h reads part g = h / (H / G) of the
    /// pages; K are the last `key` columns of a page row, V the first `value` columns.
    ///
    /// Latent attention in absorbed form has G = 1, q = [Uk^T q_nope ; rotated q_rope], key rk+dr,
    /// value rk (spec 1.4). A row's result depends on its query, its length and the tokens it sees,
    /// on nothing else: same bits in any company and wherever the pages lie. 2 H (key + value) flop
    /// for each row and token; the pages of a run of rows with the same start are read about once.
    ///
    /// `q` [R, H*key] or, heads first, [H, R, key]; `pages` [P, G, 64, elements] of rows as `row`
    /// says; `out` [R, H*value] or [H, R, value].
    public void pagedAttention(
            PagedShape shape, Tensor q, Tensor pages, PageRow row, PagedRows rows, Tensor out) {
        long count = rows.lengths().size();
        pagedOperand("pagedAttention q", q, count, shape.heads(), shape.key());
        pagedOperand("pagedAttention out", out, count, shape.heads(), shape.value());
        pages("pagedAttention", pages, row);
        if (shape.key() > row.width()
                || shape.value() > row.width()
                || shape.heads() % pages.dim(1) != 0) {
            throw new ShapeMismatch(
                    "pagedAttention: %s does not fit rows of %d numbers in %d parts"
                            .formatted(shape, row.width(), pages.dim(1)));
        }
        rows.starts().expect("pagedAttention starts", I32);
        rows.starts().expect("pagedAttention starts", count);
        rows.lengths().expect("pagedAttention lengths", I32);
        rows.lengths().expect("pagedAttention lengths", count);
        Tensor blocks = rows.blocks().expect("pagedAttention blocks", I32);
        inRange("pagedAttention", "blocks", blocks, 0, pages.dim(0));
        for (long r = 0; r < count; r++) {
            int start = rows.starts().getInt(r);
            int length = rows.lengths().getInt(r);
            long end = start + Math.ceilDiv((long) length, PageRow.TOKENS);
            if (length < 1 || start < 0 || end > blocks.size()) {
                throw new IllegalArgumentException(
                        "pagedAttention: row %d starts at %d and sees %d tokens, the table has %d pages"
                                .formatted(r, start, length, blocks.size()));
            }
        }
        if (count > 0) {
            set.pagedAttention(shape, q, pages, row, rows, out);
        }
    }

    /// Keep `from` [R, n] as columns `at` to `at` + n of part `part` of cached tokens: row r goes
    /// to token cells[r] % 64 of page cells[r] / 64. `cells` I32 [R], no cell twice; `pages` [P, G,
    /// 64, elements]. BF16 is rounded to nearest even, codes as [PageRow] says.
    public void storePages(Tensor from, Tensor pages, PageRow row, int part, int at, Tensor cells) {
        pagePiece("storePages", from, pages, row, part, at, cells);
        set.storePages(from, pages, row, part, at, cells);
    }

    /// Read columns `at` to `at` + n of part `part` of cached tokens into `to` [R, n], inverse of
    /// [#storePages]; here a cell may be read twice.
    public void loadPages(Tensor pages, PageRow row, int part, int at, Tensor cells, Tensor to) {
        pagePiece("loadPages", to, pages, row, part, at, cells);
        set.loadPages(pages, row, part, at, cells, to);
    }

    /// Absorbed attention of one query token per sequence over its latent cache (spec 1.4).
    ///
    /// `q` [B, H, rk+dr] = [Uk^T q_nope ; rotated q_rope], `cache` [slots, capacity, rk+dr] =
    /// [normalised latent ; rotated key], `slots` [B] which cache row a sequence owns, `lengths`
    /// [B] valid tokens in it (at least 1, the query's own included), `out` [B, H, rk] =
    /// softmax(scale * q cache^T) cache[:, :rk].
    public void latentDecode(
            float scale, Tensor q, Tensor cache, Tensor slots, Tensor lengths, Tensor out) {
        floats("latentDecode q", q, -1, -1, -1);
        floats("latentDecode cache", cache, -1, -1, q.cols());
        floats("latentDecode out", out, q.dim(0), q.dim(1), -1);
        if (out.cols() > q.cols()) {
            throw new ShapeMismatch(
                    "latentDecode: out %s is wider than cache %s".formatted(out, cache));
        }
        slots.expect("latentDecode slots", I32).expect("latentDecode slots", q.dim(0));
        lengths.expect("latentDecode lengths", I32).expect("latentDecode lengths", q.dim(0));
        inRange("latentDecode", "slots", slots, 0, cache.dim(0));
        inRange("latentDecode", "lengths", lengths, 1, cache.dim(1) + 1);
        set.latentDecode(scale, q, cache, slots, lengths, out);
    }

    // ---------------------------------------------------------------- routing

    /// Choose experts (spec 1.6): scores from `logits` [T, E]; choice by scores + `bias` [E] within
    /// the best groups, masked groups at minus infinity, ties to the lowest index; `index` [T, K]
    /// in descending order of biased score; `weight` [T, K] from the unbiased scores, normalised
    /// with +1e-20 if asked, times scale. `scores` [T, E] is kept for the backward pass.
    public void route(
            RouterRule rule,
            Tensor logits,
            Tensor bias,
            Tensor scores,
            Tensor index,
            Tensor weight) {
        floats("route logits", logits, -1, rule.experts());
        floats("route bias", bias, rule.experts());
        floatsLike("route scores", scores, logits);
        index.expect("route index", I32).expect("route index", logits.rows(), rule.topK());
        floats("route weight", weight, logits.rows(), rule.topK());
        set.route(rule, logits, bias, scores, index, weight);
    }

    /// Gradient of [#route]: from `dweight` [T, K] through normalisation and scale, plus `dscores`
    /// [T, E] (zeros if there is no balance loss), through the scoring function; `dlogits`
    /// overwritten. The choice itself and the bias have no gradient.
    public void routeBackward(
            RouterRule rule,
            Tensor dweight,
            Tensor dscores,
            Tensor scores,
            Tensor index,
            Tensor dlogits) {
        floats("routeBackward scores", scores, -1, rule.experts());
        floats("routeBackward dweight", dweight, scores.rows(), rule.topK());
        floatsLike("routeBackward dscores", dscores, scores);
        floatsLike("routeBackward dlogits", dlogits, scores);
        index.expect("routeBackward index", I32)
                .expect("routeBackward index", scores.rows(), rule.topK());
        inRange("routeBackward", "index", index, 0, rule.experts());
        set.routeBackward(rule, dweight, dscores, scores, index, dlogits);
    }

    /// Sequence-wise balance loss (spec 4.3, eq. 17-20), summed over sequences: alpha * sum_e f_e
    /// P_e with f from the plain top-K of the scores and P the mean score after normalisation over
    /// all experts. `dscores` [T, E] is overwritten with its gradient (through P alone).
    ///
    /// @return the loss, `alpha` included
    public double balanceLoss(
            Tensor scores, Tensor sequences, int topK, float alpha, Tensor dscores) {
        floats("balanceLoss scores", scores, -1, -1);
        floatsLike("balanceLoss dscores", dscores, scores);
        starts("balanceLoss", "sequences", sequences, scores.rows());
        if (topK < 1 || topK > scores.cols()) {
            throw new IllegalArgumentException(
                    "balanceLoss: topK is %d of %d experts".formatted(topK, scores.cols()));
        }
        return set.balanceLoss(scores, sequences, topK, alpha, dscores);
    }

    /// Sort token-expert pairs by expert, stable in token order.
    ///
    /// `index` [T, K] -> `offsets` [E + 1]; `tokens` [T*K]: the token of each slot; `slots` [T, K]:
    /// the slot of each pair.
    public void planDispatch(Tensor index, Tensor offsets, Tensor tokens, Tensor slots) {
        int pairs = Math.toIntExact(index.size());
        index.expect("planDispatch index", I32).expect("planDispatch index", -1, -1);
        offsets.expect("planDispatch offsets", I32).expect("planDispatch offsets", -1);
        tokens.expect("planDispatch tokens", I32).expect("planDispatch tokens", pairs);
        slots.expect("planDispatch slots", I32).expectShapeOf("planDispatch slots", index);
        int experts = Math.toIntExact(offsets.size() - 1);
        inRange("planDispatch", "index", index, 0, experts);
        int k = Math.toIntExact(index.cols());
        for (int e = 0; e <= experts; e++) {
            offsets.setInt(e, 0);
        }
        for (int i = 0; i < pairs; i++) {
            int e = index.getInt(i);
            offsets.setInt(e, offsets.getInt(e) + 1);
        }
        int end = 0;
        for (int e = 0; e <= experts; e++) {
            end += offsets.getInt(e);
            offsets.setInt(e, end);
        }
        // from the last pair to the first, so that each offset moves from the end to the start
        for (int i = pairs - 1; i >= 0; i--) {
            int e = index.getInt(i);
            int slot = offsets.getInt(e) - 1;
            offsets.setInt(e, slot);
            tokens.setInt(slot, i / k);
            slots.setInt(i, slot);
        }
    }

    /// y[i] = x[rows[i]]: embedding look-up and dispatch. `x` [R, d] or one row [d] (F32 or BF16),
    /// `rows` [N], `y` [N, d].
    public void gatherRows(Tensor x, Tensor rows, Tensor y) {
        if (x.rank() != 1) {
            matrix("gatherRows", x, x.dtype() == DType.BF16 ? DType.BF16 : F32, "x");
        }
        floats("gatherRows y", y, rows.size(), x.cols());
        inRange("gatherRows", "rows", rows.expect("gatherRows rows", I32), 0, x.rows());
        set.gatherRows(x, rows, y);
    }

    /// x[rows[i]] += y[i] in ascending i: the gradient of an embedding. `y` [N, d], `x` [R, d] or
    /// one row [d].
    public void scatterAddRows(Tensor y, Tensor rows, Tensor x) {
        if (x.rank() != 1) {
            matrix("scatterAddRows", x, F32, "x");
        }
        floats("scatterAddRows y", y, rows.size(), x.cols());
        inRange("scatterAddRows", "rows", rows.expect("scatterAddRows rows", I32), 0, x.rows());
        set.scatterAddRows(y, rows, x);
    }

    /// x[t] = sum_k weight[t, k] * y[slots[t, k]], k ascending. `y` [slots, d], `x` [T, d].
    public void combine(Tensor y, Tensor slots, Tensor weight, Tensor x, boolean accumulate) {
        slotsOf("combine", y, slots);
        floats("combine x", x, slots.rows(), y.cols());
        floatsLike("combine weight", weight, slots);
        set.combine(y, slots, weight, x, accumulate);
    }

    /// Gradients of [#combine]: `dy`[slot] = weight * dx[t] and `dweight`[t, k] = dx[t] . y[slot],
    /// both overwritten.
    public void combineBackward(
            Tensor dx, Tensor y, Tensor slots, Tensor weight, Tensor dy, Tensor dweight) {
        slotsOf("combineBackward", y, slots);
        floats("combineBackward dx", dx, slots.rows(), y.cols());
        floatsLike("combineBackward weight", weight, slots);
        floatsLike("combineBackward dy", dy, y);
        floatsLike("combineBackward dweight", dweight, slots);
        set.combineBackward(dx, y, slots, weight, dy, dweight);
    }

    /// x[t] = sum_k y[slots[t, k]], k ascending: the gradient of dispatch.
    public void sumSlots(Tensor y, Tensor slots, Tensor x, boolean accumulate) {
        slotsOf("sumSlots", y, slots);
        floats("sumSlots x", x, slots.rows(), y.cols());
        set.sumSlots(y, slots, x, accumulate);
    }

    // ---------------------------------------------------------------- loss and optimiser

    /// loss[i] = -log softmax(logits[i])[targets[i]]; a target of -1 gives loss 0. `logits` [T, V]
    /// become their gradient, (softmax - onehot) * weights[i] (zeros for target -1).
    public void softmaxCrossEntropy(Tensor logits, Tensor targets, Tensor weights, Tensor loss) {
        matrix("softmaxCrossEntropy", logits, F32, "logits");
        targets.expect("softmaxCrossEntropy targets", I32)
                .expect("softmaxCrossEntropy targets", logits.rows());
        inRange("softmaxCrossEntropy", "targets", targets, -1, logits.cols());
        floats("softmaxCrossEntropy weights", weights, logits.rows());
        floats("softmaxCrossEntropy loss", loss, logits.rows());
        set.softmaxCrossEntropy(logits, targets, weights, loss);
    }

    /// p -= lr * (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + eps) after p *= 1 - lr *
    /// weightDecay; m and v are updated first with the gradient times gradScale. All of equal size,
    /// contiguous.
    public void adamW(Tensor p, Tensor g, Tensor m, Tensor v, AdamWStep step) {
        flat("adamW p", p, p);
        flat("adamW g", p, g);
        flat("adamW m", p, m);
        flat("adamW v", p, v);
        if (step.step() < 1) {
            throw new IllegalArgumentException("adamW: the first step is 1, found " + step.step());
        }
        set.adamW(p, g, m, v, step);
    }

    /// Sum of squares in double over a fixed tree of blocks, for norms.
    public double sumOfSquares(Tensor x) {
        return set.sumOfSquares(x.expect("sumOfSquares x", F32));
    }

    // ---------------------------------------------------------------- elementwise

    /// y = a + b; `y` may be `a` or `b`.
    public void add(Tensor a, Tensor b, Tensor y) {
        a.expect("add a", F32);
        floatsLike("add b", b, a);
        floatsLike("add y", y, a);
        set.add(a, b, y);
    }

    /// x *= factor.
    public void scale(Tensor x, float factor) {
        set.scale(x.expect("scale x", F32), factor);
    }

    /// Copy with conversion between F32, BF16 and F16 (round to nearest even).
    public void convert(Tensor from, Tensor to) {
        to.expectShapeOf("convert to", from);
        if (!from.dtype().floating() || !to.dtype().floating()) {
            throw new ShapeMismatch(
                    "convert: from %s, to %s, expected F32, BF16 or F16".formatted(from, to));
        }
        set.convert(from, to);
    }

    // ---------------------------------------------------------------- weights in fewer bits

    /// Decode a quantised matrix (spec 2.6) to `to` [rows, cols], in the order of the element
    /// formulas in F32 without fused multiply-add: the same bits as GGML's scalar code.
    public void dequantize(BlockMatrix from, Tensor to) {
        blocks("dequantize", from, to.expect("dequantize to", F32));
        set.dequantize(from, to);
    }

    /// Encode `from` [rows, cols] (F32, BF16 or F16) to one of Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K,
    /// Q5_K, Q6_K, IQ4_NL.
    ///
    /// The first five have GGML's bytes. The others search scales of least squared error (Q4_K and
    /// Q5_K weighted by |x| + rms, as GGML does). Numbers beyond a format's range become its
    /// largest. A block that holds a NaN or an infinity decodes to NaN as a whole.
    ///
    /// @throws IllegalArgumentException if the format can only be read
    public void quantize(Tensor from, BlockMatrix to) {
        if (!from.dtype().floating()) {
            throw new ShapeMismatch("quantize: from %s, expected floats".formatted(from));
        }
        blocks("quantize", to, from);
        if (!to.format().canEncode()) {
            throw new IllegalArgumentException(
                    ("quantize: cannot write %s, only Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, "
                                    + "Q6_K and IQ4_NL")
                            .formatted(to.format()));
        }
        set.quantize(from, to);
    }

    /// Decode e4m3 `codes` [rows, cols] with a scale for each block (spec 2.3): to[i, j] =
    /// float(codes[i, j]) * scaleInv[i / blockRows, j / blockCols]. `scaleInv` [ceil(rows /
    /// blockRows), ceil(cols / blockCols)], `to` [rows, cols].
    public void dequantizeFp8(
            MemorySegment codes, Tensor scaleInv, int blockRows, int blockCols, Tensor to) {
        to.expect("dequantizeFp8 to", F32);
        fp8("dequantizeFp8", to.rows(), to.cols(), blockRows, blockCols, codes, scaleInv);
        set.dequantizeFp8(codes, scaleInv, blockRows, blockCols, to);
    }

    /// Encode `from` [rows, cols] (F32, BF16 or F16) to e4m3, inverse of [#dequantizeFp8]: scaleInv
    /// = amax / 448 for each block ([Fp8#scale], rounded up to a power of two if asked), codes =
    /// fp8(x / scaleInv). Zeros stay zeros (scale 1); NaN stays NaN alone; infinities do not count
    /// in amax and become the largest code.
    public void quantizeFp8(
            Tensor from,
            int blockRows,
            int blockCols,
            boolean powerOfTwoScales,
            MemorySegment codes,
            Tensor scaleInv) {
        if (!from.dtype().floating()) {
            throw new ShapeMismatch("quantizeFp8: from %s, expected floats".formatted(from));
        }
        fp8("quantizeFp8", from.rows(), from.cols(), blockRows, blockCols, codes, scaleInv);
        set.quantizeFp8(from, blockRows, blockCols, powerOfTwoScales, codes, scaleInv);
    }

    // ---------------------------------------------------------------- checks

    private static void matrix(String op, Tensor x, DType dtype, String name) {
        if (x.rank() != 2 || x.dtype() != dtype) {
            throw new ShapeMismatch(
                    "%s: %s is %s, expected a matrix of %s".formatted(op, name, x, dtype));
        }
    }

    private static void product(
            String op, Tensor a, Tensor b, Tensor c, long k, long k2, long m, long n) {
        if (k != k2 || c.rows() != m || c.cols() != n) {
            throw new ShapeMismatch("%s: a %s, b %s, c %s do not fit".formatted(op, a, b, c));
        }
    }

    private static void grouped(
            String op, Tensor a, Tensor b, Tensor offsets, Tensor c, int inner, int outer) {
        matrix(op, a, F32, "a");
        matrix(op, c, F32, "c");
        if (b.dtype() != F32 || b.rank() != 3) {
            floats(op + " b", b, -1, -1, -1);
        }
        if (a.cols() != b.dim(inner)
                || c.cols() != b.dim(outer)
                || !b.contiguous()
                || offsets.size() != b.dim(0) + 1
                || c.rows() != a.rows()) {
            throw new ShapeMismatch(
                    "%s: a %s, b %s, offsets %s, c %s do not fit".formatted(op, a, b, offsets, c));
        }
        starts(op, "offsets", offsets, a.rows());
    }

    private static void floats(String name, Tensor x, long a) {
        x.expect(name, F32).expect(name, a);
    }

    private static void floats(String name, Tensor x, long a, long b) {
        x.expect(name, F32).expect(name, a, b);
    }

    private static void floats(String name, Tensor x, long a, long b, long c) {
        x.expect(name, F32).expect(name, a, b, c);
    }

    private static void floatsLike(String name, Tensor x, Tensor other) {
        x.expect(name, F32).expectShapeOf(name, other);
    }

    // Names in two parts are joined only where a check fails.

    private static void floats(String op, String name, Tensor x, long a, long b) {
        if (x.dtype() != F32 || !x.hasShape(a, b)) {
            floats(op + " " + name, x, a, b);
        }
    }

    private static void integers(String op, String name, Tensor x, int rank) {
        if (x.dtype() != I32 || x.rank() != rank) {
            long[] any = new long[rank];
            Arrays.fill(any, -1);
            x.expect(op + " " + name, I32).expect(op + " " + name, any);
        }
    }

    /// Check that `starts` goes from 0 to `end` and never back.
    private static void starts(String op, String name, Tensor starts, long end) {
        integers(op, name, starts, 1);
        long count = starts.size();
        if (count == 0) {
            throw new ShapeMismatch("%s %s is empty, expected 0 to %d".formatted(op, name, end));
        }
        int last = 0;
        for (long i = 0; i < count; i++) {
            int next = starts.getInt(i);
            if (next < last || (i == 0 && next != 0) || (i == count - 1 && next != end)) {
                throw new ShapeMismatch(
                        "%s %s must ascend from 0 to %d, found %d at position %d"
                                .formatted(op, name, end, next, i));
            }
            last = next;
        }
    }

    private static void inRange(String op, String name, Tensor x, long from, long to) {
        for (long i = 0; i < x.size(); i++) {
            int value = x.getInt(i);
            if (value < from || value >= to) {
                throw new IllegalArgumentException(
                        "%s %s: %d is outside %d to %d (position %d)"
                                .formatted(op, name, value, from, to - 1, i));
            }
        }
    }

    private static void slotsOf(String op, Tensor y, Tensor slots) {
        matrix(op, y, F32, "y");
        integers(op, "slots", slots, 2);
        inRange(op, "slots", slots, 0, y.rows());
    }

    private static void attentionShapes(
            String op,
            AttentionShape shape,
            Tensor q,
            Tensor kv,
            Tensor kr,
            Tensor sequences,
            Tensor out,
            Tensor lse) {
        long t = q.rows();
        floats(op, "q", q, t, (long) shape.heads() * shape.queryKey());
        floats(op, "kv", kv, t, (long) shape.heads() * shape.keyValue());
        floats(op, "kr", kr, t, shape.rope());
        floats(op, "out", out, t, (long) shape.heads() * shape.value());
        floats(op, "lse", lse, shape.heads(), t);
        starts(op, "sequences", sequences, t);
    }

    private static void pagedOperand(String name, Tensor x, long rows, int heads, int width) {
        x.expect(name, F32);
        if (x.rank() == 3) {
            x.expect(name, heads, rows, width);
        } else {
            x.expect(name, rows, (long) heads * width);
        }
    }

    private static void pages(String op, Tensor pages, PageRow row) {
        if (pages.rank() != 4
                || pages.dtype() != row.type()
                || pages.dim(2) != PageRow.TOKENS
                || pages.cols() != row.elements()
                || !pages.contiguous()) {
            throw new ShapeMismatch(
                    "%s: pages %s, expected [pages, parts, %d, %d] for %s"
                            .formatted(op, pages, PageRow.TOKENS, row.elements(), row));
        }
    }

    private static void pagePiece(
            String op, Tensor x, Tensor pages, PageRow row, int part, int at, Tensor cells) {
        matrix(op, x, F32, "x");
        pages(op, pages, row);
        long end = at + x.cols();
        if (part < 0 || part >= pages.dim(1) || at < 0 || end > row.width()) {
            throw new ShapeMismatch(
                    "%s: columns %d to %d of part %d of pages %s"
                            .formatted(op, at, end, part, pages));
        }
        if (!row.whole(at, (int) end)) {
            throw new ShapeMismatch(
                    "%s: columns %d to %d cut a block of %d codes"
                            .formatted(op, at, end, row.block()));
        }
        cells.expect(op, I32).expect(op, x.rows());
        inRange(op, "cells", cells, 0, pages.dim(0) * PageRow.TOKENS);
    }

    private static void blocks(String op, BlockMatrix blocks, Tensor x) {
        if (x.rows() != blocks.rows() || x.cols() != blocks.cols()) {
            throw new ShapeMismatch("%s: %s and %s do not fit".formatted(op, blocks, x));
        }
    }

    private static void fp8(
            String op,
            long rows,
            long cols,
            int blockRows,
            int blockCols,
            MemorySegment codes,
            Tensor scaleInv) {
        if (blockRows < 1 || blockCols < 1) {
            throw new IllegalArgumentException(
                    "%s: blocks of %d x %d".formatted(op, blockRows, blockCols));
        }
        // by division: a product of what a file claims may overflow
        boolean fits = cols == 0 || rows <= codes.byteSize() / cols;
        if (rows < 0 || cols < 0 || !fits || codes.byteSize() != rows * cols) {
            throw new ShapeMismatch(
                    "%s: %d bytes of codes do not fit [%d, %d]"
                            .formatted(op, codes.byteSize(), rows, cols));
        }
        long down = Math.ceilDiv(rows, (long) blockRows);
        long across = Math.ceilDiv(cols, (long) blockCols);
        floats(op, "scaleInv", scaleInv, down, across);
    }

    private static void flat(String op, Tensor p, Tensor other) {
        if (p.size() != other.size() || other.dtype() != F32 || !other.contiguous()) {
            throw new ShapeMismatch(
                    "%s is %s, expected %d contiguous F32".formatted(op, other, p.size()));
        }
    }
}
