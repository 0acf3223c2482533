package dev.minke.infer.engine;

import dev.minke.infer.Continuation;
import dev.minke.infer.FinishReason;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Turns what the engine does with a request whose choices are [Continuation]s into text.
///
/// The continuations decide when a choice ends; the engine knows the largest of their limits only.
final class TextRun implements EngineListener {
    private final List<Continuation> continuations;
    private final TextListener listener;
    private final List<Optional<Continuation.Step>> latest;

    TextRun(List<Continuation> continuations, TextListener listener) {
        this.continuations = List.copyOf(continuations);
        this.listener = listener;
        this.latest = new ArrayList<>();
        for (int choice = 0; choice < continuations.size(); choice++) {
            latest.add(Optional.empty());
        }
    }

    /// The request.
    ///
    /// @throws IllegalArgumentException if a continuation has ended before it began
    Request request(int[] prompt, int priority) {
        int maxTokens = 0;
        for (Continuation continuation : continuations) {
            if (continuation.rule().finish().isPresent()) {
                throw new IllegalArgumentException("a continuation has ended already");
            }
            maxTokens = Math.max(maxTokens, continuation.rule().params().maxTokens());
        }
        return new Request(
                prompt, maxTokens, continuations.size(), priority, id -> false, this::drawer);
    }

    private Drawer drawer(int choice) {
        Continuation continuation = continuations.get(choice);
        return (logits, row, candidates) -> {
            Continuation.Step step = continuation.next(logits, row, candidates);
            latest.set(choice, Optional.of(step));
            return step.token();
        };
    }

    @Override
    public boolean token(int choice, int id) {
        Continuation.Step step = latest.get(choice).orElseThrow();
        listener.step(choice, step);
        return step.finish().isEmpty();
    }

    @Override
    public void finished(int choice, FinishReason reason) {
        var rule = continuations.get(choice).rule();
        String rest = rule.finish(reason); // nothing if the rule itself has ended the choice
        listener.finished(choice, rule.finish().orElse(reason), rest);
    }

    @Override
    public void failed(Throwable cause) {
        listener.failed(cause);
    }
}
