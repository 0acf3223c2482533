package dev.minke.infer.constrain;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Finds how deep calls must nest to end a rule, from each node of an [Automaton].
///
/// A shortest path where the length of a path is the greatest depth on the way; nodes are settled
/// in the order of their depth. What needs more than is possible stays at `NEVER`.
final class Needs {
    private final Automaton automaton;
    private final int[] need;
    private final List<Ints> levels = new ArrayList<>();
    private final EdgeList back = new EdgeList(); // a: the call, or -1

    private Needs(Automaton automaton) {
        this.automaton = automaton;
        this.need = automaton.need();
    }

    /// Fill in `need` of an automaton.
    static void fill(Automaton automaton) {
        new Needs(automaton).compute();
    }

    private void compute() {
        Automaton.Calls calls = automaton.calls();
        int[] identity = new int[need.length];
        Arrays.fill(need, Automaton.NEVER);
        for (int n = 0; n < need.length; n++) {
            identity[n] = n;
            reverse(n, automaton.bytes().start(), automaton.bytes().to());
            reverse(n, automaton.tokens().start(), automaton.tokens().to());
            reverse(n, automaton.silent().start(), automaton.silent().to());
            for (int c = calls.start()[n]; c < calls.start()[n + 1]; c++) {
                back.add(calls.entry()[c], n, c, 0);
                back.add(calls.after()[c], n, c, 0);
            }
        }
        int[] start = back.starts(identity);
        int[] order = back.order(identity, start);
        for (int n = 0; n < need.length; n++) {
            if (automaton.leaves()[n]) {
                offer(n, 0);
            }
        }
        for (int level = 0; level < levels.size(); level++) {
            Ints open = levels.get(level);
            for (int i = 0; i < open.size(); i++) {
                int n = open.get(i);
                if (need[n] <= level) {
                    continue;
                }
                need[n] = level;
                for (int e = start[n]; e < start[n + 1]; e++) {
                    int call = back.a.get(order[e]);
                    offer(back.to.get(order[e]), call < 0 ? level : through(calls, call));
                }
            }
        }
    }

    private int through(Automaton.Calls calls, int call) {
        int inside = need[calls.entry()[call]] + (calls.tail()[call] ? 0 : 1);
        return Math.max(inside, need[calls.after()[call]]);
    }

    private void reverse(int n, int[] start, int[] to) {
        for (int e = start[n]; e < start[n + 1]; e++) {
            back.add(to[e], n, -1, 0);
        }
    }

    private void offer(int node, int level) {
        if (level >= need[node] || level > Automaton.DEEPEST) {
            return;
        }
        while (levels.size() <= level) {
            levels.add(new Ints());
        }
        levels.get(level).add(node);
    }
}
