package dev.minke.infer.constrain;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Moves a [Config] over an [Automaton] byte by byte or token by token.
///
/// All readings of an ambiguous text are followed side by side, merged wherever they are at the
/// same node. After each step returns are followed first (downwards in the stacks), then calls
/// (upwards in the numbers of nodes), so that every node is left once, with all its stacks. Not
/// thread-safe.
final class Stepper {
    private static final int MOST_NODES = 10_000;

    /// What one [#allow] pays for, in visited edges: about a tenth of a second.
    private static final long WORK = 5_000_000;

    private final Automaton a;
    private final Automaton.ByteEdges bytes;
    private final Automaton.TokenEdges tokens;
    private final Automaton.SilentEdges silent;
    private final Automaton.Calls calls;
    private final Automaton.Repeats repeats;
    private final StackPool pool = new StackPool();
    private final @Nullable StackSet[] stacks; // by node, null unless live
    private final BitSet live = new BitSet();
    private final Ints openNodes = new Ints();
    private final List<StackSet> openStacks = new ArrayList<>();
    private boolean mayEnd;
    private long work = WORK;

    Stepper(Automaton automaton) {
        this.a = automaton;
        this.bytes = automaton.bytes();
        this.tokens = automaton.tokens();
        this.silent = automaton.silent();
        this.calls = automaton.calls();
        this.repeats = automaton.repeats();
        this.stacks = new StackSet[automaton.nodes()];
    }

    /// Grant the work of one more call from outside.
    void allow() {
        work = WORK;
    }

    /// Give the configuration before any text.
    Config start() {
        begin(a.rootEmpty());
        reach(a.root(), pool.bottom());
        return finish();
    }

    /// Consume a byte; the result may be dead.
    Config step(Config from, int b) {
        begin(false);
        for (int i = 0; i < from.nodes.length; i++) {
            int n = from.nodes[i];
            int end = bytes.start()[n + 1];
            work -= end - bytes.start()[n];
            for (int e = bytes.start()[n]; e < end; e++) {
                if (bytes.lo()[e] <= b && b <= bytes.hi()[e]) {
                    reach(bytes.to()[e], from.stacks[i]);
                }
            }
        }
        return finish();
    }

    /// Consume a token as a whole, where the grammar asks for it by id; the result may be dead.
    Config token(Config from, int id) {
        begin(false);
        for (int i = 0; i < from.nodes.length; i++) {
            int n = from.nodes[i];
            for (int e = tokens.start()[n]; e < tokens.start()[n + 1]; e++) {
                if (tokens.id()[e] == id) {
                    reach(tokens.to()[e], from.stacks[i]);
                }
            }
        }
        return finish();
    }

    /// Bring the counters of repetitions to the least values that behave alike for `bytes` bytes.
    ///
    /// A body consumes at least one byte, so a count further than that from a limit may as well be
    /// anywhere between the limits.
    Config clamp(Config config, int bytes) {
        if (repeats.min().length == 0 || config.dead()) {
            return config;
        }
        Map<StackSet, StackSet> done = new HashMap<>();
        StackSet[] clamped = new StackSet[config.stacks.length];
        boolean same = true;
        for (int i = 0; i < clamped.length; i++) {
            clamped[i] = clamp(config.stacks[i], bytes, done);
            same &= clamped[i] == config.stacks[i];
        }
        return same ? config : new Config(config.nodes, clamped, config.mayEnd);
    }

    private StackSet clamp(StackSet set, int bytes, Map<StackSet, StackSet> done) {
        if (set.keys.length == 0) {
            return set;
        }
        StackSet before = done.get(set);
        if (before != null) {
            return before;
        }
        boolean same = true;
        StackSet result = set.bottom ? pool.bottom() : null;
        for (int i = 0; i < set.keys.length; i++) {
            StackSet below = clamp(set.below[i], bytes, done);
            long key = clamp(set.keys[i], bytes);
            same &= below == set.below[i] && key == set.keys[i];
            StackSet pushed = pool.push(key, below);
            result = result == null ? pushed : pool.union(result, pushed);
        }
        result = same || result == null ? set : result;
        done.put(set, result);
        return result;
    }

    private long clamp(long key, int bytes) {
        int repeat = (int) (key >>> 32) - a.nodes();
        if (repeat < 0) {
            return key;
        }
        long count = key & 0xFFFF_FFFFL;
        int min = repeats.min()[repeat];
        int max = repeats.max()[repeat];
        if (count + bytes < min) {
            return key - count;
        }
        if (count > min && count + bytes < max) {
            return key - count + min;
        }
        return key;
    }

    // ---- the closure

    private void begin(boolean end) {
        reset(); // what an overflow left behind
        mayEnd = end;
    }

    private Config finish() {
        while (openNodes.size() > 0) {
            goBack(openNodes.removeLast(), openStacks.removeLast());
        }
        for (int n = live.nextSetBit(0); n >= 0; n = live.nextSetBit(n + 1)) {
            goUp(n, stacks(n));
        }
        return collect();
    }

    private StackSet stacks(int node) {
        StackSet set = stacks[node];
        if (set == null) {
            throw new AssertionError("node " + node + " is not live");
        }
        return set;
    }

    /// Follow silent edges and, at the end of a rule, the stacks.
    private void goBack(int node, StackSet set) {
        for (int e = silent.start()[node]; e < silent.start()[node + 1]; e++) {
            reach(silent.to()[e], set);
        }
        if (!a.leaves()[node]) {
            return;
        }
        mayEnd |= set.bottom;
        int end;
        for (int i = 0; i < set.keys.length; i = end) {
            int target = target(set, i);
            for (end = i + 1; end < set.keys.length && target(set, end) == target; ) {
                end++;
            }
            if (target < a.nodes()) {
                reach(target, set.below[i]);
            } else {
                comeRound(target - a.nodes(), set, i, end);
            }
        }
    }

    private static int target(StackSet set, int index) {
        return (int) (set.keys[index] >>> 32);
    }

    /// One more body of a repeat is done, for all counts at once: keys `from` to `to`.
    private void comeRound(int repeat, StackSet set, int from, int to) {
        int min = repeats.min()[repeat];
        int max = repeats.max()[repeat];
        long[] keys = new long[to - from];
        StackSet[] below = new StackSet[to - from];
        int size = 0;
        for (int i = from; i < to; i++) {
            int count = (int) set.keys[i] + 1;
            if (count >= min) {
                reach(repeats.after()[repeat], set.below[i]);
            }
            if (count >= max) {
                continue;
            }
            long key = repeatKey(repeat, max == Expr.UNLIMITED ? Math.min(count, min) : count);
            if (size > 0 && keys[size - 1] == key) {
                below[size - 1] = pool.union(below[size - 1], set.below[i]);
            } else {
                keys[size] = key;
                below[size++] = set.below[i];
            }
        }
        work -= to - from;
        if (size > 0) {
            reach(repeats.entry()[repeat], pool.set(keys, below, size));
        }
    }

    private long repeatKey(int repeat, int count) {
        return (long) (a.nodes() + repeat) << 32 | count;
    }

    /// Follow silent edges and calls.
    private void goUp(int node, StackSet set) {
        for (int e = silent.start()[node]; e < silent.start()[node + 1]; e++) {
            join(silent.to()[e], set);
        }
        for (int c = calls.start()[node]; c < calls.start()[node + 1]; c++) {
            int repeat = calls.repeat()[c];
            if (a.need()[calls.after()[c]] + set.depth > Automaton.DEEPEST) {
                continue;
            }
            if (calls.tail()[c]) {
                join(calls.entry()[c], set);
            } else if (repeat < 0) {
                join(calls.entry()[c], pool.push((long) calls.after()[c] << 32, set));
            } else {
                join(calls.entry()[c], pool.push(repeatKey(repeat, 0), set));
            }
        }
    }

    private void reach(int node, StackSet set) {
        if (join(node, set)) {
            openNodes.add(node);
            openStacks.add(set);
        }
    }

    /// Add stacks to a node; tells whether they were news.
    private boolean join(int node, StackSet set) {
        if (--work < 0) {
            throw new GrammarOverflow(
                    "the grammar is too ambiguous here: following it takes more than %d steps"
                            .formatted(WORK));
        }
        if (a.need()[node] + set.depth > Automaton.DEEPEST) {
            return false;
        }
        StackSet old = stacks[node];
        StackSet joined = old == null ? set : pool.union(old, set);
        if (joined == old) {
            return false;
        }
        work -= joined.keys.length;
        stacks[node] = joined;
        live.set(node);
        return true;
    }

    private Config collect() {
        int count = 0;
        for (int n = live.nextSetBit(0); n >= 0; n = live.nextSetBit(n + 1)) {
            count += a.consumes(n) ? 1 : 0;
        }
        if (count > MOST_NODES) {
            throw new GrammarOverflow(
                    "the grammar is too ambiguous here: more than %d readings at once"
                            .formatted(MOST_NODES));
        }
        int[] nodes = new int[count];
        StackSet[] sets = new StackSet[count];
        int i = 0;
        for (int n = live.nextSetBit(0); n >= 0; n = live.nextSetBit(n + 1)) {
            if (a.consumes(n)) {
                nodes[i] = n;
                sets[i++] = stacks(n);
            }
        }
        boolean end = mayEnd;
        reset();
        return count == 0 && !end ? Config.DEAD : new Config(nodes, sets, end);
    }

    private void reset() {
        for (int n = live.nextSetBit(0); n >= 0; n = live.nextSetBit(n + 1)) {
            stacks[n] = null;
        }
        live.clear();
        openNodes.clear();
        openStacks.clear();
        mayEnd = false;
    }
}
