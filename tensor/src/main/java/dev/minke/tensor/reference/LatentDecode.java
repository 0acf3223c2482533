package dev.minke.tensor.reference;

import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// Absorbed attention of one query token per sequence over its latent cache (spec 1.4): scores over
/// the whole cached width, values are its first rk columns. One task for each sequence and head.
final class LatentDecode {
    private LatentDecode() {}

    static void run(
            Team team,
            float scale,
            Tensor q,
            Tensor cache,
            Tensor slots,
            Tensor lengths,
            Tensor out) {
        int heads = Math.toIntExact(q.dim(1));
        team.run(
                Math.toIntExact(q.rows()),
                (row, worker) -> {
                    int sequence = row / heads;
                    long first = slots.getInt(sequence) * cache.dim(1);
                    one(scale, q, cache, first, lengths.getInt(sequence), row, out);
                });
    }

    private static void one(
            float scale, Tensor q, Tensor cache, long first, int length, int row, Tensor out) {
        int width = Math.toIntExact(q.cols());
        int latent = Math.toIntExact(out.cols());
        MemorySegment qs = q.segment();
        MemorySegment cs = cache.segment();
        long query = Memory.row(q, row);
        float[] p = new float[length];
        float max = Float.NEGATIVE_INFINITY;
        for (int j = 0; j < length; j++) {
            long token = Memory.row(cache, first + j);
            float sum = 0;
            for (int d = 0; d < width; d++) {
                sum =
                        Math.fma(
                                Memory.load(qs, query + 4L * d),
                                Memory.load(cs, token + 4L * d),
                                sum);
            }
            p[j] = scale * sum;
            max = Math.max(max, p[j]);
        }
        double denominator = 0;
        for (int j = 0; j < length; j++) {
            p[j] = (float) Math.exp((double) p[j] - max);
            denominator += p[j];
        }
        float[] sum = new float[latent];
        for (int j = 0; j < length; j++) {
            long token = Memory.row(cache, first + j);
            for (int d = 0; d < latent; d++) {
                sum[d] = Math.fma(p[j], Memory.load(cs, token + 4L * d), sum[d]);
            }
        }
        long at = Memory.row(out, row);
        for (int d = 0; d < latent; d++) {
            Memory.store(out.segment(), at + 4L * d, (float) (sum[d] / denominator));
        }
    }
}
