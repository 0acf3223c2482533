package dev.minke.train;

import java.util.List;

/// What to learn from; the keys of a run file's `data` section.
///
/// @param task plain text, or problems that are generated
/// @param files text files, or folders whose .txt, .md and .jsonl files are read (a .jsonl line's
///   `text`)
/// @param tokenizer `bytes`, `bpe` (trained on the training part), or a tokenizer.json
/// @param vocabSize entries of a trained vocabulary
/// @param digitsPerToken most digits in one token of a trained vocabulary; V3 has 3
/// @param validationFraction share at the end of every file that is never trained on
public record DataConfig(
        Task task,
        List<String> files,
        String tokenizer,
        int vocabSize,
        int digitsPerToken,
        double validationFraction) {
    /// Where sequences come from.
    public enum Task {
        /// Windows of text files.
        TEXT,
        /// Arithmetic word problems, see [dev.minke.train.arith.WordProblems].
        ARITH
    }

    /// Check the ranges.
    ///
    /// @throws IllegalArgumentException naming the key, its value and what would fit
    public DataConfig {
        files = List.copyOf(files);
        if (tokenizer.isBlank()) {
            throw new IllegalArgumentException(
                    "data.tokenizer is empty, expected bytes, bpe or a tokenizer.json");
        }
        if (vocabSize < 260) {
            throw new IllegalArgumentException(
                    "data.vocabSize is %d, expected 260 or more".formatted(vocabSize));
        }
        if (digitsPerToken < 1 || digitsPerToken > 3) {
            throw new IllegalArgumentException(
                    "data.digitsPerToken is %d, expected 1 to 3".formatted(digitsPerToken));
        }
        if (!(validationFraction >= 0 && validationFraction <= 0.5)) {
            throw new IllegalArgumentException(
                    "data.validationFraction is %s, expected 0 to 0.5"
                            .formatted(validationFraction));
        }
    }
}
