package dev.minke.infer.constrain;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Finds the tokens an [Automaton] allows, for one [Vocabulary].
///
/// The automaton becomes deterministic as it is used: each [Config] met on a walk over the tree of
/// tokens is a state with a table of next states, so that a walk costs one look-up per node. States
/// and masks are kept within bounds, and what is thrown away is found again when needed.
///
/// All methods may be called from several threads; they take turns.
final class MaskTable {
    private static final int MOST_STATES = 16_384;
    private static final long MOST_STATE_BYTES = 16L << 20;

    /// What is kept at most: masks in bytes, and states or none.
    record Limits(long maskBytes, boolean keepStates) {
        static final Limits STANDARD = new Limits(16L << 20, true);
    }

    private static final class State {
        final Config config;
        final @Nullable State[] next;

        State(Config config, int classes) {
            this.config = config;
            this.next = new State[classes];
        }
    }

    private final Automaton automaton;
    private final Vocabulary vocabulary;
    private final Limits limits;
    private final Stepper stepper;
    private final Config start;
    private final State dead;
    private final int[] classOf = new int[256];
    private final Map<Config, State> states = new HashMap<>();
    private final State[] path;
    private final int mostMasks;
    private final LinkedHashMap<Config, long[]> masks = new LinkedHashMap<>(16, 0.75f, true);
    private final long[] byIdOnly; // ids the grammar names, which it never reads as text
    private long stateBytes;
    private long walks;

    MaskTable(Automaton automaton, Vocabulary vocabulary, Limits limits) {
        this.automaton = automaton;
        this.vocabulary = vocabulary;
        this.limits = limits;
        this.stepper = new Stepper(automaton);
        this.start = stepper.start();
        this.dead = new State(Config.DEAD, 0);
        this.path = new State[vocabulary.longest() + 1];
        System.arraycopy(automaton.byteClass(), 0, classOf, 0, 256);
        this.mostMasks =
                (int) Math.max(1, limits.maskBytes() / Math.max(1, 8 * vocabulary.maskLength()));
        this.byIdOnly = new long[vocabulary.maskLength()];
        for (int id : automaton.tokens().id()) {
            if (id < 0 || id >= vocabulary.size()) {
                throw new IllegalArgumentException(
                        "the grammar names token %d; the vocabulary has ids 0 to %d"
                                .formatted(id, vocabulary.size() - 1));
            }
            byIdOnly[id >> 6] |= 1L << id;
        }
    }

    Vocabulary vocabulary() {
        return vocabulary;
    }

    Config start() {
        return start;
    }

    /// Give the tokens that may come next as bits by id; the array is shared and must not change.
    synchronized long[] mask(Config config) {
        stepper.allow();
        Config key = stepper.clamp(config, vocabulary.longest());
        long[] known = masks.get(key);
        if (known != null) {
            return known;
        }
        long[] mask = walk(key);
        if (limits.maskBytes() > 0) {
            masks.put(key, mask);
            if (masks.size() > mostMasks) {
                masks.pollFirstEntry();
            }
        }
        return mask;
    }

    /// Go on by a token; the result is dead if the token is not allowed here.
    synchronized Config accept(Config config, int id) {
        stepper.allow();
        if (id < 0 || id >= vocabulary.size()) {
            return Config.DEAD;
        }
        if ((byIdOnly[id >> 6] >>> id & 1) != 0) {
            return stepper.token(config, id);
        }
        return vocabulary.hasText(id) ? advance(config, vocabulary.text(id)) : Config.DEAD;
    }

    /// Go on by bytes, which need not be whole tokens; the result may be dead.
    synchronized Config advance(Config config, byte[] bytes) {
        stepper.allow();
        Config at = config;
        for (int i = 0; i < bytes.length && !at.dead(); i++) {
            at = stepper.step(at, bytes[i] & 0xFF);
        }
        return at;
    }

    /// Give the bytes that must come next, because there is no choice; at most `most` of them.
    synchronized byte[] forced(Config config, int most) {
        stepper.allow();
        byte[] forced = new byte[most];
        int length = 0;
        Config at = config;
        while (length < most && !at.mayEnd) {
            int only = onlyByte(at);
            if (only < 0) {
                break;
            }
            forced[length++] = (byte) only;
            at = stepper.step(at, only);
        }
        return Arrays.copyOf(forced, length);
    }

    private int onlyByte(Config config) {
        int only = -1;
        for (int n : config.nodes) {
            if (automaton.tokens().start()[n] < automaton.tokens().start()[n + 1]) {
                return -1;
            }
            for (int e = automaton.bytes().start()[n]; e < automaton.bytes().start()[n + 1]; e++) {
                int lo = automaton.bytes().lo()[e];
                if (lo != automaton.bytes().hi()[e] || only >= 0 && only != lo) {
                    return -1;
                }
                only = lo;
            }
        }
        return only;
    }

    /// Count the masks computed so far, for tests.
    synchronized long walks() {
        return walks;
    }

    // ---- the walk

    private long[] walk(Config config) {
        walks++;
        if (states.size() > MOST_STATES || stateBytes > MOST_STATE_BYTES || !limits.keepStates()) {
            states.clear();
            stateBytes = 0;
        }
        long[] mask = new long[vocabulary.maskLength()];
        walkTexts(state(config), mask);
        for (int i = 0; i < mask.length; i++) {
            mask[i] &= ~byIdOnly[i];
        }
        for (int n : config.nodes) {
            for (int e = automaton.tokens().start()[n];
                    e < automaton.tokens().start()[n + 1];
                    e++) {
                int id = automaton.tokens().id()[e];
                if (!stepper.token(config, id).dead()) {
                    mask[id >> 6] |= 1L << id;
                }
            }
        }
        if (config.mayEnd) {
            for (int id : vocabulary.endIds()) {
                mask[id >> 6] |= 1L << id;
            }
        }
        return mask;
    }

    private void walkTexts(State from, long[] mask) {
        byte[] label = vocabulary.label;
        char[] depth = vocabulary.depth;
        int[] skip = vocabulary.skip;
        int[] tokens = vocabulary.tokens;
        int[] first = vocabulary.firstToken;
        State[] at = path;
        at[0] = from;
        int n = 1;
        while (n < label.length) {
            int d = depth[n];
            State before = at[d - 1];
            int c = classOf[label[n] & 0xFF];
            State state = before.next[c];
            if (state == null) {
                state = next(before, c, label[n] & 0xFF);
            }
            if (state == dead) {
                n = skip[n];
                continue;
            }
            at[d] = state;
            for (int t = first[n]; t < first[n + 1]; t++) {
                mask[tokens[t] >> 6] |= 1L << tokens[t];
            }
            n++;
        }
        Arrays.fill(at, dead); // hold on to nothing
    }

    private State next(State before, int c, int b) {
        Config config = stepper.step(before.config, b);
        State state = config.dead() ? dead : state(stepper.clamp(config, vocabulary.longest()));
        before.next[c] = state;
        return state;
    }

    private State state(Config config) {
        State known = states.get(config);
        if (known != null) {
            return known;
        }
        var state = new State(config, automaton.classes());
        stateBytes += 100 + 4L * automaton.classes() + 8L * config.nodes.length;
        states.put(config, state);
        return state;
    }
}
