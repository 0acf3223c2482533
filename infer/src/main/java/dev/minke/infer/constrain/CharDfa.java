package dev.minke.infer.constrain;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A regular language over code points as a deterministic automaton, to intersect and complement.
///
/// Begins at state 0. The edges of a state have disjoint labels; what none of them contains leads
/// nowhere. Every state can be reached and, unless the language is empty, can reach an end.
final class CharDfa {
    private static final int MOST_STATES = 20_000;
    private static final int MOST_EDGES = 200_000;
    private static final long MOST_WORK = 20_000_000; // looks at edges

    private record Edge(CodePoints label, int to) {}

    private final List<List<Edge>> edges;
    private final BitSet finals;

    private CharDfa(List<List<Edge>> edges, BitSet finals) {
        this.edges = edges;
        this.finals = finals;
    }

    /// Make the automaton of an expression without rules and tokens.
    ///
    /// Throws TooLarge if it would need too many states.
    static CharDfa of(Expr expr) throws TooLarge {
        var nfa = new Nfa();
        int start = nfa.state();
        int end = nfa.state();
        nfa.add(expr, start, end);
        return nfa.determinize(start, end);
    }

    /// Make the language of all texts of `min` to `max` characters.
    static CharDfa ofLength(int min, int max) throws TooLarge {
        int states = max == Expr.UNLIMITED ? min : max;
        if (states >= MOST_STATES) {
            throw new TooLarge();
        }
        List<List<Edge>> edges = new ArrayList<>();
        var finals = new BitSet();
        for (int s = 0; s <= states; s++) {
            boolean last = s == states;
            edges.add(
                    last && max != Expr.UNLIMITED
                            ? List.of()
                            : List.of(new Edge(CodePoints.ALL, last ? s : s + 1)));
            finals.set(s, s >= min);
        }
        return new CharDfa(edges, finals);
    }

    /// The automaton would need too many states.
    static final class TooLarge extends Exception {
        private static final long serialVersionUID = 1L;

        TooLarge() {
            super("too many states", null, false, false);
        }
    }

    int states() {
        return edges.size();
    }

    boolean isEmpty() {
        return finals.isEmpty();
    }

    boolean matches(String text) {
        int state = 0;
        for (int c : text.codePoints().toArray()) {
            int next = -1;
            for (Edge edge : edges.get(state)) {
                if (edge.label().contains(c)) {
                    next = edge.to();
                }
            }
            if (next < 0) {
                return false;
            }
            state = next;
        }
        return finals.get(state);
    }

    CharDfa intersect(CharDfa other) throws TooLarge {
        record Pair(int one, int other) {}
        Map<Pair, Integer> number = new LinkedHashMap<>();
        var open = new ArrayDeque<Pair>();
        List<List<Edge>> result = new ArrayList<>();
        var ends = new BitSet();
        long work = 0;
        open.add(new Pair(0, 0));
        number.put(new Pair(0, 0), 0);
        while (!open.isEmpty()) {
            Pair pair = open.removeFirst();
            List<Edge> out = new ArrayList<>();
            for (Edge left : edges.get(pair.one())) {
                for (Edge right : other.edges.get(pair.other())) {
                    work += left.label().rangeCount() + right.label().rangeCount();
                    CodePoints both = left.label().intersect(right.label());
                    if (both.isEmpty()) {
                        continue;
                    }
                    var to = new Pair(left.to(), right.to());
                    Integer known = number.putIfAbsent(to, number.size());
                    if (known == null) {
                        open.add(to);
                    }
                    out.add(new Edge(both, number.get(to)));
                }
            }
            if (number.size() > MOST_STATES || work > MOST_WORK) {
                throw new TooLarge();
            }
            ends.set(result.size(), finals.get(pair.one()) && other.finals.get(pair.other()));
            result.add(out);
        }
        return trimmed(result, ends);
    }

    CharDfa complement() {
        int sink = edges.size();
        List<List<Edge>> result = new ArrayList<>();
        for (List<Edge> out : edges) {
            CodePoints rest = CodePoints.ALL;
            for (Edge edge : out) {
                rest = rest.minus(edge.label());
            }
            List<Edge> all = new ArrayList<>(out);
            if (!rest.isEmpty()) {
                all.add(new Edge(rest, sink));
            }
            result.add(all);
        }
        result.add(List.of(new Edge(CodePoints.ALL, sink)));
        var ends = (BitSet) finals.clone();
        ends.flip(0, sink + 1);
        return trimmed(result, ends);
    }

    /// Drop states that cannot be reached or cannot reach an end.
    private static CharDfa trimmed(List<List<Edge>> edges, BitSet finals) {
        int states = edges.size();
        var reached = new BitSet();
        var open = new ArrayDeque<Integer>();
        reached.set(0);
        open.add(0);
        List<List<Integer>> back = new ArrayList<>();
        for (int s = 0; s < states; s++) {
            back.add(new ArrayList<>());
        }
        while (!open.isEmpty()) {
            int s = open.removeFirst();
            for (Edge edge : edges.get(s)) {
                back.get(edge.to()).add(s);
                if (!reached.get(edge.to())) {
                    reached.set(edge.to());
                    open.add(edge.to());
                }
            }
        }
        var useful = new BitSet();
        finals.stream()
                .filter(reached::get)
                .forEach(s -> {
                    useful.set(s);
                    open.add(s);
                });
        while (!open.isEmpty()) {
            for (int s : back.get(open.removeFirst())) {
                if (!useful.get(s)) {
                    useful.set(s);
                    open.add(s);
                }
            }
        }
        useful.set(0);
        int[] number = new int[states];
        int next = 0;
        for (int s = useful.nextSetBit(0); s >= 0; s = useful.nextSetBit(s + 1)) {
            number[s] = next++;
        }
        List<List<Edge>> result = new ArrayList<>();
        var ends = new BitSet();
        for (int s = useful.nextSetBit(0); s >= 0; s = useful.nextSetBit(s + 1)) {
            Map<Integer, CodePoints> byTarget = new LinkedHashMap<>();
            for (Edge edge : edges.get(s)) {
                if (useful.get(edge.to())) {
                    byTarget.merge(number[edge.to()], edge.label(), CodePoints::plus);
                }
            }
            List<Edge> out = new ArrayList<>();
            byTarget.forEach((to, label) -> out.add(new Edge(label, to)));
            ends.set(number[s], finals.get(s));
            result.add(out);
        }
        return new CharDfa(result, ends);
    }

    /// Tell whether every text of the language has `min` to `max` characters.
    boolean lengthWithin(int min, int max) {
        if (isEmpty()) {
            return true;
        }
        var level = new BitSet(); // states after so many characters
        level.set(0);
        for (int length = 0; !level.isEmpty(); length++) {
            if (length < min && level.intersects(finals)) {
                return false;
            }
            if (length > max) {
                return false; // every state reaches an end
            }
            if (length >= min && (max == Expr.UNLIMITED || length > states())) {
                return max == Expr.UNLIMITED;
            }
            var next = new BitSet();
            for (int s = level.nextSetBit(0); s >= 0; s = level.nextSetBit(s + 1)) {
                edges.get(s).forEach(edge -> next.set(edge.to()));
            }
            level = next;
        }
        return true;
    }

    Expr toExpr() {
        var machine = new Expr.MachineBuilder();
        for (int s = 1; s < edges.size(); s++) {
            machine.state();
        }
        for (int s = 0; s < edges.size(); s++) {
            for (Edge edge : edges.get(s)) {
                machine.edge(s, new Expr.Chars(edge.label()), edge.to());
            }
        }
        finals.stream().forEach(machine::accept);
        return machine.build();
    }

    /// An automaton with silent edges, on the way to a deterministic one.
    private static final class Nfa {
        private final List<List<Edge>> edges = new ArrayList<>();
        private final List<Ints> silent = new ArrayList<>();
        private long work;

        private record States(int[] sorted) {
            @Override
            public boolean equals(Object other) {
                return other instanceof States that && Arrays.equals(sorted, that.sorted);
            }

            @Override
            public int hashCode() {
                return Arrays.hashCode(sorted);
            }
        }

        int state() throws TooLarge {
            if (edges.size() == MOST_EDGES) {
                throw new TooLarge();
            }
            edges.add(new ArrayList<>());
            silent.add(new Ints());
            return edges.size() - 1;
        }

        void add(Expr expr, int from, int to) throws TooLarge {
            switch (expr) {
                case Expr.Literal(String text) -> literal(text, from, to);
                case Expr.Literals(List<String> texts) -> {
                    for (String text : texts) {
                        literal(text, from, to);
                    }
                }
                case Expr.Chars(CodePoints set) -> edges.get(from).add(new Edge(set, to));
                case Expr.Seq(List<Expr> items) -> {
                    int at = from;
                    for (Expr item : items) {
                        int next = state();
                        add(item, at, next);
                        at = next;
                    }
                    silent.get(at).add(to);
                }
                case Expr.Alt(List<Expr> items) -> {
                    for (Expr item : items) {
                        add(item, from, to);
                    }
                }
                case Expr.Repeat(Expr body, int min, int max) -> repeat(body, min, max, from, to);
                case Expr.Machine machine -> machine(machine, from, to);
                case Expr.Token _, Expr.Ref _ -> throw new AssertionError(expr);
            }
        }

        private void literal(String text, int from, int to) throws TooLarge {
            int at = from;
            for (int c : text.codePoints().toArray()) {
                int next = state();
                edges.get(at).add(new Edge(CodePoints.of(c), next));
                at = next;
            }
            silent.get(at).add(to);
        }

        private void repeat(Expr body, int min, int max, int from, int to) throws TooLarge {
            int at = from;
            int copies = max == Expr.UNLIMITED ? min : max;
            for (int i = 0; i < copies; i++) {
                if (i >= min) {
                    silent.get(at).add(to);
                }
                int next = state();
                add(body, at, next);
                at = next;
            }
            if (max == Expr.UNLIMITED) {
                int loop = state();
                silent.get(at).add(loop);
                int after = state();
                add(body, loop, after);
                silent.get(after).add(loop);
                at = loop;
            }
            silent.get(at).add(to);
        }

        private void machine(Expr.Machine machine, int from, int to) throws TooLarge {
            int[] place = new int[machine.states()];
            for (int i = 0; i < place.length; i++) {
                place[i] = state();
            }
            silent.get(from).add(place[0]);
            for (Expr.Machine.Edge edge : machine.edges()) {
                add(edge.label(), place[edge.from()], place[edge.to()]);
            }
            machine.finals().forEach(end -> silent.get(place[end]).add(to));
        }

        CharDfa determinize(int start, int end) throws TooLarge {
            Map<States, Integer> number = new HashMap<>();
            var open = new ArrayDeque<States>();
            List<List<Edge>> result = new ArrayList<>();
            var ends = new BitSet();
            var first = new Ints();
            first.add(start);
            open.add(closure(first));
            number.put(open.getFirst(), 0);
            while (!open.isEmpty()) {
                States states = open.removeFirst();
                List<Edge> out = new ArrayList<>();
                for (var entry : targets(states).entrySet()) {
                    Integer known = number.putIfAbsent(entry.getKey(), number.size());
                    if (known == null) {
                        open.add(entry.getKey());
                    }
                    int[] ranges = entry.getValue().toArray();
                    out.add(new Edge(CodePoints.ranges(ranges), number.get(entry.getKey())));
                    work += states.sorted().length + ranges.length;
                }
                if (number.size() > MOST_STATES) {
                    throw new TooLarge();
                }
                ends.set(result.size(), Arrays.binarySearch(states.sorted(), end) >= 0);
                result.add(out);
            }
            return trimmed(result, ends);
        }

        private States closure(Ints from) {
            var reached = new BitSet();
            while (from.size() > 0) {
                int s = from.removeLast();
                if (!reached.get(s)) {
                    reached.set(s);
                    for (int to : silent.get(s).toArray()) {
                        from.add(to);
                    }
                }
            }
            return new States(reached.stream().toArray());
        }

        /// Cut the labels at each other's ends; gives for each set of next states its ranges.
        private Map<States, Ints> targets(States states) throws TooLarge {
            var cuts = new BitSet();
            List<Edge> all = new ArrayList<>();
            for (int s : states.sorted()) {
                for (Edge edge : edges.get(s)) {
                    all.add(edge);
                    for (int r = 0; r < edge.label().rangeCount(); r++) {
                        cuts.set(edge.label().lo(r));
                        cuts.set(edge.label().hi(r) + 1);
                    }
                }
            }
            work += (long) all.size() * cuts.cardinality();
            if (work > MOST_WORK) {
                throw new TooLarge();
            }
            Map<BitSet, Ints> byEdges = new LinkedHashMap<>();
            for (int lo = cuts.nextSetBit(0); lo >= 0; ) {
                int after = cuts.nextSetBit(lo + 1);
                if (after < 0) {
                    break;
                }
                var taken = new BitSet();
                for (int e = 0; e < all.size(); e++) {
                    taken.set(e, all.get(e).label().contains(lo));
                }
                if (!taken.isEmpty()) {
                    Ints ranges = byEdges.computeIfAbsent(taken, _ -> new Ints());
                    ranges.add(lo);
                    ranges.add(after - 1);
                }
                lo = after;
            }
            Map<States, Ints> result = new LinkedHashMap<>();
            byEdges.forEach((taken, ranges) -> {
                var to = new Ints();
                taken.stream().forEach(e -> to.add(all.get(e).to()));
                Ints into = result.computeIfAbsent(closure(to), _ -> new Ints());
                for (int bound : ranges.toArray()) {
                    into.add(bound);
                }
            });
            return result;
        }
    }
}
