package dev.minke.model.template;

import java.io.IOException;
import java.io.Serial;
import java.nio.file.Path;

/// A template that is not Jinja, uses what is not supported, or cannot be read from its file.
///
/// The message is one line: template, line and column or key, what is wrong.
public final class MalformedTemplate extends IOException {
    @Serial private static final long serialVersionUID = 1L;

    private final int line;
    private final int column;

    MalformedTemplate(Source source, int offset, String problem) {
        super(source.message(offset, problem));
        this.line = source.line(offset);
        this.column = source.column(offset);
    }

    MalformedTemplate(Path file, String problem) {
        super(Source.line(file + ": " + problem));
        this.line = 0;
        this.column = 0;
    }

    /// The line of the construct, from 1; 0 if it is not about one.
    public int line() {
        return line;
    }

    /// The column of the construct in code points, from 1; 0 if it is not about one.
    public int column() {
        return column;
    }
}
