package dev.minke.train;

import dev.minke.model.deepseek.TokenBatch.Sequence;
import java.util.List;

/// Where the sequences of an optimiser step come from.
///
/// A function of the step's number alone, so that a resumed run sees the same data.
@FunctionalInterface
public interface BatchSource {
    /// The sequences of step `step`, from 0.
    List<Sequence> batch(long step);
}
