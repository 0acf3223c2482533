package dev.minke.model.config;

import java.io.IOException;
import java.io.Serial;

/// A config.json that this family cannot run; the message is one line naming file and key.
public final class MalformedConfig extends IOException {
    @Serial private static final long serialVersionUID = 1L;

    private static final int SHOWN = 600;

    /// Say which file is wrong and what would fit.
    public MalformedConfig(String source, String problem) {
        super(source + ": " + line(problem));
    }

    /// Values come from the file; keep them from breaking the line or flooding it.
    private static String line(String text) {
        String shown = text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "...";
        // controls, marks of direction, half characters; separators of lines and paragraphs
        return shown.replaceAll("[\\p{C}\\p{Zl}\\p{Zp}]", "?");
    }
}
