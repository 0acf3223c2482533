package dev.minke.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.minke.tensor.RouterRule.GroupScore;
import dev.minke.tensor.RouterRule.Scoring;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/// The choice of experts, its gradient, and the balance loss.
public interface RouterContract extends ContractSupport {
    /// V3, V2, V2-Lite and small odd ones, among them groups of a single expert.
    RouterRule[] RULES = {
        new RouterRule(Scoring.SIGMOID, 256, 8, 8, 4, GroupScore.SUM_OF_TOP_TWO, true, 2.5f),
        new RouterRule(Scoring.SOFTMAX, 160, 6, 8, 3, GroupScore.MAX, false, 16f),
        new RouterRule(Scoring.SOFTMAX, 64, 6, 1, 1, GroupScore.MAX, false, 1f),
        new RouterRule(Scoring.SIGMOID, 16, 5, 4, 2, GroupScore.SUM_OF_TOP_TWO, true, 2.5f),
        new RouterRule(Scoring.SIGMOID, 15, 4, 5, 3, GroupScore.MAX, true, 1f),
        new RouterRule(Scoring.SIGMOID, 7, 3, 7, 4, GroupScore.SUM_OF_TOP_TWO, false, 2f),
        new RouterRule(Scoring.SOFTMAX, 33, 2, 1, 1, GroupScore.MAX, true, 1f),
        new RouterRule(Scoring.SIGMOID, 1, 1, 1, 1, GroupScore.SUM_OF_TOP_TWO, true, 1f),
        new RouterRule(Scoring.SIGMOID, 8, 8, 2, 2, GroupScore.SUM_OF_TOP_TWO, true, 2.5f),
    };

    /// What [Kernels#route] returns.
    record Choice(Tensor scores, Tensor index, Tensor weight) {
        static Choice of(Sample sample, Kernels kernels, RouterRule rule, Tensor x, Tensor bias) {
            Choice choice =
                    new Choice(
                            sample.output(x.rows(), rule.experts()),
                            sample.indices(1, x.rows(), rule.topK()),
                            sample.output(x.rows(), rule.topK()));
            kernels.route(rule, x, bias, choice.scores, choice.index, choice.weight);
            return choice;
        }
    }

    @Test
    default void routeFollowsTheRule() {
        for (RouterRule rule : RULES) {
            for (int tokens : new int[] {1, 3, 17, 100}) {
                Sample sample = sample(41);
                Tensor logits = sample.matrix(tokens, rule.experts());
                Tensor bias = sample.dense(rule.experts());
                sample.fill(bias, 0.2);
                Choice choice = Choice.of(sample, kernels(), rule, logits, bias);
                double[] scores = scores(rule.scoring(), Sample.doubles(logits), rule.experts());
                Close.within(rule + " scores", choice.scores(), scores, 1e-6);
                for (int t = 0; t < tokens; t++) {
                    int[] expected = choose(rule, choice.scores(), bias.toFloats(), t);
                    int[] found = choice.index().slice(t).toInts();
                    assertThat(found).as("%s token %d", rule, t).isEqualTo(expected);
                }
                double[] weights = weights(rule, scores, choice.index().toInts());
                Close.relative(rule + " weights", choice.weight(), weights, 1e-5);
                Sample.frameUntouched("scores", choice.scores());
                Sample.frameUntouched("weights", choice.weight());
            }
        }
    }

    /// Experts by sorting: groups by score, then their members by biased score, stable.
    private static int[] choose(RouterRule rule, Tensor scores, float[] bias, int t) {
        Integer[] experts = new Integer[rule.experts()];
        Integer[] groups = new Integer[rule.groups()];
        Arrays.setAll(experts, e -> e);
        Arrays.setAll(groups, g -> g);
        int size = experts.length / groups.length;
        float[] biased = new float[experts.length];
        for (int e = 0; e < biased.length; e++) {
            biased[e] = scores.getFloat(t, e) + bias[e];
        }
        float[] groupScores = new float[groups.length];
        for (int g = 0; g < groups.length; g++) {
            float[] members = Arrays.copyOfRange(biased, g * size, (g + 1) * size);
            Arrays.sort(members);
            boolean two = rule.groupScore() == GroupScore.SUM_OF_TOP_TWO && size > 1;
            groupScores[g] = members[size - 1] + (two ? members[size - 2] : 0);
        }
        Arrays.sort(groups, (a, b) -> Float.compare(groupScores[b], groupScores[a]));
        Arrays.sort(experts, (a, b) -> Float.compare(biased[b], biased[a]));
        var kept = Arrays.asList(groups).subList(0, rule.topGroups());
        return Arrays.stream(experts)
                .mapToInt(e -> e)
                .filter(e -> kept.contains(e / size))
                .limit(rule.topK())
                .toArray();
    }

    private static double[] scores(Scoring scoring, double[] logits, int experts) {
        double[] scores = new double[logits.length];
        for (int from = 0; from < logits.length; from += experts) {
            double sum = 0;
            for (int i = from; i < from + experts; i++) {
                scores[i] =
                        scoring == Scoring.SIGMOID
                                ? 1 / (1 + Math.exp(-logits[i]))
                                : Math.exp(logits[i]);
                sum += scores[i];
            }
            for (int i = from; i < from + experts && scoring == Scoring.SOFTMAX; i++) {
                scores[i] /= sum;
            }
        }
        return scores;
    }

    private static double[] weights(RouterRule rule, double[] scores, int[] index) {
        double[] weights = new double[index.length];
        for (int from = 0; from < index.length; from += rule.topK()) {
            int token = from / rule.topK() * rule.experts();
            double sum = 1e-20;
            for (int i = from; i < from + rule.topK(); i++) {
                sum += scores[token + index[i]];
            }
            for (int i = from; i < from + rule.topK(); i++) {
                double divisor = rule.normalize() ? sum : 1;
                weights[i] = scores[token + index[i]] / divisor * rule.scale();
            }
        }
        return weights;
    }

    /// The test vector of the specification, section 1.6: with a mask of 0 instead of minus
    /// infinity, expert 0 of an excluded group would replace expert 15.
    @Test
    default void negativeBiasedScoresNeverLoseToMaskedGroups() {
        RouterRule rule = RULES[3];
        Tensor logits =
                Tensor.copyOf(
                        arena(),
                        new float[] {
                            0.5f, -1, 2, 0, 1.5f, 1.4f, -2, -3, 3, -4, -4, -4, 0.2f, 0.1f, 0.3f,
                            0.4f
                        },
                        1,
                        16);
        Sample sample = sample(42);
        Tensor bias =
                sample.floats(
                        -0.7f, -0.7f, -0.4f, -0.7f, 0, 0, -0.5f, -0.5f, -0.6f, -0.2f, -0.2f, -0.2f,
                        0.2f, 0.2f, -0.9f, -0.9f);
        Choice choice = Choice.of(sample, kernels(), rule, logits, bias);
        int[] index = choice.index().toInts();
        assertThat(index).containsExactlyInAnyOrder(4, 5, 12, 13, 15);
        double[] expected = new double[16];
        expected[4] = 0.620642;
        expected[5] = 0.608959;
        expected[12] = 0.417394;
        expected[13] = 0.398526;
        expected[15] = 0.454480;
        for (int k = 0; k < 5; k++) {
            assertThat((double) choice.weight().getFloat(0, k))
                    .as("weight of expert %d", index[k])
                    .isCloseTo(expected[index[k]], within(1e-6));
        }
        // descending biased scores: 0.8176 0.8022 0.7498 0.7250 -0.3013
        assertThat(index).containsExactly(4, 5, 12, 13, 15);
    }

    @Test
    default void equalScoresGoToTheLowestIndex() {
        for (RouterRule rule : RULES) {
            Sample sample = sample(43);
            Tensor logits = sample.output(3, rule.experts());
            logits.clear();
            Tensor bias = Tensor.zeros(arena(), rule.experts());
            Choice choice = Choice.of(sample, kernels(), rule, logits, bias);
            int[] expected = new int[rule.topK()];
            Arrays.setAll(expected, k -> k);
            assertThat(choice.index().slice(2).toInts()).as("%s", rule).isEqualTo(expected);
        }
    }

    @Test
    default void aTieBetweenGroupsGoesToTheFirst() {
        Sample sample = sample(44);
        RouterRule rule =
                new RouterRule(Scoring.SIGMOID, 6, 2, 3, 1, GroupScore.SUM_OF_TOP_TWO, true, 1);
        Tensor logits =
                Tensor.copyOf(arena(), new float[] {-1, -1, 0.5f, 0.25f, 0.25f, 0.5f}, 1, 6);
        Tensor bias = Tensor.zeros(arena(), 6);
        Choice choice = Choice.of(sample, kernels(), rule, logits, bias);
        assertThat(choice.index().toInts()).containsExactly(2, 3);
    }

    @Test
    default void extremeLogitsGiveFiniteWeights() {
        for (RouterRule rule : RULES) {
            Sample sample = sample(45);
            Tensor logits = sample.matrix(9, rule.experts());
            sample.fill(logits, 300);
            for (int e = 0; e < rule.experts(); e++) {
                logits.setFloat(0, e, -1000);
                logits.setFloat(1, e, 1000);
            }
            Tensor bias = Tensor.zeros(arena(), rule.experts());
            Choice choice = Choice.of(sample, kernels(), rule, logits, bias);
            for (float weight : choice.weight().toFloats()) {
                assertThat(weight).as("%s", rule).isFinite().isNotNegative();
            }
        }
    }

    @Test
    default void routeGradientsAreThoseOfTheWeightsAndScores() {
        for (RouterRule rule : RULES) {
            Sample sample = sample(46);
            int tokens = 3;
            Tensor logits = sample.matrix(tokens, rule.experts());
            Tensor bias = sample.dense(rule.experts());
            sample.fill(bias, 0.2);
            Choice choice = Choice.of(sample, kernels(), rule, logits, bias);
            Tensor dweight = sample.matrix(tokens, rule.topK());
            Tensor dscores = sample.matrix(tokens, rule.experts());
            Tensor dlogits = sample.output(tokens, rule.experts());
            kernels()
                    .routeBackward(
                            rule, dweight, dscores, choice.scores(), choice.index(), dlogits);
            double[] dw = Sample.doubles(dweight);
            double[] ds = Sample.doubles(dscores);
            int[] index = choice.index().toInts();
            Differences.check(
                    rule + " dlogits",
                    dlogits,
                    Sample.doubles(logits),
                    z -> {
                        double[] scores = scores(rule.scoring(), z, rule.experts());
                        return Differences.dot(dw, weights(rule, scores, index))
                                + Differences.dot(ds, scores);
                    },
                    1e-5);
            Sample.frameUntouched("dlogits", dlogits);
        }
    }

    @Test
    default void balanceLossIsTheSumOverSequences() {
        for (int experts : new int[] {1, 3, 16, 33, 64}) {
            Sample sample = sample(47);
            int topK = Math.min(experts, 4);
            Tensor sequences = sample.starts(5, 1, 17, 33);
            Tensor scores = positive(sample, 56, experts);
            Tensor dscores = sample.output(56, experts);
            double loss = kernels().balanceLoss(scores, sequences, topK, 0.03f, dscores);
            double[] s = Sample.doubles(scores);
            int[] starts = sequences.toInts();
            double[] loads = loads(s, starts, experts, topK);
            double expected = balance(s, loads, starts, experts, 0.03f);
            assertThat(loss).isCloseTo(expected, within(1e-5 * (1 + expected)));
            Differences.check(
                    "dscores of " + experts,
                    dscores,
                    s,
                    x -> balance(x, loads, starts, experts, 0.03f),
                    2e-5);
            Sample.frameUntouched("dscores", dscores);
        }
    }

    @Test
    default void balanceLossOfUniformScoresIsAlphaForEachSequence() {
        Sample sample = sample(48);
        Tensor scores = Tensor.zeros(arena(), 8, 4);
        for (int t = 0; t < 8; t++) {
            for (int e = 0; e < 4; e++) {
                scores.setFloat(t, e, 0.25f);
            }
        }
        Tensor dscores = sample.blank(8, 4);
        double loss = kernels().balanceLoss(scores, sample.starts(4, 4), 2, 0.5f, dscores);
        // ties go to the first experts: f = (2, 2, 0, 0), P = 1/4 each, sum 1
        assertThat(loss).isCloseTo(1.0, within(1e-6));
        assertThat(dscores.getFloat(0, 0)).isPositive();
        assertThat(dscores.getFloat(0, 3)).isNegative();
    }

    private static Tensor positive(Sample sample, int tokens, int experts) {
        Tensor scores = sample.output(tokens, experts);
        for (int t = 0; t < tokens; t++) {
            for (int e = 0; e < experts; e++) {
                scores.setFloat(t, e, (float) (0.05 + sample.rng().nextDouble()));
            }
        }
        return scores;
    }

    /// f of every sequence, [S, E]; constants for the gradient.
    private static double[] loads(double[] s, int[] starts, int experts, int topK) {
        double[] f = new double[(starts.length - 1) * experts];
        for (int q = 0; q + 1 < starts.length; q++) {
            double share = (double) experts / topK / (starts[q + 1] - starts[q]);
            for (int t = starts[q]; t < starts[q + 1]; t++) {
                Integer[] order = new Integer[experts];
                Arrays.setAll(order, e -> e);
                int row = t * experts;
                Arrays.sort(order, (a, b) -> Double.compare(s[row + b], s[row + a]));
                for (int k = 0; k < topK; k++) {
                    f[q * experts + order[k]] += share;
                }
            }
        }
        return f;
    }

    private static double balance(double[] s, double[] f, int[] starts, int experts, double alpha) {
        double loss = 0;
        for (int q = 0; q + 1 < starts.length; q++) {
            for (int t = starts[q]; t < starts[q + 1]; t++) {
                double sum = 0;
                double weighted = 0;
                for (int e = 0; e < experts; e++) {
                    sum += s[t * experts + e];
                    weighted += f[q * experts + e] * s[t * experts + e];
                }
                loss += alpha * weighted / sum / (starts[q + 1] - starts[q]);
            }
        }
        return loss;
    }

    @Test
    default void routingHasTheSameBitsOnAnyTeamAndInAnyCompany() {
        for (RouterRule rule : RULES) {
            Sample sample = sample(49);
            Tensor logits = sample.matrix(67, rule.experts());
            Tensor bias = sample.dense(rule.experts());
            Tensor dweight = sample.matrix(67, rule.topK());
            Tensor sequences = sample.starts(30, 1, 36);
            sameBitsOnAnyTeam(
                    rule + "",
                    kernels -> {
                        Choice choice = Choice.of(sample, kernels, rule, logits, bias);
                        Tensor dscores = sample.output(67, rule.experts());
                        Tensor loss = sample.blank(1);
                        double value =
                                kernels.balanceLoss(
                                        choice.scores(), sequences, rule.topK(), 0.1f, dscores);
                        loss.setFloat(0, 0, (float) value);
                        Tensor dlogits = sample.output(67, rule.experts());
                        kernels.routeBackward(
                                rule, dweight, dscores, choice.scores(), choice.index(), dlogits);
                        return ContractSupport.join(
                                choice.scores(),
                                choice.index(),
                                choice.weight(),
                                dscores,
                                loss,
                                dlogits);
                    });
            Choice all = Choice.of(sample, kernels(), rule, logits, bias);
            Choice one = Choice.of(sample, kernels(), rule, logits.range(40, 41), bias);
            Close.sameBits("scores", one.scores(), all.scores().range(40, 41));
            Close.sameBits("weight", one.weight(), all.weight().range(40, 41));
        }
    }
}
