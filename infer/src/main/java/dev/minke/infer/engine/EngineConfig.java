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
/// @param speculation whether tokens are guessed ahead
/// @param prefixDisk where prefixes are kept that outlive the engine
public record EngineConfig(
        long cacheBytes,
        CacheType cacheType,
        int stepTokens,
        int maxSequences,
        int maxQueue,
        int expandedSpan,
        PrefixReuse prefixReuse,
        int reservePercent,
        int ageingSteps,
        Speculation speculation,
        PrefixDisk prefixDisk) {
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
                cacheBytes,
                CacheType.F32,
                512,
                64,
                1024,
                256,
                PrefixReuse.EXACT,
                100,
                256,
                Speculation.auto(),
                PrefixDisk.none());
    }

    /// The same with numbers of the cache kept as `other`.
    public EngineConfig withCacheType(CacheType other) {
        return new EngineConfig(
                cacheBytes,
                other,
                stepTokens,
                maxSequences,
                maxQueue,
                expandedSpan,
                prefixReuse,
                reservePercent,
                ageingSteps,
                speculation,
                prefixDisk);
    }

    /// The same with other sizes of steps, of what runs at once and of what may wait.
    public EngineConfig withSteps(int tokens, int sequences, int queue) {
        return new EngineConfig(
                cacheBytes,
                cacheType,
                tokens,
                sequences,
                queue,
                expandedSpan,
                prefixReuse,
                reservePercent,
                ageingSteps,
                speculation,
                prefixDisk);
    }

    /// The same with other `prefixReuse`.
    public EngineConfig withPrefixReuse(PrefixReuse other) {
        return new EngineConfig(
                cacheBytes,
                cacheType,
                stepTokens,
                maxSequences,
                maxQueue,
                expandedSpan,
                other,
                reservePercent,
                ageingSteps,
                speculation,
                prefixDisk);
    }

    /// The same with another span of the expanded form.
    public EngineConfig withExpandedSpan(int other) {
        return new EngineConfig(
                cacheBytes,
                cacheType,
                stepTokens,
                maxSequences,
                maxQueue,
                other,
                prefixReuse,
                reservePercent,
                ageingSteps,
                speculation,
                prefixDisk);
    }

    /// The same with another share of limits that must be free at the start.
    public EngineConfig withReserve(int percent) {
        return new EngineConfig(
                cacheBytes,
                cacheType,
                stepTokens,
                maxSequences,
                maxQueue,
                expandedSpan,
                prefixReuse,
                percent,
                ageingSteps,
                speculation,
                prefixDisk);
    }

    /// The same with other `speculation`.
    public EngineConfig withSpeculation(Speculation other) {
        return new EngineConfig(
                cacheBytes,
                cacheType,
                stepTokens,
                maxSequences,
                maxQueue,
                expandedSpan,
                prefixReuse,
                reservePercent,
                ageingSteps,
                other,
                prefixDisk);
    }

    /// The same with prefixes kept at `other`.
    public EngineConfig withPrefixDisk(PrefixDisk other) {
        return new EngineConfig(
                cacheBytes,
                cacheType,
                stepTokens,
                maxSequences,
                maxQueue,
                expandedSpan,
                prefixReuse,
                reservePercent,
                ageingSteps,
                speculation,
                other);
    }
}
