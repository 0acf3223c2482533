package dev.minke.infer;

import java.util.List;

/// When a sequence ends.
///
/// @param maxTokens it ends after so many tokens
/// @param minTokens nothing below ends it before there are so many
/// @param ignoreEos never draw the tokens that end texts
/// @param tokens ids that end it, beside those of the tokenizer
/// @param strings texts that end it; neither they nor what follows is given out
public record StopParams(
        int maxTokens,
        int minTokens,
        boolean ignoreEos,
        List<Integer> tokens,
        List<String> strings) {
    /// Check the ranges.
    ///
    /// @throws IllegalArgumentException naming the field, its value and what would fit
    public StopParams {
        if (maxTokens < 0) {
            throw new IllegalArgumentException(
                    "max tokens is " + maxTokens + ", expected 0 or more");
        }
        if (minTokens < 0 || minTokens > maxTokens) {
            throw new IllegalArgumentException(
                    "min tokens is %d, expected 0 to max tokens, %d"
                            .formatted(minTokens, maxTokens));
        }
        tokens = List.copyOf(tokens);
        strings = List.copyOf(strings);
        for (String string : strings) {
            if (string.isEmpty()) {
                throw new IllegalArgumentException("a stop string is empty");
            }
            if (string.codePoints().anyMatch(c -> c >= 0xD800 && c <= 0xDFFF)) {
                throw new IllegalArgumentException(
                        "stop string '%s' holds half a character, a surrogate without its other"
                                .formatted(string));
            }
        }
    }

    /// End at the tokenizer's end of text, or after `maxTokens`.
    public StopParams(int maxTokens) {
        this(maxTokens, 0, false, List.of(), List.of());
    }
}
