package dev.minke.infer.constrain;

/// Edges of one kind, each with two numbers of its own.
final class EdgeList {
    final Ints from = new Ints();
    final Ints to = new Ints();
    final Ints a = new Ints();
    final Ints b = new Ints();

    int size() {
        return from.size();
    }

    void add(int source, int target, int first, int second) {
        from.add(source);
        to.add(target);
        a.add(first);
        b.add(second);
    }

    /// Count where the edges of each node begin.
    int[] starts(int[] number) {
        int[] starts = new int[number.length + 1];
        for (int e = 0; e < size(); e++) {
            starts[number[from.get(e)] + 1]++;
        }
        for (int n = 0; n < number.length; n++) {
            starts[n + 1] += starts[n];
        }
        return starts;
    }

    /// List the edges by node.
    int[] order(int[] number, int[] starts) {
        int[] next = starts.clone();
        int[] order = new int[size()];
        for (int e = 0; e < order.length; e++) {
            order[next[number[from.get(e)]]++] = e;
        }
        return order;
    }
}
