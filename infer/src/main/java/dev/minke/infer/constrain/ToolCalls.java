package dev.minke.infer.constrain;

import dev.minke.model.text.Tokenizer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;

/// Makes [Constraint]s for calls of tools as DeepSeek models write them.
///
/// The markers are tokens, not text: a grammar that names them never reads them as text, so what a
/// model says before its calls cannot contain a call by accident.
public final class ToolCalls {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,64}");
    private static final int MOST_CALLS = 64;
    private static final String CALLS_BEGIN = "<｜tool▁calls▁begin｜>";
    private static final String CALLS_END = "<｜tool▁calls▁end｜>";
    private static final String CALL_BEGIN = "<｜tool▁call▁begin｜>";
    private static final String CALL_END = "<｜tool▁call▁end｜>";
    private static final String SEPARATOR = "<｜tool▁sep｜>";

    /// How calls are written.
    public enum Format {
        /// V3, V3-0324, R1: the word `function`, the name, and the arguments in a fenced block.
        DEEPSEEK_V3,
        /// V3.1: the name and the arguments.
        DEEPSEEK_V31
    }

    /// What can be called.
    ///
    /// @param name letters, digits, `_`, `.` and `-`, at most 64
    /// @param parameters JSON Schema of the arguments; empty for any object
    /// @param strict as in [Constraints#jsonSchema(String, boolean)]
    public record Tool(String name, String parameters, boolean strict) {
        /// Check the name.
        public Tool {
            if (!NAME.matcher(name).matches()) {
                throw new IllegalArgumentException(
                        "tool name \"%s\"; expected 1 to 64 of letters, digits, _ . -"
                                .formatted(name));
            }
        }
    }

    /// Whether and what to call.
    public sealed interface Choice {
        /// Text, then perhaps calls.
        record Auto() implements Choice {}

        /// Calls of any of the tools, and nothing else.
        record Required() implements Choice {}

        /// A call of this tool, and nothing else.
        record Named(String tool) implements Choice {}
    }

    private final Format format;
    private final Tokenizer tokenizer;
    private final Grammar grammar = new Grammar("tool calls");
    private final int root = grammar.declare("root");
    private final JsonRules json = new JsonRules(grammar);

    private ToolCalls(Format format, Tokenizer tokenizer) {
        this.format = format;
        this.tokenizer = tokenizer;
    }

    /// Allow calls of tools; up to 64 of them if `parallel`, else one.
    ///
    /// Throws IllegalArgumentException if there are no tools, two of one name, or none of the name
    /// chosen, and if the tokenizer lacks a marker; [MalformedGrammar] for parameters that are not
    /// supported.
    public static Constraint constraint(
            Format format, List<Tool> tools, Choice choice, boolean parallel, Tokenizer tokenizer) {
        var names = new HashSet<String>();
        for (Tool tool : tools) {
            if (!names.add(tool.name())) {
                throw new IllegalArgumentException("two tools named " + tool.name());
            }
        }
        List<Tool> callable =
                choice instanceof Choice.Named(String wanted)
                        ? tools.stream().filter(tool -> tool.name().equals(wanted)).toList()
                        : tools;
        if (callable.isEmpty()) {
            throw new IllegalArgumentException(
                    "no tool to call for %s; the tools are %s".formatted(choice, names));
        }
        return new ToolCalls(format, tokenizer).constraint(callable, choice, parallel);
    }

    private Constraint constraint(List<Tool> tools, Choice choice, boolean parallel) {
        List<Expr> calls = new ArrayList<>();
        tools.forEach(tool -> calls.add(call(tool)));
        Expr.Ref call = grammar.add("call", new Expr.Alt(calls));
        Expr more =
                switch (format) {
                    case DEEPSEEK_V3 -> Expr.seq(Expr.literal("\n"), call);
                    case DEEPSEEK_V31 -> call;
                };
        Expr all =
                Expr.seq(
                        token(CALLS_BEGIN),
                        call,
                        Expr.times(more, 0, parallel ? MOST_CALLS - 1 : 0),
                        token(CALLS_END));
        Expr text = Expr.star(new Expr.Chars(CodePoints.ALL));
        boolean auto = choice instanceof Choice.Auto;
        grammar.define(root, auto ? Expr.seq(text, Expr.optional(all)) : all);
        return new Constraint(grammar);
    }

    private Expr call(Tool tool) {
        Expr arguments = arguments(tool);
        Expr inside =
                switch (format) {
                    case DEEPSEEK_V3 ->
                            Expr.seq(
                                    Expr.literal("function"),
                                    token(SEPARATOR),
                                    Expr.literal(tool.name() + "\n```json\n"),
                                    arguments,
                                    Expr.literal("\n```"));
                    case DEEPSEEK_V31 ->
                            Expr.seq(Expr.literal(tool.name()), token(SEPARATOR), arguments);
                };
        return Expr.seq(token(CALL_BEGIN), inside, token(CALL_END));
    }

    private Expr arguments(Tool tool) {
        if (tool.parameters().isBlank()) {
            return json.object();
        }
        try {
            var source = new SchemaSource(tool.parameters(), tool.strict());
            return new SchemaCompiler(source, grammar, json).root();
        } catch (MalformedGrammar e) {
            throw MalformedGrammar.inRule("tool " + tool.name(), String.valueOf(e.getMessage()));
        }
    }

    private Expr token(String text) {
        int id = tokenizer.id(text);
        if (id < 0) {
            throw new IllegalArgumentException(
                    "the tokenizer has no token %s, which calls of tools need".formatted(text));
        }
        return new Expr.Token(id);
    }
}
