package dev.minke.infer.engine;

/// Decides who guesses for a sequence, and how many tokens: what lets the most tokens come out of a
/// second, by the times of steps with few and many rows, the time that guessing takes, and how
/// often guesses came true.
///
/// Every now and then it tries something else, to see whether things have changed. Times decide
/// about nothing but how long things take: whatever is guessed, the text is the same.
final class Pace {
    /// The kind of guesses that the MTP module makes; those above it are matches.
    static final int MTP = 0;

    /// Steps from one trial to the next.
    private static final int PERIOD = 100;

    /// Steps of a trial: the first of them suffers from what the processor's cache holds.
    private static final int TRIAL = 5;

    /// Choices that count for how often the module is chosen, and the share below which new
    /// sequences do without it.
    private static final int WINDOW = 500;

    private static final double SELDOM = 0.05;

    /// What the module must gain: it has costs that are not seen here, of prompts for one.
    private static final double GAIN = 1.05;

    /// Of so many such sequences one does not.
    private static final int EXCEPTION = 16;

    private final int maxDrafts;
    private final boolean adaptive;
    private final Acceptance everybody;
    private final StepTimes steps = new StepTimes();
    private final StepTimes first = new StepTimes();
    private final StepTimes further = new StepTimes();
    private int sequences;
    private int step;
    private int trial;
    private int usual;
    private double chosen = 1;
    private int without;
    private int kind;
    private int drafts;

    Pace(Speculation speculation) {
        maxDrafts = speculation.maxDrafts();
        adaptive = speculation.adaptive();
        everybody = new Acceptance(1 + NgramIndex.KINDS, maxDrafts, 128);
    }

    /// A record for a new sequence.
    Acceptance acceptance() {
        return new Acceptance(everybody, 24);
    }

    /// Whether the module is to keep a cache for a new sequence, so that it can guess for it.
    boolean mtpMayPay() {
        return !adaptive || chosen > SELDOM || ++without % EXCEPTION == 0;
    }

    /// A step of decoding sequences alone, guesses not included, took so long.
    void step(int rows, double seconds) {
        steps.measured(rows, seconds);
    }

    /// The module's guess `number` took so long for so many sequences.
    void guess(int number, int count, double seconds) {
        (number == 0 ? first : further).measured(count, seconds);
    }

    /// The guesses of a sequence were checked.
    void outcome(Sequence sequence, int guesses, int right) {
        sequence.acceptance.record(sequence.kind, guesses, right);
        everybody.record(sequence.kind, guesses, right);
    }

    /// Begin to choose for a step of so many sequences.
    void begin(int count) {
        sequences = count;
        step++;
        trial = step % PERIOD < TRIAL ? step / PERIOD : 0;
    }

    /// Choose for a sequence; [#kind()] and [#drafts()] then say what.
    ///
    /// @param most guesses it could use
    /// @param mtp whether the module can guess
    /// @param match the kind of match that was found; [#MTP] for none
    void choose(Sequence sequence, int most, boolean mtp, int match) {
        kind = match != MTP ? match : MTP;
        drafts = mtp || match != MTP ? most : 0;
        if (adaptive && trial > 0) {
            vary(mtp);
        } else if (adaptive) {
            search(sequence.acceptance, drafts, mtp, match);
            usual = drafts;
            if (mtp) {
                chosen += ((drafts > 0 && kind == MTP ? 1 : 0) - chosen) / WINDOW;
            }
        }
    }

    /// In turn: none, one more, one less than usual, one by the module; now and then all.
    private void vary(boolean mtp) {
        int number =
                switch (trial % 4) {
                    case 0 -> 0;
                    case 1 -> trial % 16 == 1 ? maxDrafts : usual + 1;
                    case 2 -> Math.max(1, usual - 1);
                    default -> Math.max(1, usual);
                };
        drafts = Math.min(drafts, number);
        kind = mtp && trial % 4 == 3 ? MTP : kind;
    }

    private void search(Acceptance acceptance, int most, boolean mtp, int match) {
        drafts = 0;
        double best = rate(acceptance, kind, 0);
        for (int d = 1; d <= most; d++) {
            double found = match == MTP ? 0 : rate(acceptance, match, d);
            double module = mtp ? rate(acceptance, MTP, d) / GAIN : 0;
            if (Math.max(found, module) >= best) {
                best = Math.max(found, module);
                kind = found >= module ? match : MTP;
                drafts = d;
            }
        }
    }

    /// Tokens per second to expect if all sequences did as this one.
    private double rate(Acceptance acceptance, int how, int count) {
        double seconds = steps.estimate(sequences * (1 + count));
        if (how == MTP && count > 0) {
            seconds += first.estimate(sequences) + (count - 1) * further.estimate(sequences);
        }
        return seconds == 0 ? count : (1 + acceptance.expected(how, count)) / seconds;
    }

    /// The kind of guesses chosen.
    int kind() {
        return kind;
    }

    /// How many of them.
    int drafts() {
        return drafts;
    }
}
