package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.minke.kernels.Attention.Head;
import dev.minke.tensor.AttentionShape;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// Gradients of [Attention]; contract: [dev.minke.tensor.Kernels#attentionBackward].
///
/// A task owns one head of one sequence. With P from the stored log-sums and D = rowsum(dO O):
///
///     dV += P^T dO    dP = dO V^T    dS = scale P (dP - D)    dQ += dS K    dK += dS^T Q
///
/// Key blocks are the outer loop (K, V, dK, dV stay in cache), query blocks the inner one. The
/// shared rotated key collects its gradient from all heads in a second region, head after head.
/// Numerics: F32; independent of the split and of the other sequences. 2.5 times the forward flop.
final class AttentionBackward {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final int L = Lanes.COUNT;
    private static final int BLOCK = Attention.BLOCK;
    private static final int MR = Tile.MR;
    private static final int NR = Tile.NR;
    private static final int KC = Tile.KC;
    private static final int AS = Tile.AS;

    private AttentionBackward() {}

    /// Where a task's pieces lie in its scratch memory, in floats.
    ///
    /// @param q queries of a block as rows, in chunks of KC columns
    /// @param d output gradients of a block as rows, in chunks of KC columns
    /// @param s scores, then probabilities
    /// @param p gradients of probabilities, then of scores
    /// @param kt panels of K^T, all chunks of a panel behind one another
    /// @param vt panels of V^T
    /// @param kn panels of K
    /// @param b one panel of Q or dO
    /// @param dk gradient of the key block
    /// @param dv gradient of the value block
    /// @param sum D of all rows
    /// @param dq gradient of all queries
    private record Plan(
            int ldk,
            int ldv,
            int q,
            int d,
            int s,
            int p,
            int kt,
            int vt,
            int kn,
            int b,
            int dk,
            int dv,
            int sum,
            int dq,
            int size) {
        static Plan of(AttentionShape shape, int length) {
            int ldk = Math.ceilDiv(shape.queryKey(), NR) * NR;
            int ldv = Math.ceilDiv(shape.value(), NR) * NR;
            int d = Math.ceilDiv(shape.queryKey(), KC) * BLOCK * AS;
            int s = d + Math.ceilDiv(shape.value(), KC) * BLOCK * AS;
            int p = s + BLOCK * AS;
            int kt = p + BLOCK * AS;
            int vt = kt + BLOCK * shape.queryKey();
            int kn = vt + BLOCK * shape.value();
            int b = kn + BLOCK * ldk;
            int dk = b + KC * NR;
            int dv = dk + BLOCK * ldk;
            int sum = dv + BLOCK * ldv;
            int rows = Math.ceilDiv(length, BLOCK) * BLOCK;
            int dq = sum + rows;
            int size = Math.addExact(dq, Math.multiplyExact(rows, ldk));
            return new Plan(ldk, ldv, 0, d, s, p, kt, vt, kn, b, dk, dv, sum, dq, size);
        }
    }

    /// The tensors that are read beside those of a [Head], and those that are written.
    private record Gradients(Tensor dout, Tensor out, Tensor lse, Tensor dq, Tensor dkv) {}

    static void backward(
            Team team,
            Scratch.Pool pool,
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
        int[] starts = sequences.toInts();
        int heads = shape.heads();
        int tokens = Math.toIntExact(q.rows());
        int share = Math.multiplyExact(tokens, shape.rope());
        Gradients gradients = new Gradients(dout, out, lse, dq, dkv);
        Scratch all = pool.take(team.size());
        float[] rotated = all.rows(Math.multiplyExact(heads, share));
        team.run(
                (starts.length - 1) * heads,
                (index, worker) -> {
                    int s = index / heads;
                    int length = starts[s + 1] - starts[s];
                    int h = index % heads;
                    Head head = new Head(shape, q, kv, kr, starts[s], starts[s], length, h);
                    Plan plan = Plan.of(shape, length);
                    Scratch scratch = pool.take(worker);
                    float[] w = scratch.rows(plan.size);
                    int at = h * share + starts[s] * shape.rope();
                    head(head, plan, gradients, w, rotated, at);
                    pool.give(worker, scratch);
                });
        Bands.rows(
                team,
                tokens,
                (long) heads * shape.rope(),
                (from, to) -> {
                    for (int t = (int) from; t < to; t++) {
                        long at = dkr.offset() + 4 * t * dkr.rowStride();
                        sumHeads(
                                rotated,
                                t * shape.rope(),
                                share,
                                heads,
                                dkr.segment(),
                                at,
                                shape.rope());
                    }
                });
        pool.give(team.size(), all);
    }

    private static void sumHeads(
            float[] from, int at, int share, int heads, MemorySegment to, long offset, int n) {
        for (int i = 0; i < n; i++) {
            float sum = to.get(JAVA_FLOAT_UNALIGNED, offset + 4L * i);
            for (int h = 0; h < heads; h++) {
                sum += from[h * share + at + i];
            }
            to.set(JAVA_FLOAT_UNALIGNED, offset + 4L * i, sum);
        }
    }

    private static void head(
            Head head, Plan plan, Gradients g, float[] w, float[] rotated, int at) {
        AttentionShape shape = head.shape();
        int length = head.length();
        for (int i = 0; i < length; i++) {
            long row = head.start() + i;
            long col = (long) head.h() * shape.value();
            w[plan.sum + i] =
                    Rows.dot(
                            g.dout.segment(),
                            g.dout.offset() + 4 * (row * g.dout.rowStride() + col),
                            g.out.segment(),
                            g.out.offset() + 4 * (row * g.out.rowStride() + col),
                            shape.value());
        }
        for (int j0 = 0; j0 < length; j0 += BLOCK) {
            int keys = Math.min(BLOCK, length - j0);
            loadKeys(head, plan, w, j0, keys);
            for (int q0 = j0; q0 < length; q0 += BLOCK) {
                block(head, plan, g, w, q0, Math.min(BLOCK, length - q0), j0, keys);
            }
            storeKeys(head, plan, g, w, j0, keys, rotated, at);
        }
        int width = shape.queryKey();
        long to = g.dq.offset() + 4 * (head.start() * g.dq.rowStride() + (long) head.h() * width);
        Panels.copyOut(w, plan.dq, plan.ldk, length, width, g.dq.segment(), to, g.dq.rowStride());
    }

    /// Panels of K^T and V^T (by keys) and of K (by columns) of a key block.
    private static void loadKeys(Head head, Plan plan, float[] w, int j0, int keys) {
        AttentionShape shape = head.shape();
        int dqk = shape.queryKey();
        int dv = shape.value();
        Tensor kv = head.kv();
        for (int j = 0; j < keys; j += NR) {
            int width = Math.min(NR, keys - j);
            head.loadKeys(j0 + j, width, 0, dqk, w, plan.kt + j * dqk);
            long value = head.value(j0 + j);
            Panels.fromColumns(kv.segment(), value, kv.rowStride(), dv, width, w, plan.vt + j * dv);
        }
        for (int k = 0; k < dqk; k += NR) {
            int cols = Math.min(NR, dqk - k);
            int own = Math.clamp(shape.nope() - k, 0, cols);
            int at = plan.kn + k * keys;
            if (cols < NR) {
                Arrays.fill(w, at, at + keys * NR, 0);
            }
            long from = head.key(j0) + 4L * k;
            Panels.copyIn(kv.segment(), from, kv.rowStride(), keys, own, w, at, NR);
            long rest = head.rotated(j0) + 4L * (k + own - shape.nope());
            Tensor kr = head.kr();
            Panels.copyIn(kr.segment(), rest, kr.rowStride(), keys, cols - own, w, at + own, NR);
        }
    }

    private static void storeKeys(
            Head head,
            Plan plan,
            Gradients g,
            float[] w,
            int j0,
            int keys,
            float[] rotated,
            int at) {
        AttentionShape shape = head.shape();
        Tensor dkv = g.dkv;
        long row = head.start() + j0;
        long to = dkv.offset() + 4 * (row * dkv.rowStride() + (long) head.h() * shape.keyValue());
        long value = to + 4L * shape.nope();
        int nope = shape.nope();
        Panels.copyOut(w, plan.dk, plan.ldk, keys, nope, dkv.segment(), to, dkv.rowStride());
        Panels.copyOut(
                w, plan.dv, plan.ldv, keys, shape.value(), dkv.segment(), value, dkv.rowStride());
        int rope = shape.rope();
        for (int j = 0; j < keys; j++) {
            System.arraycopy(w, plan.dk + j * plan.ldk + nope, rotated, at + (j0 + j) * rope, rope);
        }
    }

    /// All five products for one block of queries and one of keys.
    private static void block(
            Head head, Plan plan, Gradients g, float[] w, int q0, int rows, int j0, int keys) {
        AttentionShape shape = head.shape();
        int dqk = shape.queryKey();
        int dv = shape.value();
        int lead = q0 - j0;
        Tensor q = head.q();
        Tensor dout = g.dout;
        long query = head.query(q0);
        long grad =
                dout.offset() + 4 * ((head.start() + q0) * dout.rowStride() + (long) head.h() * dv);
        head.loadQueries(q0, rows, w, plan.q);
        for (int k = 0; k < dv; k += KC) {
            int at = plan.d + k / KC * BLOCK * AS;
            int cols = Math.min(KC, dv - k);
            Panels.copyIn(dout.segment(), grad + 4L * k, dout.rowStride(), rows, cols, w, at, AS);
        }
        belowDiagonal(w, plan.q, plan.kt, plan.s, lead, rows, keys, dqk);
        belowDiagonal(w, plan.d, plan.vt, plan.p, lead, rows, keys, dv);
        MemorySegment sums = g.lse.segment();
        long lse = g.lse.offset() + 4 * (head.h() * g.lse.rowStride() + head.start() + q0);
        for (int i = 0; i < rows; i++) {
            int n = Math.min(keys, lead + i + 1);
            float sum = sums.get(JAVA_FLOAT_UNALIGNED, lse + 4L * i);
            int p = plan.s + i * AS;
            int ds = plan.p + i * AS;
            scoreGradients(w, p, ds, n, shape.scale(), sum, w[plan.sum + q0 + i]);
            Arrays.fill(w, p + n, p + keys, 0);
            Arrays.fill(w, ds + n, ds + keys, 0);
        }
        for (int v = 0; v < dv; v += NR) {
            int width = Math.min(NR, dv - v);
            Panels.fromRows(
                    dout.segment(), grad + 4L * v, dout.rowStride(), rows, width, w, plan.b);
            addTransposed(w, plan.s, plan.b, plan.dv + v, plan.ldv, lead, rows, keys);
        }
        for (int k = 0; k < dqk; k += NR) {
            int width = Math.min(NR, dqk - k);
            Panels.fromRows(q.segment(), query + 4L * k, q.rowStride(), rows, width, w, plan.b);
            addTransposed(w, plan.p, plan.b, plan.dk + k, plan.ldk, lead, rows, keys);
            for (int i = 0; i < rows; i += MR) {
                int kc = Math.min(keys, lead + i + MR);
                int c = plan.dq + (q0 + i) * plan.ldk + k;
                Tile.rows(w, plan.p + i * AS, w, plan.kn + k * keys, kc, w, c, plan.ldk, j0 == 0);
            }
        }
    }

    /// C[rows, keys] = A B^T for the tiles on or below the diagonal; B in panels of `width` steps.
    private static void belowDiagonal(
            float[] w, int a, int b, int c, int lead, int rows, int keys, int width) {
        for (int j = 0; j < keys; j += NR) {
            int first = Math.max(0, j - lead) / MR * MR;
            for (int k = 0; k < width; k += KC) {
                int kc = Math.min(KC, width - k);
                int chunk = a + k / KC * BLOCK * AS;
                int panel = b + j * width + k * NR;
                for (int i = first; i < rows; i += MR) {
                    Tile.rows(w, chunk + i * AS, w, panel, kc, w, c + i * AS + j, AS, k == 0);
                }
            }
        }
    }

    /// C[keys, NR] += A[rows, keys]^T B, without the queries before a tile's first key.
    private static void addTransposed(
            float[] w, int a, int b, int c, int ldc, int lead, int rows, int keys) {
        for (int j = 0; j < keys; j += MR) {
            int first = Math.max(0, j - lead);
            int from = a + first * AS + j;
            Tile.columns(w, from, w, b + first * NR, rows - first, w, c + j * ldc, ldc, lead == 0);
        }
    }

    /// From scores and gradients of probabilities to probabilities and gradients of scores.
    private static void scoreGradients(
            float[] w, int s, int dp, int n, float scale, float lse, float sum) {
        FloatVector factor = FloatVector.broadcast(F, scale);
        FloatVector shift = FloatVector.broadcast(F, -lse);
        for (int i = 0; i < n; i += L) {
            FloatVector p = Exp.expNegative(FloatVector.fromArray(F, w, s + i).fma(factor, shift));
            FloatVector d = FloatVector.fromArray(F, w, dp + i).sub(sum).mul(p).mul(factor);
            p.intoArray(w, s + i);
            d.intoArray(w, dp + i);
        }
    }
}
