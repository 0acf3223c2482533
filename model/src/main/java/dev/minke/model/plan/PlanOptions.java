package dev.minke.model.plan;

import dev.minke.model.config.DeepSeekConfig;
import java.util.OptionalInt;

/// What a plan is made for.
///
/// @param context tokens of a sequence; empty means 4096 for the work of a token and the model's
///   longest for the cache
/// @param sequences how many of them are cached at once
/// @param machineMemory bytes of memory that weights and cache have to fit into
/// @param cost tokens, GPUs and price of training
public record PlanOptions(
        OptionalInt context, int sequences, long machineMemory, TrainingCost.Assumptions cost) {
    private static final int USUAL = 4096;

    /// @throws IllegalArgumentException naming the value out of range
    public PlanOptions {
        if (context.isPresent() && context.getAsInt() < 1) {
            throw new IllegalArgumentException(
                    "context is %d, expected 1 or more".formatted(context.getAsInt()));
        }
        if (sequences < 1) {
            throw new IllegalArgumentException(
                    "number of sequences is %d, expected 1 or more".formatted(sequences));
        }
    }

    /// Length over which the work of a token is averaged.
    int workContext(DeepSeekConfig config) {
        return context.orElse(Math.min(USUAL, config.maxPositionEmbeddings()));
    }

    /// Length of a cached sequence.
    int cacheContext(DeepSeekConfig config) {
        return context.orElse(config.maxPositionEmbeddings());
    }
}
