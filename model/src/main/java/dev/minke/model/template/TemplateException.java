package dev.minke.model.template;

import java.io.Serial;

/// A template cannot be rendered with what it was given, or it refuses to.
///
/// The message is one line: template, line and column, what is wrong.
public final class TemplateException extends IllegalArgumentException {
    @Serial private static final long serialVersionUID = 1L;

    private final String source;
    private final int line;
    private final int column;
    private final String reason;
    private final boolean raised;

    TemplateException(Source source, int offset, String reason, boolean raised) {
        super(source.message(offset, raised ? "the template refuses: " + reason : reason));
        this.source = source.name();
        this.line = source.line(offset);
        this.column = source.column(offset);
        this.reason = reason;
        this.raised = raised;
    }

    /// The name of the template.
    public String source() {
        return source;
    }

    /// The line of the construct, from 1.
    public int line() {
        return line;
    }

    /// The column of the construct in code points, from 1.
    public int column() {
        return column;
    }

    /// What is wrong, without the place.
    public String reason() {
        return reason;
    }

    /// Whether the template itself called `raise_exception`; its message is the reason then.
    public boolean raised() {
        return raised;
    }
}
