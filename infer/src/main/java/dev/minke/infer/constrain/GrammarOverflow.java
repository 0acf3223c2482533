package dev.minke.infer.constrain;

/// Following a grammar would take more memory or time than is granted: it is too ambiguous here.
///
/// The sequence under this grammar has to be given up; other sequences are not affected.
public final class GrammarOverflow extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    GrammarOverflow(String message) {
        super(message);
    }
}
