package dev.minke.infer.engine;

import java.util.concurrent.CountDownLatch;

/// A submitted request, for its caller.
public final class Ticket {
    private final long id;
    private final Runnable wake;
    private final CountDownLatch end = new CountDownLatch(1);
    private volatile boolean cancelled;
    private volatile int position = 1;

    Ticket(long id, Runnable wake) {
        this.id = id;
        this.wake = wake;
    }

    /// Number of the request, ascending in order of submission.
    public long id() {
        return id;
    }

    /// End the request before the next step, with [FinishReason#CANCELLED] for every choice that
    /// has not ended; its blocks are free then. No effect after its end.
    public void cancel() {
        cancelled = true;
        wake.run();
    }

    /// Place in the queue, 1 for the next one; 0 once it runs.
    public int position() {
        return position;
    }

    /// Whether all choices have ended.
    public boolean ended() {
        return end.getCount() == 0;
    }

    /// Wait for the end of all choices.
    public void await() throws InterruptedException {
        end.await();
    }

    boolean cancelled() {
        return cancelled;
    }

    void moved(int place) {
        position = place;
    }

    void end() {
        end.countDown();
    }
}
