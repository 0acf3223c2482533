package dev.minke.model.text;

import java.io.IOException;
import java.nio.file.Path;

/// A tokenizer file cannot be used: the message names file and place, what was found, what fits.
public final class MalformedTokenizer extends IOException {
    private static final long serialVersionUID = 1L;

    MalformedTokenizer(Path file, String problem) {
        super(file + ": " + problem);
    }

    MalformedTokenizer(Path file, IllegalArgumentException cause) {
        super(file + ": " + cause.getMessage(), cause);
    }
}
