package dev.minke.infer.engine;

import dev.minke.infer.Sampler;
import dev.minke.infer.SamplingParams;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;

/// What a caller wants continued.
///
/// @param prompt token ids, at least one; not copied, must not change
/// @param maxTokens new tokens of each choice at most
/// @param choices continuations, which share the prompt's cache
/// @param priority higher goes first; waiting raises it
/// @param stop tokens that end a choice and are not part of it
/// @param drawers makes what draws the tokens of each choice
public record Request(
        int[] prompt,
        int maxTokens,
        int choices,
        int priority,
        IntPredicate stop,
        IntFunction<Drawer> drawers) {
    /// Check the numbers that need no model.
    ///
    /// @throws IllegalArgumentException naming the field, its value and what would fit
    public Request {
        if (prompt.length == 0) {
            throw new IllegalArgumentException("the prompt is empty, expected one token or more");
        }
        if (maxTokens < 1) {
            throw new IllegalArgumentException(
                    "max tokens is " + maxTokens + ", expected 1 or more");
        }
        if (choices < 1) {
            throw new IllegalArgumentException("n is " + choices + ", expected 1 or more");
        }
    }

    /// One choice of priority 0 that nothing but its length stops.
    public static Request of(int[] prompt, int maxTokens, SamplingParams params) {
        IntFunction<Drawer> drawers =
                choice -> {
                    Sampler sampler = new Sampler(params, choice);
                    sampler.prompt(prompt);
                    return sampler::sample;
                };
        return new Request(prompt, maxTokens, 1, 0, id -> false, drawers);
    }

    /// The same with `n` choices.
    public Request withChoices(int n) {
        return new Request(prompt, maxTokens, n, priority, stop, drawers);
    }

    /// The same with another priority.
    public Request withPriority(int other) {
        return new Request(prompt, maxTokens, choices, other, stop, drawers);
    }

    /// The same with other stop tokens.
    public Request withStop(IntPredicate other) {
        return new Request(prompt, maxTokens, choices, priority, other, drawers);
    }
}
