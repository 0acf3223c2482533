package dev.minke.train;

import dev.minke.model.autograd.Tape;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.DeepSeekModel.LossScales;
import dev.minke.model.deepseek.DeepSeekModel.Losses;
import dev.minke.model.deepseek.RoutingMonitor;
import dev.minke.model.deepseek.TokenBatch;
import dev.minke.model.deepseek.TokenBatch.Sequence;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// How well a model predicts a text: windows of equal length side by side, each read from its first
/// token on, every token but that one predicted from those before it in its window.
public final class Perplexity {
    private static final int ROWS = 2048;

    private Perplexity() {}

    /// What was measured.
    ///
    /// @param nats sum of -log p over the predicted tokens
    /// @param tokens how many were predicted
    public record Result(double nats, long tokens) {
        /// Mean loss in nats per token.
        public double loss() {
            return nats / tokens;
        }

        /// exp of the mean loss.
        public double perplexity() {
            return Math.exp(loss());
        }
    }

    /// Hears how far the measurement is.
    @FunctionalInterface
    public interface Listener {
        /// `so` is the result over the first `done` of `windows` windows.
        void windows(int done, int windows, Result so);
    }

    /// Measure `model` on `tokens`, in windows of `context`; a last window of one token is left
    /// out.
    ///
    /// @throws IllegalArgumentException if the context is longer than the model's or there are
    ///   fewer than two tokens
    public static Result of(
            DeepSeekModel model, Kernels kernels, int[] tokens, int context, Listener listener) {
        if (context < 2 || context > model.config().maxPositionEmbeddings()) {
            throw new IllegalArgumentException(
                    "a window is %d tokens, expected 2 to max_position_embeddings %d"
                            .formatted(context, model.config().maxPositionEmbeddings()));
        }
        List<int[]> windows = new ArrayList<>();
        for (int from = 0; from + 1 < tokens.length; from += context) {
            windows.add(Arrays.copyOfRange(tokens, from, Math.min(tokens.length, from + context)));
        }
        if (windows.isEmpty()) {
            throw new IllegalArgumentException("the text has one token, expected two or more");
        }
        int together = Math.max(1, ROWS / context);
        Result result = new Result(0, 0);
        try (Workspace workspace = new Workspace()) {
            for (int i = 0; i < windows.size(); i += together) {
                int end = Math.min(windows.size(), i + together);
                List<Sequence> part =
                        windows.subList(i, end).stream()
                                .map(w -> new Sequence(w, w.length - 1, 1))
                                .toList();
                workspace.reset();
                Losses losses =
                        model.losses(
                                Tape.inference(kernels, workspace),
                                TokenBatch.of(part, workspace),
                                new LossScales(1, 0),
                                RoutingMonitor.none());
                result =
                        new Result(
                                result.nats + losses.main().sum(),
                                result.tokens + losses.main().count());
                listener.windows(end, windows.size(), result);
            }
        }
        return result;
    }
}
