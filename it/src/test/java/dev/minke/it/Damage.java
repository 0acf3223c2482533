package dev.minke.it;

import java.util.Random;

/// A damaged copy of a file, and in words what was done to it.
///
/// @param what kind, then a colon and details where there are any
/// @param bytes the whole file, not shared
record Damage(String what, byte[] bytes) {

    /// Damages files of one format.
    @FunctionalInterface
    interface Mutator {
        /// Change a copy of `original`; the same random numbers make the same damage.
        Damage damage(byte[] original, Random random);

        /// This one or, every second time, another.
        default Mutator or(Mutator other) {
            return (original, random) ->
                    (random.nextBoolean() ? this : other).damage(original, random);
        }
    }

    /// The first words, which damages of a kind share.
    String kind() {
        int colon = what.indexOf(':');
        return colon < 0 ? what : what.substring(0, colon);
    }
}
