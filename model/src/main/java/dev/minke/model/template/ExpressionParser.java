package dev.minke.model.template;

import dev.minke.model.template.Token.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Read expressions by the grammar of Jinja's own parser, one method for each of its levels.
///
/// Chains of operators become one node, so that only real nesting makes the tree deep.
class ExpressionParser extends OperandParser {
    ExpressionParser(Lexer lexer) {
        super(lexer);
    }

    // Expressions, from the loosest operator to the tightest

    @Override
    Expr expression() throws MalformedTemplate {
        enter(lexer.peek().at());
        int levels = 1;
        Expr value = or();
        while (lexer.peek().isName("if")) {
            int at = lexer.next().at();
            enter(at);
            levels++;
            soft++;
            Expr test = or();
            Optional<Expr> other = skipName("else") ? Optional.of(expression()) : Optional.empty();
            soft--;
            value = new Expr.Conditional(test, value, other.orElse(null), at);
        }
        for (; levels > 0; levels--) {
            leave();
        }
        return value;
    }

    @Override
    Expr tuple(boolean conditional, boolean parenthesized, String end) throws MalformedTemplate {
        int at = lexer.peek().at();
        List<Expr> items = new ArrayList<>();
        boolean tuple = false;
        while (!isTupleEnd(end)) {
            items.add(conditional ? expression() : unconditional());
            if (!skipOperator(",")) {
                break;
            }
            tuple = true;
        }
        if (!tuple && items.size() == 1) {
            return items.getFirst();
        }
        if (items.isEmpty() && !parenthesized) {
            throw unexpected("an expression");
        }
        return new Expr.Sequence(List.copyOf(items), true, at);
    }

    private boolean isTupleEnd(String end) throws MalformedTemplate {
        Token token = lexer.peek();
        return token.type() == Type.PRINT_END
                || token.type() == Type.BLOCK_END
                || token.isOperator(")")
                || !end.isEmpty() && token.isName(end);
    }

    private Expr unconditional() throws MalformedTemplate {
        enter(lexer.peek().at());
        Expr value = or();
        leave();
        return value;
    }

    private Expr or() throws MalformedTemplate {
        Expr first = and();
        if (!lexer.peek().isName("or")) {
            return first;
        }
        List<Expr> operands = new ArrayList<>(List.of(first));
        while (skipName("or")) {
            operands.add(and());
        }
        return new Expr.Logical(List.copyOf(operands), true);
    }

    private Expr and() throws MalformedTemplate {
        Expr first = not();
        if (!lexer.peek().isName("and")) {
            return first;
        }
        List<Expr> operands = new ArrayList<>(List.of(first));
        while (skipName("and")) {
            operands.add(not());
        }
        return new Expr.Logical(List.copyOf(operands), false);
    }

    private Expr not() throws MalformedTemplate {
        Token token = lexer.peek();
        if (!token.isName("not")) {
            return compare();
        }
        lexer.next();
        enter(token.at());
        Expr operand = not();
        leave();
        return new Expr.Not(operand);
    }

    private Expr compare() throws MalformedTemplate {
        int at = lexer.peek().at();
        Expr first = sum();
        List<Comparison> operators = new ArrayList<>();
        List<Expr> operands = new ArrayList<>();
        for (Comparison next = comparison(); next != null; next = comparison()) {
            operators.add(next);
            operands.add(sum());
        }
        return operators.isEmpty()
                ? first
                : new Expr.Compare(first, List.copyOf(operators), List.copyOf(operands), at);
    }

    private @Nullable Comparison comparison() throws MalformedTemplate {
        Token token = lexer.peek();
        Comparison found = null;
        if (token.type() == Type.OPERATOR) {
            found = Comparison.of(token.text());
        } else if (token.isName("in")) {
            found = Comparison.IN;
        } else if (token.isName("not") && lexer.peekSecond().isName("in")) {
            lexer.next();
            found = Comparison.NOT_IN;
        }
        if (found != null) {
            lexer.next();
        }
        return found;
    }

    private Expr sum() throws MalformedTemplate {
        Expr first = concat();
        Token token = lexer.peek();
        if (!token.isOperator("+") && !token.isOperator("-")) {
            return first;
        }
        List<Expr.Operation> operations = new ArrayList<>();
        while (token.isOperator("+") || token.isOperator("-")) {
            lexer.next();
            operations.add(new Expr.Operation(token.text(), concat(), token.at()));
            token = lexer.peek();
        }
        return new Expr.Arithmetic(first, List.copyOf(operations));
    }

    private Expr concat() throws MalformedTemplate {
        int at = lexer.peek().at();
        Expr first = product();
        if (!lexer.peek().isOperator("~")) {
            return first;
        }
        List<Expr> parts = new ArrayList<>(List.of(first));
        while (skipOperator("~")) {
            parts.add(product());
        }
        return new Expr.Concat(List.copyOf(parts), at);
    }

    private Expr product() throws MalformedTemplate {
        Expr first = power();
        List<Expr.Operation> operations = new ArrayList<>();
        for (Token token = lexer.peek(); isProduct(token); token = lexer.peek()) {
            lexer.next();
            operations.add(new Expr.Operation(token.text(), power(), token.at()));
        }
        return operations.isEmpty() ? first : new Expr.Arithmetic(first, List.copyOf(operations));
    }

    private static boolean isProduct(Token token) {
        return token.type() == Type.OPERATOR
                && switch (token.text()) {
                    case "*", "/", "//", "%" -> true;
                    default -> false;
                };
    }

    /// Powers group to the left in Jinja, and a sign binds tighter.
    private Expr power() throws MalformedTemplate {
        Expr first = unary(true);
        List<Expr.Operation> operations = new ArrayList<>();
        for (Token token = lexer.peek(); token.isOperator("**"); token = lexer.peek()) {
            lexer.next();
            operations.add(new Expr.Operation("**", unary(true), token.at()));
        }
        return operations.isEmpty() ? first : new Expr.Arithmetic(first, List.copyOf(operations));
    }
}
