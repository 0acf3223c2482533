package dev.minke.infer.engine;

import dev.minke.infer.engine.Scheduler.Part;
import dev.minke.infer.engine.Sequence.State;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/// Guesses by the model's MTP module (V3 report 5.4.3, spec 1.8): from the model's hidden state of
/// the last position computed and the token drawn there it scores the token after; from its own
/// hidden state and that token the next one, and so on. The best score is the guess.
///
/// The module's cache is one more layer of the blocks. Position p of it is made from the hidden
/// state of p and the token of p + 1, as soon as that is known; where no guess is wanted, hidden
/// states are kept back and computed several at once. The cells of guesses are overwritten by true
/// ones. Blocks of a prefix bring theirs along: the last one of a prefix may have been made for
/// another continuation, and one that was published while states were kept back may lack some. That
/// makes guesses a little worse and changes nothing else. Choices that share a prompt share the
/// cells of the first of them.
final class MtpDrafter {
    private static final ValueLayout.OfFloat F32 =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final ModelRunner runner;
    private final Pace pace;
    private final List<Source> sources = new ArrayList<>();
    private final List<Chunk> chunks = new ArrayList<>();
    private final List<Sequence> guessing = new ArrayList<>();

    /// Where the hidden states for a chunk of the module come from: those kept back, then `done`,
    /// whose two parts begin at these rows of the step.
    private record Source(Sequence sequence, Chunk done, int firstExpanded, int firstPaged) {}

    /// @param pace learns how long guesses take
    MtpDrafter(ModelRunner runner, Pace pace) {
        this.runner = runner;
        this.pace = pace;
    }

    /// Put the guesses that are wanted behind the tokens of the sequences that drew in this step.
    ///
    /// @param done the chunk of each part
    /// @param plain whether it had decoding sequences alone, so that its times say something
    void draft(List<Part> parts, List<Chunk> done, boolean plain) {
        long begin = System.nanoTime();
        gather(parts, done);
        if (chunks.isEmpty()) {
            return;
        }
        Workspace workspace = runner.workspace();
        StepRows rows = StepRows.of(chunks, workspace);
        Tensor input = workspace.f32(rows.count(), runner.hidden().cols());
        fill(rows, input);
        Tensor hidden = runner.mtp(rows, input);
        Tensor state = workspace.f32(guessing.size(), input.cols());
        for (int i = 0; i < guessing.size(); i++) {
            copy(hidden, rows.logitRows().getInt(i), state, i);
        }
        for (int number = 0; !guessing.isEmpty(); number++) {
            Workspace.Mark mark = workspace.mark();
            if (number > 0) {
                advance(state.range(0, guessing.size()), workspace);
            }
            guess(state.range(0, guessing.size()));
            workspace.release(mark);
            long end = System.nanoTime();
            if (plain) {
                pace.guess(number, guessing.size(), (end - begin) * 1e-9);
            }
            begin = end;
            retain(state);
        }
    }

    /// Decide which positions the module computes now; keep the other hidden states back.
    private void gather(List<Part> parts, List<Chunk> done) {
        sources.clear();
        chunks.clear();
        guessing.clear();
        int expanded = 0;
        int paged = 0;
        for (Chunk chunk : done) {
            expanded += chunk.to() - chunk.border();
        }
        for (int i = 0; i < done.size(); i++) {
            Sequence sequence = parts.get(i).sequence();
            Chunk chunk = done.get(i);
            if (sequence.state == State.RUNS && sequence.backlog.used(pace)) {
                take(new Source(sequence, chunk, expanded, paged));
            }
            expanded += chunk.border() - chunk.from();
            paged += chunk.to() - chunk.border();
        }
    }

    private void take(Source source) {
        Sequence sequence = source.sequence;
        MtpBacklog backlog = sequence.backlog;
        backlog.reach(source.done.from());
        int to = sequence.computed; // without guesses that did not come true
        boolean guesses = sequence.wanted > 0;
        int rows = to - source.done.from();
        if (!guesses && backlog.count() + rows <= MtpBacklog.ROOM) {
            for (int p = source.done.from(); p < to; p++) {
                backlog.add(runner.hidden(), row(source, p));
            }
            return;
        }
        if (guesses) {
            sequence.room(sequence.wanted);
            guessing.add(sequence);
        }
        sources.add(source);
        chunks.add(
                new Chunk(
                        sequence.tokens,
                        1,
                        backlog.from(),
                        to,
                        sequence.blocks,
                        sequence.job.expandedEnd,
                        guesses ? to - 1 : to));
    }

    private static int row(Source source, int position) {
        return source.done.row(position, source.firstExpanded, source.firstPaged);
    }

    /// Put the hidden states of the chunks into the order of their rows.
    private void fill(StepRows rows, Tensor input) {
        int expanded = rows.paged();
        int paged = 0;
        for (int c = 0; c < chunks.size(); c++) {
            Chunk chunk = chunks.get(c);
            Source source = sources.get(c);
            MtpBacklog backlog = source.sequence.backlog;
            int kept = backlog.count();
            for (int p = chunk.from(); p < chunk.to(); p++) {
                int row = chunk.row(p, expanded, paged);
                int i = p - chunk.from();
                if (i < kept) {
                    backlog.copy(i, input, row);
                } else {
                    copy(runner.hidden(), row(source, p), input, row);
                }
            }
            backlog.done(chunk.to());
            expanded += chunk.border() - chunk.from();
            paged += chunk.to() - chunk.border();
        }
    }

    /// The next hidden states, from the present ones and the latest guesses, in their place.
    private void advance(Tensor state, Workspace workspace) {
        chunks.clear();
        for (Sequence sequence : guessing) {
            int p = sequence.length + sequence.drafts - 2; // the guess is the token after it
            chunks.add(new Chunk(sequence.tokens, 1, p, p + 1, sequence.blocks, 0, p + 1));
        }
        state.copyFrom(runner.mtp(StepRows.of(chunks, workspace), state));
    }

    private void guess(Tensor state) {
        Tensor logits = runner.logits(state);
        for (int i = 0; i < guessing.size(); i++) {
            Sequence sequence = guessing.get(i);
            sequence.tokens[sequence.length + sequence.drafts++] = best(logits, i);
        }
    }

    /// Go on with those that want one more guess and have a block for the cell it needs.
    private void retain(Tensor state) {
        int kept = 0;
        for (int i = 0; i < guessing.size(); i++) {
            Sequence sequence = guessing.get(i);
            int p = sequence.length + sequence.drafts - 2;
            boolean room = CacheLayout.blocks(p + 1) <= sequence.blockCount;
            if (sequence.drafts < sequence.wanted && room) {
                if (kept < i) {
                    copy(state, i, state, kept);
                }
                guessing.set(kept++, sequence);
            } else {
                sequence.wanted = 0;
            }
        }
        guessing.subList(kept, guessing.size()).clear();
    }

    /// The best token of a row; the first where nothing is a number.
    private static int best(Tensor logits, int row) {
        MemorySegment segment = logits.segment();
        long at = logits.offset() + 4L * row * logits.rowStride();
        int count = (int) logits.cols();
        int best = 0;
        float most = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) {
            float x = segment.get(F32, at + 4L * i);
            if (x > most) {
                most = x;
                best = i;
            }
        }
        return best;
    }

    private static void copy(Tensor from, int row, Tensor to, int toRow) {
        long bytes = 4 * from.cols();
        long at = from.offset() + 4L * row * from.rowStride();
        long toAt = to.offset() + 4L * toRow * to.rowStride();
        MemorySegment.copy(from.segment(), at, to.segment(), toAt, bytes);
    }
}
