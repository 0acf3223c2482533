package dev.minke.model.template;

import dev.minke.model.template.Token.Type;
import java.util.HashSet;
import java.util.Set;

/// What all parts of the parser share: the tokens, and how deep they are nested.
class TokenReader {
    private static final int MOST_NESTING = 200;

    final Lexer lexer;
    // Names that are read since the innermost macro began.
    Set<String> names = new HashSet<>();
    // Inside of a condition an unknown filter is an error only once it is reached.
    int soft;
    int deepest;
    private int nesting;

    TokenReader(Lexer lexer) {
        this.lexer = lexer;
    }

    boolean skipName(String name) throws MalformedTemplate {
        boolean here = lexer.peek().isName(name);
        if (here) {
            lexer.next();
        }
        return here;
    }

    boolean skipOperator(String operator) throws MalformedTemplate {
        boolean here = lexer.peek().isOperator(operator);
        if (here) {
            lexer.next();
        }
        return here;
    }

    void expectOperator(String operator) throws MalformedTemplate {
        if (!skipOperator(operator)) {
            throw unexpected("'" + operator + "'");
        }
    }

    Token expect(Type type, String expected) throws MalformedTemplate {
        if (lexer.peek().type() != type) {
            throw unexpected(expected);
        }
        return lexer.next();
    }

    MalformedTemplate unexpected(String expected) throws MalformedTemplate {
        Token found = lexer.peek();
        return lexer.fail(
                found.at(), "expected %s, found %s".formatted(expected, found.describe()));
    }

    void enter(int at) throws MalformedTemplate {
        if (++nesting > MOST_NESTING) {
            throw lexer.fail(at, "nested deeper than %d levels".formatted(MOST_NESTING));
        }
        deepest = Math.max(deepest, nesting);
    }

    void leave() {
        nesting--;
    }

    int nesting() {
        return nesting;
    }
}
