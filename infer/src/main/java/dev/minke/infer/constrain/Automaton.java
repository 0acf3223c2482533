package dev.minke.infer.constrain;

/// A grammar as a recursive network over bytes: nodes with byte, token, silent and calling edges.
///
/// Nodes are numbered so that silent edges and calls (to the entry of what they call) lead upwards
/// only, which is what the absence of left recursion means. No rule matches the empty text: a call
/// of one that may be empty has a silent edge beside it. The edges of node `n` lie at `start[n]` to
/// `start[n + 1]` in the arrays of their kind. Immutable.
///
/// @param bytes edges that consume a byte
/// @param tokens edges that consume a whole token, by id
/// @param silent edges that consume nothing
/// @param calls edges that go through another rule
/// @param repeats calls that are counted
/// @param leaves true for the node that ends a rule
/// @param need for each node how many nested calls are enough to end its rule; `NEVER` if none are
/// @param root the entry of the root rule
/// @param rootEmpty whether the empty text belongs to the language
/// @param byteClass for each byte its class; bytes of one class behave alike everywhere
/// @param classes the number of classes
record Automaton(
        ByteEdges bytes,
        TokenEdges tokens,
        SilentEdges silent,
        Calls calls,
        Repeats repeats,
        boolean[] leaves,
        int[] need,
        int root,
        boolean rootEmpty,
        int[] byteClass,
        int classes) {

    /// Calls may nest this deep; what would need more is not allowed in the first place.
    static final int DEEPEST = 256;

    /// The `need` of a node from which a rule cannot be ended.
    static final int NEVER = Integer.MAX_VALUE / 2;

    /// Edge `e` takes the bytes `lo[e]` to `hi[e]`, 0 to 255.
    record ByteEdges(int[] start, short[] lo, short[] hi, int[] to) {}

    /// Edge `e` takes token `id[e]`.
    record TokenEdges(int[] start, int[] id, int[] to) {}

    /// Edge `e` takes nothing.
    record SilentEdges(int[] start, int[] to) {}

    /// Call `c` goes to `entry[c]` and comes back at `after[c]`, unless it is a `tail` call, after
    /// which there is nothing to do; `repeat[c]` is -1 or the repeat that counts the calls.
    record Calls(int[] start, int[] entry, int[] after, int[] repeat, boolean[] tail) {}

    /// Repeat `r` calls `entry[r]` `min[r]` to `max[r]` times and comes back at `after[r]`.
    record Repeats(int[] min, int[] max, int[] entry, int[] after) {}

    int nodes() {
        return leaves.length;
    }

    boolean consumes(int node) {
        return bytes.start[node] < bytes.start[node + 1]
                || tokens.start[node] < tokens.start[node + 1];
    }
}
