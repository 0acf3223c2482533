package dev.minke.tensor.reference;

import dev.minke.tensor.AttentionShape;
import dev.minke.tensor.DType;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Causal latent attention in expanded form (spec 1.4), forward and backward: one task for each
/// sequence and head.
///
/// Scores and products in F32, denominators and the sum dout . out in double.
final class Attention {
    private Attention() {}

    /// Keys and values of one head and sequence, by row ([tokens][width]) and by column.
    private static final class Head {
        final int tokens;
        final int key;
        final int value;
        final float[][] keys;
        final float[][] values;
        final float[][] keyColumns;
        final float[][] valueColumns;

        Head(AttentionShape shape, Tensor kv, Tensor kr, long from, int tokens, int head) {
            this.tokens = tokens;
            this.key = shape.queryKey();
            this.value = shape.value();
            keys = new float[tokens][key];
            values = new float[tokens][value];
            long kvAt = 4L * head * shape.keyValue();
            for (int j = 0; j < tokens; j++) {
                long row = Memory.row(kv, from + j) + kvAt;
                read(kv.segment(), row, keys[j], 0, shape.nope());
                read(kv.segment(), row + 4L * shape.nope(), values[j], 0, value);
                long rope = Memory.row(kr, from + j);
                read(kr.segment(), rope, keys[j], shape.nope(), shape.rope());
            }
            keyColumns = transpose(keys, key);
            valueColumns = transpose(values, value);
        }

        /// s[j] = scale * (q . k[j]) for the first `count` tokens.
        void scores(float[] q, float scale, int count, float[] s) {
            Arrays.fill(s, 0, count, 0);
            Saxpy.addRows(q, keyColumns, key, s, count);
            for (int j = 0; j < count; j++) {
                s[j] *= scale;
            }
        }

        /// s[j] = x . v[j] for the first `count` tokens.
        void valueProducts(float[] x, int count, float[] s) {
            Arrays.fill(s, 0, count, 0);
            Saxpy.addRows(x, valueColumns, value, s, count);
        }
    }

    static void forward(
            Team team,
            AttentionShape shape,
            Tensor q,
            Tensor queries,
            Tensor kv,
            Tensor kr,
            Tensor tokens,
            Tensor out,
            Tensor lse) {
        int count = Math.toIntExact(tokens.size() - 1);
        team.run(
                Math.multiplyExact(count, shape.heads()),
                (index, worker) -> {
                    int s = index / shape.heads();
                    int from = tokens.getInt(s);
                    int length = tokens.getInt(s + 1) - from;
                    int first = queries.getInt(s);
                    int own = queries.getInt(s + 1) - first;
                    int h = index % shape.heads();
                    Head head = new Head(shape, kv, kr, from, length, h);
                    forward(shape, q, head, first, own, h, out, lse);
                });
    }

    /// The rows `from` to `from + own` of q, which are the last tokens of the head's sequence.
    private static void forward(
            AttentionShape shape,
            Tensor q,
            Head head,
            long from,
            int own,
            int h,
            Tensor out,
            Tensor lse) {
        float[] query = new float[head.key];
        float[] p = new float[head.tokens];
        float[] sum = new float[head.value];
        for (int t = 0; t < own; t++) {
            int count = head.tokens - own + t + 1; // causal: the query's token and all before
            long queryAt = Memory.row(q, from + t) + 4L * h * head.key;
            read(q.segment(), queryAt, query, 0, head.key);
            head.scores(query, shape.scale(), count, p);
            float max = max(p, count);
            double denominator = 0;
            for (int j = 0; j < count; j++) {
                p[j] = (float) Math.exp((double) p[j] - max);
                denominator += p[j];
            }
            Arrays.fill(sum, 0);
            Saxpy.addRows(p, head.values, count, sum, head.value);
            for (int d = 0; d < head.value; d++) {
                sum[d] = (float) (sum[d] / denominator);
            }
            long outAt = Memory.row(out, from + t) + 4L * h * head.value;
            Memory.write(sum, 0, out.segment(), outAt, head.value);
            Memory.store(
                    lse.segment(),
                    Memory.row(lse, h) + 4 * (from + t),
                    (float) (max + Math.log(denominator)));
        }
    }

    static void backward(
            Team team,
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
        int heads = shape.heads();
        int count = Math.toIntExact(sequences.size() - 1);
        // each head's share of dkr, summed afterwards in the order of the heads
        float[][] shares = new float[Math.multiplyExact(count, heads)][];
        team.run(
                shares.length,
                (index, worker) -> {
                    int from = sequences.getInt(index / heads);
                    int tokens = sequences.getInt(index / heads + 1) - from;
                    int h = index % heads;
                    Head head = new Head(shape, kv, kr, from, tokens, h);
                    Gradient gradient = new Gradient(head);
                    gradient.run(shape, dout, q, from, h, out, lse, dq);
                    shares[index] = gradient.write(shape, dkv, from, h);
                });
        team.run(
                count,
                (s, worker) -> {
                    long from = sequences.getInt(s);
                    int tokens = sequences.getInt(s + 1) - sequences.getInt(s);
                    for (int j = 0; j < tokens; j++) {
                        long at = Memory.row(dkr, from + j);
                        for (int d = 0; d < shape.rope(); d++) {
                            float sum = Memory.load(dkr.segment(), at + 4L * d);
                            for (int h = 0; h < heads; h++) {
                                sum += shares[s * heads + h][j * shape.rope() + d];
                            }
                            Memory.store(dkr.segment(), at + 4L * d, sum);
                        }
                    }
                });
    }

    /// Gradients of one head and sequence: p = exp(s - lse) dp = dout v^T ds = scale * p * (dp -
    /// dout . out) dq = ds k dk = ds^T q dv = p^T dout
    private static final class Gradient {
        final Head head;
        final float[][] dkeys;
        final float[][] dvalues;

        Gradient(Head head) {
            this.head = head;
            dkeys = new float[head.tokens][head.key];
            dvalues = new float[head.tokens][head.value];
        }

        void run(
                AttentionShape shape,
                Tensor dout,
                Tensor q,
                long from,
                int h,
                Tensor out,
                Tensor lse,
                Tensor dq) {
            int key = head.key;
            int value = head.value;
            float[] query = new float[key];
            float[] dquery = new float[key];
            float[] result = new float[value];
            float[] dresult = new float[value];
            float[] p = new float[head.tokens];
            float[] dp = new float[head.tokens];
            for (int t = 0; t < head.tokens; t++) {
                int count = t + 1;
                long queryAt = 4L * h * key;
                long valueAt = 4L * h * value;
                read(q.segment(), Memory.row(q, from + t) + queryAt, query, 0, key);
                read(out.segment(), Memory.row(out, from + t) + valueAt, result, 0, value);
                read(dout.segment(), Memory.row(dout, from + t) + valueAt, dresult, 0, value);
                double common = 0;
                for (int d = 0; d < value; d++) {
                    common += (double) dresult[d] * result[d];
                }
                head.scores(query, shape.scale(), count, p);
                head.valueProducts(dresult, count, dp);
                double log = Memory.load(lse.segment(), Memory.row(lse, h) + 4 * (from + t));
                Arrays.fill(dquery, 0);
                for (int j = 0; j < count; j++) {
                    float probability = (float) Math.exp(p[j] - log);
                    float ds = (float) (shape.scale() * probability * (dp[j] - common));
                    dp[j] = ds;
                    Saxpy.add(ds, query, dkeys[j], key);
                    Saxpy.add(probability, dresult, dvalues[j], value);
                }
                Saxpy.addRows(dp, head.keys, count, dquery, key);
                Memory.write(dquery, 0, dq.segment(), Memory.row(dq, from + t) + queryAt, key);
            }
        }

        /// Write this head's columns of dkv; its share of dkr, [tokens, rope], is returned.
        float[] write(AttentionShape shape, Tensor dkv, long from, int h) {
            float[] share = new float[head.tokens * shape.rope()];
            for (int j = 0; j < head.tokens; j++) {
                long at = Memory.row(dkv, from + j) + 4L * h * shape.keyValue();
                Memory.write(dkeys[j], 0, dkv.segment(), at, shape.nope());
                Memory.write(dvalues[j], 0, dkv.segment(), at + 4L * shape.nope(), head.value);
                System.arraycopy(dkeys[j], shape.nope(), share, j * shape.rope(), shape.rope());
            }
            return share;
        }
    }

    private static float max(float[] x, int n) {
        float max = x[0];
        for (int i = 1; i < n; i++) {
            max = Math.max(max, x[i]);
        }
        return max;
    }

    private static float[][] transpose(float[][] x, int cols) {
        float[][] to = new float[cols][x.length];
        for (int r = 0; r < x.length; r++) {
            for (int c = 0; c < cols; c++) {
                to[c][r] = x[r][c];
            }
        }
        return to;
    }

    private static void read(MemorySegment segment, long at, float[] to, int toAt, int n) {
        Memory.read(segment, DType.F32, at, to, toAt, n);
    }
}
