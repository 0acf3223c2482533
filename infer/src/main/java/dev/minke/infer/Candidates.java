package dev.minke.infer;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.minke.tensor.DType;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The tokens that may be drawn next and how likely each is: where a [Sampler] works.
///
/// Memory without meaning between calls: one of these serves any number of samplers, one at a time.
/// It takes 28 bytes per token of the vocabulary. After [Sampler#prepare] it holds a distribution.
public final class Candidates {
    private static final ValueLayout.OfFloat F32 =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(LITTLE_ENDIAN);

    /// Tokens less likely than the best by a factor of exp(-40) are left out: if a vocabulary of
    /// 129,280 had no others, one of them would still be drawn only once in 10^12 times.
    private static final double DEPTH = 40;

    private final int vocabSize;
    private final float[] logits; // by token
    private final int[] ids; // rising, so that a draw hardly moves when the logits hardly do
    private final float[] scores; // by position in ids: what filters rank
    private final double[] weights; // by position: not normalised
    private final long[] keys; // scratch
    private final Ranking ranking = new Ranking();
    private int size;
    private double total;

    /// @param vocabSize ids that can be drawn
    public Candidates(int vocabSize) {
        if (vocabSize < 1) {
            throw new IllegalArgumentException(
                    "a vocabulary of " + vocabSize + " tokens, expected 1 or more");
        }
        this.vocabSize = vocabSize;
        this.logits = new float[vocabSize];
        this.ids = new int[vocabSize];
        this.scores = new float[vocabSize];
        this.weights = new double[vocabSize];
        this.keys = new long[vocabSize];
    }

    /// How many ids can be drawn; rows of logits beyond are padding.
    public int vocabSize() {
        return vocabSize;
    }

    /// How many tokens are left.
    public int size() {
        return size;
    }

    /// The `i`-th token that is left; ids rise with i.
    public int id(int i) {
        return ids[i];
    }

    /// The probability of the `i`-th token that is left.
    public double probability(int i) {
        return weights[i] / total;
    }

    /// The probability of token `id`, 0 if it was filtered away.
    public double probabilityOf(int id) {
        int at = Arrays.binarySearch(ids, 0, size, id);
        return at < 0 ? 0 : probability(at);
    }

    /// Take the logits of a row.
    ///
    /// @return the best of them
    /// @throws IllegalArgumentException for a row that is too short or holds NaN or Infinity
    float load(Tensor tensor, long row) {
        tensor.expect("logits", DType.F32);
        if (tensor.cols() < vocabSize || row < 0 || row >= tensor.rows()) {
            throw new IllegalArgumentException(
                    "row %d of logits %s, expected one with %d columns or more"
                            .formatted(row, tensor, vocabSize));
        }
        long at = tensor.offset() + row * tensor.rowStride() * Float.BYTES;
        MemorySegment.copy(tensor.segment(), F32, at, logits, 0, vocabSize);
        float best = best();
        if (!(best < Float.POSITIVE_INFINITY)) {
            throw notFinite(row);
        }
        return best;
    }

    private IllegalArgumentException notFinite(long row) {
        int token = 0;
        while (logits[token] < Float.POSITIVE_INFINITY) {
            token++;
        }
        return new IllegalArgumentException(
                "logit of token %d in row %d is %s, expected a finite number"
                        .formatted(token, row, logits[token]));
    }

    /// The logits by token, to be changed.
    float[] logits() {
        return logits;
    }

    /// The best logit, NaN if one is NaN.
    float best() {
        float best = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < vocabSize; i++) {
            best = Math.max(best, logits[i]);
        }
        return best;
    }

    /// Forbid all tokens whose bit is not set; missing words have no bits.
    void allow(long[] mask) {
        for (int from = 0; from < vocabSize; from += Long.SIZE) {
            int word = from / Long.SIZE;
            long off = word < mask.length ? ~mask[word] : -1L;
            if (vocabSize - from < Long.SIZE) {
                off &= (1L << vocabSize) - 1; // the shift is that within the word
            }
            for (; off != 0; off &= off - 1) {
                logits[from + Long.numberOfTrailingZeros(off)] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    /// Leave the best token alone, the lower id where two are equal.
    void takeBest(float best) {
        int id = 0;
        while (logits[id] != best) {
            id++;
        }
        ids[0] = id;
        weights[0] = 1;
        total = 1;
        size = 1;
    }

    /// Begin with all tokens that are not forbidden, and that count beside one of logit `best`.
    void takeAll(float best, double temperature) {
        float least = Math.max((float) (best - DEPTH * temperature), -Float.MAX_VALUE);
        int kept = 0;
        for (int i = 0; i < vocabSize; i++) {
            float logit = logits[i];
            ids[kept] = i;
            scores[kept] = logit;
            // 1 if logit >= least, without a branch, which a mask makes hard to predict
            kept += 1 + (Float.floatToRawIntBits(logit - least) >> 31);
        }
        size = kept;
    }

    /// Keep the `k` with the best scores, the lower id where two are equal.
    void keepTop(int k) {
        if (k < size) {
            keep(leastOfTop(k));
        }
    }

    /// Find the key of the k-th best score: gather up to 2 k that beat the k-th best so far, keep
    /// the better half, and go on. Of scores in no order few are gathered. The k best keys end up
    /// in front.
    private long leastOfTop(int k) {
        int room = Math.min(size, Math.max(2 * Math.min(k, size / 2), 64));
        float bar = Float.NEGATIVE_INFINITY;
        int count = 0;
        for (int j = 0; j < size; j++) {
            float score = scores[j];
            if (score > bar) { // an equal one stands behind those with a lower id
                keys[count++] = Ranking.key(score, j);
                if (count == room && j < size - 1) {
                    bar = Ranking.score(Ranking.leastOfBest(keys, count, k));
                    count = k;
                }
            }
        }
        return Ranking.leastOfBest(keys, count, k);
    }

    private void keep(long least) {
        int kept = 0;
        for (int j = 0; j < size; j++) {
            int keep = Ranking.key(scores[j], j) >= least ? 1 : 0;
            ids[kept] = ids[j];
            scores[kept] = scores[j];
            weights[kept] = weights[j];
            kept += keep;
        }
        size = kept;
    }

    /// Turn scores into weights, exp((score - best) / temperature).
    void weigh(float best, double temperature) {
        double highest = best;
        for (int j = 0; j < size; j++) { // the difference first: it becomes 0 whatever divides it
            weights[j] = (scores[j] - highest) / temperature;
        }
        Exponential.replace(weights, size);
        total = sum(weights, size);
    }

    /// Keep the smallest set of best tokens with `share` of the weight.
    void keepShare(double share) {
        double target = share * total;
        // what weighs less than this cannot matter, even if all of them did
        double light = (total - target) / size * (1 - 1e-9);
        int count = 0;
        for (int j = 0; j < size; j++) {
            keys[count] = Ranking.key(scores[j], j);
            count += weights[j] >= light ? 1 : 0;
        }
        keep(ranking.leastOfHeaviest(keys, count, weights, target));
        total = sum(weights, size);
    }

    /// Keep the smallest set with `share` of the weight of the tokens whose surprise, -log p, is
    /// nearest to its mean over the distribution, the entropy.
    void keepTypical(double share, float best, double temperature) {
        double log = Math.log(total);
        double entropy = 0;
        for (int j = 0; j < size; j++) {
            entropy += weights[j] * (log - (scores[j] - (double) best) / temperature);
        }
        entropy /= total;
        for (int j = 0; j < size; j++) {
            double surprise = log - (scores[j] - (double) best) / temperature;
            scores[j] = (float) -Math.abs(surprise - entropy);
            keys[j] = Ranking.key(scores[j], j);
        }
        keep(ranking.leastOfHeaviest(keys, size, weights, share * total));
        for (int j = 0; j < size; j++) {
            scores[j] = logits[ids[j]];
        }
        total = sum(weights, size);
    }

    /// Keep the tokens with `share` of the best one's weight or more.
    void keepNear(double share) {
        double most = 0;
        for (int j = 0; j < size; j++) {
            most = Math.max(most, weights[j]);
        }
        double least = share * most;
        int kept = 0;
        for (int j = 0; j < size; j++) {
            int keep = weights[j] >= least ? 1 : 0;
            ids[kept] = ids[j];
            weights[kept] = weights[j];
            kept += keep;
        }
        size = kept;
        total = sum(weights, size);
    }

    /// The token at which the weights, added by rising id, exceed `uniform` of their total.
    ///
    /// @param uniform from 0 to less than 1
    int at(double uniform) {
        double left = uniform * total;
        for (int j = 0; j < size - 1; j++) {
            left -= weights[j];
            if (left < 0) {
                return ids[j];
            }
        }
        return ids[size - 1];
    }

    /// Compute log-softmax of the logits for `token` and the `n` best tokens.
    ///
    /// @param best the best logit
    TokenLogprobs logprobs(float best, int token, int n) {
        for (int i = 0; i < vocabSize; i++) {
            weights[i] = logits[i] - (double) best;
        }
        Exponential.replace(weights, vocabSize);
        double log = best + Math.log(sum(weights, vocabSize));
        takeAll(best, Double.POSITIVE_INFINITY);
        int count = Math.min(n, size);
        if (count == size) {
            for (int j = 0; j < size; j++) {
                keys[j] = Ranking.key(scores[j], j);
            }
        } else if (count > 0) {
            leastOfTop(count);
        }
        Arrays.sort(keys, 0, count);
        List<TokenLogprobs.Entry> top = new ArrayList<>(count);
        for (int i = count - 1; i >= 0; i--) {
            int id = ids[Ranking.position(keys[i])];
            top.add(new TokenLogprobs.Entry(id, logits[id] - log));
        }
        return new TokenLogprobs(token, logits[token] - log, top);
    }

    private static double sum(double[] values, int n) {
        double a = 0; // four sums hide the latency of an addition
        double b = 0;
        double c = 0;
        double d = 0;
        int i = 0;
        for (; i < n - 3; i += 4) {
            a += values[i];
            b += values[i + 1];
            c += values[i + 2];
            d += values[i + 3];
        }
        for (; i < n; i++) {
            a += values[i];
        }
        return (a + b) + (c + d);
    }
}
