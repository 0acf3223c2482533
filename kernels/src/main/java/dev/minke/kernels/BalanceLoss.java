package dev.minke.kernels;

import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.util.Arrays;

/// The sequence-wise balance loss (V3 report eq. 17-20) and its gradient.
///
///     f[e] = E / (K T) * tokens with e among the top K of their scores
///     P[e] = 1 / T * sum_t s[t, e] / S[t],   S[t] = sum_e s[t, e]
///     loss = alpha * sum_e f[e] P[e]
///     ds[t, e] = alpha / (T S[t]) * (f[e] - sum_j f[j] s[t, j] / S[t])
///
/// Numerics: double; sums over runs of 128 tokens of a sequence, then over the runs.
final class BalanceLoss {
    private static final int RUN = 128;

    private BalanceLoss() {}

    static double run(
            Team team, Tensor scores, Tensor sequences, int topK, float alpha, Tensor dscores) {
        int experts = Math.toIntExact(scores.cols());
        int[] starts = sequences.toInts();
        int count = starts.length - 1;
        int[] firstRun = new int[count + 1];
        for (int s = 0; s < count; s++) {
            firstRun[s + 1] = firstRun[s] + Math.ceilDiv(starts[s + 1] - starts[s], RUN);
        }
        int runs = firstRun[count];
        int[] owner = new int[runs];
        for (int s = 0; s < count; s++) {
            Arrays.fill(owner, firstRun[s], firstRun[s + 1], s);
        }
        double[] f = new double[runs * experts];
        double[] p = new double[runs * experts];
        long cost = (long) RUN * experts * topK;
        Bands.rows(
                team,
                runs,
                cost,
                (from, to) -> {
                    for (int run = (int) from; run < to; run++) {
                        int s = owner[run];
                        int first = starts[s] + (run - firstRun[s]) * RUN;
                        int last = Math.min(starts[s + 1], first + RUN);
                        count(scores, first, last, topK, f, p, run * experts);
                    }
                });
        double loss = 0;
        for (int s = 0; s < count; s++) {
            loss +=
                    join(
                            f,
                            p,
                            firstRun[s],
                            firstRun[s + 1],
                            starts[s + 1] - starts[s],
                            topK,
                            experts);
        }
        Bands.rows(
                team,
                runs,
                cost,
                (from, to) -> {
                    for (int run = (int) from; run < to; run++) {
                        int s = owner[run];
                        int first = starts[s] + (run - firstRun[s]) * RUN;
                        int last = Math.min(starts[s + 1], first + RUN);
                        double factor = alpha / (double) (starts[s + 1] - starts[s]);
                        gradient(scores, first, last, factor, f, firstRun[s] * experts, dscores);
                    }
                });
        return alpha * loss;
    }

    /// Count choices into `f` and add normalised scores to `p`, from `at` on.
    private static void count(
            Tensor scores, int first, int last, int topK, double[] f, double[] p, int at) {
        int experts = Math.toIntExact(scores.cols());
        float[] s = new float[experts];
        for (int t = first; t < last; t++) {
            read(scores, t, s);
            double sum = sum(s);
            for (int e = 0; e < experts; e++) {
                p[at + e] += s[e] / sum;
            }
            for (int k = 0; k < topK; k++) {
                int best = 0;
                for (int e = 1; e < experts; e++) {
                    if (s[e] > s[best]) {
                        best = e;
                    }
                }
                f[at + best]++;
                s[best] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    /// Sum the runs of a sequence; the first run's place receives f. Returns sum of f P.
    private static double join(
            double[] f, double[] p, int firstRun, int lastRun, int tokens, int topK, int experts) {
        if (tokens == 0) {
            return 0;
        }
        double loss = 0;
        for (int e = 0; e < experts; e++) {
            double chosen = 0;
            double mean = 0;
            for (int run = firstRun; run < lastRun; run++) {
                chosen += f[run * experts + e];
                mean += p[run * experts + e];
            }
            double share = chosen * experts / ((double) topK * tokens);
            f[firstRun * experts + e] = share;
            loss += share * (mean / tokens);
        }
        return loss;
    }

    private static void gradient(
            Tensor scores, int first, int last, double factor, double[] f, int at, Tensor dscores) {
        int experts = Math.toIntExact(scores.cols());
        float[] s = new float[experts];
        for (int t = first; t < last; t++) {
            read(scores, t, s);
            double sum = sum(s);
            double mean = 0;
            for (int e = 0; e < experts; e++) {
                mean += f[at + e] * s[e];
            }
            mean /= sum;
            for (int e = 0; e < experts; e++) {
                s[e] = (float) (factor / sum * (f[at + e] - mean));
            }
            long out = dscores.offset() + 4 * t * dscores.rowStride();
            Panels.copyOut(s, 0, 0, 1, experts, dscores.segment(), out, 0);
        }
    }

    private static double sum(float[] s) {
        double sum = 0;
        for (float x : s) {
            sum += x;
        }
        return sum;
    }

    private static void read(Tensor scores, int t, float[] s) {
        long at = scores.offset() + 4 * t * scores.rowStride();
        Panels.copyIn(scores.segment(), at, 0, 1, s.length, s, 0, 0);
    }
}
