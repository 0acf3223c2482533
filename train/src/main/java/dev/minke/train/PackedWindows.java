package dev.minke.train;

import dev.minke.model.deepseek.TokenBatch.Sequence;
import dev.minke.tensor.Rng;
import java.util.ArrayList;
import java.util.List;

/// Windows of equal length over documents packed end to end, in a new order and at a new offset
/// every epoch.
///
/// As in V3's pre-training there is no attention mask between the documents of a window (spec 4.1).
public final class PackedWindows implements BatchSource {
    private final TokenStream tokens;
    private final int length;
    private final int batchSize;
    private final long seed;
    private final long windows;
    private long epoch = -1;
    private int[] order = new int[0];
    private long shift;

    /// @param tokens the packed documents
    /// @param length rows of a window; two further tokens are targets
    /// @param batchSize windows in a step
    /// @param seed of order and offsets
    /// @throws IllegalArgumentException if there is not one window in the stream
    public PackedWindows(TokenStream tokens, int length, int batchSize, long seed) {
        this.tokens = tokens;
        this.length = length;
        this.batchSize = batchSize;
        this.seed = seed;
        // one window less than would fit, so that every offset below `length` is possible
        long fit = (tokens.size() - 2) / length;
        if (fit < 1) {
            throw new IllegalArgumentException(
                    "the training data has %d tokens, train.sequenceLength %d needs at least %d"
                            .formatted(tokens.size(), length, length + 2));
        }
        this.windows = Math.min(Math.max(1, fit - 1), Integer.MAX_VALUE - 8);
    }

    /// Windows in an epoch.
    public long windows() {
        return windows;
    }

    @Override
    public List<Sequence> batch(long step) {
        List<Sequence> batch = new ArrayList<>(batchSize);
        for (int b = 0; b < batchSize; b++) {
            long index = step * batchSize + b;
            enter(index / windows);
            long from = shift + (long) order[(int) (index % windows)] * length;
            batch.add(new Sequence(tokens.read(from, length + 2), length, 1));
        }
        return batch;
    }

    private void enter(long wanted) {
        if (wanted == epoch) {
            return;
        }
        epoch = wanted;
        Rng rng = Rng.stream(seed, 1000 + epoch);
        long slack = tokens.size() - 2 - windows * length;
        shift = slack > 0 ? rng.nextLong(slack + 1) : 0;
        order = new int[(int) windows];
        for (int i = 0; i < order.length; i++) {
            int j = rng.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
    }
}
