package dev.minke.cli.bench;

import dev.minke.infer.FinishReason;
import dev.minke.infer.engine.Engine;
import dev.minke.infer.engine.EngineListener;
import dev.minke.infer.engine.Request;
import dev.minke.infer.engine.Ticket;
import dev.minke.tensor.Rng;
import java.util.Optional;

/// One request that draws tokens at random and notes when.
final class Stopwatch implements EngineListener {
    private final Rng rng;
    private final int vocabSize;
    private final long[] times;
    private final Request request;
    private long begin;
    private volatile int count;
    private volatile boolean cancelled;
    private Optional<Throwable> failure = Optional.empty();
    private Optional<Ticket> ticket = Optional.empty();

    /// @param tokens to draw
    Stopwatch(int[] prompt, int tokens, int vocabSize, long seed) {
        this.rng = new Rng(seed);
        this.vocabSize = vocabSize;
        this.times = new long[tokens];
        this.request = new Request(prompt, tokens, 1, 0, _ -> false, _ -> (_, _, _) -> draw());
    }

    private int draw() {
        times[count] = System.nanoTime();
        count = count + 1; // written by the engine's thread alone
        return rng.nextInt(vocabSize);
    }

    /// Hand the request in.
    Stopwatch submit(Engine engine) {
        begin = System.nanoTime();
        ticket = Optional.of(engine.submit(request, this));
        return this;
    }

    /// Wait for the end.
    ///
    /// @throws IllegalStateException if the request failed
    Stopwatch await() {
        try {
            ticket().await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while speeds were measured", e);
        }
        if (failure.isPresent()) {
            throw new IllegalStateException("a request failed", failure.get());
        }
        return this;
    }

    Ticket ticket() {
        return ticket.orElseThrow();
    }

    /// Tokens drawn so far.
    int count() {
        return count;
    }

    boolean cancelled() {
        return cancelled;
    }

    /// When token `i` was drawn, on the clock of [System#nanoTime()].
    long at(int i) {
        return times[i];
    }

    /// Seconds from the submission to token `i`.
    double seconds(int i) {
        return (times[i] - begin) * 1e-9;
    }

    /// Seconds from token `from` to token `to`.
    double seconds(int from, int to) {
        return (times[to] - times[from]) * 1e-9;
    }

    @Override
    public boolean token(int choice, int id) {
        return true;
    }

    @Override
    public void finished(int choice, FinishReason reason) {
        cancelled = reason == FinishReason.CANCELLED;
    }

    @Override
    public void failed(Throwable cause) {
        failure = Optional.of(cause);
    }
}
