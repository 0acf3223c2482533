package dev.minke.infer.engine;

/// How an engine runs.
///
/// @param cacheBytes memory of the cache, taken at once
/// @param cacheType how cached numbers are kept
/// @param stepTokens rows of a step: all decoding sequences, the rest for prompts
/// @param maxSequences choices that run at once
/// @param maxQueue requests that wait at once; more are refused
/// @param expandedSpan latent attention computes whole spans of this many prompt tokens in expanded
///   form, everything else absorbed; a multiple of 64, 0 for absorbed always
/// @param prefixReuse which cached blocks new requests use
/// @param reservePercent of a request's token limit that must be free when it starts; below 100
///   more requests run at once, and some may have to start again
/// @param ageingSteps a waiting request gains a priority after so many steps
public record EngineConfig(
        long cacheBytes,
        CacheType cacheType,
        int stepTokens,
        int maxSequences,
        int maxQueue,
        int expandedSpan,
        PrefixReuse prefixReuse,
        int reservePercent,
        int ageingSteps) {
    /// Check the ranges.
    ///
    /// @throws IllegalArgumentException naming the field, its value and what would fit
    public EngineConfig {
        atLeast("maxSequences", maxSequences, 1);
        atLeast("stepTokens", stepTokens, maxSequences);
        atLeast("maxQueue", maxQueue, 1);
        atLeast("expandedSpan", expandedSpan, 0);
        atLeast("reservePercent", reservePercent, 0);
        atLeast("ageingSteps", ageingSteps, 1);
        if (expandedSpan % CacheLayout.BLOCK != 0) {
            throw new IllegalArgumentException(
                    "expandedSpan is %d, expected a multiple of %d"
                            .formatted(expandedSpan, CacheLayout.BLOCK));
        }
        if (reservePercent > 100) {
            throw new IllegalArgumentException(
                    "reservePercent is " + reservePercent + ", expected 0 to 100");
        }
    }

    private static void atLeast(String name, int value, int least) {
        if (value < least) {
            throw new IllegalArgumentException(
                    "%s is %d, expected %d or more".formatted(name, value, least));
        }
    }

    /// The usual settings with `cacheBytes` of cache.
    public static EngineConfig of(long cacheBytes) {
        return new EngineConfig(
                cacheBytes, CacheType.F32, 512, 64, 1024, 256, PrefixReuse.EXACT, 100, 256);
    }
}
