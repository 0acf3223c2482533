package dev.minke.infer.constrain;

import java.util.Arrays;

/// Where a text may be in an [Automaton]: nodes that can consume, each with its stacks. Immutable.
///
/// Two configurations from the same [StackPool] are equal if and only if they are at the same nodes
/// with the same stacks.
final class Config {
    static final Config DEAD = new Config(new int[0], new StackSet[0], false);

    final int[] nodes; // ascending
    final StackSet[] stacks;
    final boolean mayEnd;
    private final int hash;

    Config(int[] nodes, StackSet[] stacks, boolean mayEnd) {
        this.nodes = nodes;
        this.stacks = stacks;
        this.mayEnd = mayEnd;
        this.hash = 31 * (31 * Arrays.hashCode(nodes) + Arrays.hashCode(stacks)) + (mayEnd ? 1 : 0);
    }

    /// Tell whether no text that leads here can be completed.
    boolean dead() {
        return nodes.length == 0 && !mayEnd;
    }

    @Override
    public boolean equals(Object other) {
        return this == other
                || other instanceof Config that
                        && hash == that.hash
                        && mayEnd == that.mayEnd
                        && Arrays.equals(nodes, that.nodes)
                        && Arrays.equals(stacks, that.stacks);
    }

    @Override
    public int hashCode() {
        return hash;
    }
}
