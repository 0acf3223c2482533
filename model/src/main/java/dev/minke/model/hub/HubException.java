package dev.minke.model.hub;

import java.io.IOException;

/// What the hub or the store refuses, in one line that says what to do; trying again does not help.
public class HubException extends IOException {
    private static final long serialVersionUID = 1;

    /// @param message one line
    public HubException(String message) {
        super(message);
    }

    /// @param message one line
    /// @param cause what led to it
    public HubException(String message, Throwable cause) {
        super(message, cause);
    }
}
