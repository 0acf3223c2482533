package dev.minke.infer;

/// How the next token is drawn.
///
/// @param temperature divides the logits; 0 takes the best token always
/// @param topK only the best k tokens stay eligible; 0 for all
/// @param topP only the smallest set of best tokens with at least this probability; 1 for all
/// @param seed of the random draws; equal seeds give equal texts
public record SamplingParams(double temperature, int topK, double topP, long seed) {
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
    }

    /// Always the most probable token.
    public static SamplingParams greedy() {
        return new SamplingParams(0, 0, 1, 0);
    }
}
