package dev.minke.model.template;

import dev.minke.model.template.Token.Type;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Read statements into a tree; what is not supported is an error that names it.
final class Parser extends ExpressionParser {
    private static final Set<String> REFUSED =
            Set.of(
                    "import",
                    "from",
                    "include",
                    "extends",
                    "block",
                    "autoescape",
                    "do",
                    "trans",
                    "debug");

    private final Deque<String> open = new ArrayDeque<>();
    private int loops; // that a break at hand can leave
    private Token ending = new Token(Type.END, "", 0); // the tag that ended the last body

    private Parser(Source source) {
        super(new Lexer(source));
    }

    /// Parse a whole template.
    static Body parse(Source source) throws MalformedTemplate {
        return new Parser(source).template();
    }

    private Body template() throws MalformedTemplate {
        Body body = body();
        Token token = lexer.peek();
        if (token.type() != Type.END) {
            throw lexer.fail(token.at(), "unknown statement " + token.describe());
        }
        return new Body(body.statements(), deepest + 1);
    }

    /// Read statements up to the end of the template or a tag that ends them, whose begin is taken.
    private Body body(String... ends) throws MalformedTemplate {
        List<Statement> statements = new ArrayList<>();
        int before = deepest;
        deepest = nesting();
        for (Token token = lexer.peek(); token.type() != Type.END; token = lexer.peek()) {
            lexer.next();
            switch (token.type()) {
                case DATA -> statements.add(new Statement.Data(token.text(), token.at()));
                case PRINT_BEGIN -> {
                    statements.add(new Statement.Print(tuple(true, false, ""), token.at()));
                    expect(Type.PRINT_END, "'}}'");
                }
                default -> {
                    Token tag = expect(Type.NAME, "the name of a statement");
                    if (Arrays.asList(ends).contains(tag.text())) {
                        return ended(statements, before, tag);
                    }
                    enter(tag.at());
                    statements.add(statement(tag));
                    leave();
                    expect(Type.BLOCK_END, "'%}'");
                }
            }
        }
        if (ends.length > 0) {
            throw lexer.fail(
                    lexer.peek().at(),
                    "the template ends within '%s', expected '{%% %s %%}'"
                            .formatted(open.peek(), ends[ends.length - 1]));
        }
        return ended(statements, before, lexer.peek());
    }

    private Body ended(List<Statement> statements, int before, Token tag) {
        ending = tag;
        int height = deepest - nesting() + 1;
        deepest = Math.max(deepest, before);
        return new Body(List.copyOf(statements), height);
    }

    /// Read the body of a statement behind its head.
    private Body block(String... ends) throws MalformedTemplate {
        skipOperator(":");
        expect(Type.BLOCK_END, "'%}'");
        return body(ends);
    }

    private Statement statement(Token tag) throws MalformedTemplate {
        open.push(tag.text());
        Statement statement =
                switch (tag.text()) {
                    case "if" -> ifStatement();
                    case "for" -> forStatement(tag.at());
                    case "set" -> setStatement(tag.at());
                    case "macro" -> macroStatement(tag.at());
                    case "call" -> callStatement(tag.at());
                    case "filter" -> filterStatement(tag.at());
                    case "with" -> withStatement(tag.at());
                    case "generation" -> generationStatement(tag.at());
                    case "print" -> printStatement(tag.at());
                    case "break", "continue" -> jump(tag);
                    default -> throw unknown(tag);
                };
        open.pop();
        return statement;
    }

    private MalformedTemplate unknown(Token tag) {
        open.pop();
        String name = Source.shown(tag.text());
        if (REFUSED.contains(name)) {
            return lexer.fail(tag.at(), "the statement '%s' is not supported".formatted(name));
        }
        String within = open.isEmpty() ? "" : " within '%s'".formatted(open.peek());
        return lexer.fail(tag.at(), "unknown statement '%s'%s".formatted(name, within));
    }

    private Statement ifStatement() throws MalformedTemplate {
        List<Expr> tests = new ArrayList<>();
        List<Body> bodies = new ArrayList<>();
        soft++;
        String end;
        do {
            tests.add(tuple(false, false, ""));
            bodies.add(block("elif", "else", "endif"));
            end = ending.text();
        } while (end.equals("elif"));
        Body otherwise = end.equals("else") ? block("endif") : Body.EMPTY;
        soft--;
        return new Statement.If(List.copyOf(tests), List.copyOf(bodies), otherwise);
    }

    private Statement forStatement(int at) throws MalformedTemplate {
        Target target = targets("in", false);
        for (String name : target.names()) {
            if (name.equals("loop")) {
                throw lexer.fail(at, "the variable of a loop cannot be called 'loop'");
            }
        }
        if (!skipName("in")) {
            throw unexpected("'in'");
        }
        Expr values = tuple(false, false, "recursive");
        Expr test = skipName("if") ? expression() : null;
        boolean recursive = skipName("recursive");
        int before = deepest;
        deepest = nesting();
        loops++;
        Body body = block("else", "endfor");
        loops--;
        Body otherwise = ending.text().equals("else") ? block("endfor") : Body.EMPTY;
        int height = deepest - nesting() + 2;
        deepest = Math.max(deepest, before);
        return new Statement.For(target, values, test, recursive, body, otherwise, height, at);
    }

    private Statement setStatement(int at) throws MalformedTemplate {
        Target target = targets("", true);
        if (skipOperator("=")) {
            return new Statement.Set(target, tuple(true, false, ""), at);
        }
        List<FilterCall> filters = new ArrayList<>();
        while (skipOperator("|")) {
            filters.add(filter());
        }
        return new Statement.SetBlock(target, List.copyOf(filters), block("endset"), at);
    }

    private Statement macroStatement(int at) throws MalformedTemplate {
        String name = expect(Type.NAME, "the name of the macro").text();
        Set<String> outer = names;
        names = new HashSet<>();
        int before = deepest;
        deepest = nesting();
        Statement macro =
                new Statement.MacroDefinition(procedure(name, signature(), "endmacro", at));
        deepest = Math.max(deepest, before);
        outer.addAll(names);
        names = outer;
        return macro;
    }

    private record Signature(List<String> names, List<Expr> defaults) {}

    private Signature signature() throws MalformedTemplate {
        List<String> arguments = new ArrayList<>();
        List<Expr> defaults = new ArrayList<>();
        expectOperator("(");
        while (!skipOperator(")")) {
            if (!arguments.isEmpty()) {
                expectOperator(",");
            }
            Token argument = expect(Type.NAME, "the name of an argument");
            if (arguments.contains(argument.text())) {
                throw lexer.fail(
                        argument.at(),
                        "the argument '%s' is there twice".formatted(argument.text()));
            }
            arguments.add(argument.text());
            if (skipOperator("=")) {
                defaults.add(expression());
            } else if (!defaults.isEmpty() || argument.isName("caller")) {
                throw lexer.fail(
                        argument.at(),
                        "the argument '%s' needs a default here".formatted(argument.text()));
            }
        }
        return new Signature(List.copyOf(arguments), List.copyOf(defaults));
    }

    /// Read the body of what is called later; breaks do not reach out of it.
    private Macro.Definition procedure(String name, Signature signature, String end, int at)
            throws MalformedTemplate {
        int outerLoops = loops;
        loops = 0;
        Body body = block(end);
        loops = outerLoops;
        return new Macro.Definition(
                name,
                signature.names(),
                signature.defaults(),
                body,
                deepest - nesting() + 2,
                names.contains("caller"),
                names.contains("kwargs"),
                names.contains("varargs"),
                at);
    }

    private Statement callStatement(int at) throws MalformedTemplate {
        Signature signature =
                lexer.peek().isOperator("(") ? signature() : new Signature(List.of(), List.of());
        Expr call = expression();
        if (!(call instanceof Expr.Call called)) {
            throw lexer.fail(at, "'call' needs the call of a macro");
        }
        Set<String> outer = names;
        names = new HashSet<>();
        int before = deepest;
        Macro.Definition caller = procedure("caller", signature, "endcall", at);
        deepest = Math.max(deepest, before);
        outer.addAll(names);
        names = outer;
        return new Statement.CallBlock(called, caller, at);
    }

    private Statement filterStatement(int at) throws MalformedTemplate {
        List<FilterCall> filters = new ArrayList<>();
        do {
            filters.add(filter());
        } while (skipOperator("|"));
        return new Statement.FilterBlock(List.copyOf(filters), block("endfilter"), at);
    }

    private Statement withStatement(int at) throws MalformedTemplate {
        List<Target> targets = new ArrayList<>();
        List<Expr> values = new ArrayList<>();
        while (lexer.peek().type() != Type.BLOCK_END) {
            if (!targets.isEmpty()) {
                expectOperator(",");
            }
            targets.add(target(false));
            expectOperator("=");
            values.add(expression());
        }
        return new Statement.With(List.copyOf(targets), List.copyOf(values), block("endwith"), at);
    }

    /// Read what transformers marks as text of the assistant; like there, it has its own scope.
    private Statement generationStatement(int at) throws MalformedTemplate {
        int outerLoops = loops;
        loops = 0;
        Body body = block("endgeneration");
        loops = outerLoops;
        return new Statement.With(List.of(), List.of(), body, at);
    }

    private Statement printStatement(int at) throws MalformedTemplate {
        List<Statement> prints = new ArrayList<>();
        while (lexer.peek().type() != Type.BLOCK_END) {
            if (!prints.isEmpty()) {
                expectOperator(",");
            }
            prints.add(new Statement.Print(expression(), at));
        }
        return new Statement.Group(List.copyOf(prints));
    }

    private Statement jump(Token tag) throws MalformedTemplate {
        if (loops == 0) {
            throw lexer.fail(tag.at(), "'%s' is outside of a loop".formatted(tag.text()));
        }
        return new Statement.Jump(
                tag.text().equals("break") ? Statement.Signal.BREAK : Statement.Signal.CONTINUE);
    }

    // What is assigned to

    private Target targets(String end, boolean namespaces) throws MalformedTemplate {
        Target first = target(namespaces);
        if (!lexer.peek().isOperator(",")) {
            return first;
        }
        List<Target> targets = new ArrayList<>(List.of(first));
        while (skipOperator(",")) {
            Token token = lexer.peek();
            if (token.type() != Type.NAME && !token.isOperator("(") || token.isName(end)) {
                break; // a comma at the end
            }
            targets.add(target(namespaces));
        }
        return new Target.Tuple(List.copyOf(targets));
    }

    private Target target(boolean namespaces) throws MalformedTemplate {
        if (lexer.peek().isOperator("(")) {
            int at = lexer.next().at();
            enter(at);
            Target inner = targets("", false);
            leave();
            expectOperator(")");
            return inner;
        }
        Token name = expect(Type.NAME, "the name of a variable");
        switch (name.text()) {
            case "true", "True", "false", "False", "none", "None" ->
                    throw lexer.fail(name.at(), "cannot assign to the constant " + name.describe());
            default -> {}
        }
        if (namespaces && skipOperator(".")) {
            String attribute = expect(Type.NAME, "the name of an attribute").text();
            return new Target.Attribute(name.text(), attribute, name.at());
        }
        return new Target.Variable(name.text());
    }
}
