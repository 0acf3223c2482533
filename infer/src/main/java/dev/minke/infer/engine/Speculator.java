package dev.minke.infer.engine;

import dev.minke.infer.engine.Scheduler.Part;
import dev.minke.infer.engine.Sequence.State;
import dev.minke.infer.engine.Speculation.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Guesses ahead for the sequences that draw, see [Speculation]: by the MTP module, or from where
/// the last few tokens occurred before, as [Pace] says.
final class Speculator {
    private final int maxDrafts;
    private final boolean lookup;
    private final Optional<MtpDrafter> mtp;
    private final Pace pace;
    private final List<Sequence> next = new ArrayList<>();
    private long drafted;
    private long accepted;

    /// @param speculation resolved for the model
    Speculator(Speculation speculation, ModelRunner runner) {
        maxDrafts = speculation.maxDrafts();
        lookup = speculation.method() == Method.LOOKUP || speculation.method() == Method.AUTO;
        pace = new Pace(speculation);
        mtp = speculation.usesMtp() ? Optional.of(new MtpDrafter(runner, pace)) : Optional.empty();
    }

    /// The guesses of `sequence` that were computed have been checked.
    ///
    /// @param right how many of the first ones came true
    /// @param wrong whether the next one did not; else the sequence was at its end
    void checked(Sequence sequence, int drafts, int right, boolean wrong) {
        sequence.drafts = 0;
        if (drafts > 0) {
            drafted += drafts;
            accepted += right;
            pace.outcome(sequence, wrong ? right + 1 : right, right);
        }
    }

    /// Guess for the next step.
    ///
    /// @param done the chunk of each part
    /// @param drawn sequences that drew in this one
    /// @param seconds that the step took
    void guess(List<Part> parts, List<Chunk> done, List<Sequence> drawn, double seconds) {
        if (maxDrafts == 0) {
            return;
        }
        boolean plain = true;
        int rows = 0;
        for (Part part : parts) {
            plain &= part.decodes();
            rows += part.to() - part.from();
        }
        if (plain) {
            pace.step(rows, seconds);
        }
        next.clear();
        for (Sequence sequence : drawn) {
            if (sequence.state == State.RUNS) {
                next.add(sequence);
            }
        }
        pace.begin(next.size());
        for (Sequence sequence : next) {
            consider(sequence);
        }
        if (mtp.isPresent()) {
            mtp.get().draft(parts, done, plain);
        }
    }

    /// Choose what guesses for `sequence`, and how many tokens; where a match does, guess.
    private void consider(Sequence sequence) {
        if (sequence.acceptance == Acceptance.NONE) {
            sequence.acceptance = pace.acceptance();
        }
        // the last token that it may draw is never computed
        int most = Math.min(maxDrafts, sequence.left() - 1);
        NgramIndex ngrams = sequence.ngrams;
        boolean found = lookup && most > 0 && ngrams.find(sequence.tokens, sequence.length);
        boolean module = mtp.isPresent() && sequence.backlog.used(pace);
        pace.choose(sequence, most, module, found ? 1 + ngrams.kind() : Pace.MTP);
        sequence.kind = pace.kind();
        sequence.wanted = pace.drafts();
        sequence.drafts = 0;
        if (sequence.kind != Pace.MTP) {
            sequence.repeat(ngrams.match(), sequence.wanted);
            sequence.wanted = 0;
        }
    }

    /// Guesses that were computed.
    long drafted() {
        return drafted;
    }

    /// Those that came true.
    long accepted() {
        return accepted;
    }
}
