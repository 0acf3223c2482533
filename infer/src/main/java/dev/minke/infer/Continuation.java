package dev.minke.infer;

import dev.minke.tensor.Tensor;
import java.util.Optional;

/// One sequence from logits to text: a [Sampler] under a [StopRule].
public final class Continuation {
    private final Sampler sampler;
    private final StopRule rule;

    /// @param sampler which knows the prompt already, if that is to make a difference
    /// @param rule fresh
    public Continuation(Sampler sampler, StopRule rule) {
        this.sampler = sampler;
        this.rule = rule;
    }

    /// What one token brought.
    ///
    /// @param token the drawn one
    /// @param kept whether it belongs to the sequence; false for one that ends it
    /// @param text what can be shown now: less than the token's, or more, where text is held back
    /// @param finish whether and why the sequence has ended
    /// @param logprobs of the token, if asked for
    public record Step(
            int token,
            boolean kept,
            String text,
            Optional<FinishReason> finish,
            Optional<TokenLogprobs> logprobs) {}

    /// Draw the next token from row `row` of `logits`; see [Sampler#sample].
    ///
    /// @throws IllegalStateException if the sequence has ended
    public Step next(Tensor logits, long row, Candidates candidates) {
        sampler.ban(rule.banned());
        return step(sampler.sample(logits, row, candidates), logits, row, candidates);
    }

    /// Draw the next token among those that `mask` allows.
    ///
    /// @throws IllegalStateException if the sequence has ended
    public Step next(Tensor logits, long row, long[] mask, Candidates candidates) {
        sampler.ban(rule.banned());
        return step(sampler.sample(logits, row, mask, candidates), logits, row, candidates);
    }

    private Step step(int token, Tensor logits, long row, Candidates candidates) {
        String text = rule.accept(token);
        Optional<TokenLogprobs> logprobs =
                sampler.params().logprobs() == SamplingParams.NO_LOGPROBS
                        ? Optional.empty()
                        : Optional.of(sampler.logprobs(logits, row, token, candidates));
        return new Step(token, !rule.ends(token), text, rule.finish(), logprobs);
    }

    /// How it draws.
    public Sampler sampler() {
        return sampler;
    }

    /// When it ends, and whether it has.
    public StopRule rule() {
        return rule;
    }
}
