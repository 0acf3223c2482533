package dev.minke.infer.constrain;

import java.util.ArrayList;

/// Turns a [Network] into an [Automaton]: numbers the nodes, orders the edges, finds out what can
/// be finished.
final class Assembly {
    private final Network source;
    private final int nodes;
    private final int[] number; // by old number

    private Assembly(Network source) {
        this.source = source;
        this.nodes = source.nodeRule.size();
        this.number = topologicalNumbers();
    }

    /// Make the automaton of a network.
    ///
    /// Throws [MalformedGrammar] for left recursion, and if nothing matches.
    static Automaton of(Network source, int root, boolean rootEmpty) {
        return new Assembly(source).automaton(root, rootEmpty);
    }

    private Automaton automaton(int root, boolean rootEmpty) {
        int[] byteStart = source.bytes.starts(number);
        int[] byteOrder = source.bytes.order(number, byteStart);
        short[] lo = new short[byteOrder.length];
        short[] hi = new short[byteOrder.length];
        for (int e = 0; e < byteOrder.length; e++) {
            lo[e] = (short) source.bytes.a.get(byteOrder[e]);
            hi[e] = (short) source.bytes.b.get(byteOrder[e]);
        }
        int[] tokenStart = source.tokens.starts(number);
        int[] tokenOrder = source.tokens.order(number, tokenStart);
        int[] silentStart = source.silent.starts(number);
        int[] silentOrder = source.silent.order(number, silentStart);
        int[] callStart = source.calls.starts(number);
        int[] callOrder = source.calls.order(number, callStart);
        boolean[] leaves = new boolean[nodes];
        source.exits.forEach(exit -> leaves[number[exit]] = true);
        int[] silentTo = renumbered(pick(source.silent.to, silentOrder));
        int[] callAfter = renumbered(pick(source.calls.a, callOrder));
        int[] callRepeat = pick(source.calls.b, callOrder);
        boolean[] onlyLeaves =
                onlyLeaves(leaves, silentStart, silentTo, byteStart, tokenStart, callStart);
        boolean[] tail = new boolean[callOrder.length];
        for (int c = 0; c < tail.length; c++) {
            tail[c] = callRepeat[c] < 0 && onlyLeaves[callAfter[c]];
        }
        int[] classOf = new int[256];
        int classes = byteClasses(classOf, lo, hi);
        var result =
                new Automaton(
                        new Automaton.ByteEdges(
                                byteStart, lo, hi, renumbered(pick(source.bytes.to, byteOrder))),
                        new Automaton.TokenEdges(
                                tokenStart,
                                pick(source.tokens.a, tokenOrder),
                                renumbered(pick(source.tokens.to, tokenOrder))),
                        new Automaton.SilentEdges(silentStart, silentTo),
                        new Automaton.Calls(
                                callStart,
                                renumbered(pick(source.calls.to, callOrder)),
                                callAfter,
                                callRepeat,
                                tail),
                        new Automaton.Repeats(
                                source.repeatMin.toArray(),
                                source.repeatMax.toArray(),
                                renumbered(source.repeatEntry.toArray()),
                                renumbered(source.repeatAfter.toArray())),
                        leaves,
                        new int[nodes],
                        number[root],
                        rootEmpty,
                        classOf,
                        classes);
        Needs.fill(result);
        checkRoot(result);
        return result;
    }

    private void checkRoot(Automaton result) {
        if (result.need()[result.root()] == Automaton.NEVER && !result.rootEmpty()) {
            throw MalformedGrammar.inRule(
                    source.grammar.kind(),
                    "no text matches it: every way through it contradicts itself, goes on for"
                            + " ever, or nests rules more than %d deep"
                                    .formatted(Automaton.DEEPEST));
        }
    }

    private static int[] pick(Ints values, int[] order) {
        int[] picked = new int[order.length];
        for (int i = 0; i < order.length; i++) {
            picked[i] = values.get(order[i]);
        }
        return picked;
    }

    private int[] renumbered(int[] old) {
        for (int i = 0; i < old.length; i++) {
            old[i] = number[old[i]];
        }
        return old;
    }

    private boolean[] onlyLeaves(
            boolean[] leaves,
            int[] silentStart,
            int[] silentTo,
            int[] byteStart,
            int[] tokenStart,
            int[] callStart) {
        boolean[] only = new boolean[nodes];
        for (int n = nodes - 1; n >= 0; n--) {
            only[n] =
                    byteStart[n] == byteStart[n + 1]
                            && tokenStart[n] == tokenStart[n + 1]
                            && callStart[n] == callStart[n + 1]
                            && (leaves[n] || silentStart[n] < silentStart[n + 1]);
            for (int e = silentStart[n]; only[n] && e < silentStart[n + 1]; e++) {
                only[n] = only[silentTo[e]];
            }
        }
        return only;
    }

    private static int byteClasses(int[] classOf, short[] lo, short[] hi) {
        boolean[] begins = new boolean[257];
        for (int e = 0; e < lo.length; e++) {
            begins[lo[e]] = true;
            begins[hi[e] + 1] = true;
        }
        int last = 0;
        for (int b = 1; b < 256; b++) {
            last += begins[b] ? 1 : 0;
            classOf[b] = last;
        }
        return last + 1;
    }

    /// Number nodes so that silent edges and calls lead upwards; a cycle is left recursion.
    private int[] topologicalNumbers() {
        int[] identity = new int[nodes];
        for (int n = 0; n < nodes; n++) {
            identity[n] = n;
        }
        int[] silentStart = source.silent.starts(identity);
        int[] silentTo = pick(source.silent.to, source.silent.order(identity, silentStart));
        int[] callStart = source.calls.starts(identity);
        int[] callTo = pick(source.calls.to, source.calls.order(identity, callStart));
        int[] state = new int[nodes]; // 0 new, 1 open, 2 done
        int[] edge = new int[nodes];
        int[] result = new int[nodes];
        int next = nodes;
        var path = new Ints();
        for (int from = 0; from < nodes; from++) {
            if (state[from] != 0) {
                continue;
            }
            path.add(from);
            state[from] = 1;
            while (path.size() > 0) {
                int n = path.get(path.size() - 1);
                int silents = silentStart[n + 1] - silentStart[n];
                int e = edge[n]++;
                if (e >= silents + callStart[n + 1] - callStart[n]) {
                    state[n] = 2;
                    result[n] = --next;
                    path.removeLast();
                    continue;
                }
                int to =
                        e < silents
                                ? silentTo[silentStart[n] + e]
                                : callTo[callStart[n] + e - silents];
                if (state[to] == 1) {
                    throw leftRecursion(path, to);
                }
                if (state[to] == 0) {
                    state[to] = 1;
                    path.add(to);
                }
            }
        }
        return result;
    }

    private MalformedGrammar leftRecursion(Ints path, int back) {
        var names = new ArrayList<String>();
        int from = 0;
        while (path.get(from) != back) {
            from++;
        }
        for (int i = from; i < path.size() && names.size() < 8; i++) {
            String name = source.grammar.name(source.nodeRule.get(path.get(i)));
            if (names.isEmpty() || !names.getLast().equals(name)) {
                names.add(name);
            }
        }
        names.add(source.grammar.name(source.nodeRule.get(back)));
        return MalformedGrammar.inRule(
                source.grammar.kind(),
                "left recursion: rule '%s' begins with itself (%s); write it as a repetition"
                        .formatted(names.getLast(), String.join(" -> ", names)));
    }
}
