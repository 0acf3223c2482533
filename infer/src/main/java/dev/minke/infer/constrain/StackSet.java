package dev.minke.infer.constrain;

import java.util.Arrays;

/// A set of stacks of return addresses, as a tree that shares equal branches.
///
/// Each key is what lies on top of some stacks: a node to come back to, or a repeat and how often
/// its body is done; `below[i]` are the stacks under `keys[i]`. Keys ascend. Sets are made by
/// [StackPool] alone, which never makes two equal ones, so that equality is identity.
final class StackSet {
    final boolean bottom; // the empty stack is a member
    final long[] keys;
    final StackSet[] below;
    final int depth; // of the deepest stack
    private final int hash;

    StackSet(boolean bottom, long[] keys, StackSet[] below) {
        this.bottom = bottom;
        this.keys = keys;
        this.below = below;
        int deepest = -1;
        int mixed = Arrays.hashCode(keys) + (bottom ? 1 : 0);
        for (StackSet set : below) {
            deepest = Math.max(deepest, set.depth);
            mixed = 31 * mixed + set.hash;
        }
        this.depth = deepest + 1;
        this.hash = mixed;
    }

    /// Tell whether a set not yet in the pool has the same members as one that is.
    @Override
    public boolean equals(Object other) {
        if (this == other) {
            return true;
        }
        if (!(other instanceof StackSet that)
                || hash != that.hash
                || bottom != that.bottom
                || !Arrays.equals(keys, that.keys)) {
            return false;
        }
        for (int i = 0; i < below.length; i++) {
            if (!below[i].sameAs(that.below[i])) {
                return false;
            }
        }
        return true;
    }

    @SuppressWarnings("ReferenceEquality") // branches come from the pool
    private boolean sameAs(StackSet that) {
        return this == that;
    }

    @Override
    public int hashCode() {
        return hash;
    }
}
