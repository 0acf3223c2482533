package dev.minke.tensor;

import org.junit.jupiter.api.Test;

/// Absorbed attention over the latent cache.
public interface LatentDecodeContract extends ContractSupport {
    /// heads, rk, dr.
    int[][] DECODE_SIZES = {{1, 1, 0}, {3, 5, 4}, {2, 33, 2}, {4, 64, 8}, {2, 512, 64}};

    @Test
    default void latentDecodeAttendsToTheCachedTokensOfItsSlot() {
        for (int[] size : DECODE_SIZES) {
            for (double deviation : new double[] {1, 20}) {
                Sample sample = sample(31);
                int[] lengths = {1, 17, 64, 3, 33};
                Tensor q = sample.dense(5, size[0], size[1] + size[2]);
                sample.fill(q, deviation);
                Tensor cache = sample.dense(7, 64, size[1] + size[2]);
                Tensor slots = sample.ints(6, 0, 3, 5, 2);
                Tensor out = sample.blank(5, size[0], size[1]);
                float scale = 0.1f;
                kernels().latentDecode(scale, q, cache, slots, sample.ints(lengths), out);
                double[] expected =
                        decode(scale, q, cache, slots.toInts(), lengths, size[0], size[1]);
                double tolerance = 2e-5 * (1 + deviation * scale * Math.sqrt(size[1] + size[2]));
                Close.within("latentDecode " + size[1], out, expected, tolerance);
            }
        }
    }

    private static double[] decode(
            float scale, Tensor q, Tensor cache, int[] slots, int[] lengths, int heads, int rk) {
        int width = (int) q.cols();
        int capacity = (int) cache.dim(1);
        double[] qs = Sample.doubles(q);
        double[] cs = Sample.doubles(cache);
        double[] out = new double[slots.length * heads * rk];
        for (int row = 0; row < slots.length * heads; row++) {
            int b = row / heads;
            double[] p = new double[lengths[b]];
            double max = Double.NEGATIVE_INFINITY;
            for (int j = 0; j < p.length; j++) {
                int token = (slots[b] * capacity + j) * width;
                for (int d = 0; d < width; d++) {
                    p[j] += scale * qs[row * width + d] * cs[token + d];
                }
                max = Math.max(max, p[j]);
            }
            double sum = 0;
            for (int j = 0; j < p.length; j++) {
                p[j] = Math.exp(p[j] - max);
                sum += p[j];
            }
            for (int j = 0; j < p.length; j++) {
                int token = (slots[b] * capacity + j) * width;
                for (int d = 0; d < rk; d++) {
                    out[row * rk + d] += p[j] / sum * cs[token + d];
                }
            }
        }
        return out;
    }

    @Test
    default void latentDecodeReadsNothingBeyondTheLength() {
        Sample sample = sample(32);
        Tensor q = sample.dense(1, 2, 12);
        Tensor cache = sample.blank(1, 30, 12);
        sample.fill(cache.slice(0).range(0, 19), 1);
        Tensor out = sample.blank(1, 2, 8);
        kernels().latentDecode(0.2f, q, cache, sample.ints(0), sample.ints(19), out);
        double[] expected = decode(0.2f, q, cache, new int[] {0}, new int[] {19}, 2, 8);
        Close.within("latentDecode before NaN", out, expected, 1e-5);
    }

    @Test
    default void latentDecodeHasTheSameBitsOnAnyTeamAndInAnyCompany() {
        Sample sample = sample(33);
        Tensor q = sample.dense(4, 3, 72);
        Tensor cache = sample.dense(4, 300, 72);
        Tensor slots = sample.ints(2, 0, 3, 1);
        Tensor lengths = sample.ints(300, 1, 129, 64);
        sameBitsOnAnyTeam(
                "latentDecode",
                kernels -> {
                    Tensor out = sample.blank(4, 3, 64);
                    kernels.latentDecode(0.1f, q, cache, slots, lengths, out);
                    return out.toFloats();
                });
        Tensor all = sample.blank(4, 3, 64);
        kernels().latentDecode(0.1f, q, cache, slots, lengths, all);
        for (int b = 0; b < 4; b++) {
            Tensor one = sample.blank(1, 3, 64);
            kernels()
                    .latentDecode(
                            0.1f,
                            q.range(b, b + 1),
                            cache,
                            slots.range(b, b + 1),
                            lengths.range(b, b + 1),
                            one);
            Close.sameBits("sequence " + b, one, all.range(b, b + 1));
        }
    }
}
