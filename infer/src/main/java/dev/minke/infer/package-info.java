/// Text from a model: [LatentCache] and the absorbed form of attention over it
/// ([CachedLatentAttention]), [Sampler], and [Generator] which runs sequences side by side.
@NullMarked
package dev.minke.infer;

import org.jspecify.annotations.NullMarked;
