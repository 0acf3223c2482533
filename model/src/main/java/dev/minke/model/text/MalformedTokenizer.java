package dev.minke.model.text;

import java.io.IOException;
import java.nio.file.Path;

/// A tokenizer file cannot be used: the message names file and place, what was found, what fits.
public final class MalformedTokenizer extends IOException {
    private static final long serialVersionUID = 1L;

    private static final int SHOWN = 600;

    MalformedTokenizer(Path file, String problem) {
        super(file + ": " + line(problem));
    }

    MalformedTokenizer(Path file, IllegalArgumentException cause) {
        super(file + ": " + line(String.valueOf(cause.getMessage())), cause);
    }

    /// Tokens come from the file; keep them from breaking the line or flooding it.
    private static String line(String text) {
        String shown = text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "...";
        // controls, marks of direction, half characters; separators of lines and paragraphs
        return shown.replaceAll("[\\p{C}\\p{Zl}\\p{Zp}]", "?");
    }
}
