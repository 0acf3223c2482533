package dev.minke.model.text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/// Learn byte pair merges from a corpus: again and again merge the most frequent pair.
///
/// Texts are cut as DeepSeek-V3 cuts them, and equal pieces are counted once with a weight, so the
/// cost depends on the number of different words. Among equally frequent pairs the one with the
/// smaller ids wins; the result depends on nothing but the texts and the options. Not thread-safe.
public final class BpeTrainer {
    // Runs longer than this count as several words, so that no single piece dominates the cost.
    private static final int LONGEST_WORD = 1024;
    private static final int BLOCK = 1 << 20;
    private static final int LONGEST_BLOCK = 1 << 24;

    /// What to learn.
    ///
    /// - `vocabSize`: ids wanted, special tokens and the 256 bytes included; a small corpus may
    ///   give fewer.
    /// - `digitsPerToken`: digits that may stand together, 1 to 3 (V3: 3).
    /// - `minFrequency`: pairs seen less often never merge.
    /// - `specialTokens`: their texts in the order of their ids, from 0.
    public record Options(
            int vocabSize, int digitsPerToken, long minFrequency, List<String> specialTokens) {
        /// Begin, end and pad, the first three ids of DeepSeek's vocabularies.
        public static final List<String> DEEPSEEK_SPECIALS =
                List.of(AddedToken.BEGIN_OF_SENTENCE, AddedToken.END_OF_SENTENCE, AddedToken.PAD);

        /// Check the numbers.
        public Options {
            specialTokens = List.copyOf(specialTokens);
            int least = 256 + specialTokens.size();
            if (vocabSize < least || vocabSize > BpeDefinition.MOST_IDS) {
                throw new IllegalArgumentException(
                        "vocabSize is %d; expected %d (the bytes and the special tokens) to %d"
                                .formatted(vocabSize, least, BpeDefinition.MOST_IDS));
            }
            if (minFrequency < 1) {
                throw new IllegalArgumentException(
                        "minFrequency is " + minFrequency + "; expected at least 1");
            }
            if (digitsPerToken < 1 || digitsPerToken > 3) {
                throw new IllegalArgumentException(
                        "digitsPerToken is " + digitsPerToken + "; expected 1, 2 or 3");
            }
        }

        /// Choose DeepSeek-V3's cutting and special tokens, and pairs seen at least twice.
        public static Options deepSeekV3(int vocabSize) {
            return new Options(vocabSize, 3, 2, DEEPSEEK_SPECIALS);
        }
    }

    private record Candidate(long count, int left, int right, int number) {}

    private static final Comparator<Candidate> MOST_FREQUENT_FIRST =
            Comparator.comparingLong(Candidate::count)
                    .reversed()
                    .thenComparingInt(Candidate::left)
                    .thenComparingInt(Candidate::right);

    private final Options options;
    private final SplitSequence splits;
    private final Map<String, long[]> counts = new HashMap<>();

    /// Start with an empty corpus.
    public BpeTrainer(Options options) {
        this(options, SplitSequence.deepSeekV3(options.digitsPerToken()));
    }

    /// Start with an empty corpus that is cut in another way; `digitsPerToken` counts for nothing.
    BpeTrainer(Options options, SplitSequence splits) {
        this.options = options;
        this.splits = splits;
    }

    /// Learn from texts at once.
    public static BpeTokenizer train(Options options, Iterable<String> texts) {
        var trainer = new BpeTrainer(options);
        texts.forEach(trainer::add);
        return trainer.train();
    }

    /// Add a text to the corpus.
    public void add(String text) {
        count(EscapedUtf8.withoutLoneSurrogates(text));
    }

    /// Add a file to the corpus, a block at a time; bytes that are not UTF-8 count as bytes.
    public void add(Path file) throws IOException {
        byte[] block = new byte[BLOCK];
        int filled = 0;
        try (InputStream in = Files.newInputStream(file)) {
            while (true) {
                int read = in.readNBytes(block, filled, block.length - filled);
                filled += read;
                if (filled < block.length) {
                    break;
                }
                int cut = lineStart(block);
                if (cut == 0 && block.length < LONGEST_BLOCK) {
                    block = Arrays.copyOf(block, 2 * block.length);
                    continue;
                }
                cut = cut == 0 ? filled : cut;
                count(EscapedUtf8.decode(block, 0, cut));
                System.arraycopy(block, cut, block, 0, filled - cut);
                filled -= cut;
            }
        }
        count(EscapedUtf8.decode(block, 0, filled));
    }

    /// Learn from the corpus so far.
    public BpeTokenizer train() {
        return new Run().train();
    }

    private void count(String text) {
        splits.split(
                text,
                0,
                text.length(),
                (start, end) ->
                        counts.computeIfAbsent(text.substring(start, end), _ -> new long[1])[0]++);
    }

    // The last place where cutting does not change the pieces: a line that starts visibly.
    private static int lineStart(byte[] block) {
        for (int i = block.length - 1; i > 0; i--) {
            if (block[i - 1] == '\n' && block[i] > ' ') {
                return i;
            }
        }
        return 0;
    }

    /// One training: words as token ids, which shrink as pairs merge.
    private final class Run {
        private final List<String> tokens = new ArrayList<>(options.specialTokens());
        private final Map<String, Integer> ids = new HashMap<>();
        private final List<BpeDefinition.Merge> merges = new ArrayList<>();
        private final List<int[]> words = new ArrayList<>();
        private final List<Long> weights = new ArrayList<>();
        private final PairIndex pairs = new PairIndex();
        private final PriorityQueue<Candidate> queue = new PriorityQueue<>(MOST_FREQUENT_FIRST);

        BpeTokenizer train() {
            for (String letter : ByteAlphabet.inOrder()) {
                ids.put(letter, tokens.size());
                tokens.add(letter);
            }
            counts.forEach((word, count) -> addWord(word, count[0]));
            for (int number = 0; number < pairs.size(); number++) {
                offer(number);
            }
            while (tokens.size() < options.vocabSize() && !queue.isEmpty()) {
                Candidate best = queue.remove();
                long now = pairs.count(best.number());
                if (now == best.count()) {
                    merge(best);
                } else if (now < best.count()) {
                    offer(best.number());
                }
            }
            return tokenizer();
        }

        private void addWord(String word, long weight) {
            byte[] bytes = new byte[EscapedUtf8.length(word, 0, word.length())];
            EscapedUtf8.encode(word, 0, word.length(), bytes);
            for (int from = 0; from < bytes.length; from += LONGEST_WORD) {
                int[] symbols = new int[Math.min(LONGEST_WORD, bytes.length - from)];
                for (int i = 0; i < symbols.length; i++) {
                    char letter = ByteAlphabet.letter(bytes[from + i] & 0xFF);
                    symbols[i] = ids.getOrDefault(String.valueOf(letter), -1);
                    if (i > 0) {
                        pairs.add(symbols[i - 1], symbols[i], weight, words.size());
                    }
                }
                words.add(symbols);
                weights.add(weight);
            }
        }

        private void offer(int number) {
            long count = pairs.count(number);
            if (count >= options.minFrequency()) {
                queue.add(new Candidate(count, pairs.left(number), pairs.right(number), number));
            }
        }

        private void merge(Candidate pair) {
            String left = tokens.get(pair.left());
            String right = tokens.get(pair.right());
            if (options.specialTokens().contains(left + right)) {
                // Text must never merge into a control token.
                pairs.clear(pair.number());
                return;
            }
            // Two ways to merge may spell the same token.
            int into = ids.computeIfAbsent(left + right, _ -> tokens.size());
            if (into == tokens.size()) {
                tokens.add(left + right);
            }
            merges.add(new BpeDefinition.Merge(left, right));
            BitSet grown = new BitSet();
            int[] where = pairs.words(pair.number());
            int count = pairs.wordCount(pair.number());
            for (int i = 0; i < count; i++) {
                replace(where[i], pair, into, grown);
            }
            pairs.clear(pair.number());
            grown.stream().forEach(this::offer);
        }

        // Merge a pair in one word; only the pairs beside an occurrence change their counts.
        private void replace(int word, Candidate pair, int into, BitSet grown) {
            int[] symbols = words.get(word);
            long weight = weights.get(word);
            int kept = 0;
            for (int i = 0; i < symbols.length; i++) {
                boolean here =
                        i + 1 < symbols.length
                                && symbols[i] == pair.left()
                                && symbols[i + 1] == pair.right();
                if (!here) {
                    symbols[kept++] = symbols[i];
                    continue;
                }
                if (kept > 0) {
                    pairs.subtract(symbols[kept - 1], pair.left(), weight);
                    grown.set(pairs.add(symbols[kept - 1], into, weight, word));
                }
                if (i + 2 < symbols.length) {
                    pairs.subtract(pair.right(), symbols[i + 2], weight);
                    grown.set(pairs.add(into, symbols[i + 2], weight, word));
                }
                symbols[kept++] = into;
                i++;
            }
            if (kept < symbols.length) {
                words.set(word, Arrays.copyOf(symbols, kept));
            }
        }

        private BpeTokenizer tokenizer() {
            List<AddedToken> added = new ArrayList<>();
            for (String special : options.specialTokens()) {
                added.add(new AddedToken(added.size(), special, true));
            }
            return new BpeTokenizer(
                    new BpeDefinition(tokens, merges, added, splits.patterns(), false, "", "", "")
                            .withUsualRoles());
        }
    }
}
