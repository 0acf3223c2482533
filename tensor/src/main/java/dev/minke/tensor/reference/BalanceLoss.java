package dev.minke.tensor.reference;

import dev.minke.tensor.DType;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;

/// The sequence-wise balance loss (spec 4.3, eq. 17-20), one task for each sequence: f[e] = E / (K
/// T) * #tokens with e among the top K of their scores P[e] = 1 / T * sum_t s[t, e] / S[t], S[t] =
/// sum_e s[t, e] loss = alpha * sum_e f[e] P[e] dloss/ds[t, e] = alpha / (T S[t]) * (f[e] - sum_j
/// f[j] s[t, j] / S[t])
final class BalanceLoss {
    private BalanceLoss() {}

    static double run(
            Team team, Tensor scores, Tensor sequences, int topK, float alpha, Tensor dscores) {
        double[] losses = new double[Math.toIntExact(sequences.size() - 1)];
        team.run(
                losses.length,
                (s, worker) ->
                        losses[s] =
                                one(
                                        scores,
                                        sequences.getInt(s),
                                        sequences.getInt(s + 1),
                                        topK,
                                        alpha,
                                        dscores));
        double total = 0;
        for (double loss : losses) {
            total += loss;
        }
        return total;
    }

    private static double one(
            Tensor scores, long from, long to, int topK, float alpha, Tensor dscores) {
        int experts = Math.toIntExact(scores.cols());
        double tokens = to - from;
        float[] s = new float[experts];
        double[] f = new double[experts];
        double[] p = new double[experts];
        for (long t = from; t < to; t++) {
            read(scores, t, s);
            double sum = sum(s);
            for (int e = 0; e < experts; e++) {
                p[e] += s[e] / sum / tokens;
                if (rank(s, e) < topK) {
                    f[e] += experts / (topK * tokens);
                }
            }
        }
        double loss = 0;
        for (int e = 0; e < experts; e++) {
            loss += f[e] * p[e];
        }
        for (long t = from; t < to; t++) {
            read(scores, t, s);
            double sum = sum(s);
            double mean = 0;
            for (int e = 0; e < experts; e++) {
                mean += f[e] * s[e] / sum;
            }
            long at = Memory.row(dscores, t);
            for (int e = 0; e < experts; e++) {
                Memory.store(
                        dscores.segment(),
                        at + 4L * e,
                        (float) (alpha / (tokens * sum) * (f[e] - mean)));
            }
        }
        return alpha * loss;
    }

    /// How many experts come before `e`: those of larger score, or equal score and lower index.
    private static int rank(float[] s, int e) {
        int before = 0;
        for (int i = 0; i < s.length; i++) {
            if (s[i] > s[e] || (s[i] == s[e] && i < e)) {
                before++;
            }
        }
        return before;
    }

    private static double sum(float[] s) {
        double sum = 0;
        for (float x : s) {
            sum += x;
        }
        return sum;
    }

    private static void read(Tensor scores, long t, float[] s) {
        Memory.read(scores.segment(), DType.F32, Memory.row(scores, t), s, 0, s.length);
    }
}
