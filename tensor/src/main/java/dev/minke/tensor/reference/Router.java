package dev.minke.tensor.reference;

import dev.minke.tensor.RouterRule;
import dev.minke.tensor.RouterRule.GroupScore;
import dev.minke.tensor.RouterRule.Scoring;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;

/// The choice of experts (spec 1.6), for every token on its own.
final class Router {
    private static final int BAND = 16;

    private Router() {}

    static void forward(
            Team team,
            RouterRule rule,
            Tensor logits,
            Tensor bias,
            Tensor scores,
            Tensor index,
            Tensor weight) {
        float[] correction = bias.toFloats();
        Bands.run(
                team,
                logits.rows(),
                BAND,
                (from, to) -> {
                    float[] s = new float[rule.experts()];
                    float[] biased = new float[rule.experts()];
                    boolean[] eligible = new boolean[rule.experts()];
                    int[] chosen = new int[rule.topK()];
                    for (long t = from; t < to; t++) {
                        scores(rule.scoring(), logits, t, s);
                        for (int e = 0; e < s.length; e++) {
                            biased[e] = s[e] + correction[e];
                        }
                        markBestGroups(rule, biased, eligible);
                        best(biased, eligible, chosen);
                        Memory.write(s, 0, scores.segment(), Memory.row(scores, t), s.length);
                        writeChoice(rule, s, chosen, t, index, weight);
                    }
                });
    }

    private static void scores(Scoring scoring, Tensor logits, long t, float[] s) {
        Memory.read(logits.segment(), logits.dtype(), Memory.row(logits, t), s, 0, s.length);
        if (scoring == Scoring.SIGMOID) {
            for (int e = 0; e < s.length; e++) {
                s[e] = (float) (1 / (1 + Math.exp(-s[e])));
            }
            return;
        }
        float max = Float.NEGATIVE_INFINITY;
        for (float z : s) {
            max = Math.max(max, z);
        }
        double sum = 0;
        for (float z : s) {
            sum += Math.exp((double) z - max);
        }
        for (int e = 0; e < s.length; e++) {
            s[e] = (float) (Math.exp((double) s[e] - max) / sum);
        }
    }

    /// Leave only the experts of the best groups eligible. What is not eligible can never be
    /// chosen, however negative the biased scores of the others are: the mask is minus infinity,
    /// not 0.
    private static void markBestGroups(RouterRule rule, float[] biased, boolean[] eligible) {
        int size = rule.experts() / rule.groups();
        float[] groupScore = new float[rule.groups()];
        boolean[] all = new boolean[rule.groups()];
        for (int g = 0; g < rule.groups(); g++) {
            groupScore[g] = groupScore(rule.groupScore(), biased, g * size, size);
            all[g] = true;
        }
        int[] kept = new int[rule.topGroups()];
        best(groupScore, all, kept);
        for (int e = 0; e < eligible.length; e++) {
            eligible[e] = false;
        }
        for (int g : kept) {
            for (int e = g * size; e < (g + 1) * size; e++) {
                eligible[e] = true;
            }
        }
    }

    private static float groupScore(GroupScore rule, float[] biased, int from, int size) {
        float first = Float.NEGATIVE_INFINITY;
        float second = Float.NEGATIVE_INFINITY;
        for (int e = from; e < from + size; e++) {
            if (biased[e] > first) {
                second = first;
                first = biased[e];
            } else if (biased[e] > second) {
                second = biased[e];
            }
        }
        // a group of one expert has no second best
        return rule == GroupScore.MAX || size == 1 ? first : first + second;
    }

    /// Indices of the largest eligible values, descending; equal values in ascending index order.
    private static void best(float[] values, boolean[] eligible, int[] chosen) {
        for (int k = 0; k < chosen.length; k++) {
            int best = -1;
            for (int e = 0; e < values.length; e++) {
                if (eligible[e] && (best < 0 || values[e] > values[best])) {
                    best = e;
                }
            }
            chosen[k] = best;
            eligible[best] = false;
        }
    }

    private static void writeChoice(
            RouterRule rule, float[] s, int[] chosen, long t, Tensor index, Tensor weight) {
        float sum = 0;
        for (int e : chosen) {
            sum += s[e];
        }
        float divisor = rule.normalize() ? sum + 1e-20f : 1;
        for (int k = 0; k < chosen.length; k++) {
            Memory.storeInt(index.segment(), Memory.row(index, t) + 4L * k, chosen[k]);
            Memory.store(
                    weight.segment(),
                    Memory.row(weight, t) + 4L * k,
                    s[chosen[k]] / divisor * rule.scale());
        }
    }

    /// With S = sum of the chosen scores + 1e-20 and w = scale * s / S: ds[e] = scale * (dw[e] / S
    /// - sum(dw * s) / S^2), plus dscores sigmoid: dz = ds * s * (1 - s) softmax: dz = s * (ds -
    ///   sum(ds * s))
    static void backward(
            Team team,
            RouterRule rule,
            Tensor dweight,
            Tensor dscores,
            Tensor scores,
            Tensor index,
            Tensor dlogits) {
        Bands.run(
                team,
                scores.rows(),
                BAND,
                (from, to) -> {
                    float[] s = new float[rule.experts()];
                    float[] dw = new float[rule.topK()];
                    float[] d = new float[rule.experts()];
                    double[] ds = new double[rule.experts()];
                    for (long t = from; t < to; t++) {
                        Memory.read(
                                scores.segment(),
                                scores.dtype(),
                                Memory.row(scores, t),
                                s,
                                0,
                                s.length);
                        Memory.read(
                                dscores.segment(),
                                dscores.dtype(),
                                Memory.row(dscores, t),
                                d,
                                0,
                                d.length);
                        for (int e = 0; e < ds.length; e++) {
                            ds[e] = d[e];
                        }
                        Memory.read(
                                dweight.segment(),
                                dweight.dtype(),
                                Memory.row(dweight, t),
                                dw,
                                0,
                                dw.length);
                        addThroughWeights(rule, dw, s, index, t, ds);
                        throughScoring(rule.scoring(), s, ds, d);
                        Memory.write(d, 0, dlogits.segment(), Memory.row(dlogits, t), d.length);
                    }
                });
    }

    private static void addThroughWeights(
            RouterRule rule, float[] dw, float[] s, Tensor index, long t, double[] ds) {
        long at = Memory.row(index, t);
        double sum = 1e-20;
        double product = 0;
        for (int k = 0; k < dw.length; k++) {
            float score = s[Memory.loadInt(index.segment(), at + 4L * k)];
            sum += score;
            product += (double) dw[k] * score;
        }
        for (int k = 0; k < dw.length; k++) {
            int e = Memory.loadInt(index.segment(), at + 4L * k);
            double d = rule.normalize() ? (dw[k] - product / sum) / sum : dw[k];
            ds[e] += rule.scale() * d;
        }
    }

    private static void throughScoring(Scoring scoring, float[] s, double[] ds, float[] dlogits) {
        double common = 0;
        for (int e = 0; e < s.length; e++) {
            common += ds[e] * s[e];
        }
        for (int e = 0; e < s.length; e++) {
            dlogits[e] =
                    (float)
                            (scoring == Scoring.SIGMOID
                                    ? ds[e] * s[e] * (1 - s[e])
                                    : s[e] * (ds[e] - common));
        }
    }
}
