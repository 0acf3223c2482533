package dev.minke.infer;

import dev.minke.tensor.Rng;
import dev.minke.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Draws the tokens of one sequence from logits.
///
/// In this order: penalties, bias, mask and ban; then, of temperature 0, the best token. Else
/// temperature, top-k, typical-p, top-p, min-p, each applied to what the one before left over, as
/// probabilities that sum to 1 again; then one random number, whatever the filters. So temperature
/// acts before the filters, as in vLLM and transformers; llama.cpp applies it last. Of two equal
/// logits the lower id is the better one. No filter takes the last token.
///
/// Nothing is allocated by a draw. Equal seeds and equal logits give equal tokens; logits that
/// differ by rounding almost always do too.
public final class Sampler {
    private static final int DRAWS = 1; // the purpose of the random numbers of the first choice
    private static final int[] NONE = {};
    private static final long[] NO_MASK = {};

    private final SamplingParams params;
    private final Rng rng;
    private final TokenHistory history;
    private final int[] biased; // rising
    private final float[] bias;
    private int[] banned = NONE;
    private Optional<Candidates> own = Optional.empty();

    /// @param params how to draw
    public Sampler(SamplingParams params) {
        this(params, 0);
    }

    /// Begin choice number `choice` of several that continue one prompt, each with its own random
    /// numbers; choice 0 is what a request for one gets.
    public Sampler(SamplingParams params, int choice) {
        this.params = params;
        this.rng = Rng.stream(params.seed(), (long) DRAWS + choice);
        this.history =
                new TokenHistory(params.penalties().repeating() ? params.penalties().lastN() : 0);
        List<Map.Entry<Integer, Double>> biases =
                params.logitBias().entrySet().stream().sorted(Map.Entry.comparingByKey()).toList();
        this.biased = new int[biases.size()];
        this.bias = new float[biases.size()];
        for (int i = 0; i < bias.length; i++) {
            biased[i] = biases.get(i).getKey();
            bias[i] = biases.get(i).getValue().floatValue();
        }
    }

    /// How this draws.
    public SamplingParams params() {
        return params;
    }

    /// Note the prompt, which the repetition penalty looks at.
    public void prompt(int... tokens) {
        if (params.penalties().repeating()) {
            for (int token : tokens) {
                history.prompt(token);
            }
        }
    }

    /// Note a token that was drawn; [#sample] does so itself.
    public void accept(int token) {
        if (params.penalties().active()) {
            history.drawn(token);
        }
    }

    /// Draw none of these from now on, in place of those named before, unless a mask leaves nothing
    /// else.
    public void ban(int... tokens) {
        banned = tokens;
    }

    /// Draw from row `row` of `logits` [T, vocabulary] and note the token.
    ///
    /// Keeps [Candidates] of its own: for callers with one sequence or few.
    public int sample(Tensor logits, long row) {
        int vocabSize = Math.toIntExact(logits.cols());
        if (own.isEmpty() || own.get().vocabSize() != vocabSize) {
            own = Optional.of(new Candidates(vocabSize));
        }
        return sample(logits, row, own.get());
    }

    /// Draw from row `row` of `logits` [T, vocabulary and padding] and note the token.
    ///
    /// @param candidates where to work; says how large the vocabulary is
    /// @throws IllegalArgumentException for logits that are not finite, except -Infinity, which is
    ///   not drawn, and for a bias on a token that does not exist
    public int sample(Tensor logits, long row, Candidates candidates) {
        prepare(logits, row, candidates);
        return drawn(candidates);
    }

    /// Draw among the tokens whose bits are set in `mask`, and note the token.
    ///
    /// @param mask bit i % 64 of word i / 64 allows token i; missing words allow nothing
    /// @throws IllegalArgumentException as above, and for a mask that leaves nothing
    public int sample(Tensor logits, long row, long[] mask, Candidates candidates) {
        prepare(logits, row, mask, candidates);
        return drawn(candidates);
    }

    private int drawn(Candidates candidates) {
        int token = draw(candidates);
        accept(token);
        return token;
    }

    /// Put the distribution of the next token into `candidates`.
    public void prepare(Tensor logits, long row, Candidates candidates) {
        prepare(logits, row, false, NO_MASK, candidates);
    }

    /// Put the distribution of the next token among those that `mask` allows into `candidates`.
    public void prepare(Tensor logits, long row, long[] mask, Candidates candidates) {
        prepare(logits, row, true, mask, candidates);
    }

    private void prepare(
            Tensor logits, long row, boolean masked, long[] mask, Candidates candidates) {
        float best = edit(logits, row, masked, mask, banned, candidates);
        if (best == Float.NEGATIVE_INFINITY && banned.length > 0) {
            best = edit(logits, row, masked, mask, NONE, candidates);
        }
        if (best == Float.NEGATIVE_INFINITY) {
            throw new IllegalArgumentException(
                    "no token is left to draw in row %d: mask, bias and logits of -Infinity forbid all %d"
                            .formatted(row, candidates.vocabSize()));
        }
        if (params.temperature() == 0) {
            candidates.takeBest(best);
        } else {
            filter(best, candidates);
        }
    }

    /// Load the logits and change single ones.
    ///
    /// @return the best that is left
    private float edit(
            Tensor logits,
            long row,
            boolean masked,
            long[] mask,
            int[] without,
            Candidates candidates) {
        float best = candidates.load(logits, row);
        float[] edited = candidates.logits();
        if (params.penalties().active()) {
            history.apply(params.penalties(), edited);
        }
        if (biased.length > 0 && biased[biased.length - 1] >= edited.length) {
            params.check(edited.length);
        }
        for (int i = 0; i < biased.length; i++) {
            edited[biased[i]] += bias[i];
        }
        if (masked) {
            candidates.allow(mask);
        }
        for (int token : without) {
            if (token < edited.length) {
                edited[token] = Float.NEGATIVE_INFINITY;
            }
        }
        boolean changed =
                masked || params.penalties().active() || biased.length + without.length > 0;
        return changed ? candidates.best() : best;
    }

    private void filter(float best, Candidates candidates) {
        candidates.takeAll(best, params.temperature());
        if (params.topK() > 0) {
            candidates.keepTop(params.topK());
        }
        candidates.weigh(best, params.temperature());
        if (params.typicalP() < 1) {
            candidates.keepTypical(params.typicalP(), best, params.temperature());
        }
        if (params.topP() < 1) {
            candidates.keepShare(params.topP());
        }
        if (params.minP() > 0) {
            candidates.keepNear(params.minP());
        }
    }

    /// Draw from the distribution in `candidates`: one random number, none at temperature 0.
    public int draw(Candidates candidates) {
        return params.temperature() == 0 ? candidates.id(0) : candidates.at(rng.nextDouble());
    }

    /// Look up the log-probability of `token` in row `row` of `logits`, and the best
    /// [SamplingParams#logprobs] beside it; nothing this sampler was told makes a difference.
    ///
    /// Overwrites `candidates`.
    public TokenLogprobs logprobs(Tensor logits, long row, int token, Candidates candidates) {
        float best = candidates.load(logits, row);
        return candidates.logprobs(best, token, Math.max(0, params.logprobs()));
    }
}
