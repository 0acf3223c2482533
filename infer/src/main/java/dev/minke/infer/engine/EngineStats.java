package dev.minke.infer.engine;

/// The state of an engine after a step, and what it did since it was made.
///
/// @param steps steps computed
/// @param running requests that take part in steps
/// @param waiting requests in the queue
/// @param blocks all blocks of the cache
/// @param heldBlocks blocks that running requests hold
/// @param keptBlocks blocks that nobody holds and that may serve a prefix
/// @param computedTokens rows computed
/// @param reusedTokens prompt tokens taken from the cache instead
/// @param loadedTokens of these, tokens read from disk
/// @param preemptions requests that were sent back to the queue
/// @param drafted tokens guessed ahead and computed
/// @param accepted those of them that were drawn then
public record EngineStats(
        long steps,
        int running,
        int waiting,
        int blocks,
        int heldBlocks,
        int keptBlocks,
        long computedTokens,
        long reusedTokens,
        long loadedTokens,
        long preemptions,
        long drafted,
        long accepted) {}
