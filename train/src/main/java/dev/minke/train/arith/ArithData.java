package dev.minke.train.arith;

import dev.minke.model.deepseek.TokenBatch.Sequence;
import dev.minke.model.text.BpeTokenizer;
import dev.minke.model.text.BpeTrainer;
import dev.minke.train.BatchSource;
import dev.minke.train.TrainConfig;
import dev.minke.train.TrainingData;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Word problems as training data: every sequence is one problem with its worked answer, between
/// begin and end tokens, none ever seen twice but by chance. Attention does not cross problems.
public final class ArithData implements TrainingData {
    private static final int VOCABULARY_PROBLEMS = 4000;
    private static final int VALIDATION_PROBLEMS = 200;
    private static final Reasoning STYLE = Reasoning.CHAINED;

    private final BpeTokenizer tokenizer;
    private final WordProblems problems;
    private final int batchSize;
    private final long seed;

    /// @param tokenizer see [#train]
    /// @param config batch size and seed of the problems
    public ArithData(BpeTokenizer tokenizer, TrainConfig config) {
        this.tokenizer = tokenizer;
        this.problems = new WordProblems(config.seed(), STYLE);
        this.batchSize = config.batchSize();
        this.seed = config.seed();
    }

    /// Train a vocabulary on problems.
    ///
    /// @param digitsPerToken with 2, every number is one token or, below ten, one digit
    public static BpeTokenizer train(int vocabSize, int digitsPerToken, long seed) {
        WordProblems problems = new WordProblems(seed, STYLE);
        BpeTrainer trainer =
                new BpeTrainer(
                        new BpeTrainer.Options(
                                vocabSize,
                                digitsPerToken,
                                2,
                                BpeTrainer.Options.DEEPSEEK_SPECIALS));
        for (int i = 0; i < VOCABULARY_PROBLEMS; i++) {
            trainer.add(problems.at(Split.TRAIN, i).text());
        }
        return trainer.train();
    }

    @Override
    public BpeTokenizer tokenizer() {
        return tokenizer;
    }

    @Override
    public BatchSource batches() {
        return step -> {
            List<Sequence> batch = new ArrayList<>(batchSize);
            for (int b = 0; b < batchSize; b++) {
                batch.add(sequence(problems.at(Split.TRAIN, step * batchSize + b)));
            }
            return batch;
        };
    }

    @Override
    public List<Sequence> validation() {
        List<Sequence> sequences = new ArrayList<>();
        for (int i = 0; i < VALIDATION_PROBLEMS; i++) {
            sequences.add(sequence(problems.at(Split.TEST, i)));
        }
        return sequences;
    }

    /// Distinct problems whose mix of templates and whose numbers are both kept out of training.
    public List<WordProblem> unseen(int count) {
        return new WordProblems(seed, STYLE).nextDistinct(Split.TEST, count);
    }

    /// The ids that a model is given to answer: begin token and question.
    public int[] prompt(WordProblem problem) {
        return join(tokenizer.encodePlain(problem.prompt()), false);
    }

    private Sequence sequence(WordProblem problem) {
        int[] prompt = tokenizer.encodePlain(problem.prompt());
        int[] completion = tokenizer.encodePlain(problem.completion());
        int[] all = new int[prompt.length + completion.length];
        System.arraycopy(prompt, 0, all, 0, prompt.length);
        System.arraycopy(completion, 0, all, prompt.length, completion.length);
        int[] framed = join(all, true);
        return new Sequence(framed, framed.length - 1, 1);
    }

    private int[] join(int[] ids, boolean end) {
        int[] framed = new int[ids.length + (end ? 2 : 1)];
        framed[0] = tokenizer.bos().orElseThrow();
        System.arraycopy(ids, 0, framed, 1, ids.length);
        if (end) {
            framed[framed.length - 1] = tokenizer.eos().orElseThrow();
        }
        return framed;
    }

    @Override
    public double bytesPerToken() {
        long bytes = 0;
        long tokens = 0;
        for (int i = 0; i < VALIDATION_PROBLEMS; i++) {
            WordProblem problem = problems.at(Split.TEST, i);
            bytes += problem.text().getBytes(StandardCharsets.UTF_8).length;
            tokens += sequence(problem).inputs();
        }
        return (double) bytes / tokens;
    }

    @Override
    public String describe() {
        return "arithmetic word problems without end, vocabulary of %,d"
                .formatted(tokenizer.vocabSize());
    }

    @Override
    public void close() {}
}
