/// Learning: [RunConfig] says what, [Trainer] does a step (losses, gradients, clipping, AdamW,
/// router bias), [TrainingRun] drives it over a corpus with validation, snapshots and metrics.
@NullMarked
package dev.minke.train;

import org.jspecify.annotations.NullMarked;
