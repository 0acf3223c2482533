package dev.minke.model.template;

import java.util.List;

/// Statements that are executed one after the other.
///
/// @param height how deep the tree is below this
record Body(List<Statement> statements, int height) {
    static final Body EMPTY = new Body(List.of(), 0);

    Statement.Signal execute(Scope scope) {
        for (Statement statement : statements) {
            Statement.Signal signal = statement.execute(scope);
            if (signal != Statement.Signal.NEXT) {
                return signal;
            }
        }
        return Statement.Signal.NEXT;
    }
}
