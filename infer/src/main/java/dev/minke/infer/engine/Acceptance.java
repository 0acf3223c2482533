package dev.minke.infer.engine;

import java.util.Arrays;

/// How often guesses come true: for each place in a row of guesses the share that did, where all
/// before them had; the recent past counts most. Kinds of guesses are counted apart.
final class Acceptance {
    /// Of a sequence that has never guessed.
    static final Acceptance NONE = new Acceptance(0, 0, 1);

    private static final float AT_FIRST = 0.7f; // hopeful, so that it is tried
    private static final float FIRST_WEIGHT = 0.25f;

    private final int places;
    private final float weight;
    private final float[] rates; // [kinds, places]
    private final float[] weights; // of the next outcome, falling to `weight`

    /// @param window outcomes that count
    Acceptance(int kinds, int places, int window) {
        this.places = places;
        weight = 1f / window;
        rates = new float[kinds * places];
        weights = new float[kinds * places];
        Arrays.fill(rates, AT_FIRST);
        Arrays.fill(weights, FIRST_WEIGHT);
    }

    /// Begin where `other` stands, which counts as a few outcomes.
    Acceptance(Acceptance other, int window) {
        places = other.places;
        weight = 1f / window;
        rates = other.rates.clone();
        weights = new float[rates.length];
        Arrays.fill(weights, FIRST_WEIGHT / 2);
    }

    /// Of `drafts` guesses the first `accepted` came true.
    void record(int kind, int drafts, int accepted) {
        for (int place = 0; place < drafts && place <= accepted; place++) {
            int i = kind * places + place;
            rates[i] += weights[i] * ((place < accepted ? 1 : 0) - rates[i]);
            weights[i] = Math.max(weight, weights[i] / (1 + weights[i]));
        }
    }

    /// How many of `drafts` guesses will come true on average.
    double expected(int kind, int drafts) {
        double all = 1;
        double sum = 0;
        for (int place = 0; place < drafts; place++) {
            all *= rates[kind * places + place];
            sum += all;
        }
        return sum;
    }
}
