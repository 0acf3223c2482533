package dev.minke.infer;

import java.util.Map;

/// How the next token is drawn; [Sampler] says in which order the parts take effect.
///
/// @param temperature divides the logits; 0 takes the best token always
/// @param topK only the best k tokens stay eligible; 0 for all
/// @param topP only the smallest set of best tokens with at least this probability; 1 for all
/// @param minP only tokens with at least this share of the best one's probability; 0 for all
/// @param typicalP only the smallest set with at least this probability of the tokens whose
///   surprise is nearest to the expected one (Meister et al. 2022); 1 for all
/// @param penalties on what was there before
/// @param logitBias added to the logits of single tokens, -100 to 100, or -Infinity to forbid one
/// @param logprobs how many of the best tokens are reported with each drawn one; 0 reports the
///   drawn one alone, [#NO_LOGPROBS] nothing
/// @param seed of the random draws; equal seeds give equal texts
public record SamplingParams(
        double temperature,
        int topK,
        double topP,
        double minP,
        double typicalP,
        Penalties penalties,
        Map<Integer, Double> logitBias,
        int logprobs,
        long seed) {
    /// The `logprobs` that reports none.
    public static final int NO_LOGPROBS = -1;

    private static final double LARGEST_BIAS = 100;

    /// Check the ranges.
    ///
    /// @throws IllegalArgumentException naming the field, its value and what would fit
    public SamplingParams {
        if (!(temperature >= 0 && temperature <= 100)) {
            throw new IllegalArgumentException(
                    "temperature is " + temperature + ", expected 0 to 100");
        }
        if (topK < 0) {
            throw new IllegalArgumentException("top-k is " + topK + ", expected 0 or more");
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException(
                    "top-p is " + topP + ", expected more than 0 and at most 1");
        }
        if (!(minP >= 0 && minP <= 1)) {
            throw new IllegalArgumentException("min-p is " + minP + ", expected 0 to 1");
        }
        if (!(typicalP > 0 && typicalP <= 1)) {
            throw new IllegalArgumentException(
                    "typical-p is " + typicalP + ", expected more than 0 and at most 1");
        }
        if (logprobs < NO_LOGPROBS) {
            throw new IllegalArgumentException(
                    "logprobs is " + logprobs + ", expected 0 or more, or -1 for none");
        }
        logitBias = Map.copyOf(logitBias);
        logitBias.forEach(SamplingParams::checkBias);
    }

    /// Draw by temperature, top-k and top-p, with nothing else.
    public SamplingParams(double temperature, int topK, double topP, long seed) {
        this(temperature, topK, topP, 0, 1, Penalties.NONE, Map.of(), NO_LOGPROBS, seed);
    }

    private static void checkBias(int token, double bias) {
        boolean fits = bias >= -LARGEST_BIAS && bias <= LARGEST_BIAS;
        if (token < 0 || !(fits || bias == Double.NEGATIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "logit bias of token %d is %s, expected a token of 0 or more and a bias of -100 to 100, or -Infinity"
                            .formatted(token, bias));
        }
    }

    /// Check that the tokens with a bias exist, before the first draw would.
    ///
    /// @throws IllegalArgumentException naming one that does not
    public void check(int vocabSize) {
        for (int token : logitBias.keySet()) {
            if (token >= vocabSize) {
                throw new IllegalArgumentException(
                        "logit bias names token %d, expected 0 to %d"
                                .formatted(token, vocabSize - 1));
            }
        }
    }

    /// Always the most probable token.
    public static SamplingParams greedy() {
        return new SamplingParams(0, 0, 1, 0);
    }

    /// The same with another `minP`.
    public SamplingParams withMinP(double value) {
        return new SamplingParams(
                temperature, topK, topP, value, typicalP, penalties, logitBias, logprobs, seed);
    }

    /// The same with another `typicalP`.
    public SamplingParams withTypicalP(double value) {
        return new SamplingParams(
                temperature, topK, topP, minP, value, penalties, logitBias, logprobs, seed);
    }

    /// The same with other `penalties`.
    public SamplingParams withPenalties(Penalties value) {
        return new SamplingParams(
                temperature, topK, topP, minP, typicalP, value, logitBias, logprobs, seed);
    }

    /// The same with another `logitBias`.
    public SamplingParams withLogitBias(Map<Integer, Double> value) {
        return new SamplingParams(
                temperature, topK, topP, minP, typicalP, penalties, value, logprobs, seed);
    }

    /// The same with another `logprobs`.
    public SamplingParams withLogprobs(int value) {
        return new SamplingParams(
                temperature, topK, topP, minP, typicalP, penalties, logitBias, value, seed);
    }
}
