package dev.minke.infer.constrain;

import java.util.ArrayList;
import java.util.List;

/// Nodes and edges of an [Automaton] in the making, in no order, within limits.
final class Network {
    private static final int MOST_NODES = 200_000;
    private static final int MOST_EDGES = 600_000;

    final Grammar grammar;
    final EdgeList bytes = new EdgeList(); // a: least byte, b: greatest byte
    final EdgeList tokens = new EdgeList(); // a: id
    final EdgeList silent = new EdgeList();
    final EdgeList calls = new EdgeList(); // to: entry, a: after, b: repeat or -1
    final Ints repeatMin = new Ints();
    final Ints repeatMax = new Ints();
    final Ints repeatEntry = new Ints();
    final Ints repeatAfter = new Ints();
    final Ints nodeRule = new Ints();
    final List<Integer> exits = new ArrayList<>();
    private int rule;

    Network(Grammar grammar) {
        this.grammar = grammar;
    }

    /// Say which rule the next nodes belong to, for messages.
    void enter(int rule) {
        this.rule = rule;
    }

    int rule() {
        return rule;
    }

    int node() {
        if (nodeRule.size() == MOST_NODES) {
            throw tooLarge();
        }
        nodeRule.add(rule);
        return nodeRule.size() - 1;
    }

    /// Make the node that ends a rule.
    int exit() {
        int exit = node();
        exits.add(exit);
        return exit;
    }

    void bytes(int from, int lo, int hi, int to) {
        edge(bytes, from, to, lo, hi);
    }

    void token(int from, int id, int to) {
        edge(tokens, from, to, id, 0);
    }

    void silent(int from, int to) {
        if (from != to) {
            edge(silent, from, to, 0, 0);
        }
    }

    void call(int from, int entry, int after) {
        edge(calls, from, entry, after, -1);
    }

    /// Call `entry` at least once, `min` to `max` times.
    void repeat(int from, int entry, int after, int min, int max) {
        edge(calls, from, entry, after, repeatMin.size());
        repeatMin.add(min);
        repeatMax.add(max);
        repeatEntry.add(entry);
        repeatAfter.add(after);
    }

    private void edge(EdgeList list, int from, int to, int a, int b) {
        if (bytes.size() + tokens.size() + silent.size() + calls.size() == MOST_EDGES) {
            throw tooLarge();
        }
        list.add(from, to, a, b);
    }

    MalformedGrammar tooLarge() {
        return MalformedGrammar.inRule(
                grammar.kind(),
                "too large: rule '%s' and what comes before it need more than %d states or %d edges"
                        .formatted(grammar.name(rule), MOST_NODES, MOST_EDGES));
    }
}
