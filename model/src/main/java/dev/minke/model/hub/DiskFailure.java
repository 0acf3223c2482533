package dev.minke.model.hub;

import java.io.IOException;

/// A file that cannot be written or read: the network is not to blame, trying again does not help.
final class DiskFailure extends IOException {
    private static final long serialVersionUID = 1;

    DiskFailure(String message, IOException cause) {
        super(message, cause);
    }
}
