/// Text from a model: [AttentionCache] and attention over it ([CachedAttention], absorbed where it
/// is latent), [Sampler], and [Generator] which runs sequences side by side.
@NullMarked
package dev.minke.infer;

import org.jspecify.annotations.NullMarked;
