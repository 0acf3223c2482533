package dev.minke.cli;

import dev.minke.infer.Continuation;
import dev.minke.infer.FinishReason;
import dev.minke.infer.engine.TextListener;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/// Brings what an engine's thread says of one request to the thread that prints it, which may be
/// slow.
final class TextQueue implements TextListener {
    /// What became of a request.
    sealed interface Event {
        /// A token was drawn.
        record Step(int choice, Continuation.Step step) implements Event {}

        /// A choice is at its end; `rest` is text that no step has brought.
        record End(int choice, FinishReason reason, String rest) implements Event {}

        /// Nothing more will come.
        record Failure(Throwable cause) implements Event {}
    }

    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();

    /// The next event; waits for it.
    Event take() throws InterruptedException {
        return events.take();
    }

    @Override
    public void step(int choice, Continuation.Step step) {
        events.add(new Event.Step(choice, step));
    }

    @Override
    public void finished(int choice, FinishReason reason, String rest) {
        events.add(new Event.End(choice, reason, rest));
    }

    @Override
    public void failed(Throwable cause) {
        events.add(new Event.Failure(cause));
    }
}
