package dev.minke.kernels;

import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.util.Arrays;

/// Absorbed attention of one query per sequence over its latent cache; contract:
/// [dev.minke.tensor.Kernels#latentDecode].
///
/// The cache of a sequence is cut into blocks of [#BLOCK] tokens, one task each, which all heads
/// share; a task leaves maximum, sum and weighted sum for every head. A second region merges the
/// blocks in order. Numerics: F32; independent of the team and of the other sequences.
final class LatentDecode {
    private static final int BLOCK = 192;
    private static final int MR = Tile.MR;
    private static final int NR = Tile.NR;
    private static final int KC = Tile.KC;
    private static final int AS = Tile.AS;

    private LatentDecode() {}

    /// Where the pieces of a task lie in its scratch memory, in floats.
    private record Plan(int rows, int ldo, int q, int s, int b, int o, int size) {
        static Plan of(int heads, int width, int value) {
            int rows = Math.ceilDiv(heads, MR) * MR;
            int ldo = Math.ceilDiv(value, NR) * NR;
            int s = Math.ceilDiv(width, KC) * rows * AS;
            int b = s + rows * AS;
            int o = b + KC * NR;
            return new Plan(rows, ldo, 0, s, b, o, o + rows * ldo);
        }
    }

    static void run(
            Team team,
            Scratch.Pool pool,
            float scale,
            Tensor q,
            Tensor cache,
            Tensor slots,
            Tensor lengths,
            Tensor out) {
        int batch = Math.toIntExact(q.dim(0));
        int heads = Math.toIntExact(q.dim(1));
        int width = Math.toIntExact(q.cols());
        int value = Math.toIntExact(out.cols());
        int[] firstBlock = new int[batch + 1];
        for (int s = 0; s < batch; s++) {
            int length = lengths.getInt(s);
            int slot = slots.getInt(s);
            if (length < 1 || length > cache.dim(1) || slot < 0 || slot >= cache.dim(0)) {
                throw new IllegalArgumentException(
                        "latentDecode: sequence %d has slot %d and length %d, the cache is %s"
                                .formatted(s, slot, length, cache));
            }
            firstBlock[s + 1] = firstBlock[s] + Math.ceilDiv(length, BLOCK);
        }
        int blocks = firstBlock[batch];
        int[] owner = new int[blocks];
        for (int s = 0; s < batch; s++) {
            Arrays.fill(owner, firstBlock[s], firstBlock[s + 1], s);
        }
        Plan plan = Plan.of(heads, width, value);
        // per block and head: maximum, sum, weighted sum of values
        int record = value + 2;
        Scratch all = pool.take(team.size());
        float[] parts = all.rows(Math.multiplyExact(Math.multiplyExact(blocks, heads), record));
        team.run(
                blocks,
                (block, worker) -> {
                    int s = owner[block];
                    int first = (block - firstBlock[s]) * BLOCK;
                    int tokens = Math.min(BLOCK, lengths.getInt(s) - first);
                    long row = slots.getInt(s) * cache.dim(1) + first;
                    long from = cache.offset() + 4 * row * cache.rowStride();
                    Scratch scratch = pool.take(worker);
                    float[] w = scratch.rows(plan.size);
                    loadQueries(q, s, heads, width, plan, w);
                    part(cache, from, tokens, heads, width, value, scale, plan, w);
                    for (int h = 0; h < heads; h++) {
                        int to = (block * heads + h) * record;
                        System.arraycopy(w, plan.o + h * plan.ldo, parts, to + 2, value);
                        parts[to] = w[plan.s + h * AS + BLOCK];
                        parts[to + 1] = w[plan.s + h * AS + BLOCK + 1];
                    }
                    pool.give(worker, scratch);
                });
        Bands.rows(
                team,
                (long) batch * heads,
                4L * value,
                (from, to) -> {
                    float[] sum = new float[value];
                    for (int row = (int) from; row < to; row++) {
                        int s = row / heads;
                        int h = row % heads;
                        merge(parts, firstBlock[s], firstBlock[s + 1], heads, h, record, sum);
                        long at = out.offset() + 4 * row * out.rowStride();
                        Panels.copyOut(sum, 0, 0, 1, value, out.segment(), at, 0);
                    }
                });
        pool.give(team.size(), all);
    }

    private static void loadQueries(Tensor q, int s, int heads, int width, Plan plan, float[] w) {
        for (int k = 0; k < width; k += KC) {
            long from = q.offset() + 4 * ((long) s * heads * q.rowStride() + k);
            int cols = Math.min(KC, width - k);
            int at = plan.q + k / KC * plan.rows * AS;
            Panels.copyIn(q.segment(), from, q.rowStride(), heads, cols, w, at, AS);
        }
    }

    /// Attention over one block; maximum and sum are left behind the row of scores.
    private static void part(
            Tensor cache,
            long from,
            int tokens,
            int heads,
            int width,
            int value,
            float scale,
            Plan plan,
            float[] w) {
        long stride = cache.rowStride();
        for (int j = 0; j < tokens; j += NR) {
            long keys = from + 4 * j * stride;
            int count = Math.min(NR, tokens - j);
            for (int k = 0; k < width; k += KC) {
                int kc = Math.min(KC, width - k);
                int a = plan.q + k / KC * plan.rows * AS;
                Panels.fromColumns(cache.segment(), keys + 4L * k, stride, kc, count, w, plan.b);
                for (int i = 0; i < heads; i += MR) {
                    int c = plan.s + i * AS + j;
                    Tile.rows(w, a + i * AS, w, plan.b, kc, w, c, AS, k == 0);
                }
            }
        }
        for (int h = 0; h < heads; h++) {
            int row = plan.s + h * AS;
            float most = Softmax.max(w, row, tokens) * scale;
            float sum = Softmax.exponentials(w, row, tokens, scale, most);
            w[row + BLOCK] = most;
            w[row + BLOCK + 1] = sum;
        }
        for (int v = 0; v < value; v += NR) {
            int cols = Math.min(NR, value - v);
            Panels.fromRows(cache.segment(), from + 4L * v, stride, tokens, cols, w, plan.b);
            for (int i = 0; i < heads; i += MR) {
                int c = plan.o + i * plan.ldo + v;
                Tile.rows(w, plan.s + i * AS, w, plan.b, tokens, w, c, plan.ldo, true);
            }
        }
    }

    private static void merge(
            float[] parts, int first, int last, int heads, int h, int record, float[] sum) {
        float most = Float.NEGATIVE_INFINITY;
        for (int block = first; block < last; block++) {
            most = Math.max(most, parts[(block * heads + h) * record]);
        }
        Arrays.fill(sum, 0);
        float total = 0;
        for (int block = first; block < last; block++) {
            int at = (block * heads + h) * record;
            float weight = (float) Math.exp(parts[at] - most);
            total = Math.fma(weight, parts[at + 1], total);
            for (int i = 0; i < sum.length; i++) {
                sum[i] = Math.fma(weight, parts[at + 2 + i], sum[i]);
            }
        }
        for (int i = 0; i < sum.length; i++) {
            sum[i] /= total;
        }
    }
}
