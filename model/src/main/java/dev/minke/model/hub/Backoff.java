package dev.minke.model.hub;

import java.time.Duration;

/// How often and after which pauses something is tried again.
///
/// @param attempts tries in a row without progress, 1 or more
/// @param first pause after the first failure; each further one is twice as long
/// @param longest limit of that
/// @param longestAsked the longest pause that a server may ask for
public record Backoff(int attempts, Duration first, Duration longest, Duration longestAsked) {
    /// @throws IllegalArgumentException for fewer than one attempt or a negative pause
    public Backoff {
        if (attempts < 1 || first.isNegative() || longest.isNegative()) {
            throw new IllegalArgumentException(
                    "%d attempts with pauses from %s to %s, expected 1 or more and no less than 0"
                            .formatted(attempts, first, longest));
        }
    }

    /// Eight tries over about a minute, and up to ten minutes if the server asks for it.
    public static Backoff standard() {
        return new Backoff(
                8, Duration.ofMillis(500), Duration.ofSeconds(30), Duration.ofMinutes(10));
    }

    /// The pause after the given number of failures in a row, without jitter.
    Duration pause(int failures) {
        Duration pause = first.multipliedBy(1L << Math.min(failures - 1, 20));
        return pause.compareTo(longest) < 0 ? pause : longest;
    }
}
