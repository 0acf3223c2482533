package dev.minke.train;

import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.GqaConfig;
import dev.minke.model.config.MlaConfig;
import dev.minke.model.config.MoeConfig;

/// What a run will take, before its first step.
///
/// @param states weights, gradients and both moments, bytes
/// @param passes intermediate values and their gradients of one micro-batch, bytes
public record MemoryEstimate(long states, long passes) {
    /// Estimate a run of `model`.
    ///
    /// All states are F32, four numbers a parameter. A pass keeps every intermediate value of a
    /// token and a gradient for nearly each, two numbers a value, in chunks of 64 MiB.
    public static MemoryEstimate of(DeepSeekConfig model, TrainConfig train) {
        long parameters = model.parameterCount() + model.mtpParameterCount();
        long perToken = 0;
        int blocks = model.numHiddenLayers() + model.numNextnPredictLayers();
        for (int layer = 0; layer < blocks; layer++) {
            perToken += blockValues(model, layer);
        }
        perToken += 8L * model.hiddenSize();
        long rows = Math.max(train.microBatchTokens(), train.sequenceLength());
        return new MemoryEstimate(16 * parameters, 8 * perToken * rows + (64L << 20));
    }

    private static long blockValues(DeepSeekConfig model, int layer) {
        MoeConfig moe = model.moe();
        long d = model.hiddenSize();
        long attention =
                switch (model.attention()) {
                    case MlaConfig mla ->
                            2L * mla.qLoraRank()
                                    + mla.queryRows()
                                    + mla.kvDownRows()
                                    + mla.kvLoraRank()
                                    + mla.kvUpRows()
                                    + mla.outputColumns();
                    case GqaConfig gqa ->
                            // queries, keys and values, and those again for each query head
                            3L * gqa.queryRows() + 2L * gqa.keyValueRows() + gqa.outputColumns();
                };
        long feedForward =
                model.layerHasExperts(layer)
                        ? moe.numExpertsPerTok() * (2 * d + 3L * moe.moeIntermediateSize())
                                + 3L * moe.sharedIntermediateSize()
                                + 4L * moe.nRoutedExperts()
                        : 3L * model.intermediateSize();
        return attention + feedForward + 6 * d;
    }

    /// All of it, bytes.
    public long total() {
        return states + passes;
    }

    /// Refuse a run that does not fit.
    ///
    /// @param available bytes of memory of the machine or container
    /// @throws IllegalArgumentException with the estimate and what would make it smaller
    public void check(long available) {
        if (total() > available) {
            throw new IllegalArgumentException(
                    "this run needs about %s of memory (%s for weights, gradients and moments, %s for a micro-batch), %s are there; fewer parameters or a smaller train.microBatchTokens would fit"
                            .formatted(gib(total()), gib(states), gib(passes), gib(available)));
        }
    }

    /// Bytes as text, such as `1.5 GiB`.
    public static String gib(long bytes) {
        return bytes >= 1L << 30
                ? "%.1f GiB".formatted(bytes / (double) (1L << 30))
                : "%.0f MiB".formatted(bytes / (double) (1L << 20));
    }
}
