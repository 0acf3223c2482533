/// The engine: many requests at once over one paged cache.
///
/// From the bottom: [CacheLayout] and [BlockPool] (memory, in blocks of 64 tokens), [PrefixIndex]
/// (which block holds which tokens), [PrefixStore] (blocks on disk), [Prefixes] (what a request
/// finds in either), [PagedForm] (the model's attention over it), [ModelRunner] (one step of a
/// [StepBatch]), [Scheduler] (who takes part in a step), [Engine] (submit, stream, cancel). Beside
/// them [Speculator] guesses tokens ahead, by [MtpDrafter] or [NgramIndex], as many as [Pace] says.
@NullMarked
package dev.minke.infer.engine;

import org.jspecify.annotations.NullMarked;
