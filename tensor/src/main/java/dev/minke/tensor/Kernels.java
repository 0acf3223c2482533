package dev.minke.tensor;

import static dev.minke.tensor.DType.F32;
import static dev.minke.tensor.DType.I32;

import dev.minke.tensor.spi.KernelSet;
import dev.minke.tensor.spi.KernelSet.AdamWStep;
import dev.minke.tensor.spi.KernelSet.PackedMatrix;
import java.lang.foreign.Arena;

/// The operations that model code calls: coarse, named by meaning, checked once here, then one call
/// into the chosen back end.
///
/// Letters: T tokens, m n k for matrix products, E experts, K experts per token, S sequences,
/// slot = row of a batch sorted by expert. All floating tensors are F32 unless said otherwise; index
/// tensors are I32. Outputs never alias inputs unless said.
public final class Kernels {
    private final KernelSet set;
    private final Team team;

    Kernels(KernelSet set, Team team) {
        this.set = set;
        this.team = team;
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
        if (b.dtype() != DType.BF16) {
            matrix("gemmNt", b, F32, "b");
        }
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
        if (b.rank() != 2) {
            throw new ShapeMismatch("pack needs a matrix, found " + b);
        }
        return set.pack(b, arena);
    }

    /// C = A x B^T with a packed B: the same bits as [#gemmNt] for any number of rows; one row runs
    /// at the speed of memory.
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

    /// For every expert e and its slots i in [offsets[e], offsets[e+1]): c[i] = a[i] x b[e]^T.
    /// `a` [slots, k], `b` [E, n, k] (contiguous), `offsets` [E + 1], `c` [slots, n].
    /// One parallel region over all experts.
    public void groupedGemmNt(Tensor a, Tensor b, Tensor offsets, Tensor c, boolean accumulate) {
        grouped("groupedGemmNt", a, b, offsets, c, a.cols() == b.dim(2) && c.cols() == b.dim(1));
        set.groupedGemmNt(a, b, offsets, c, accumulate);
    }

    /// As [#groupedGemmNt] with c[i] = a[i] x b[e]: `a` [slots, k], `b` [E, k, n], `c` [slots, n].
    public void groupedGemmNn(Tensor a, Tensor b, Tensor offsets, Tensor c, boolean accumulate) {
        grouped("groupedGemmNn", a, b, offsets, c, a.cols() == b.dim(1) && c.cols() == b.dim(2));
        set.groupedGemmNn(a, b, offsets, c, accumulate);
    }

    /// For every expert: c[e] = sum over its slots i of a[i]^T b[i]. `a` [slots, m], `b` [slots, n],
    /// `c` [E, m, n]. An expert without slots gets zeros (or keeps its value if `accumulate`).
    public void groupedGemmTn(Tensor a, Tensor b, Tensor offsets, Tensor c, boolean accumulate) {
        c.expect("groupedGemmTn c", offsets.size() - 1, a.cols(), b.cols());
        b.expect("groupedGemmTn b", a.rows(), -1);
        offsets.expect("groupedGemmTn offsets", I32);
        set.groupedGemmTn(a, b, offsets, c, accumulate);
    }

    // ---------------------------------------------------------------- norm, position, activation

    /// y = gain * x / sqrt(mean(x^2) + eps) for every row. `x`, `y` [T, d]; `gain` [d]; `rstd` [T]
    /// receives 1 / sqrt(...) for the backward pass. Sums in double or pairwise F32.
    public void rmsNorm(Tensor x, Tensor gain, float eps, Tensor y, Tensor rstd) {
        gain.expect("rmsNorm gain", x.cols());
        y.expect("rmsNorm y", x.shape());
        rstd.expect("rmsNorm rstd", x.rows());
        set.rmsNorm(x, gain, eps, y, rstd);
    }

    /// Gradients of [#rmsNorm]: `dx` [T, d] overwritten or added to, `dgain` [d] added to.
    /// dx = rstd * (g - xn * mean(g * xn)), g = dy * gain, xn = x * rstd; dgain = sum_t dy * xn.
    public void rmsNormBackward(
            Tensor dy,
            Tensor x,
            Tensor gain,
            Tensor rstd,
            Tensor dx,
            boolean accumulate,
            Tensor dgain) {
        dy.expect("rmsNormBackward dy", x.shape());
        dx.expect("rmsNormBackward dx", x.shape());
        dgain.expect("rmsNormBackward dgain", x.cols());
        set.rmsNormBackward(dy, x, gain, rstd, dx, accumulate, dgain);
    }

    /// Rotate pairs (2i, 2i+1) of a part of every head in place (spec 1.3, interleaved).
    ///
    /// `x` [T, heads * headDim]; the columns `from` to `from + dr` of each head turn by the angle of
    /// `positions` [T]; `table` [maxPositions, dr] holds cos, sin of pair i at columns 2i, 2i + 1.
    /// `inverse` turns back, which is also the gradient.
    public void rope(
            Tensor x,
            int heads,
            int headDim,
            int from,
            Tensor positions,
            Tensor table,
            boolean inverse) {
        if (x.cols() != (long) heads * headDim || from + table.cols() > headDim) {
            throw new ShapeMismatch(
                    "rope: x %s is not %d heads of %d with %d rotated from %d"
                            .formatted(x, heads, headDim, table.cols(), from));
        }
        positions.expect("rope positions", I32).expect("rope positions", x.rows());
        set.rope(x, heads, headDim, from, positions, table, inverse);
    }

    /// y = silu(gate) * up, all [T, f]; silu(z) = z / (1 + exp(-z)).
    public void swiGlu(Tensor gate, Tensor up, Tensor y) {
        up.expect("swiGlu up", gate.shape());
        y.expect("swiGlu y", gate.shape());
        set.swiGlu(gate, up, y);
    }

    /// Gradients of [#swiGlu], overwritten; `dgate` may be `gate`'s and `dup` `up`'s memory.
    public void swiGluBackward(Tensor dy, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
        dgate.expect("swiGluBackward dgate", gate.shape());
        dup.expect("swiGluBackward dup", gate.shape());
        dy.expect("swiGluBackward dy", gate.shape());
        set.swiGluBackward(dy, gate, up, dgate, dup);
    }

    // ---------------------------------------------------------------- attention

    /// Causal attention in expanded form (spec 1.4) with a streaming softmax: scores never exist as
    /// a whole. For sequence s of the rows sequences[s] to sequences[s+1] and head h:
    /// out = softmax(scale * q k^T + causal) v with k = [kv nope part ; kr], v = kv value part.
    ///
    /// `q` [T, H*(nope+rope)], `kv` [T, H*(nope+value)], `kr` [T, rope], `sequences` [S+1],
    /// `out` [T, H*value], `lse` [H, T] receives the log of the softmax denominators.
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
    /// [normalised latent ; rotated key], `slots` [B] which cache row a sequence owns, `lengths` [B]
    /// valid tokens in it (at least 1, the query's own included), `out` [B, H, rk] =
    /// softmax(scale * q cache^T) cache[:, :rk].
    public void latentDecode(
            float scale, Tensor q, Tensor cache, Tensor slots, Tensor lengths, Tensor out) {
        if (q.rank() != 3 || out.rank() != 3 || cache.rank() != 3 || cache.cols() != q.cols()) {
            throw new ShapeMismatch("latentDecode: q %s, cache %s, out %s".formatted(q, cache, out));
        }
        slots.expect("latentDecode slots", I32).expect("latentDecode slots", q.dim(0));
        lengths.expect("latentDecode lengths", I32).expect("latentDecode lengths", q.dim(0));
        out.expect("latentDecode out", q.dim(0), q.dim(1), -1);
        set.latentDecode(scale, q, cache, slots, lengths, out);
    }

    // ---------------------------------------------------------------- routing

    /// Choose experts (spec 1.6): scores from `logits` [T, E]; choice by scores + `bias` [E] within
    /// the best groups, masked groups at minus infinity, ties to the lowest index; `index` [T, K] in
    /// descending order of biased score; `weight` [T, K] from the unbiased scores, normalised with
    /// +1e-20 if asked, times scale. `scores` [T, E] is kept for the backward pass.
    public void route(
            RouterRule rule,
            Tensor logits,
            Tensor bias,
            Tensor scores,
            Tensor index,
            Tensor weight) {
        logits.expect("route logits", -1, rule.experts());
        bias.expect("route bias", rule.experts());
        scores.expect("route scores", logits.shape());
        index.expect("route index", I32).expect("route index", logits.rows(), rule.topK());
        weight.expect("route weight", logits.rows(), rule.topK());
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
        dweight.expect("routeBackward dweight", scores.rows(), rule.topK());
        dscores.expect("routeBackward dscores", scores.shape());
        dlogits.expect("routeBackward dlogits", scores.shape());
        set.routeBackward(rule, dweight, dscores, scores, index, dlogits);
    }

    /// Sequence-wise balance loss (spec 4.3, eq. 17-20), summed over sequences:
    /// alpha * sum_e f_e P_e with f from the plain top-K of the scores and P the mean score after
    /// normalisation over all experts. `dscores` [T, E] is overwritten with its gradient (through P
    /// alone).
    ///
    /// @return the loss, `alpha` included
    public double balanceLoss(
            Tensor scores, Tensor sequences, int topK, float alpha, Tensor dscores) {
        dscores.expect("balanceLoss dscores", scores.shape());
        sequences.expect("balanceLoss sequences", I32);
        return set.balanceLoss(scores, sequences, topK, alpha, dscores);
    }

    /// Sort token-expert pairs by expert, stable in token order.
    ///
    /// `index` [T, K] -> `offsets` [E + 1]; `tokens` [T*K]: the token of each slot; `slots` [T, K]:
    /// the slot of each pair.
    public void planDispatch(Tensor index, Tensor offsets, Tensor tokens, Tensor slots) {
        long pairs = index.size();
        offsets.expect("planDispatch offsets", I32);
        tokens.expect("planDispatch tokens", pairs);
        slots.expect("planDispatch slots", index.shape());
        int experts = Math.toIntExact(offsets.size() - 1);
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

    /// y[i] = x[rows[i]]: embedding look-up and dispatch. `x` [R, d] (F32 or BF16), `rows` [N],
    /// `y` [N, d].
    public void gatherRows(Tensor x, Tensor rows, Tensor y) {
        y.expect("gatherRows y", rows.size(), x.cols());
        rows.expect("gatherRows rows", I32);
        for (long i = 0; i < rows.size(); i++) {
            int row = rows.getInt(i);
            if (row < 0 || row >= x.rows()) {
                throw new IllegalArgumentException(
                        "row %d is outside 0 to %d (position %d)"
                                .formatted(row, x.rows() - 1, i));
            }
        }
        set.gatherRows(x, rows, y);
    }

    /// x[rows[i]] += y[i] in ascending i: the gradient of an embedding. `y` [N, d], `x` [R, d].
    public void scatterAddRows(Tensor y, Tensor rows, Tensor x) {
        y.expect("scatterAddRows y", rows.size(), x.cols());
        set.scatterAddRows(y, rows, x);
    }

    /// x[t] = sum_k weight[t, k] * y[slots[t, k]], k ascending. `y` [slots, d], `x` [T, d].
    public void combine(Tensor y, Tensor slots, Tensor weight, Tensor x, boolean accumulate) {
        x.expect("combine x", slots.rows(), y.cols());
        weight.expect("combine weight", slots.shape());
        set.combine(y, slots, weight, x, accumulate);
    }

    /// Gradients of [#combine]: `dy`[slot] = weight * dx[t] and `dweight`[t, k] = dx[t] . y[slot],
    /// both overwritten.
    public void combineBackward(
            Tensor dx, Tensor y, Tensor slots, Tensor weight, Tensor dy, Tensor dweight) {
        dx.expect("combineBackward dx", slots.rows(), y.cols());
        dy.expect("combineBackward dy", y.shape());
        dweight.expect("combineBackward dweight", slots.shape());
        set.combineBackward(dx, y, slots, weight, dy, dweight);
    }

    /// x[t] = sum_k y[slots[t, k]], k ascending: the gradient of dispatch.
    public void sumSlots(Tensor y, Tensor slots, Tensor x, boolean accumulate) {
        x.expect("sumSlots x", slots.rows(), y.cols());
        set.sumSlots(y, slots, x, accumulate);
    }

    // ---------------------------------------------------------------- loss and optimiser

    /// loss[i] = -log softmax(logits[i])[targets[i]]; a target of -1 gives loss 0. `logits` [T, V]
    /// become their gradient, (softmax - onehot) * weights[i] (zeros for target -1).
    public void softmaxCrossEntropy(Tensor logits, Tensor targets, Tensor weights, Tensor loss) {
        targets.expect("softmaxCrossEntropy targets", I32);
        targets.expect("softmaxCrossEntropy targets", logits.rows());
        weights.expect("softmaxCrossEntropy weights", logits.rows());
        loss.expect("softmaxCrossEntropy loss", logits.rows());
        set.softmaxCrossEntropy(logits, targets, weights, loss);
    }

    /// p -= lr * (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + eps) after p *= 1 - lr *
    /// weightDecay; m and v are updated first with the gradient times gradScale. All of equal size,
    /// contiguous.
    public void adamW(Tensor p, Tensor g, Tensor m, Tensor v, AdamWStep step) {
        flat("adamW", p, g);
        flat("adamW", p, m);
        flat("adamW", p, v);
        set.adamW(p, g, m, v, step);
    }

    /// Sum of squares in double over a fixed tree of blocks, for norms.
    public double sumOfSquares(Tensor x) {
        return set.sumOfSquares(x);
    }

    // ---------------------------------------------------------------- elementwise

    /// y = a + b; `y` may be `a` or `b`.
    public void add(Tensor a, Tensor b, Tensor y) {
        b.expect("add b", a.shape());
        y.expect("add y", a.shape());
        set.add(a, b, y);
    }

    /// x *= factor.
    public void scale(Tensor x, float factor) {
        set.scale(x, factor);
    }

    /// Copy with conversion between F32 and BF16 (round to nearest even).
    public void convert(Tensor from, Tensor to) {
        to.expect("convert to", from.shape());
        set.convert(from, to);
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
            String op, Tensor a, Tensor b, Tensor offsets, Tensor c, boolean fits) {
        offsets.expect(op + " offsets", I32);
        if (!fits || b.rank() != 3 || offsets.size() != b.dim(0) + 1 || c.rows() != a.rows()) {
            throw new ShapeMismatch(
                    "%s: a %s, b %s, offsets %s, c %s do not fit".formatted(op, a, b, offsets, c));
        }
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
        q.expect(op + " q", t, (long) shape.heads() * shape.queryKey());
        kv.expect(op + " kv", t, (long) shape.heads() * shape.keyValue());
        kr.expect(op + " kr", t, shape.rope());
        out.expect(op + " out", t, (long) shape.heads() * shape.value());
        lse.expect(op + " lse", shape.heads(), t);
        sequences.expect(op + " sequences", I32);
        if (sequences.size() < 2 || sequences.getInt(sequences.size() - 1) != t) {
            throw new ShapeMismatch(
                    op + ": sequences must start at 0 and end at " + t + ", found " + sequences);
        }
    }

    private static void flat(String op, Tensor p, Tensor other) {
        if (p.size() != other.size() || !p.contiguous() || !other.contiguous()) {
            throw new ShapeMismatch("%s: %s and %s do not fit".formatted(op, p, other));
        }
    }
}
