package dev.minke.infer.engine;

import dev.minke.infer.Candidates;
import dev.minke.tensor.Tensor;
import java.util.Arrays;

/// One choice of a job: its tokens, and how far the cache holds them.
final class Sequence {
    /// Where a sequence stands while its job runs.
    enum State {
        /// Waits for the prompt that another choice of its job computes.
        FOLLOWS,
        /// Takes part in steps.
        RUNS,
        /// Has ended.
        ENDED
    }

    private static final int[] NOTHING = {};

    final Job job;
    final int choice;
    private final Drawer drawer;
    int[] tokens;
    int length;
    int computed;
    int[] blocks = NOTHING;
    int blockCount;
    PrefixIndex.Node prefix; // held; the last published block
    int published;
    State state = State.FOLLOWS;

    /// Guessed tokens behind the last one, in `tokens` from `length` on.
    int drafts;

    /// Guesses that the MTP module is to make for it.
    int wanted;

    /// Of the guesses, see [Pace].
    int kind;

    Acceptance acceptance = Acceptance.NONE;
    final MtpBacklog backlog = new MtpBacklog();
    final NgramIndex ngrams = new NgramIndex();

    Sequence(Job job, int choice, PrefixIndex.Node root) {
        this.job = job;
        this.choice = choice;
        this.prefix = root;
        drawer = job.request.drawers().apply(choice);
        int[] prompt = job.request.prompt();
        tokens = Arrays.copyOf(prompt, prompt.length + Math.min(64, job.request.maxTokens()));
        length = prompt.length;
    }

    int generated() {
        return length - job.promptLength();
    }

    /// Tokens that have no cache entry yet; one in plain decoding.
    int remaining() {
        return length - computed;
    }

    /// Whether it takes part in steps with its last token alone.
    boolean decodes() {
        return state == State.RUNS && remaining() == 1;
    }

    /// The only place where tokens are drawn.
    int draw(Tensor logits, int row, Candidates candidates) {
        return drawer.draw(logits, row, candidates);
    }

    void append(int token) {
        room(1);
        tokens[length++] = token;
    }

    /// Make room for `count` more tokens.
    void room(int count) {
        if (length + count > tokens.length) {
            tokens = Arrays.copyOf(tokens, Math.max(2 * length, length + count));
        }
    }

    /// Guess that it goes on as it did from `position` on; where that runs into the end, with the
    /// guesses.
    void repeat(int position, int count) {
        room(count);
        for (int i = 0; i < count; i++) {
            tokens[length + i] = tokens[position + i];
        }
        drafts = count;
    }

    /// Tokens that may still be drawn.
    int left() {
        return job.request.maxTokens() - generated();
    }

    /// Forget what depends on blocks that it no longer has.
    void restart() {
        drafts = 0;
        wanted = 0;
        backlog.done(0);
    }

    void addBlock(int block) {
        if (blockCount == blocks.length) {
            blocks = Arrays.copyOf(blocks, Math.max(4, 2 * blockCount));
        }
        blocks[blockCount++] = block;
    }
}
