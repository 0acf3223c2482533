package dev.minke.infer;

import dev.minke.tensor.Rng;
import dev.minke.tensor.Tensor;
import java.util.Arrays;

/// Draws tokens from logits for one sequence.
public final class Sampler {
    private final SamplingParams params;
    private final Rng rng;

    /// @param params how to draw
    public Sampler(SamplingParams params) {
        this.params = params;
        this.rng = Rng.stream(params.seed(), 1);
    }

    /// Draw from row `row` of `logits` [T, vocab].
    ///
    /// Temperature first, then top-k, then top-p of what is left; ties go to the lower id.
    public int sample(Tensor logits, long row) {
        int vocab = Math.toIntExact(logits.cols());
        if (params.temperature() == 0) {
            return argmax(logits, row, vocab);
        }
        double[] weight = new double[vocab];
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < vocab; i++) {
            weight[i] = logits.getFloat(row, i);
            max = Math.max(max, weight[i]);
        }
        for (int i = 0; i < vocab; i++) { // the largest first becomes 0, whatever divides it
            weight[i] = Math.exp((weight[i] - max) / params.temperature());
        }
        if (params.topK() > 0 || params.topP() < 1) {
            keepBest(weight);
        }
        double total = 0;
        for (double w : weight) {
            total += w;
        }
        double draw = rng.nextDouble() * total;
        int last = 0;
        for (int i = 0; i < vocab; i++) {
            if (weight[i] > 0) {
                last = i;
                draw -= weight[i];
                if (draw < 0) {
                    return i;
                }
            }
        }
        return last;
    }

    private static int argmax(Tensor logits, long row, int vocab) {
        int best = 0;
        float max = logits.getFloat(row, 0);
        for (int i = 1; i < vocab; i++) {
            float value = logits.getFloat(row, i);
            if (value > max) {
                max = value;
                best = i;
            }
        }
        return best;
    }

    private void keepBest(double[] weight) {
        Integer[] order = new Integer[weight.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> Double.compare(weight[b], weight[a]));
        int keep = params.topK() > 0 ? Math.min(params.topK(), order.length) : order.length;
        double total = 0;
        for (int i = 0; i < keep; i++) {
            total += weight[order[i]];
        }
        double sum = 0;
        for (int i = 0; i < order.length; i++) {
            boolean kept = i < keep && (i == 0 || sum < params.topP() * total);
            if (kept) {
                sum += weight[order[i]];
            } else {
                weight[order[i]] = 0;
            }
        }
    }
}
