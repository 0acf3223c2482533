package dev.minke.infer;

import java.util.Arrays;

/// Which tokens a sequence has seen and how often: what [Penalties] are reckoned from.
///
/// A hash table over the distinct tokens, since a sequence sees few of a large vocabulary. It grows
/// with them by doubling; nothing else is allocated.
final class TokenHistory {
    private int[] table = new int[128]; // index of an entry plus 1; 0 is free
    private int[] token = new int[64];
    private int[] recent = new int[64]; // among the last N of prompt and text
    private int[] drawn = new int[64];
    private int size;

    private final boolean everything;
    private final int[] window; // the last N tokens, a ring
    private long seen;

    /// @param lastN as in [Penalties]
    TokenHistory(int lastN) {
        everything = lastN == Penalties.ALL;
        window = new int[Math.max(0, lastN)];
    }

    /// Note a token of the prompt.
    void prompt(int id) {
        see(entry(id));
    }

    /// Note a token that was drawn.
    void drawn(int id) {
        int entry = entry(id);
        drawn[entry]++;
        see(entry);
    }

    private void see(int entry) {
        if (everything) {
            recent[entry] = 1;
        } else if (window.length > 0) {
            int at = (int) (seen % window.length);
            if (seen >= window.length) {
                recent[window[at]]--;
            }
            window[at] = entry;
            recent[entry]++;
        }
        seen++;
    }

    /// Take the penalties off the logits of the tokens seen, of those that can be drawn.
    void apply(Penalties penalties, float[] logits) {
        double repetition = penalties.repetition();
        for (int i = 0; i < size; i++) {
            if (token[i] >= logits.length) { // a prompt may hold what the tokenizer does not know
                continue;
            }
            double logit = logits[token[i]];
            if (recent[i] > 0) {
                logit = logit > 0 ? logit / repetition : logit * repetition;
            }
            if (drawn[i] > 0) {
                logit -= penalties.frequency() * drawn[i] + penalties.presence();
            }
            logits[token[i]] = (float) Math.min(logit, Float.MAX_VALUE);
        }
    }

    private int entry(int id) {
        int mask = table.length - 1;
        int slot = slot(id, mask);
        while (table[slot] != 0) {
            if (token[table[slot] - 1] == id) {
                return table[slot] - 1;
            }
            slot = slot + 1 & mask;
        }
        if (size == token.length) {
            grow();
            return entry(id);
        }
        token[size] = id;
        table[slot] = ++size;
        return size - 1;
    }

    private void grow() {
        token = Arrays.copyOf(token, 2 * size);
        recent = Arrays.copyOf(recent, 2 * size);
        drawn = Arrays.copyOf(drawn, 2 * size);
        table = new int[4 * size];
        int mask = table.length - 1;
        for (int i = 0; i < size; i++) {
            int slot = slot(token[i], mask);
            while (table[slot] != 0) {
                slot = slot + 1 & mask;
            }
            table[slot] = i + 1;
        }
    }

    private static int slot(int id, int mask) {
        int mixed = id * 0x9E3779B9;
        return (mixed ^ mixed >>> 15) & mask;
    }
}
