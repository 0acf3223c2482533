package dev.minke.train;

/// How to learn (spec 4.1, 4.3); the keys of a run file's `train` section.
///
/// @param seed of weights, order of data and everything else that is drawn
/// @param steps optimiser steps of the whole run
/// @param batchSize sequences in an optimiser step
/// @param sequenceLength tokens of a sequence
/// @param microBatchTokens most tokens in one forward and backward pass; gradients of several are
///   added
/// @param learningRate at the plateau
/// @param minLearningRate at the end of the cosine
/// @param warmupSteps linear rise from 0
/// @param constantFraction share of the steps after warm-up before the cosine begins
/// @param beta1 AdamW's decay of the first moment
/// @param beta2 AdamW's decay of the second moment
/// @param epsilon AdamW's epsilon
/// @param weightDecay decoupled, on tensors of two dimensions or more
/// @param clipNorm largest global gradient norm
/// @param initStd standard deviation of the first weights
/// @param mtpWeight lambda, the weight of the MTP loss
/// @param balanceAlpha factor of the sequence-wise balance loss; 0 turns it off
/// @param biasSpeed gamma, by which router biases move after every step; 0 turns it off
/// @param biasFrozenFraction share of the steps at the end in which the biases rest
/// @param evalEvery steps between validations; 0 for the end alone
/// @param evalTokens most validation tokens looked at each time; 0 for all
/// @param snapshotEvery steps between snapshots; 0 for the end alone
/// @param snapshotsKept how many of the newest snapshots stay
public record TrainConfig(
        long seed,
        int steps,
        int batchSize,
        int sequenceLength,
        int microBatchTokens,
        double learningRate,
        double minLearningRate,
        int warmupSteps,
        double constantFraction,
        double beta1,
        double beta2,
        double epsilon,
        double weightDecay,
        double clipNorm,
        double initStd,
        double mtpWeight,
        double balanceAlpha,
        double biasSpeed,
        double biasFrozenFraction,
        int evalEvery,
        long evalTokens,
        int snapshotEvery,
        int snapshotsKept) {

    /// Check the ranges.
    ///
    /// @throws IllegalArgumentException naming the key, its value and what would fit
    public TrainConfig {
        atLeast("steps", steps, 1);
        atLeast("batchSize", batchSize, 1);
        atLeast("sequenceLength", sequenceLength, 2);
        atLeast("microBatchTokens", microBatchTokens, 1);
        within("learningRate", learningRate, 0, 10);
        within("minLearningRate", minLearningRate, 0, learningRate);
        atLeast("warmupSteps", warmupSteps, 0);
        within("constantFraction", constantFraction, 0, 1);
        within("beta1", beta1, 0, 0.999999);
        within("beta2", beta2, 0, 0.9999999);
        within("epsilon", epsilon, 1e-30, 1);
        within("weightDecay", weightDecay, 0, 10);
        within("clipNorm", clipNorm, 1e-9, 1e9);
        within("initStd", initStd, 0, 10);
        within("mtpWeight", mtpWeight, 0, 100);
        within("balanceAlpha", balanceAlpha, 0, 100);
        within("biasSpeed", biasSpeed, 0, 1);
        within("biasFrozenFraction", biasFrozenFraction, 0, 1);
        atLeast("evalEvery", evalEvery, 0);
        within("evalTokens", evalTokens, 0, Long.MAX_VALUE);
        atLeast("snapshotEvery", snapshotEvery, 0);
        atLeast("snapshotsKept", snapshotsKept, 1);
    }

    private static void atLeast(String key, int value, int least) {
        if (value < least) {
            throw new IllegalArgumentException(
                    "train.%s is %d, expected %d or more".formatted(key, value, least));
        }
    }

    private static void within(String key, double value, double least, double most) {
        if (!(value >= least && value <= most)) {
            throw new IllegalArgumentException(
                    "train.%s is %s, expected %s to %s".formatted(key, value, least, most));
        }
    }

    /// Learning rate of step `step` (from 0): linear warm-up, plateau, cosine to the minimum.
    public double learningRate(long step) {
        if (step < warmupSteps) {
            return learningRate * (step + 1) / warmupSteps;
        }
        double rest = Math.max(1, steps - warmupSteps);
        double done = (step - warmupSteps) / rest;
        if (done <= constantFraction || constantFraction == 1) {
            return learningRate;
        }
        double fall = Math.min(1, (done - constantFraction) / (1 - constantFraction));
        return minLearningRate
                + 0.5 * (learningRate - minLearningRate) * (1 + StrictMath.cos(Math.PI * fall));
    }

    /// Gamma of step `step` (from 0): 0 in the last part of the run.
    public double biasSpeed(long step) {
        return step < steps * (1 - biasFrozenFraction) ? biasSpeed : 0;
    }
}
