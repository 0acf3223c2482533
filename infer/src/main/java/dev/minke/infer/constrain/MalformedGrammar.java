package dev.minke.infer.constrain;

/// A grammar, pattern or schema cannot be used: the message names place, what was found, what fits.
///
/// The place is a line and column, or the JSON pointer of a schema's keyword.
public final class MalformedGrammar extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private MalformedGrammar(String message) {
        super(message);
    }

    /// Name a position in a text; `offset` counts UTF-16 units from 0.
    static MalformedGrammar at(String kind, String text, int offset, String problem) {
        int line = 1;
        int lineStart = 0;
        int end = Math.min(offset, text.length());
        for (int i = 0; i < end; i++) {
            if (text.charAt(i) == '\n') {
                line++;
                lineStart = i + 1;
            }
        }
        int column = text.codePointCount(lineStart, Math.max(lineStart, end)) + 1;
        return new MalformedGrammar(
                "%s, line %d, column %d: %s".formatted(kind, line, column, problem));
    }

    /// Name a keyword of a schema by its JSON pointer.
    static MalformedGrammar inSchema(String pointer, String problem) {
        return new MalformedGrammar(
                "schema, %s: %s".formatted(pointer.isEmpty() ? "at the root" : pointer, problem));
    }

    /// Name a grammar as a whole, or one rule of it.
    static MalformedGrammar inRule(String rule, String problem) {
        return new MalformedGrammar("%s: %s".formatted(rule, problem));
    }
}
