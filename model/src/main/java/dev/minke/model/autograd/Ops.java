package dev.minke.model.autograd;

import dev.minke.tensor.AttentionShape;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.RouterRule;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;
import java.util.function.Consumer;
import java.util.function.Function;

/// The differentiable operations, forward and backward side by side.
///
/// Each computes its result at once and, where the tape records, tells it how gradients flow back.
/// Shapes and formulas are those of [Kernels].
public final class Ops {
    /// Upper bound of the logits that exist at once in [#headLoss], in bytes.
    private static final long LOGITS_BYTES = 16L << 20;

    /// Rows of logits at once in [#headLoss] without gradients.
    private static final long HEAD_ROWS = 64;

    private Ops() {}

    /// y = x W^T: `x` [T, in], `weight` [out, in] -> [T, out].
    public static Var linear(Tape tape, Var x, Var weight) {
        Var y = tape.output(x.value().rows(), weight.value().rows());
        Kernels kernels = tape.kernels();
        kernels.gemmNt(x.value(), weight.value(), y.value(), false);
        if (!tape.recording()) {
            return y;
        }
        tape.record(() -> {
            if (!y.hasGradient()) {
                return;
            }
            linearBackward(tape, x, weight, y.gradient());
        });
        return y;
    }

    /// y = x W^T + b: `x` [T, in], `weight` [out, in], `bias` [out] -> [T, out].
    public static Var linear(Tape tape, Var x, Var weight, Var bias) {
        Var y = repeatRow(tape, bias, x.value().rows());
        Kernels kernels = tape.kernels();
        kernels.gemmNt(x.value(), weight.value(), y.value(), true);
        if (!tape.recording()) {
            return y;
        }
        tape.record(() -> {
            if (y.hasGradient()) {
                linearBackward(tape, x, weight, y.gradient());
            }
        });
        return y;
    }

    private static void linearBackward(Tape tape, Var x, Var weight, Tensor dy) {
        Kernels kernels = tape.kernels();
        if (x.differentiable()) {
            Var.Sink dx = x.sink(tape.workspace());
            kernels.gemmNn(dy, weight.value(), dx.target(), dx.accumulate());
        }
        Var.Sink dw = weight.sink(tape.workspace());
        kernels.gemmTn(dy, x.value(), dw.target(), dw.accumulate());
    }

    /// A vector as every one of `rows` rows: `x` [d] -> [rows, d].
    public static Var repeatRow(Tape tape, Var x, long rows) {
        long width = x.value().size();
        Var y = tape.output(rows, width);
        Tensor first = tape.workspace().i32(rows);
        first.clear();
        Kernels kernels = tape.kernels();
        kernels.gatherRows(x.value(), first, y.value());
        if (!tape.recording()) {
            return y;
        }
        tape.record(() -> {
            if (y.hasGradient()) {
                Tensor dx = x.zeroed(tape.workspace());
                kernels.scatterAddRows(y.gradient(), first, dx);
            }
        });
        return y;
    }

    /// y[i] = x[i] W[e]^T for the slots i of expert e: `x` [slots, in], `weight` [E, out, in].
    public static Var groupedLinear(Tape tape, Var x, Var weight, Tensor offsets) {
        Var y = tape.output(x.value().rows(), weight.value().dim(1));
        Kernels kernels = tape.kernels();
        kernels.groupedGemmNt(x.value(), weight.value(), offsets, y.value(), false);
        if (!tape.recording()) {
            return y;
        }
        tape.record(() -> {
            if (!y.hasGradient()) {
                return;
            }
            Tensor dy = y.gradient();
            Var.Sink dx = x.sink(tape.workspace());
            kernels.groupedGemmNn(dy, weight.value(), offsets, dx.target(), dx.accumulate());
            Var.Sink dw = weight.sink(tape.workspace());
            kernels.groupedGemmTn(dy, x.value(), offsets, dw.target(), dw.accumulate());
        });
        return y;
    }

    /// Rows of a table: `table` [R, d], `rows` [N] -> [N, d].
    public static Var gather(Tape tape, Var table, Tensor rows) {
        Var y = tape.output(rows.size(), table.value().cols());
        Kernels kernels = tape.kernels();
        kernels.gatherRows(table.value(), rows, y.value());
        if (!tape.recording()) {
            return y;
        }
        tape.record(() -> {
            if (y.hasGradient()) {
                kernels.scatterAddRows(y.gradient(), rows, table.zeroed(tape.workspace()));
            }
        });
        return y;
    }

    /// y = gain * x / rms(x): `x` [T, d], `gain` [d] -> [T, d].
    public static Var rmsNorm(Tape tape, Var x, Var gain, float eps) {
        return rmsNorm(tape, x, gain, eps, tape.outputLike(x));
    }

    /// As [#rmsNorm(Tape, Var, Var, float)], written into `y`, which may be a column view.
    public static Var rmsNorm(Tape tape, Var x, Var gain, float eps, Var y) {
        Kernels kernels = tape.kernels();
        Tensor rstd = tape.workspace().f32(x.value().rows());
        kernels.rmsNorm(x.value(), gain.value(), eps, y.value(), rstd);
        if (!tape.recording()) {
            return y;
        }
        tape.record(() -> {
            if (!y.hasGradient()) {
                return;
            }
            Workspace workspace = tape.workspace();
            Var.Sink dx = x.sink(workspace);
            kernels.rmsNormBackward(
                    y.gradient(),
                    x.value(),
                    gain.value(),
                    rstd,
                    dx.target(),
                    dx.accumulate(),
                    gain.zeroed(workspace));
        });
        return y;
    }

    /// Rotate a part of every head of `x` [T, heads * headDim] in place.
    ///
    /// The gradient turns back in place too, so `x` must not be used before this call.
    public static void rope(
            Tape tape, Var x, int heads, int headDim, int from, Tensor positions, Tensor table) {
        Kernels kernels = tape.kernels();
        kernels.rope(x.value(), heads, headDim, from, positions, table, false);
        if (!tape.recording()) {
            return;
        }
        tape.record(() -> {
            if (x.hasGradient()) {
                kernels.rope(x.gradient(), heads, headDim, from, positions, table, true);
            }
        });
    }

    /// silu(gate) * up, all [T, f].
    public static Var swiGlu(Tape tape, Var gate, Var up) {
        Var y = tape.outputLike(gate);
        Kernels kernels = tape.kernels();
        kernels.swiGlu(gate.value(), up.value(), y.value());
        if (!tape.recording()) {
            return y;
        }
        tape.record(() -> {
            if (!y.hasGradient()) {
                return;
            }
            Workspace workspace = tape.workspace();
            overwrite(
                    tape,
                    gate,
                    dgate ->
                            overwrite(
                                    tape,
                                    up,
                                    dup ->
                                            kernels.swiGluBackward(
                                                    y.gradient(),
                                                    gate.value(),
                                                    up.value(),
                                                    dgate,
                                                    dup)));
        });
        return y;
    }

    /// a + b, the residual connection: both receive the gradient of the sum.
    ///
    /// The gradient's buffer is handed on, not copied: `b` is read before anything below `a` adds
    /// to it, because the backward pass leaves the branch that made `b` first.
    public static Var residual(Tape tape, Var a, Var b) {
        Var y = tape.outputLike(a);
        Kernels kernels = tape.kernels();
        kernels.add(a.value(), b.value(), y.value());
        if (!tape.recording()) {
            return y;
        }
        tape.record(() -> {
            if (!y.hasGradient()) {
                return;
            }
            Tensor dy = y.gradient();
            addGradient(tape, b, dy);
            addGradient(tape, a, dy);
        });
        return y;
    }

    private static void addGradient(Tape tape, Var x, Tensor dy) {
        if (x.hasGradient()) {
            Tensor dx = x.gradient();
            tape.kernels().add(dx, dy, dx);
        } else {
            x.adoptGradient(dy);
        }
    }

    /// Keys and values of grouped heads side by side, a copy for each query head of the group:
    /// `key`, `value` [T, G * dh] -> [T, H * 2 dh], per query head first the key, then the value.
    public static Var repeatHeads(Tape tape, Var key, Var value, int heads, int groups) {
        Var kv = tape.output(key.value().rows(), 2 * key.value().cols() / groups * heads);
        copyHeads(key.value(), value.value(), kv.value(), heads, groups);
        if (!tape.recording()) {
            return kv;
        }
        tape.record(() -> {
            if (kv.hasGradient()) {
                Tensor dkey = key.zeroed(tape.workspace());
                Tensor dvalue = value.zeroed(tape.workspace());
                addHeads(tape, kv.gradient(), dkey, dvalue, heads, groups);
            }
        });
        return kv;
    }

    private static void copyHeads(Tensor key, Tensor value, Tensor kv, int heads, int groups) {
        long width = key.cols() / groups;
        for (int h = 0; h < heads; h++) {
            long from = h / (heads / groups) * width;
            long to = 2 * h * width;
            kv.columns(to, to + width).copyFrom(key.columns(from, from + width));
            kv.columns(to + width, to + 2 * width).copyFrom(value.columns(from, from + width));
        }
    }

    /// Sums over the query heads of a group, in ascending order.
    private static void addHeads(
            Tape tape, Tensor dkv, Tensor dkey, Tensor dvalue, int heads, int groups) {
        Kernels kernels = tape.kernels();
        long width = dkey.cols() / groups;
        for (int h = 0; h < heads; h++) {
            long at = h / (heads / groups) * width;
            long from = 2 * h * width;
            Tensor k = dkey.columns(at, at + width);
            Tensor v = dvalue.columns(at, at + width);
            kernels.add(k, dkv.columns(from, from + width), k);
            kernels.add(v, dkv.columns(from + width, from + 2 * width), v);
        }
    }

    /// Causal attention of whole sequences in expanded form, see [Kernels#attention].
    public static Var attention(
            Tape tape, AttentionShape shape, Var q, Var kv, Var kr, Tensor sequences) {
        long tokens = q.value().rows();
        Var out = tape.output(tokens, (long) shape.heads() * shape.value());
        Tensor lse = tape.workspace().f32(shape.heads(), tokens);
        Kernels kernels = tape.kernels();
        kernels.attention(shape, q.value(), kv.value(), kr.value(), sequences, out.value(), lse);
        if (!tape.recording()) {
            return out;
        }
        tape.record(() -> {
            if (!out.hasGradient()) {
                return;
            }
            Tensor dkr = kr.zeroed(tape.workspace());
            overwrite(
                    tape,
                    q,
                    dq ->
                            overwrite(
                                    tape,
                                    kv,
                                    dkv ->
                                            kernels.attentionBackward(
                                                    shape,
                                                    out.gradient(),
                                                    q.value(),
                                                    kv.value(),
                                                    kr.value(),
                                                    sequences,
                                                    out.value(),
                                                    lse,
                                                    dq,
                                                    dkv,
                                                    dkr)));
        });
        return out;
    }

    /// What the router decided.
    ///
    /// @param scores [T, E] unbiased scores
    /// @param index [T, K] chosen experts
    /// @param weight [T, K] their weights
    /// @param dscores [T, E] gradient that a balance loss contributes; zeros without one
    public record Routing(Tensor scores, Tensor index, Var weight, Tensor dscores) {}

    /// Choose experts: `logits` [T, E], `bias` [E] (no gradient), see [Kernels#route].
    public static Routing route(Tape tape, RouterRule rule, Var logits, Tensor bias) {
        Workspace workspace = tape.workspace();
        long tokens = logits.value().rows();
        Tensor scores = workspace.f32(tokens, rule.experts());
        Tensor index = workspace.i32(tokens, rule.topK());
        Var weight = tape.output(tokens, rule.topK());
        Kernels kernels = tape.kernels();
        kernels.route(rule, logits.value(), bias, scores, index, weight.value());
        if (!tape.recording()) {
            return new Routing(scores, index, weight, scores);
        }
        Tensor dscores = workspace.f32(tokens, rule.experts());
        dscores.clear();
        tape.record(() ->
                overwrite(
                        tape,
                        logits,
                        dlogits ->
                                kernels.routeBackward(
                                        rule,
                                        weight.zeroed(tape.workspace()),
                                        dscores,
                                        scores,
                                        index,
                                        dlogits)));
        return new Routing(scores, index, weight, dscores);
    }

    /// Add the sequence-wise balance loss to the routing's gradient, see [Kernels#balanceLoss].
    ///
    /// @return the loss, `alpha` included
    public static double balanceLoss(
            Tape tape, Routing routing, Tensor sequences, int topK, float alpha) {
        Tensor dscores =
                tape.recording() ? routing.dscores() : tape.workspace().like(routing.scores());
        return tape.kernels().balanceLoss(routing.scores(), sequences, topK, alpha, dscores);
    }

    /// Copies of the tokens in expert order: `x` [T, d], `tokens` [slots] -> [slots, d]. `slots`
    /// [T, K] is the inverse map.
    public static Var dispatch(Tape tape, Var x, Tensor tokens, Tensor slots) {
        Var y = tape.output(tokens.size(), x.value().cols());
        Kernels kernels = tape.kernels();
        kernels.gatherRows(x.value(), tokens, y.value());
        if (!tape.recording()) {
            return y;
        }
        tape.record(() -> {
            if (!y.hasGradient()) {
                return;
            }
            Var.Sink dx = x.sink(tape.workspace());
            kernels.sumSlots(y.gradient(), slots, dx.target(), dx.accumulate());
        });
        return y;
    }

    /// base[t] += sum_k weight[t, k] * y[slots[t, k]], in place on `base` [T, d].
    public static Var combineOnto(Tape tape, Var base, Var y, Tensor slots, Var weight) {
        Kernels kernels = tape.kernels();
        kernels.combine(y.value(), slots, weight.value(), base.value(), true);
        if (!tape.recording()) {
            return base;
        }
        tape.record(() -> {
            if (!base.hasGradient()) {
                return;
            }
            overwrite(
                    tape,
                    y,
                    dy ->
                            overwrite(
                                    tape,
                                    weight,
                                    dweight ->
                                            kernels.combineBackward(
                                                    base.gradient(),
                                                    y.value(),
                                                    slots,
                                                    weight.value(),
                                                    dy,
                                                    dweight)));
        });
        return base;
    }

    /// Zeros to combine onto where there is no shared expert.
    public static Var zeros(Tape tape, long... shape) {
        Var y = tape.output(shape);
        y.value().clear();
        return y;
    }

    /// As [#zeros] with the shape of `x`.
    public static Var zerosLike(Tape tape, Var x) {
        Var y = tape.outputLike(x);
        y.value().clear();
        return y;
    }

    /// Sum of losses and the number of targets behind it.
    ///
    /// @param sum sum over the positions of -log p(target), nats
    /// @param count positions with a target
    public record LossSum(double sum, long count) {
        /// Mean loss in nats per target.
        public double mean() {
            return count == 0 ? 0 : sum / count;
        }
    }

    /// Cross-entropy of the output head, in chunks, so that [tokens, vocabulary] logits never exist
    /// at once (neither do their gradients).
    ///
    /// `hidden` [T, d], `head` [V, d], `targets` [T] (-1 for none). The loss that is differentiated
    /// is sum_i scale * loss_i: where the tape records, gradients of `hidden` and `head` are
    /// computed right here, while a chunk's logits are in cache.
    public static LossSum headLoss(Tape tape, Var hidden, Var head, Tensor targets, float scale) {
        long tokens = hidden.value().rows();
        long vocab = head.value().rows();
        long chunk = Math.clamp(LOGITS_BYTES / (4 * vocab), 1, Math.max(tokens, 1));
        return headLoss(tape, hidden, head, targets, scale, chunk);
    }

    /// The same without gradients, for a head that knows how to multiply.
    ///
    /// @param logits [n, d] -> [n, V], of which the caller may overwrite the result
    public static LossSum headLoss(
            Tape tape, Var hidden, Function<Var, Tensor> logits, Tensor targets) {
        Workspace workspace = tape.workspace();
        double sum = 0;
        long count = 0;
        for (long from = 0; from < targets.size(); from += HEAD_ROWS) {
            long to = Math.min(targets.size(), from + HEAD_ROWS);
            Workspace.Mark mark = workspace.mark();
            Tensor loss = workspace.f32(to - from);
            Tensor weights = workspace.f32(to - from);
            weights.clear();
            Tensor part = logits.apply(Var.constant(hidden.value().range(from, to)));
            tape.kernels().softmaxCrossEntropy(part, targets.range(from, to), weights, loss);
            for (long i = 0; i < to - from; i++) {
                if (targets.getInt(from + i) >= 0) {
                    sum += loss.getFloat(0, i);
                    count++;
                }
            }
            workspace.release(mark);
        }
        return new LossSum(sum, count);
    }

    /// As [#headLoss(Tape, Var, Var, Tensor, float)] with `chunk` rows of logits at once.
    static LossSum headLoss(
            Tape tape, Var hidden, Var head, Tensor targets, float scale, long chunk) {
        long tokens = hidden.value().rows();
        long vocab = head.value().rows();
        Kernels kernels = tape.kernels();
        Workspace workspace = tape.workspace();
        Var.Sink dhidden =
                tape.recording() ? hidden.sink(workspace) : new Var.Sink(hidden.value(), false);
        boolean addToHead = head.hasGradient();
        if (tape.recording()) {
            head.sink(workspace); // a new buffer must outlive the mark
        }
        Workspace.Mark mark = workspace.mark();
        Tensor loss = workspace.f32(tokens);
        Tensor weights = workspace.f32(tokens);
        for (long i = 0; i < tokens; i++) {
            weights.setFloat(0, i, scale);
        }
        Tensor logits = workspace.f32(chunk, vocab);
        for (long from = 0; from < tokens; from += chunk) {
            long to = Math.min(tokens, from + chunk);
            Tensor rows = hidden.value().range(from, to);
            Tensor part = logits.range(0, to - from);
            kernels.gemmNt(rows, head.value(), part, false);
            kernels.softmaxCrossEntropy(
                    part, targets.range(from, to), weights.range(from, to), loss.range(from, to));
            if (tape.recording()) {
                kernels.gemmNn(
                        part, head.value(), dhidden.target().range(from, to), dhidden.accumulate());
                kernels.gemmTn(part, rows, head.gradient(), addToHead || from > 0);
            }
        }
        double sum = 0;
        long count = 0;
        for (long i = 0; i < tokens; i++) {
            if (targets.getInt(i) >= 0) {
                sum += loss.getFloat(0, i);
                count++;
            }
        }
        workspace.release(mark);
        return new LossSum(sum, count);
    }

    /// Let `write` overwrite a gradient buffer; where one has content already, add through a copy.
    private static void overwrite(Tape tape, Var x, Consumer<Tensor> write) {
        Workspace workspace = tape.workspace();
        Var.Sink dx = x.sink(workspace);
        if (!dx.accumulate()) {
            write.accept(dx.target());
            return;
        }
        Tensor part = workspace.like(x.value());
        write.accept(part);
        tape.kernels().add(dx.target(), part, dx.target());
    }
}
