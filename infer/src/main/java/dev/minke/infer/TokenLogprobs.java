package dev.minke.infer;

import java.util.List;

/// How likely a token was, and which were the best at its place.
///
/// As in OpenAI's interface these are natural logarithms of the softmax of what the model computed:
/// before penalties, bias, masks, temperature and filters, over all tokens of the vocabulary.
///
/// @param token the drawn one
/// @param logprob its log-probability
/// @param top the best tokens, best first, whether the drawn one is among them or not
public record TokenLogprobs(int token, double logprob, List<Entry> top) {
    /// A token and its log-probability.
    public record Entry(int token, double logprob) {}

    /// Keep a copy of the list.
    public TokenLogprobs {
        top = List.copyOf(top);
    }
}
