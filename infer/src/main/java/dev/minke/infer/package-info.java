/// Text from a model's logits: [Sampler] draws from the [Candidates] that filters leave, [StopRule]
/// and [StopMatcher] say where text ends, [Continuation] is both for one sequence. The engine that
/// runs sequences side by side is in [dev.minke.infer.engine].
@NullMarked
package dev.minke.infer;

import org.jspecify.annotations.NullMarked;
