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

    /// The only place where tokens are drawn.
    int draw(Tensor logits, int row, Candidates candidates) {
        return drawer.draw(logits, row, candidates);
    }

    void append(int token) {
        if (length == tokens.length) {
            tokens = Arrays.copyOf(tokens, 2 * length);
        }
        tokens[length++] = token;
    }

    void addBlock(int block) {
        if (blockCount == blocks.length) {
            blocks = Arrays.copyOf(blocks, Math.max(4, 2 * blockCount));
        }
        blocks[blockCount++] = block;
    }
}
