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
    private static final String TRAIN = "train.tokens";
    private static final String VALIDATION = "validation.tokens";

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

    /// Encode the files into `folder` with a tokenizer that is trained, or read as `data` says.
    ///
    /// @throws IOException naming the file that is missing, empty or broken
    static TextData create(DataConfig data, TrainConfig config, Path folder) throws IOException {
        Corpus corpus = Corpus.open(data);
        BpeTokenizer tokenizer = corpus.tokenizer();
        Path tokens = Files.createDirectories(folder.resolve(FOLDER));
        corpus.encodeTraining(tokenizer, tokens.resolve(TRAIN));
        corpus.encodeValidation(tokenizer, tokens.resolve(VALIDATION));
        return map(corpus, config, folder, tokenizer);
    }

    /// Take what [#create] left in `folder`; token files that are gone are encoded again.
    ///
    /// @throws IOException naming the file that is missing, empty or broken
    static TextData open(DataConfig data, TrainConfig config, Path folder, BpeTokenizer tokenizer)
            throws IOException {
        Corpus corpus = Corpus.open(data);
        Path tokens = Files.createDirectories(folder.resolve(FOLDER));
        if (!Files.exists(tokens.resolve(TRAIN)) || !Files.exists(tokens.resolve(VALIDATION))) {
            corpus.encodeTraining(tokenizer, tokens.resolve(TRAIN));
            corpus.encodeValidation(tokenizer, tokens.resolve(VALIDATION));
        }
        return map(corpus, config, folder, tokenizer);
    }

    private static TextData map(
            Corpus corpus, TrainConfig config, Path folder, BpeTokenizer tokenizer)
            throws IOException {
        Path tokens = folder.resolve(FOLDER);
        TokenStream train = TokenStream.open(tokens.resolve(TRAIN));
        try {
            return new TextData(
                    tokenizer,
                    train,
                    TokenStream.open(tokens.resolve(VALIDATION)),
                    corpus.validationBytes(),
                    config);
        } catch (IOException e) {
            train.close();
            throw e;
        }
    }

    @Override
    public BpeTokenizer tokenizer() {
        return tokenizer;
    }

    @Override
    public BatchSource batches() {
        return new PackedWindows(train, config.sequenceLength(), config.batchSize(), config.seed());
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
