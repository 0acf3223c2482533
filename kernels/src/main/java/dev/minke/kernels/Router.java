package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.minke.tensor.RouterRule;
import dev.minke.tensor.RouterRule.GroupScore;
import dev.minke.tensor.RouterRule.Scoring;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// The choice of experts and its gradient, token by token: scores in vectors, the choice in scalar
/// loops over a row that is in cache.
///
/// Numerics: exponentials in F32 (see [Exp]), the sum of a softmax and all gradients in double.
final class Router {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final int L = Lanes.COUNT;

    private Router() {}

    static void forward(
            Team team,
            Scratch.Pool pool,
            RouterRule rule,
            Tensor logits,
            Tensor bias,
            Tensor scores,
            Tensor index,
            Tensor weight) {
        long rows = logits.rows();
        long cost = (long) rule.experts() * (rule.topK() + 4);
        if (Bands.few(rows, cost)) {
            Scratch scratch = pool.take(0);
            range(scratch, rule, logits, bias, scores, index, weight, 0, rows);
            pool.give(0, scratch);
        } else {
            Bands.rows(
                    team,
                    pool,
                    rows,
                    cost,
                    (scratch, from, to) ->
                            range(scratch, rule, logits, bias, scores, index, weight, from, to));
        }
    }

    private static void range(
            Scratch scratch,
            RouterRule rule,
            Tensor logits,
            Tensor bias,
            Tensor scores,
            Tensor index,
            Tensor weight,
            long from,
            long to) {
        Memory memory = scratch.routing(rule);
        int experts = rule.experts();
        float[] s = memory.scores;
        float[] biased = memory.biased;
        for (long t = from; t < to; t++) {
            long at = logits.offset() + 4 * t * logits.rowStride();
            Panels.copyIn(logits.segment(), at, 0, 1, experts, s, 0, 0);
            if (rule.scoring() == Scoring.SIGMOID) {
                sigmoid(s, experts);
            } else {
                softmax(s, experts);
            }
            for (int e = 0; e < experts; e++) {
                long correction = bias.offset() + 4L * e;
                biased[e] = s[e] + bias.segment().get(JAVA_FLOAT_UNALIGNED, correction);
            }
            if (rule.topGroups() < rule.groups()) {
                maskGroups(rule, biased, memory.groups, memory.kept);
            }
            best(biased, memory.chosen);
            long out = scores.offset() + 4 * t * scores.rowStride();
            Panels.copyOut(s, 0, 0, 1, experts, scores.segment(), out, 0);
            write(rule, s, memory.chosen, t, index, weight);
        }
    }

    /// What a worker needs for the choice by a rule.
    static final class Memory {
        final float[] scores;
        final float[] biased;
        final float[] groups;
        final int[] chosen;
        final int[] kept;

        Memory(RouterRule rule) {
            scores = new float[rule.experts() + L];
            biased = new float[rule.experts()];
            groups = new float[rule.groups()];
            chosen = new int[rule.topK()];
            kept = new int[rule.topGroups()];
        }

        boolean fits(RouterRule rule) {
            return biased.length == rule.experts()
                    && groups.length == rule.groups()
                    && chosen.length == rule.topK()
                    && kept.length == rule.topGroups();
        }
    }

    private static void sigmoid(float[] s, int n) {
        for (int i = 0; i < n; i += L) {
            Exp.sigmoid(FloatVector.fromArray(F, s, i)).intoArray(s, i);
        }
    }

    private static void softmax(float[] s, int n) {
        Arrays.fill(s, n, n + L, Float.NEGATIVE_INFINITY);
        FloatVector most = FloatVector.fromArray(F, s, 0);
        for (int i = L; i < n; i += L) {
            FloatVector v = FloatVector.fromArray(F, s, i);
            most = most.blend(v, v.compare(VectorOperators.GT, most));
        }
        float max = most.reduceLanes(VectorOperators.MAX);
        for (int i = 0; i < n; i += L) {
            Exp.expNegative(FloatVector.fromArray(F, s, i).sub(max)).intoArray(s, i);
        }
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += s[i];
        }
        for (int i = 0; i < n; i++) {
            s[i] = (float) (s[i] / sum);
        }
    }

    /// Set the members of all but the best groups to minus infinity: however negative the biased
    /// scores of the others are, these cannot be chosen.
    private static void maskGroups(RouterRule rule, float[] biased, float[] groups, int[] kept) {
        int size = biased.length / groups.length;
        for (int g = 0; g < groups.length; g++) {
            float first = Float.NEGATIVE_INFINITY;
            float second = Float.NEGATIVE_INFINITY;
            for (int e = g * size; e < (g + 1) * size; e++) {
                if (biased[e] > first) {
                    second = first;
                    first = biased[e];
                } else if (biased[e] > second) {
                    second = biased[e];
                }
            }
            // a group of one expert has no second best
            boolean one = rule.groupScore() == GroupScore.MAX || size == 1;
            groups[g] = one ? first : first + second;
        }
        best(groups, kept);
        // `best` has marked the kept groups
        for (int g = 0; g < groups.length; g++) {
            if (!Float.isNaN(groups[g])) {
                Arrays.fill(biased, g * size, (g + 1) * size, Float.NEGATIVE_INFINITY);
            }
        }
    }

    /// Indices of the largest values, descending, equal ones in ascending index order. What was
    /// chosen is marked by NaN in `values`.
    private static void best(float[] values, int[] chosen) {
        for (int k = 0; k < chosen.length; k++) {
            int best = -1;
            float most = Float.NEGATIVE_INFINITY;
            for (int e = 0; e < values.length; e++) {
                if (values[e] > most) {
                    most = values[e];
                    best = e;
                }
            }
            // all that is left is minus infinity or NaN: the first that is not yet chosen
            chosen[k] = best >= 0 ? best : firstFree(chosen, k);
            values[chosen[k]] = Float.NaN;
        }
    }

    private static int firstFree(int[] chosen, int count) {
        int e = 0;
        for (int k = 0; k < count; k++) {
            if (chosen[k] == e) {
                e++;
                k = -1;
            }
        }
        return e;
    }

    private static void write(
            RouterRule rule, float[] s, int[] chosen, long t, Tensor index, Tensor weight) {
        float sum = 0;
        for (int e : chosen) {
            sum += s[e];
        }
        float divisor = rule.normalize() ? sum + 1e-20f : 1;
        long to = index.offset() + 4 * t * index.rowStride();
        long out = weight.offset() + 4 * t * weight.rowStride();
        for (int k = 0; k < chosen.length; k++) {
            float w = s[chosen[k]] / divisor * rule.scale();
            index.segment().set(JAVA_INT_UNALIGNED, to + 4L * k, chosen[k]);
            weight.segment().set(JAVA_FLOAT_UNALIGNED, out + 4L * k, w);
        }
    }

    /// With S = sum of the chosen scores + 1e-20 and w = scale s / S: `ds[e] = scale (dw[e] / S -
    /// sum(dw s) / S^2)` plus dscores; then sigmoid `dz = ds s (1 - s)` or softmax `dz = s (ds -
    /// sum(ds s))`.
    static void backward(
            Team team,
            RouterRule rule,
            Tensor dweight,
            Tensor dscores,
            Tensor scores,
            Tensor index,
            Tensor dlogits) {
        int experts = rule.experts();
        Bands.rows(
                team,
                scores.rows(),
                8L * experts,
                (from, to) -> {
                    double[] ds = new double[experts];
                    float[] s = new float[experts];
                    for (long t = from; t < to; t++) {
                        long at = scores.offset() + 4 * t * scores.rowStride();
                        Panels.copyIn(scores.segment(), at, 0, 1, experts, s, 0, 0);
                        MemorySegment given = dscores.segment();
                        long d = dscores.offset() + 4 * t * dscores.rowStride();
                        for (int e = 0; e < experts; e++) {
                            ds[e] = given.get(JAVA_FLOAT_UNALIGNED, d + 4L * e);
                        }
                        addThroughWeights(rule, dweight, index, t, s, ds);
                        long out = dlogits.offset() + 4 * t * dlogits.rowStride();
                        throughScoring(rule.scoring(), s, ds, dlogits.segment(), out);
                    }
                });
    }

    private static void addThroughWeights(
            RouterRule rule, Tensor dweight, Tensor index, long t, float[] s, double[] ds) {
        MemorySegment indices = index.segment();
        MemorySegment gradients = dweight.segment();
        long chosen = index.offset() + 4 * t * index.rowStride();
        long dw = dweight.offset() + 4 * t * dweight.rowStride();
        double sum = 1e-20;
        double product = 0;
        for (int k = 0; k < rule.topK(); k++) {
            float score = s[indices.get(JAVA_INT_UNALIGNED, chosen + 4L * k)];
            sum += score;
            product += (double) gradients.get(JAVA_FLOAT_UNALIGNED, dw + 4L * k) * score;
        }
        for (int k = 0; k < rule.topK(); k++) {
            double g = gradients.get(JAVA_FLOAT_UNALIGNED, dw + 4L * k);
            double d = rule.normalize() ? (g - product / sum) / sum : g;
            ds[indices.get(JAVA_INT_UNALIGNED, chosen + 4L * k)] += rule.scale() * d;
        }
    }

    private static void throughScoring(
            Scoring scoring, float[] s, double[] ds, MemorySegment to, long out) {
        double common = 0;
        for (int e = 0; e < s.length; e++) {
            common += ds[e] * s[e];
        }
        boolean sigmoid = scoring == Scoring.SIGMOID;
        for (int e = 0; e < s.length; e++) {
            double d = sigmoid ? ds[e] * s[e] * (1 - s[e]) : s[e] * (ds[e] - common);
            to.set(JAVA_FLOAT_UNALIGNED, out + 4L * e, (float) d);
        }
    }
}
