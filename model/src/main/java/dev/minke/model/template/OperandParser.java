package dev.minke.model.template;

import dev.minke.model.template.Token.Type;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Read what stands between operators: values and what is done with each of them.
abstract class OperandParser extends TokenReader {
    OperandParser(Lexer lexer) {
        super(lexer);
    }

    /// Read a whole expression.
    abstract Expr expression() throws MalformedTemplate;

    /// Read an expression, or several with commas between them as a tuple.
    ///
    /// @param conditional whether `if` and `else` may belong to it
    /// @param parenthesized whether there may be nothing at all
    /// @param end a name that ends the tuple, "" for none
    abstract Expr tuple(boolean conditional, boolean parenthesized, String end)
            throws MalformedTemplate;

    /// Read a value with its signs, attributes, calls, filters and tests.
    Expr unary(boolean withFilters) throws MalformedTemplate {
        Token token = lexer.peek();
        Expr value;
        if (token.isOperator("-") || token.isOperator("+")) {
            lexer.next();
            enter(token.at());
            value = new Expr.Sign(unary(false), token.text().equals("-"), token.at());
            leave();
        } else {
            value = primary();
        }
        int levels = 0;
        boolean filtered = false; // what is behind a filter or a test is no longer a postfix
        while (true) {
            token = lexer.peek();
            if (token.isOperator("(")) {
                value = call(value);
            } else if (!filtered && (token.isOperator(".") || token.isOperator("["))) {
                value = subscript(value);
            } else if (withFilters && token.isOperator("|")) {
                filtered = true;
                lexer.next();
                value = new Expr.Filter(value, filter());
            } else if (withFilters && token.isName("is")) {
                filtered = true;
                value = test(value);
            } else {
                break;
            }
            enter(token.at());
            levels++;
        }
        for (; levels > 0; levels--) {
            leave();
        }
        return value;
    }

    private Expr primary() throws MalformedTemplate {
        Token token = lexer.peek();
        return switch (token.type()) {
            case NAME -> name(lexer.next());
            case STRING -> {
                lexer.next();
                var text = new StringBuilder(token.text());
                while (lexer.peek().type() == Type.STRING) {
                    text.append(lexer.next().text());
                }
                yield new Expr.Constant(Text.of(text.toString()));
            }
            case INTEGER -> new Expr.Constant(integer(lexer.next()));
            case FLOAT -> new Expr.Constant(new Real(Double.parseDouble(lexer.next().text())));
            case OPERATOR -> bracket(token);
            case DATA, PRINT_BEGIN, PRINT_END, BLOCK_BEGIN, BLOCK_END, END ->
                    throw unexpected("an expression");
        };
    }

    private Expr name(Token token) {
        return switch (token.text()) {
            case "true", "True" -> new Expr.Constant(Bool.TRUE);
            case "false", "False" -> new Expr.Constant(Bool.FALSE);
            case "none", "None" -> new Expr.Constant(None.NONE);
            default -> {
                names.add(token.text());
                yield new Expr.Name(token.text(), token.at());
            }
        };
    }

    private Int integer(Token token) throws MalformedTemplate {
        String digits = token.text();
        if (digits.length() > Numbers.MOST_DIGITS) {
            throw lexer.fail(
                    token.at(), "a number of more than %d digits".formatted(Numbers.MOST_DIGITS));
        }
        int radix =
                switch (digits.length() > 1 ? digits.charAt(1) | 0x20 : 0) {
                    case 'b' -> 2;
                    case 'o' -> 8;
                    case 'x' -> 16;
                    default -> 10;
                };
        return Int.of(new BigInteger(radix == 10 ? digits : digits.substring(2), radix));
    }

    private Expr bracket(Token token) throws MalformedTemplate {
        return switch (token.text()) {
            case "(" -> {
                lexer.next();
                enter(token.at());
                Expr inner = tuple(true, true, "");
                leave();
                expectOperator(")");
                yield inner;
            }
            case "[" -> list();
            case "{" -> dict();
            default -> throw unexpected("an expression");
        };
    }

    private Expr list() throws MalformedTemplate {
        int at = lexer.next().at();
        List<Expr> items = new ArrayList<>();
        while (!lexer.peek().isOperator("]")) {
            items.add(expression());
            if (!lexer.peek().isOperator("]")) {
                expectOperator(",");
            }
        }
        lexer.next();
        return new Expr.Sequence(List.copyOf(items), false, at);
    }

    private Expr dict() throws MalformedTemplate {
        int at = lexer.next().at();
        List<Expr> keys = new ArrayList<>();
        List<Expr> values = new ArrayList<>();
        while (!lexer.peek().isOperator("}")) {
            keys.add(expression());
            expectOperator(":");
            values.add(expression());
            if (!lexer.peek().isOperator("}")) {
                expectOperator(",");
            }
        }
        lexer.next();
        return new Expr.Mapping(List.copyOf(keys), List.copyOf(values), at);
    }

    private Expr subscript(Expr owner) throws MalformedTemplate {
        Token token = lexer.next();
        if (token.isOperator(".")) {
            Token attribute = lexer.peek();
            if (attribute.type() == Type.NAME) {
                return new Expr.Attribute(owner, lexer.next().text(), token.at());
            }
            if (attribute.type() == Type.INTEGER) {
                Expr index = new Expr.Constant(integer(lexer.next()));
                return new Expr.Subscript(owner, index, token.at());
            }
            throw unexpected("a name or a number");
        }
        Expr index = subscribed(owner, token.at());
        if (!lexer.peek().isOperator(",")) {
            expectOperator("]");
            return index instanceof Expr.Slice
                    ? index
                    : new Expr.Subscript(owner, index, token.at());
        }
        List<Expr> indexes = new ArrayList<>(List.of(index));
        while (!skipOperator("]")) {
            expectOperator(",");
            indexes.add(subscribed(owner, token.at()));
        }
        if (indexes.stream().anyMatch(Expr.Slice.class::isInstance)) {
            throw lexer.fail(token.at(), "a slice among several indexes is not supported");
        }
        Expr tuple = new Expr.Sequence(List.copyOf(indexes), true, token.at());
        return new Expr.Subscript(owner, tuple, token.at());
    }

    /// Read an index, or a whole slice of the owner.
    private Expr subscribed(Expr owner, int at) throws MalformedTemplate {
        Expr start = null;
        if (!lexer.peek().isOperator(":")) {
            start = expression();
            if (!lexer.peek().isOperator(":")) {
                return start;
            }
        }
        expectOperator(":");
        Expr stop = part();
        Expr step = skipOperator(":") ? part() : null;
        return new Expr.Slice(owner, start, stop, step, at);
    }

    private @Nullable Expr part() throws MalformedTemplate {
        Token token = lexer.peek();
        boolean none = token.isOperator(":") || token.isOperator("]") || token.isOperator(",");
        return none ? null : expression();
    }

    private Expr.Call call(Expr callee) throws MalformedTemplate {
        int at = lexer.peek().at();
        return new Expr.Call(callee, arguments(), at);
    }

    private CallArguments arguments() throws MalformedTemplate {
        int at = lexer.next().at();
        List<Expr> positional = new ArrayList<>();
        Map<String, Expr> named = new LinkedHashMap<>();
        Expr list = null;
        Expr map = null;
        while (!lexer.peek().isOperator(")")) {
            boolean fits;
            if (skipOperator("*")) {
                fits = list == null && map == null;
                list = expression();
            } else if (skipOperator("**")) {
                fits = map == null;
                map = expression();
            } else if (lexer.peek().type() == Type.NAME && lexer.peekSecond().isOperator("=")) {
                String name = lexer.next().text();
                lexer.next();
                fits = map == null && !named.containsKey(name);
                named.put(name, expression());
            } else {
                fits = list == null && map == null && named.isEmpty();
                positional.add(expression());
            }
            if (!fits) {
                throw lexer.fail(at, "these arguments of a call are in the wrong order or twice");
            }
            if (!lexer.peek().isOperator(")")) {
                expectOperator(",");
            }
        }
        lexer.next();
        return new CallArguments(List.copyOf(positional), named, list, map, at);
    }

    /// Read the name of a filter and its arguments.
    FilterCall filter() throws MalformedTemplate {
        int at = lexer.peek().at();
        String name = dotted("the name of a filter");
        Filters.Function function = Filters.find(name);
        if (function == null && soft == 0) {
            throw lexer.fail(at, Filters.unknown(name));
        }
        CallArguments arguments =
                lexer.peek().isOperator("(") ? arguments() : CallArguments.none(at);
        return new FilterCall(name, function, arguments, at);
    }

    private String dotted(String expected) throws MalformedTemplate {
        var name = new StringBuilder(expect(Type.NAME, expected).text());
        while (skipOperator(".")) {
            name.append('.').append(expect(Type.NAME, expected).text());
        }
        return name.toString();
    }

    private Expr test(Expr value) throws MalformedTemplate {
        int at = lexer.next().at();
        boolean negated = skipName("not");
        String name = dotted("the name of a test");
        Predicates.Function function = Predicates.find(name);
        if (function == null && soft == 0) {
            throw lexer.fail(at, Predicates.unknown(name));
        }
        Token token = lexer.peek();
        CallArguments arguments = CallArguments.none(at);
        if (token.isOperator("(")) {
            arguments = arguments();
        } else if (isArgumentOfTest(token)) {
            if (token.isName("is")) {
                throw lexer.fail(token.at(), "tests with 'is' cannot be chained");
            }
            arguments = CallArguments.one(argumentOfTest(), at);
        }
        Expr test = new Expr.Test(value, name, function, arguments, at);
        return negated ? new Expr.Not(test) : test;
    }

    private static boolean isArgumentOfTest(Token token) {
        return switch (token.type()) {
            case NAME -> !token.isName("else") && !token.isName("or") && !token.isName("and");
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> token.text().equals("[") || token.text().equals("{");
            case DATA, PRINT_BEGIN, PRINT_END, BLOCK_BEGIN, BLOCK_END, END -> false;
        };
    }

    private Expr argumentOfTest() throws MalformedTemplate {
        Expr value = primary();
        int levels = 0;
        for (Token token = lexer.peek(); ; token = lexer.peek()) {
            if (token.isOperator("(")) {
                value = call(value);
            } else if (token.isOperator(".") || token.isOperator("[")) {
                value = subscript(value);
            } else {
                break;
            }
            enter(token.at());
            levels++;
        }
        for (; levels > 0; levels--) {
            leave();
        }
        return value;
    }
}
