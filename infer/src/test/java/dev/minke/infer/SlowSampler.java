package dev.minke.infer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;

/// What [Sampler] does, written down as it is defined: whole sorts, probabilities in double.
final class SlowSampler {
    private SlowSampler() {}

    /// The probability of every token after `prompt` and `drawn`; `allowed` tells by token.
    static double[] distribution(
            float[] logits, SamplingParams params, int[] prompt, int[] drawn, boolean[] allowed) {
        float[] edited = penalised(logits, params.penalties(), prompt, drawn);
        params.logitBias().forEach((token, bias) -> edited[token] += bias.floatValue());
        for (int i = 0; i < edited.length; i++) {
            if (!allowed[i]) {
                edited[i] = Float.NEGATIVE_INFINITY;
            }
        }
        List<Integer> left = new ArrayList<>();
        for (int i = 0; i < edited.length; i++) {
            if (edited[i] > Float.NEGATIVE_INFINITY) {
                left.add(i);
            }
        }
        left = best(left, i -> edited[i]);
        double[] p = new double[edited.length];
        if (params.temperature() == 0) {
            p[left.getFirst()] = 1;
            return p;
        }
        double max = edited[left.getFirst()];
        for (int i : left) {
            p[i] = Math.exp((edited[i] - max) / params.temperature());
        }
        if (params.topK() > 0) {
            left = left.subList(0, Math.min(params.topK(), left.size()));
        }
        normalise(p, left);
        if (params.typicalP() < 1) {
            double entropy = left.stream().mapToDouble(i -> -p[i] * Math.log(p[i])).sum();
            left = best(left, i -> -Math.abs(-Math.log(p[i]) - entropy));
            left = prefix(left, p, params.typicalP());
            left = best(left, i -> edited[i]);
            normalise(p, left);
        }
        if (params.topP() < 1) {
            left = prefix(left, p, params.topP());
            normalise(p, left);
        }
        if (params.minP() > 0) {
            double least = params.minP() * p[left.getFirst()];
            left = left.stream().filter(i -> p[i] >= least).toList();
            normalise(p, left);
        }
        return p;
    }

    private static float[] penalised(
            float[] logits, Penalties penalties, int[] prompt, int[] drawn) {
        int[] all = Arrays.copyOf(prompt, prompt.length + drawn.length);
        System.arraycopy(drawn, 0, all, prompt.length, drawn.length);
        int from =
                penalties.lastN() == Penalties.ALL
                        ? 0
                        : Math.max(0, all.length - penalties.lastN());
        float[] edited = logits.clone();
        for (int i = 0; i < edited.length; i++) {
            int token = i;
            double logit = logits[i];
            if (Arrays.stream(all, from, all.length).anyMatch(t -> t == token)) {
                logit = logit > 0 ? logit / penalties.repetition() : logit * penalties.repetition();
            }
            long count = Arrays.stream(drawn).filter(t -> t == token).count();
            if (count > 0) {
                logit -= penalties.frequency() * count + penalties.presence();
            }
            edited[i] = (float) logit + 0.0f; // -0 and 0 are equals
        }
        return edited;
    }

    private static List<Integer> best(List<Integer> tokens, ToDoubleFunction<Integer> score) {
        return tokens.stream()
                .sorted(
                        Comparator.comparingDouble(score)
                                .reversed()
                                .thenComparing(Comparator.naturalOrder()))
                .toList();
    }

    private static List<Integer> prefix(List<Integer> tokens, double[] p, double share) {
        double sum = 0;
        int n = 0;
        while (n < tokens.size() && sum < share) {
            sum += p[tokens.get(n++)];
        }
        return tokens.subList(0, n);
    }

    private static void normalise(double[] p, List<Integer> left) {
        double sum = left.stream().mapToDouble(i -> p[i]).sum();
        double[] old = p.clone();
        Arrays.fill(p, 0);
        left.forEach(i -> p[i] = old[i] / sum);
    }
}
