/// Text from a model: [AttentionCache] and attention over it ([CachedAttention], absorbed where it
/// is latent), [Generator] which runs sequences side by side, and how a token is chosen: [Sampler]
/// draws from the [Candidates] that filters leave, [StopRule] and [StopMatcher] say where text
/// ends, [Continuation] is both for one sequence.
@NullMarked
package dev.minke.infer;

import org.jspecify.annotations.NullMarked;
