package dev.minke.it;

import dev.minke.model.deepseek.TokenBatch.Sequence;
import dev.minke.tensor.Rng;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Pairs `key value` hidden in random tokens; at the end keys are repeated, and the value that
/// followed each is wanted.
///
/// Neither a key nor the text before it tells its value but where the pair stands, so that a model
/// must attend to the needle, and to the place behind the key.
final class NeedleTask {
    static final int VOCAB = 128;
    private static final int FILL = 64;
    private static final int KEYS = 48;
    private static final int VALUES = 16;

    /// A text with needles.
    ///
    /// @param tokens random ones, with the pairs among them
    /// @param keys in order of depth
    /// @param values of the keys
    /// @param absent a key that the text does not have
    record Hay(int[] tokens, int[] keys, int[] values, int absent) {
        /// The text with `key` behind it.
        int[] asked(int key) {
            int[] all = Arrays.copyOf(tokens, tokens.length + 1);
            all[tokens.length] = key;
            return all;
        }
    }

    private NeedleTask() {}

    /// Hide `needles` pairs, one in each stretch of `length / needles` tokens.
    static Hay hay(Rng rng, int length, int needles) {
        int[] order = new int[KEYS];
        for (int i = 0; i < KEYS; i++) {
            int j = rng.nextInt(i + 1);
            order[i] = order[j];
            order[j] = FILL + i;
        }
        int[] tokens = new int[length];
        for (int i = 0; i < length; i++) {
            tokens[i] = rng.nextInt(FILL);
        }
        int[] keys = new int[needles];
        int[] values = new int[needles];
        int stretch = length / needles;
        for (int n = 0; n < needles; n++) {
            int at = n * stretch + rng.nextInt(stretch - 1);
            keys[n] = order[n];
            values[n] = FILL + KEYS + rng.nextInt(VALUES);
            tokens[at] = keys[n];
            tokens[at + 1] = values[n];
        }
        return new Hay(tokens, keys, values, order[needles]);
    }

    /// Texts of 32 to `most` tokens with 4 to 16 needles and 16 questions each, about `rows` tokens
    /// in all; what is learnt is the questions and their answers.
    static List<Sequence> batch(Rng rng, int most, int rows) {
        List<Sequence> batch = new ArrayList<>();
        int left = rows;
        while (left > 0) {
            int length = 32 + rng.nextInt(most - 31);
            Hay hay = hay(rng, length, Math.min(length / 8, 4 + rng.nextInt(13)));
            int[] tokens = Arrays.copyOf(hay.tokens, length + 32);
            for (int i = length; i < tokens.length; i += 2) {
                int n = rng.nextInt(hay.keys.length);
                tokens[i] = hay.keys[n];
                tokens[i + 1] = hay.values[n];
            }
            batch.add(new Sequence(tokens, tokens.length - 1, length + 1));
            left -= tokens.length;
        }
        return batch;
    }
}
