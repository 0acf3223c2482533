package dev.minke.infer;

/// What repeating oneself costs.
///
/// *Repetition* (Keskar et al. 2019) divides a positive logit of a token seen before and multiplies
/// a negative one; it looks at prompt and text. *Presence* and *frequency* are those of OpenAI's
/// interface: `logit -= frequency * count + presence * (count > 0)`, where only drawn tokens count.
///
/// @param repetition more than 1 discourages, less than 1 encourages; 1 is off
/// @param lastN how many of the latest tokens repetition looks at; [#ALL] for all, 0 for none
/// @param presence subtracted once
/// @param frequency subtracted once for each time
public record Penalties(double repetition, int lastN, double presence, double frequency) {
    /// A `lastN` without end.
    public static final int ALL = -1;

    /// No penalty at all.
    public static final Penalties NONE = new Penalties(1, ALL, 0, 0);

    private static final double LARGEST = 100;

    /// Check the ranges.
    ///
    /// @throws IllegalArgumentException naming the field, its value and what would fit
    public Penalties {
        if (!(repetition > 0 && repetition <= LARGEST)) {
            throw new IllegalArgumentException(
                    "repetition penalty is " + repetition + ", expected more than 0, at most 100");
        }
        if (lastN < ALL) {
            throw new IllegalArgumentException(
                    "repetition penalty looks at the last %d tokens, expected 0 or more, or -1 for all"
                            .formatted(lastN));
        }
        check("presence", presence);
        check("frequency", frequency);
    }

    private static void check(String name, double penalty) {
        if (!(penalty >= -LARGEST && penalty <= LARGEST)) {
            throw new IllegalArgumentException(
                    "%s penalty is %s, expected -100 to 100".formatted(name, penalty));
        }
    }

    /// Whether tokens seen before make a difference.
    public boolean active() {
        return repeating() || presence != 0 || frequency != 0;
    }

    boolean repeating() {
        return repetition != 1 && lastN != 0;
    }
}
