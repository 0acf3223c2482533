package dev.minke.model.hub;

import java.io.IOException;
import java.time.Duration;

/// An answer of a server that may be another one a moment later.
final class TransientFailure extends IOException {
    private static final long serialVersionUID = 1;

    /// How long the server asks to wait, 0 if it does not say.
    private final Duration askedWait;

    TransientFailure(String message) {
        this(message, Duration.ZERO);
    }

    TransientFailure(String message, Duration wait) {
        super(message);
        this.askedWait = wait;
    }

    Duration askedWait() {
        return askedWait;
    }
}
