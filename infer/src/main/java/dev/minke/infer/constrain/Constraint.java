package dev.minke.infer.constrain;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;

/// A language that generated text must belong to; made by [Constraints] and [ToolCalls].
///
/// Immutable and shared between threads and sequences. What it learns about a vocabulary (masks per
/// position in the grammar) is kept with it, so a constraint that is used again should be kept too.
public final class Constraint {
    private static final int MOST_VOCABULARIES = 4;

    private final Automaton automaton;
    private final LinkedHashMap<Vocabulary, MaskTable> tables = new LinkedHashMap<>();

    Constraint(Grammar grammar) {
        this.automaton = GrammarCompiler.compile(grammar);
    }

    /// Begin a sequence of tokens from a vocabulary.
    ///
    /// Throws IllegalArgumentException if the constraint names tokens the vocabulary does not have.
    public Matcher matcher(Vocabulary vocabulary) {
        MaskTable table;
        synchronized (tables) {
            table =
                    tables.computeIfAbsent(
                            vocabulary,
                            key -> new MaskTable(automaton, key, MaskTable.Limits.STANDARD));
            if (tables.size() > MOST_VOCABULARIES) {
                tables.pollFirstEntry();
            }
        }
        return new Matcher(table);
    }

    /// Begin a sequence with caches of its own, for tests of the caches.
    Matcher matcher(Vocabulary vocabulary, MaskTable.Limits limits) {
        return new Matcher(new MaskTable(automaton, vocabulary, limits));
    }

    /// Tell whether a whole text belongs to the language; tokens the grammar names never match.
    public boolean matches(String text) {
        var stepper = new Stepper(automaton);
        Config at = stepper.start();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            stepper.allow();
            at = stepper.step(at, b & 0xFF);
            if (at.dead()) {
                return false;
            }
        }
        return at.mayEnd;
    }

    /// The progress of one sequence. Not thread-safe; its forks may live on other threads.
    public static final class Matcher {
        private static final int MOST_FORCED = 256;

        private final MaskTable table;
        private Config config;
        private boolean done;

        private Matcher(MaskTable table) {
            this(table, table.start(), false);
        }

        private Matcher(MaskTable table, Config config, boolean done) {
            this.table = table;
            this.config = config;
            this.done = done;
        }

        /// Give the tokens that may come next: bit `id % 64` of long `id / 64`, [Vocabulary#size]
        /// ids; ids beyond are not allowed. The array is shared: it must not be changed.
        ///
        /// End of text is allowed exactly if `mayEnd`; other special tokens are only where the
        /// grammar names them. Throws [GrammarOverflow] if the grammar is too ambiguous, and
        /// IllegalStateException if no token of the vocabulary can go on, or after the end.
        public long[] mask() {
            checkNotDone();
            long[] mask = table.mask(config);
            if (!mayEnd() && empty(mask)) {
                throw new IllegalStateException(
                        "no token of the vocabulary continues the text as the grammar demands");
            }
            return mask;
        }

        private static boolean empty(long[] mask) {
            for (long word : mask) {
                if (word != 0) {
                    return false;
                }
            }
            return true;
        }

        /// Tell whether a token may come next.
        public boolean allows(int id) {
            return !done
                    && (table.vocabulary().ends(id)
                            ? mayEnd() || !table.accept(config, id).dead()
                            : !table.accept(config, id).dead());
        }

        /// Go on by a token.
        ///
        /// Throws IllegalArgumentException, and stays where it is, if the token is not allowed;
        /// IllegalStateException after the end.
        public void accept(int id) {
            checkNotDone();
            if (mayEnd() && table.vocabulary().ends(id)) {
                done = true;
                return;
            }
            Config next = table.accept(config, id);
            if (next.dead()) {
                throw new IllegalArgumentException(
                        "token %d is not allowed here by the grammar".formatted(id));
            }
            config = next;
        }

        /// Go on by a piece of text, however it is cut into tokens.
        ///
        /// Throws IllegalArgumentException, and stays where it is, if the text is not allowed.
        public void acceptText(byte[] utf8) {
            checkNotDone();
            Config next = table.advance(config, utf8);
            if (next.dead()) {
                throw new IllegalArgumentException(
                        "the text \"%s\" is not allowed here by the grammar"
                                .formatted(new String(utf8, StandardCharsets.UTF_8)));
            }
            config = next;
        }

        /// Tell whether the text so far belongs to the language.
        public boolean mayEnd() {
            return config.mayEnd;
        }

        /// Tell whether the text belongs to the language and nothing can be added to it.
        public boolean mustEnd() {
            return config.mayEnd && config.nodes.length == 0;
        }

        /// Tell whether the end of text was accepted.
        public boolean done() {
            return done;
        }

        /// Give the bytes that must come next because the grammar leaves no choice; often none.
        ///
        /// They may end within a character. No more than 256 are given at once.
        public byte[] forced() {
            return done ? new byte[0] : table.forced(config, MOST_FORCED);
        }

        /// Make a matcher that goes on from here on its own; costs next to nothing.
        public Matcher fork() {
            return new Matcher(table, config, done);
        }

        /// Tell whether another matcher of the same constraint stands at the same place.
        boolean sameAs(Matcher other) {
            return table == other.table && config.equals(other.config) && done == other.done;
        }

        /// Count the masks computed for the constraint, for tests.
        long walks() {
            return table.walks();
        }

        private void checkNotDone() {
            if (done) {
                throw new IllegalStateException("the end of text was accepted already");
            }
        }
    }
}
