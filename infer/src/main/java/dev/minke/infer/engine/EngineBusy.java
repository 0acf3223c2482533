package dev.minke.infer.engine;

/// The queue is full; the same request may be accepted later.
public final class EngineBusy extends IllegalStateException {
    private static final long serialVersionUID = 1;

    EngineBusy(int waiting) {
        super("the engine is busy: %d requests are waiting, no more may".formatted(waiting));
    }
}
