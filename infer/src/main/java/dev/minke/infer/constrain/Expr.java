package dev.minke.infer.constrain;

import java.util.ArrayList;
import java.util.List;

/// What a rule of a grammar may stand for: the language all front ends are translated to.
sealed interface Expr {
    /// No upper limit in a [Repeat].
    int UNLIMITED = Integer.MAX_VALUE;

    Expr EMPTY = new Seq(List.of());
    Expr NEVER = new Alt(List.of());

    /// Exactly this text.
    record Literal(String text) implements Expr {}

    /// One of these texts, none of them twice.
    record Literals(List<String> texts) implements Expr {
        public Literals {
            texts = List.copyOf(texts);
        }
    }

    /// One character of a set.
    record Chars(CodePoints set) implements Expr {}

    /// The token with this id, whatever its bytes.
    record Token(int id) implements Expr {}

    /// All items, one after another.
    record Seq(List<Expr> items) implements Expr {
        public Seq {
            items = List.copyOf(items);
        }
    }

    /// Any one of the items.
    record Alt(List<Expr> items) implements Expr {
        public Alt {
            items = List.copyOf(items);
        }
    }

    /// The body `min` to `max` times.
    record Repeat(Expr body, int min, int max) implements Expr {}

    /// Another rule, by its index in the [Grammar].
    record Ref(int rule) implements Expr {}

    /// A graph of states whose edges carry expressions; begins at state 0.
    record Machine(int states, List<Edge> edges, List<Integer> finals) implements Expr {
        /// What leads from one state of a [Machine] to another.
        record Edge(int from, Expr label, int to) {}

        public Machine {
            edges = List.copyOf(edges);
            finals = List.copyOf(finals);
        }
    }

    static Expr literal(String text) {
        return new Literal(text);
    }

    static Expr chars(String characters) {
        return new Chars(CodePoints.of(characters));
    }

    static Expr chars(int... loHi) {
        return new Chars(CodePoints.ranges(loHi));
    }

    static Expr seq(Expr... items) {
        return new Seq(List.of(items));
    }

    static Expr alt(Expr... items) {
        return new Alt(List.of(items));
    }

    static Expr optional(Expr body) {
        return new Repeat(body, 0, 1);
    }

    static Expr star(Expr body) {
        return new Repeat(body, 0, UNLIMITED);
    }

    static Expr plus(Expr body) {
        return new Repeat(body, 1, UNLIMITED);
    }

    static Expr times(Expr body, int min, int max) {
        return new Repeat(body, min, max);
    }

    /// A [Machine] being put together.
    final class MachineBuilder {
        private final List<Machine.Edge> edges = new ArrayList<>();
        private final List<Integer> finals = new ArrayList<>();
        private int states = 1; // state 0 is where it begins

        int state() {
            return states++;
        }

        void edge(int from, Expr label, int to) {
            edges.add(new Machine.Edge(from, label, to));
        }

        void accept(int state) {
            finals.add(state);
        }

        Machine build() {
            return new Machine(states, edges, finals);
        }
    }
}
