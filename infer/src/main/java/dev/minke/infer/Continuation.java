package dev.minke.infer;

import dev.minke.infer.constrain.Constraint;
import dev.minke.tensor.Tensor;
import java.util.Optional;

/// One sequence from logits to text: a [Sampler] under a [StopRule], and under a
/// [Constraint.Matcher] if its text has to belong to a language.
public final class Continuation {
    private final Sampler sampler;
    private final StopRule rule;
    private final Optional<Constraint.Matcher> matcher;

    /// @param sampler which knows the prompt already, if that is to make a difference
    /// @param rule fresh
    public Continuation(Sampler sampler, StopRule rule) {
        this(sampler, rule, Optional.empty());
    }

    /// Continue within a language: nothing else is drawn, and the sequence ends where nothing can
    /// be added, whatever the rule says of its least length.
    ///
    /// @param matcher fresh, over the vocabulary of the rule's tokenizer
    public Continuation(Sampler sampler, StopRule rule, Constraint.Matcher matcher) {
        this(sampler, rule, Optional.of(matcher));
    }

    private Continuation(Sampler sampler, StopRule rule, Optional<Constraint.Matcher> matcher) {
        this.sampler = sampler;
        this.rule = rule;
        this.matcher = matcher;
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
    /// @throws IllegalStateException if the sequence has ended, or the matcher cannot go on
    public Step next(Tensor logits, long row, Candidates candidates) {
        if (matcher.isPresent()) {
            return next(logits, row, matcher.get().mask(), candidates);
        }
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
        if (matcher.isPresent() && rule.finish().isEmpty()) {
            matcher.get().accept(token);
            if (matcher.get().mustEnd()) {
                text += rule.finish(FinishReason.STOP);
            }
        }
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
