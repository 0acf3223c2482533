package dev.minke.infer.constrain;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Random texts under a constraint: each next token drawn uniformly from those allowed.
final class Walks {
    private static final int PATIENCE = 120; // tokens before the walk looks for the end
    private static final int MOST_TOKENS = 20_000;
    private static final byte[] CLOSERS = {'"', '}', ']', ')'};

    private final ListTokenizer tokenizer;
    private final Vocabulary vocabulary;
    private final Random random;
    private final int[] idOfByte = new int[256];

    Walks(ListTokenizer tokenizer, long seed) {
        this.tokenizer = tokenizer;
        this.vocabulary = Vocabulary.of(tokenizer);
        this.random = new Random(seed);
        for (int id = tokenizer.vocabSize() - 1; id >= 0; id--) {
            if (vocabulary.hasText(id) && vocabulary.text(id).length == 1) {
                idOfByte[vocabulary.text(id)[0] & 0xFF] = id;
            }
        }
    }

    Vocabulary vocabulary() {
        return vocabulary;
    }

    int idOfByte(int b) {
        return idOfByte[b];
    }

    /// Generate to the end; after 120 tokens often take what closes something.
    List<Integer> ids(Constraint.Matcher matcher) {
        List<Integer> ids = new ArrayList<>();
        while (!matcher.done()) {
            long[] mask = matcher.mask();
            int id = ids.size() < PATIENCE || random.nextBoolean() ? any(mask) : closing(mask);
            matcher.accept(id);
            ids.add(id);
            if (ids.size() > MOST_TOKENS) {
                throw new AssertionError("no end in sight: " + tokenizer.text(ids));
            }
        }
        return ids;
    }

    String text(Constraint constraint) {
        return tokenizer.text(ids(constraint.matcher(vocabulary)));
    }

    int any(long[] mask) {
        int count = 0;
        for (long word : mask) {
            count += Long.bitCount(word);
        }
        int nth = random.nextInt(count);
        for (int i = 0; ; i++) {
            int here = Long.bitCount(mask[i]);
            if (nth < here) {
                long word = mask[i];
                while (nth-- > 0) {
                    word &= word - 1;
                }
                return 64 * i + Long.numberOfTrailingZeros(word);
            }
            nth -= here;
        }
    }

    private int closing(long[] mask) {
        if (allowed(mask, 0)) {
            return 0;
        }
        int from = random.nextInt(CLOSERS.length);
        for (int i = 0; i < CLOSERS.length; i++) {
            int id = idOfByte[CLOSERS[(from + i) % CLOSERS.length]];
            if (allowed(mask, id)) {
                return id;
            }
        }
        return any(mask);
    }

    static boolean allowed(long[] mask, int id) {
        return (mask[id >> 6] >>> id & 1) != 0;
    }
}
