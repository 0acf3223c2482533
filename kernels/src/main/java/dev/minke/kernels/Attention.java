package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.minke.tensor.AttentionShape;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Causal attention with a streaming softmax over tiles (Dao 2023); contract:
/// [dev.minke.tensor.Kernels#attention].
///
/// A task owns [#BLOCK] queries of one head of one sequence. For each block of keys: S = Q K^T by
/// register tiles, the softmax of its rows, O = O + P V. Tiles beyond the diagonal are skipped.
/// Numerics: F32; a row's result depends on its own sequence alone, not on the split. H T^2 (dqk +
/// dv) flop for one sequence of T tokens.
final class Attention {
    /// Queries and keys of a block: equal, so that the first key block of a query block holds a key
    /// for each query; a multiple of [Tile#MR] and of every [Tile#NR].
    static final int BLOCK = 192;

    private static final int MR = Tile.MR;
    private static final int NR = Tile.NR;
    private static final int KC = Tile.KC;
    private static final int AS = Tile.AS;

    private Attention() {}

    /// Where a task's pieces lie in its scratch memory, in floats; sizes of the padded shape.
    record Plan(int chunks, int ldo, int q, int s, int b, int o, int m, int l, int size) {
        static Plan of(AttentionShape shape) {
            int chunks = Math.ceilDiv(shape.queryKey(), KC);
            int ldo = Math.ceilDiv(shape.value(), NR) * NR;
            int s = chunks * BLOCK * AS;
            int b = s + BLOCK * AS;
            int o = b + KC * NR;
            int m = o + BLOCK * ldo;
            int l = m + BLOCK;
            return new Plan(chunks, ldo, 0, s, b, o, m, l, l + BLOCK);
        }
    }

    /// One head of one sequence: its tokens start at row `start` of keys and values, at row `query`
    /// of queries and results, where the first may be missing.
    record Head(
            AttentionShape shape,
            Tensor q,
            Tensor kv,
            Tensor kr,
            long query,
            long start,
            int length,
            int h) {
        long query(int row) {
            return q.offset() + 4 * ((query + row) * q.rowStride() + (long) h * shape.queryKey());
        }

        long key(int row) {
            return kv.offset() + 4 * ((start + row) * kv.rowStride() + (long) h * shape.keyValue());
        }

        long value(int row) {
            return key(row) + 4L * shape.nope();
        }

        long rotated(int row) {
            return kr.offset() + 4 * (start + row) * kr.rowStride();
        }

        /// Copy `rows` queries from `row` on, chunk after chunk of KC columns.
        void loadQueries(int row, int rows, float[] to, int at) {
            int width = shape.queryKey();
            for (int k = 0; k < width; k += KC) {
                int chunk = at + k / KC * BLOCK * AS;
                long from = query(row) + 4L * k;
                int cols = Math.min(KC, width - k);
                Panels.copyIn(q.segment(), from, q.rowStride(), rows, cols, to, chunk, AS);
            }
        }

        /// Panel of `width` keys from `row` on, transposed: columns `k` to `k + kc` of the key, the
        /// head's own part first, then the rotated part that all heads share.
        void loadKeys(int row, int width, int k, int kc, float[] to, int at) {
            int own = Math.clamp(shape.nope() - k, 0, kc);
            if (own > 0) {
                long from = key(row) + 4L * k;
                Panels.fromColumns(kv.segment(), from, kv.rowStride(), own, width, to, at);
            }
            if (own < kc) {
                long from = rotated(row) + 4L * (k + own - shape.nope());
                int rest = at + own * NR;
                Panels.fromColumns(kr.segment(), from, kr.rowStride(), kc - own, width, to, rest);
            }
        }
    }

    static void forward(
            Team team,
            Scratch.Pool pool,
            AttentionShape shape,
            Tensor q,
            Tensor queries,
            Tensor kv,
            Tensor kr,
            Tensor tokens,
            Tensor out,
            Tensor lse) {
        int[] starts = tokens.toInts();
        int[] own = queries.toInts();
        int[] owner = owners(own, starts);
        int heads = shape.heads();
        Plan plan = Plan.of(shape);
        team.run(
                owner.length / 2 * heads,
                (index, worker) -> {
                    // later blocks have more keys: first
                    int block = owner.length / 2 - 1 - index / heads;
                    int s = owner[2 * block];
                    int length = starts[s + 1] - starts[s];
                    long query = own[s + 1] - length;
                    int h = index % heads;
                    Head head = new Head(shape, q, kv, kr, query, starts[s], length, h);
                    Scratch scratch = pool.take(worker);
                    float[] w = scratch.rows(plan.size());
                    block(head, plan, w, owner[2 * block + 1], out, lse);
                    pool.give(worker, scratch);
                });
    }

    /// Sequence and first token of each block of queries. Blocks begin at multiples of [#BLOCK]
    /// tokens, or with the first query.
    private static int[] owners(int[] queries, int[] tokens) {
        int count = 0;
        for (int s = 0; s + 1 < tokens.length; s++) {
            int length = tokens[s + 1] - tokens[s];
            int first = length - (queries[s + 1] - queries[s]);
            count += first == length ? 0 : Math.ceilDiv(length, BLOCK) - first / BLOCK;
        }
        int[] owner = new int[2 * count];
        int at = 0;
        for (int s = 0; s + 1 < tokens.length; s++) {
            int length = tokens[s + 1] - tokens[s];
            int row = length - (queries[s + 1] - queries[s]);
            while (row < length) {
                owner[at++] = s;
                owner[at++] = row;
                row = (row / BLOCK + 1) * BLOCK;
            }
        }
        return owner;
    }

    private static void block(Head head, Plan plan, float[] w, int q0, Tensor out, Tensor lse) {
        int rows = Math.min(BLOCK - q0 % BLOCK, head.length - q0);
        float scale = head.shape.scale();
        head.loadQueries(q0, rows, w, plan.q);
        for (int j0 = 0; j0 <= q0; j0 += BLOCK) {
            int keys = Math.min(BLOCK, q0 + rows - j0);
            scores(head, plan, w, q0, rows, j0, keys);
            softmax(plan, w, rows, q0 - j0, keys, scale, j0 == 0);
            values(head, plan, w, q0 - j0, rows, j0, keys);
        }
        MemorySegment sums = lse.segment();
        long at = lse.offset() + 4 * (head.h * lse.rowStride() + head.query + q0);
        for (int i = 0; i < rows; i++) {
            Softmax.scale(w, plan.o + i * plan.ldo, plan.ldo, 1 / w[plan.l + i]);
            float sum = (float) (w[plan.m + i] + Math.log(w[plan.l + i]));
            sums.set(JAVA_FLOAT_UNALIGNED, at + 4L * i, sum);
        }
        int dv = head.shape.value();
        long to = out.offset() + 4 * ((head.query + q0) * out.rowStride() + (long) head.h * dv);
        Panels.copyOut(w, plan.o, plan.ldo, rows, dv, out.segment(), to, out.rowStride());
    }

    /// S = Q K^T for the tiles on or below the diagonal.
    private static void scores(
            Head head, Plan plan, float[] w, int q0, int rows, int j0, int keys) {
        int width = head.shape.queryKey();
        for (int j = 0; j < keys; j += NR) {
            int first = Math.max(0, j0 + j - q0) / MR * MR;
            for (int k = 0; k < width; k += KC) {
                int kc = Math.min(KC, width - k);
                int a = plan.q + k / KC * BLOCK * AS;
                head.loadKeys(j0 + j, Math.min(NR, keys - j), k, kc, w, plan.b);
                for (int i = first; i < rows; i += MR) {
                    int c = plan.s + i * AS + j;
                    Tile.rows(w, a + i * AS, w, plan.b, kc, w, c, AS, k == 0);
                }
            }
        }
    }

    /// P = exp(scale S - m) for the keys up to the diagonal, zeros behind it as far as a tile
    /// reads; the old O and sums are brought to the new maximum m.
    private static void softmax(
            Plan plan, float[] w, int rows, int lead, int keys, float scale, boolean first) {
        for (int i = 0; i < rows; i++) {
            int row = plan.s + i * AS;
            int n = Math.min(keys, lead + i + 1);
            float most = Softmax.max(w, row, n) * scale;
            float old = first ? most : w[plan.m + i];
            float sum = first ? 0 : w[plan.l + i];
            if (most > old) {
                float shrink = (float) Math.exp(old - most);
                Softmax.scale(w, plan.o + i * plan.ldo, plan.ldo, shrink);
                sum *= shrink;
                old = most;
            }
            w[plan.m + i] = old;
            w[plan.l + i] = sum + Softmax.exponentials(w, row, n, scale, old);
            Arrays.fill(w, row + n, row + Math.min(keys, n + MR), 0);
        }
    }

    /// O = O + P V, for each tile the keys up to its last query.
    private static void values(
            Head head, Plan plan, float[] w, int lead, int rows, int j0, int keys) {
        int dv = head.shape.value();
        Tensor kv = head.kv;
        for (int v = 0; v < dv; v += NR) {
            long from = head.value(j0) + 4L * v;
            int width = Math.min(NR, dv - v);
            Panels.fromRows(kv.segment(), from, kv.rowStride(), keys, width, w, plan.b);
            for (int i = 0; i < rows; i += MR) {
                int kc = Math.min(keys, lead + i + MR);
                int c = plan.o + i * plan.ldo + v;
                Tile.rows(w, plan.s + i * AS, w, plan.b, kc, w, c, plan.ldo, j0 == 0);
            }
        }
    }
}
