package dev.minke.infer.engine;

import java.util.ArrayList;
import java.util.List;

/// A request inside the engine.
final class Job {
    final Request request;
    final EngineListener listener;
    final Ticket ticket;
    final List<Sequence> choices = new ArrayList<>();
    int expandedEnd;
    long arrival;

    /// Priority when it was last admitted, waiting included.
    long earned;

    /// Order of admission, to find the youngest.
    long admission;

    /// Blocks that it may still take before anybody else may.
    int promised;

    boolean running;

    Job(Request request, EngineListener listener, Ticket ticket) {
        this.request = request;
        this.listener = listener;
        this.ticket = ticket;
    }

    int promptLength() {
        return request.prompt().length;
    }

    /// Blocks of the prompt that are full, which all choices share.
    int fullPromptBlocks() {
        return promptLength() / CacheLayout.BLOCK;
    }

    /// The choice that computes what others share: the first one that has not ended.
    Sequence leader() {
        for (Sequence choice : choices) {
            if (choice.state != Sequence.State.ENDED) {
                return choice;
            }
        }
        throw new IllegalStateException("request " + ticket.id() + " has ended");
    }

    boolean ended() {
        for (Sequence choice : choices) {
            if (choice.state != Sequence.State.ENDED) {
                return false;
            }
        }
        return true;
    }
}
