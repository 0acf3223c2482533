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

    /// Re-lay a weight `b` [n, k] (F32 or BF16) for repeated [#gemmPacked] calls.
    ///
    /// @param arena owner of the packed copy
    public PackedMatrix pack(Tensor b, Arena arena) {
        matrix("pack", b, b.dtype() == DType.BF16 ? DType.BF16 : F32, "b");
        return set.pack(b, arena);
    }

    /// Re-lay a quantised weight for repeated [#gemmPacked] calls; it stays in its type, any but
    /// Q2_K and Q3_K.
    ///
    /// @param arena owner of the packed copy
    /// @throws IllegalArgumentException if there is no packed layout for the format
    public PackedMatrix pack(BlockMatrix b, Arena arena) {
        return set.pack(b, arena);
    }

    /// C = A x B^T with a packed B: the same bits as [#gemmNt] with the weight (or what
    /// [#dequantize] makes of it) for any number of rows; one row runs at the speed of memory.
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
        starts("groupedGemmPacked offsets", offsets, a.rows());
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
        starts("groupedGemmTn offsets", offsets, a.rows());
        set.groupedGemmTn(a, b, offsets, c, accumulate);
    }

    // ---------------------------------------------------------------- norm, position, activation

    /// y = gain * x / sqrt(mean(x^2) + eps) for every row. `x`, `y` [T, d]; `gain` [d]; `rstd` [T]
    /// receives 1 / sqrt(...) for the backward pass. Sums in double or pairwise F32.
    public void rmsNorm(Tensor x, Tensor gain, float eps, Tensor y, Tensor rstd) {
        x.expect("rmsNorm x", F32);
        floats("rmsNorm gain", gain, x.cols());
        floats("rmsNorm y", y, x.shape());
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
        floats("rmsNormBackward dy", dy, x.shape());
        floats("rmsNormBackward gain", gain, x.cols());
        floats("rmsNormBackward rstd", rstd, x.rows());
        floats("rmsNormBackward dx", dx, x.shape());
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
        inRange("rope positions", positions, 0, table.rows());
        set.rope(x, heads, headDim, from, positions, table, inverse);
    }

    /// y = silu(gate) * up, all [T, f]; silu(z) = z / (1 + exp(-z)).
    public void swiGlu(Tensor gate, Tensor up, Tensor y) {
        gate.expect("swiGlu gate", F32);
        floats("swiGlu up", up, gate.shape());
        floats("swiGlu y", y, gate.shape());
        set.swiGlu(gate, up, y);
    }

    /// Gradients of [#swiGlu], overwritten; `dgate` may be `gate`'s and `dup` `up`'s memory.
    public void swiGluBackward(Tensor dy, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
        gate.expect("swiGluBackward gate", F32);
        floats("swiGluBackward up", up, gate.shape());
        floats("swiGluBackward dy", dy, gate.shape());
        floats("swiGluBackward dgate", dgate, gate.shape());
        floats("swiGluBackward dup", dup, gate.shape());
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
        set.attention(shape, q, kv, kr, sequences, out, lse);
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
        inRange("latentDecode slots", slots, 0, cache.dim(0));
        inRange("latentDecode lengths", lengths, 1, cache.dim(1) + 1);
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
        floats("route scores", scores, logits.shape());
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
        floats("routeBackward dscores", dscores, scores.shape());
        floats("routeBackward dlogits", dlogits, scores.shape());
        index.expect("routeBackward index", I32)
                .expect("routeBackward index", scores.rows(), rule.topK());
        inRange("routeBackward index", index, 0, rule.experts());
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
        floats("balanceLoss dscores", dscores, scores.shape());
        starts("balanceLoss sequences", sequences, scores.rows());
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
        long pairs = index.size();
        index.expect("planDispatch index", I32).expect("planDispatch index", -1, -1);
        offsets.expect("planDispatch offsets", I32).expect("planDispatch offsets", -1);
        tokens.expect("planDispatch tokens", I32).expect("planDispatch tokens", pairs);
        slots.expect("planDispatch slots", I32).expect("planDispatch slots", index.shape());
        int experts = Math.toIntExact(offsets.size() - 1);
        inRange("planDispatch index", index, 0, experts);
        int k = Math.toIntExact(index.cols());
        int[] next = new int[experts + 1];
        for (long i = 0; i < pairs; i++) {
            next[index.getInt(i) + 1]++;
        }
        for (int e = 0; e < experts; e++) {
            next[e + 1] += next[e];
            offsets.setInt(e, next[e]);
        }
        offsets.setInt(experts, Math.toIntExact(pairs));
        for (long i = 0; i < pairs; i++) {
            int slot = next[index.getInt(i)]++;
            tokens.setInt(slot, (int) (i / k));
            slots.setInt(i, slot);
        }
    }

    /// y[i] = x[rows[i]]: embedding look-up and dispatch. `x` [R, d] (F32 or BF16), `rows` [N], `y`
    /// [N, d].
    public void gatherRows(Tensor x, Tensor rows, Tensor y) {
        matrix("gatherRows", x, x.dtype() == DType.BF16 ? DType.BF16 : F32, "x");
        floats("gatherRows y", y, rows.size(), x.cols());
        inRange("gatherRows rows", rows.expect("gatherRows rows", I32), 0, x.rows());
        set.gatherRows(x, rows, y);
    }

    /// x[rows[i]] += y[i] in ascending i: the gradient of an embedding. `y` [N, d], `x` [R, d].
    public void scatterAddRows(Tensor y, Tensor rows, Tensor x) {
        matrix("scatterAddRows", x, F32, "x");
        floats("scatterAddRows y", y, rows.size(), x.cols());
        inRange("scatterAddRows rows", rows.expect("scatterAddRows rows", I32), 0, x.rows());
        set.scatterAddRows(y, rows, x);
    }

    /// x[t] = sum_k weight[t, k] * y[slots[t, k]], k ascending. `y` [slots, d], `x` [T, d].
    public void combine(Tensor y, Tensor slots, Tensor weight, Tensor x, boolean accumulate) {
        slotsOf("combine", y, slots);
        floats("combine x", x, slots.rows(), y.cols());
        floats("combine weight", weight, slots.shape());
        set.combine(y, slots, weight, x, accumulate);
    }

    /// Gradients of [#combine]: `dy`[slot] = weight * dx[t] and `dweight`[t, k] = dx[t] . y[slot],
    /// both overwritten.
    public void combineBackward(
            Tensor dx, Tensor y, Tensor slots, Tensor weight, Tensor dy, Tensor dweight) {
        slotsOf("combineBackward", y, slots);
        floats("combineBackward dx", dx, slots.rows(), y.cols());
        floats("combineBackward weight", weight, slots.shape());
        floats("combineBackward dy", dy, y.shape());
        floats("combineBackward dweight", dweight, slots.shape());
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
        inRange("softmaxCrossEntropy targets", targets, -1, logits.cols());
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
        floats("add b", b, a.shape());
        floats("add y", y, a.shape());
        set.add(a, b, y);
    }

    /// x *= factor.
    public void scale(Tensor x, float factor) {
        set.scale(x.expect("scale x", F32), factor);
    }

    /// Copy with conversion between F32, BF16 and F16 (round to nearest even).
    public void convert(Tensor from, Tensor to) {
        to.expect("convert to", from.shape());
        if (from.dtype() == I32 || to.dtype() == I32) {
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
        if (from.dtype() == I32) {
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
        fp8("dequantizeFp8", to, blockRows, blockCols, codes, scaleInv);
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
        if (from.dtype() == I32) {
            throw new ShapeMismatch("quantizeFp8: from %s, expected floats".formatted(from));
        }
        fp8("quantizeFp8", from, blockRows, blockCols, codes, scaleInv);
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
        b.expect(op + " b", F32).expect(op + " b", -1, -1, -1);
        if (a.cols() != b.dim(inner)
                || c.cols() != b.dim(outer)
                || !b.contiguous()
                || offsets.size() != b.dim(0) + 1
                || c.rows() != a.rows()) {
            throw new ShapeMismatch(
                    "%s: a %s, b %s, offsets %s, c %s do not fit".formatted(op, a, b, offsets, c));
        }
        starts(op + " offsets", offsets, a.rows());
    }

    private static void floats(String name, Tensor x, long... shape) {
        x.expect(name, F32).expect(name, shape);
    }

    /// Check that `starts` goes from 0 to `end` and never back.
    private static void starts(String name, Tensor starts, long end) {
        starts.expect(name, I32).expect(name, -1);
        long count = starts.size();
        if (count == 0) {
            throw new ShapeMismatch("%s is empty, expected 0 to %d".formatted(name, end));
        }
        int last = 0;
        for (long i = 0; i < count; i++) {
            int next = starts.getInt(i);
            if (next < last || (i == 0 && next != 0) || (i == count - 1 && next != end)) {
                throw new ShapeMismatch(
                        "%s must ascend from 0 to %d, found %d at position %d"
                                .formatted(name, end, next, i));
            }
            last = next;
        }
    }

    private static void inRange(String name, Tensor x, long from, long to) {
        for (long i = 0; i < x.size(); i++) {
            int value = x.getInt(i);
            if (value < from || value >= to) {
                throw new IllegalArgumentException(
                        "%s: %d is outside %d to %d (position %d)"
                                .formatted(name, value, from, to - 1, i));
            }
        }
    }

    private static void slotsOf(String op, Tensor y, Tensor slots) {
        matrix(op, y, F32, "y");
        slots.expect(op + " slots", I32).expect(op + " slots", -1, -1);
        inRange(op + " slots", slots, 0, y.rows());
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
        floats(op + " q", q, t, (long) shape.heads() * shape.queryKey());
        floats(op + " kv", kv, t, (long) shape.heads() * shape.keyValue());
        floats(op + " kr", kr, t, shape.rope());
        floats(op + " out", out, t, (long) shape.heads() * shape.value());
        floats(op + " lse", lse, shape.heads(), t);
        starts(op + " sequences", sequences, t);
    }

    private static void blocks(String op, BlockMatrix blocks, Tensor x) {
        if (x.rows() != blocks.rows() || x.cols() != blocks.cols()) {
            throw new ShapeMismatch("%s: %s and %s do not fit".formatted(op, blocks, x));
        }
    }

    private static void fp8(
            String op,
            Tensor x,
            int blockRows,
            int blockCols,
            MemorySegment codes,
            Tensor scaleInv) {
        if (blockRows < 1 || blockCols < 1) {
            throw new IllegalArgumentException(
                    "%s: blocks of %d x %d".formatted(op, blockRows, blockCols));
        }
        if (codes.byteSize() != x.size()) {
            throw new ShapeMismatch(
                    "%s: %d bytes of codes do not fit %s".formatted(op, codes.byteSize(), x));
        }
        long down = Math.ceilDiv(x.rows(), (long) blockRows);
        long across = Math.ceilDiv(x.cols(), (long) blockCols);
        floats(op + " scaleInv", scaleInv, down, across);
    }

    private static void flat(String op, Tensor p, Tensor other) {
        if (p.size() != other.size() || other.dtype() != F32 || !other.contiguous()) {
            throw new ShapeMismatch(
                    "%s is %s, expected %d contiguous F32".formatted(op, other, p.size()));
        }
    }
}
