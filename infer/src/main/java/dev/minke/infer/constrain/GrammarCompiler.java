package dev.minke.infer.constrain;

import dev.minke.infer.constrain.Expr.Machine;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntConsumer;

/// Turns a [Grammar] into an [Automaton]: classes to UTF-8, repetitions to copies or counters.
///
/// Every expression has two translations: `full`, and `nonEmpty` without the empty text. Rules,
/// loops and counted bodies use the second, so that silent edges and calls never form a cycle
/// unless the grammar is left-recursive.
final class GrammarCompiler {
    private static final int MOST_TRIE_NODES = 200_000;
    private static final int LARGEST_COPIES = 256; // nodes; beyond it a repetition is counted
    private static final int LARGEST_CLASS = 24; // byte sequences; a larger class becomes a rule

    private record Pending(Expr body, int rule, int entry, int exit) {}

    private final Grammar grammar;
    private final boolean[] nullableRule;
    private final int[] ruleEntry;
    private final Network network;
    private final Map<CodePoints, Integer> classEntry = new HashMap<>();
    private final ArrayDeque<Pending> pending = new ArrayDeque<>();

    private GrammarCompiler(Grammar grammar) {
        this.grammar = grammar;
        this.network = new Network(grammar);
        this.nullableRule = nullableRules(grammar);
        this.ruleEntry = new int[grammar.size()];
    }

    static Automaton compile(Grammar grammar) {
        var compiler = new GrammarCompiler(grammar);
        compiler.emit();
        return Assembly.of(compiler.network, compiler.ruleEntry[0], compiler.nullableRule[0]);
    }

    private void emit() {
        for (int r = 0; r < ruleEntry.length; r++) {
            network.enter(r);
            ruleEntry[r] = later(grammar.rule(r));
        }
        while (!pending.isEmpty()) {
            Pending next = pending.removeFirst();
            network.enter(next.rule());
            nonEmpty(next.body(), next.entry(), next.exit());
        }
    }

    /// Make a rule of a body, without the empty text; gives its entry.
    private int later(Expr body) {
        int entry = network.node();
        pending.add(new Pending(body, network.rule(), entry, network.exit()));
        return entry;
    }

    // ---- the two translations

    private void full(Expr expr, int from, int to) {
        switch (expr) {
            case Expr.Literal(String text) -> literal(text, from, to);
            case Expr.Literals(List<String> texts) -> literals(texts, from, to, true);
            case Expr.Chars(CodePoints set) -> chars(set, from, to);
            case Expr.Token(int id) -> network.token(from, id, to);
            case Expr.Seq(List<Expr> items) -> sequence(items, from, to);
            case Expr.Alt(List<Expr> items) -> items.forEach(item -> full(item, from, to));
            case Expr.Repeat repeat -> repeat(repeat, from, to);
            case Expr.Ref(int callee) -> {
                network.call(from, ruleEntry[callee], to);
                if (nullableRule[callee]) {
                    network.silent(from, to);
                }
            }
            case Machine machine -> machine(machine, from, to);
        }
    }

    private void nonEmpty(Expr expr, int from, int to) {
        if (!nullable(expr)) {
            full(expr, from, to);
            return;
        }
        switch (expr) {
            case Expr.Literals(List<String> texts) -> literals(texts, from, to, false);
            case Expr.Seq(List<Expr> items) -> nonEmptySequence(items, from, to);
            case Expr.Alt(List<Expr> items) -> items.forEach(item -> nonEmpty(item, from, to));
            case Expr.Repeat(Expr body, int min, int max) -> {
                int least = nullable(body) ? 1 : Math.max(1, min);
                if (max > 0) {
                    copies(body, from, to, least, max);
                }
            }
            case Expr.Ref(int callee) -> network.call(from, ruleEntry[callee], to);
            case Machine machine -> nonEmptyMachine(machine, from, to);
            case Expr.Literal _ -> {} // the empty text only
            case Expr.Chars _, Expr.Token _ -> throw new AssertionError(expr);
        }
    }

    private void sequence(List<Expr> items, int from, int to) {
        int at = from;
        for (int i = 0; i < items.size(); i++) {
            int next = i == items.size() - 1 ? to : network.node();
            full(items.get(i), at, next);
            at = next;
        }
        if (items.isEmpty()) {
            network.silent(from, to);
        }
    }

    /// All items may be empty: the first that is not leads over to the full rest.
    private void nonEmptySequence(List<Expr> items, int from, int to) {
        int begun = -1;
        for (int i = 0; i < items.size(); i++) {
            int next = i == items.size() - 1 ? to : network.node();
            nonEmpty(items.get(i), from, next);
            if (begun >= 0) {
                full(items.get(i), begun, next);
            }
            begun = next;
        }
    }

    private void literal(String text, int from, int to) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        int at = from;
        for (int i = 0; i < utf8.length; i++) {
            int next = i == utf8.length - 1 ? to : network.node();
            network.bytes(at, utf8[i] & 0xFF, utf8[i] & 0xFF, next);
            at = next;
        }
        if (utf8.length == 0) {
            network.silent(from, to);
        }
    }

    /// Texts share their beginnings, so that a thousand of them are one reading, not a thousand.
    private void literals(List<String> texts, int from, int to, boolean withEmpty) {
        var nodes = new ArrayList<Map<Integer, Integer>>(); // byte -> place in this list
        var ends = new ArrayList<Boolean>();
        nodes.add(new TreeMap<>());
        ends.add(false);
        for (String text : texts) {
            int at = 0;
            for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
                int fresh = nodes.size();
                if (fresh > MOST_TRIE_NODES) {
                    throw network.tooLarge();
                }
                int next = nodes.get(at).computeIfAbsent(b & 0xFF, _ -> fresh);
                if (next == fresh) {
                    nodes.add(new TreeMap<>());
                    ends.add(false);
                }
                at = next;
            }
            ends.set(at, true);
        }
        if (ends.getFirst() && withEmpty) {
            network.silent(from, to);
        }
        int[] place = new int[nodes.size()];
        place[0] = from;
        for (int i = 0; i < place.length; i++) { // children come after their parents
            for (var child : nodes.get(i).entrySet()) {
                int b = child.getKey();
                int target = child.getValue();
                if (ends.get(target)) {
                    network.bytes(place[i], b, b, to);
                }
                if (!nodes.get(target).isEmpty()) {
                    place[target] = network.node();
                    network.bytes(place[i], b, b, place[target]);
                }
            }
        }
    }

    private void chars(CodePoints set, int from, int to) {
        long[] sequences = Utf8Ranges.of(set);
        if (sequences.length > LARGEST_CLASS) {
            Integer entry = classEntry.get(set);
            if (entry == null) {
                entry = network.node();
                int exit = network.exit();
                classEntry.put(set, entry);
                byteSequences(sequences, entry, exit);
            }
            network.call(from, entry, to);
            return;
        }
        byteSequences(sequences, from, to);
    }

    private void byteSequences(long[] sequences, int from, int to) {
        var rest = new HashMap<Long, Integer>(); // what is still to come -> node
        for (long sequence : sequences) {
            int at = from;
            long left = sequence;
            while (true) {
                int lo = (int) (left & 0xFF);
                int hi = (int) (left >>> 8 & 0xFF);
                left >>>= 16;
                if (left == 0) {
                    network.bytes(at, lo, hi, to);
                    break;
                }
                Integer known = rest.get(left);
                int next = known == null ? network.node() : known;
                network.bytes(at, lo, hi, next);
                if (known != null) {
                    break;
                }
                rest.put(left, next);
                at = next;
            }
        }
    }

    // ---- repetition

    private void repeat(Expr.Repeat repeat, int from, int to) {
        Expr body = repeat.body();
        boolean nullable = nullable(body);
        if (repeat.max() == 0) {
            network.silent(from, to);
        } else if (nullable && repeat.max() == 1) {
            full(body, from, to);
        } else if (nullable || repeat.min() == 0) {
            network.silent(from, to);
            copies(body, from, to, 1, repeat.max());
        } else {
            copies(body, from, to, repeat.min(), repeat.max());
        }
    }

    /// Repeat the non-empty body `min` >= 1 to `max` times, as copies if they are few.
    private void copies(Expr body, int from, int to, int min, int max) {
        if (max == Expr.UNLIMITED && min == 1) {
            int loop = network.node();
            int after = network.node();
            network.silent(from, loop);
            nonEmpty(loopBody(body), loop, after);
            network.silent(after, loop);
            network.silent(after, to);
            return;
        }
        int written = max == Expr.UNLIMITED ? min : max;
        if (written > 1 && size(body) * written > LARGEST_COPIES) {
            counted(body, from, to, min, max);
            return;
        }
        int at = from;
        for (int i = 1; i <= written; i++) {
            if (i == min && max == Expr.UNLIMITED) {
                copies(body, at, to, 1, max);
                return;
            }
            int next = i == max ? to : network.node();
            nonEmpty(body, at, next);
            if (i >= min) {
                network.silent(next, to);
            }
            at = next;
        }
    }

    private void counted(Expr body, int from, int to, int min, int max) {
        network.repeat(from, later(body), to, min, max);
    }

    /// Simplify what is repeated without limit: (a* b*)* is (a | b)*, which needs no more nodes.
    private Expr loopBody(Expr body) {
        if (!nullable(body)) {
            return body;
        }
        return switch (body) {
            case Expr.Seq(List<Expr> items) -> new Expr.Alt(loopBodies(items));
            case Expr.Alt(List<Expr> items) -> new Expr.Alt(loopBodies(items));
            case Expr.Repeat(Expr inner, int min, int max) when min <= 1 && max >= 1 ->
                    loopBody(inner);
            default -> body;
        };
    }

    private List<Expr> loopBodies(List<Expr> items) {
        return items.stream().map(this::loopBody).toList();
    }

    // ---- machines

    private void machine(Machine machine, int from, int to) {
        int[] place = places(machine);
        network.silent(from, place[0]);
        for (Machine.Edge edge : machine.edges()) {
            full(edge.label(), place[edge.from()], place[edge.to()]);
        }
        machine.finals().forEach(end -> network.silent(place[end], to));
    }

    private void nonEmptyMachine(Machine machine, int from, int to) {
        int[] fresh = places(machine); // nothing consumed yet
        int[] begun = places(machine);
        network.silent(from, fresh[0]);
        for (Machine.Edge edge : machine.edges()) {
            nonEmpty(edge.label(), fresh[edge.from()], begun[edge.to()]);
            if (nullable(edge.label())) {
                network.silent(fresh[edge.from()], fresh[edge.to()]);
            }
            full(edge.label(), begun[edge.from()], begun[edge.to()]);
        }
        machine.finals().forEach(end -> network.silent(begun[end], to));
    }

    private int[] places(Machine machine) {
        int[] place = new int[machine.states()];
        for (int i = 0; i < place.length; i++) {
            place[i] = network.node();
        }
        return place;
    }

    // ---- what may be empty, what is large

    private boolean nullable(Expr expr) {
        return nullable(expr, nullableRule);
    }

    private static boolean nullable(Expr expr, boolean[] rules) {
        return switch (expr) {
            case Expr.Literal(String text) -> text.isEmpty();
            case Expr.Literals(List<String> texts) -> texts.contains("");
            case Expr.Chars _, Expr.Token _ -> false;
            case Expr.Seq(List<Expr> items) -> items.stream().allMatch(e -> nullable(e, rules));
            case Expr.Alt(List<Expr> items) -> items.stream().anyMatch(e -> nullable(e, rules));
            case Expr.Repeat(Expr body, int min, _) -> min == 0 || nullable(body, rules);
            case Expr.Ref(int rule) -> rules[rule];
            case Machine machine -> nullableMachine(machine, rules);
        };
    }

    private static boolean nullableMachine(Machine machine, boolean[] rules) {
        boolean[] reached = new boolean[machine.states()];
        reached[0] = true;
        boolean grew = true;
        while (grew) {
            grew = false;
            for (Machine.Edge edge : machine.edges()) {
                if (reached[edge.from()] && !reached[edge.to()] && nullable(edge.label(), rules)) {
                    reached[edge.to()] = true;
                    grew = true;
                }
            }
        }
        return machine.finals().stream().anyMatch(end -> reached[end]);
    }

    private static boolean[] nullableRules(Grammar grammar) {
        boolean[] nullable = new boolean[grammar.size()];
        var users = new ArrayList<List<Integer>>();
        for (int r = 0; r < grammar.size(); r++) {
            users.add(new ArrayList<>());
        }
        for (int r = 0; r < grammar.size(); r++) {
            int user = r;
            references(grammar.rule(r), callee -> users.get(callee).add(user));
        }
        var open = new ArrayDeque<Integer>();
        for (int r = 0; r < grammar.size(); r++) {
            open.add(r);
        }
        while (!open.isEmpty()) {
            int r = open.removeFirst();
            if (!nullable[r] && nullable(grammar.rule(r), nullable)) {
                nullable[r] = true;
                open.addAll(users.get(r));
            }
        }
        return nullable;
    }

    private static void references(Expr expr, IntConsumer sink) {
        switch (expr) {
            case Expr.Seq(List<Expr> items) -> items.forEach(item -> references(item, sink));
            case Expr.Alt(List<Expr> items) -> items.forEach(item -> references(item, sink));
            case Expr.Repeat(Expr body, _, _) -> references(body, sink);
            case Expr.Ref(int rule) -> sink.accept(rule);
            case Machine machine -> machine.edges().forEach(edge -> references(edge.label(), sink));
            case Expr.Literal _, Expr.Literals _, Expr.Chars _, Expr.Token _ -> {}
        }
    }

    /// About how many nodes an expression takes; never above 1000.
    private long size(Expr expr) {
        long size =
                switch (expr) {
                    case Expr.Literal(String text) -> text.length();
                    case Expr.Literals(List<String> texts) ->
                            texts.stream().limit(1000).mapToLong(String::length).sum();
                    case Expr.Chars(CodePoints set) ->
                            set.rangeCount() == 0 || set.hi(set.rangeCount() - 1) < 0x80 ? 1 : 6;
                    case Expr.Token _, Expr.Ref _ -> 1;
                    case Expr.Seq(List<Expr> items) -> sizes(items);
                    case Expr.Alt(List<Expr> items) -> sizes(items);
                    case Expr.Repeat(Expr body, int min, int max) -> {
                        long copies = max == Expr.UNLIMITED ? min + 1L : max;
                        long all = size(body) * copies;
                        yield all > LARGEST_COPIES ? 2 : all;
                    }
                    case Machine machine -> machine.states() + 6L * machine.edges().size();
                };
        return Math.min(1000, size);
    }

    private long sizes(List<Expr> items) {
        return items.stream().limit(1000).mapToLong(this::size).sum();
    }
}
