package dev.minke.train;

import dev.minke.model.deepseek.TokenBatch.Sequence;
import dev.minke.model.text.BpeTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Packed windows over text files, kept as token files in the run's folder.
final class TextData implements TrainingData {
    private static final String FOLDER = "data";

    private final BpeTokenizer tokenizer;
    private final TokenStream train;
    private final TokenStream validation;
    private final long validationBytes;
    private final TrainConfig config;

    private TextData(
            BpeTokenizer tokenizer,
            TokenStream train,
            TokenStream validation,
            long validationBytes,
            TrainConfig config) {
        this.tokenizer = tokenizer;
        this.train = train;
        this.validation = validation;
        this.validationBytes = validationBytes;
        this.config = config;
    }

    /// Encode the files into `folder`, unless that was done before; the tokenizer is trained, or
    /// read from `folder` if it is there.
    ///
    /// @throws IOException naming the file that is missing, empty or broken
    static TextData open(DataConfig data, TrainConfig config, Path folder) throws IOException {
        Corpus corpus = Corpus.open(data);
        Path tokenizerFile = folder.resolve("tokenizer.json");
        BpeTokenizer tokenizer =
                Files.exists(tokenizerFile)
                        ? BpeTokenizer.read(tokenizerFile)
                        : corpus.tokenizer();
        Path tokens = Files.createDirectories(folder.resolve(FOLDER));
        Path trainFile = tokens.resolve("train.tokens");
        Path validationFile = tokens.resolve("validation.tokens");
        if (!Files.exists(trainFile) || !Files.exists(validationFile)) {
            corpus.encodeTraining(tokenizer, trainFile);
            corpus.encodeValidation(tokenizer, validationFile);
        }
        TokenStream train = TokenStream.open(trainFile);
        return new TextData(
                tokenizer,
                train,
                TokenStream.open(validationFile),
                corpus.validationBytes(),
                config);
    }

    @Override
    public BpeTokenizer tokenizer() {
        return tokenizer;
    }

    @Override
    public BatchSource batches() {
        return new PackedWindows(
                train, config.sequenceLength(), config.batchSize(), config.seed());
    }

    /// Windows side by side over the validation text, evenly thinned out to evalTokens.
    @Override
    public List<Sequence> validation() {
        long length = Math.min(config.sequenceLength(), validation.size() - 1);
        if (length < 1) {
            return List.of();
        }
        long all = (validation.size() - 1) / length;
        long most = config.evalTokens() == 0 ? all : Math.max(1, config.evalTokens() / length);
        long count = Math.min(all, most);
        List<Sequence> windows = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            long from = i * all / count * length;
            windows.add(new Sequence(validation.read(from, (int) length + 1), (int) length, 1));
        }
        return windows;
    }

    @Override
    public double bytesPerToken() {
        return validation.size() == 0 ? 1 : (double) validationBytes / validation.size();
    }

    @Override
    public String describe() {
        return "%,d training and %,d validation tokens, vocabulary of %,d"
                .formatted(train.size(), validation.size(), tokenizer.vocabSize());
    }

    @Override
    public void close() {
        train.close();
        validation.close();
    }
}
