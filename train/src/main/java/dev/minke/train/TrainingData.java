package dev.minke.train;

import dev.minke.model.deepseek.TokenBatch.Sequence;
import dev.minke.model.text.BpeTokenizer;
import java.util.List;

/// What a run learns from and is validated on.
public interface TrainingData extends AutoCloseable {
    /// From text to the ids that the model sees.
    BpeTokenizer tokenizer();

    /// The sequences of every step.
    BatchSource batches();

    /// Sequences that are never trained on; empty if there are none.
    List<Sequence> validation();

    /// Mean bytes of text behind a token of [#validation()].
    double bytesPerToken();

    /// One line for people: how much there is of what.
    String describe();

    @Override
    void close();
}
