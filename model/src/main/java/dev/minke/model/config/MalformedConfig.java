package dev.minke.model.config;

import java.io.IOException;
import java.io.Serial;

/// A config.json that this family cannot run; the message is one line naming file and key.
public final class MalformedConfig extends IOException {
    @Serial private static final long serialVersionUID = 1L;

    /// Say which file is wrong and what would fit.
    public MalformedConfig(String source, String problem) {
        super(source + ": " + problem);
    }
}
