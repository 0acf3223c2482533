package dev.minke.infer.constrain;

import java.util.ArrayList;
import java.util.List;

/// Named rules, the first of which is the root; mutable while a front end fills it.
final class Grammar {
    static final int MOST_RULES = 20_000;

    private final String kind;
    private final List<String> names = new ArrayList<>();
    private final List<Expr> rules = new ArrayList<>();

    /// @param kind what the grammar was made from, for messages
    Grammar(String kind) {
        this.kind = kind;
    }

    /// Make a grammar of one rule.
    static Grammar of(String kind, Expr root) {
        var grammar = new Grammar(kind);
        grammar.define(grammar.declare("root"), root);
        return grammar;
    }

    /// Reserve a rule, so that others can refer to it before it is defined.
    int declare(String name) {
        if (rules.size() == MOST_RULES) {
            throw MalformedGrammar.inRule(kind, "more than %d rules".formatted(MOST_RULES));
        }
        names.add(name);
        rules.add(Expr.NEVER);
        return rules.size() - 1;
    }

    void define(int rule, Expr expr) {
        rules.set(rule, expr);
    }

    Expr.Ref add(String name, Expr expr) {
        int rule = declare(name);
        define(rule, expr);
        return new Expr.Ref(rule);
    }

    String kind() {
        return kind;
    }

    int size() {
        return rules.size();
    }

    String name(int rule) {
        return names.get(rule);
    }

    Expr rule(int rule) {
        return rules.get(rule);
    }
}
