package dev.minke.train.arith;

import java.util.List;

/// Decide which mixes and which number tuples are kept from training.
///
/// Both answers depend on nothing but the argument: no seed, no order, no state, so that every
/// generator, in every run, has the same test side.
final class Holdout {

    private static final int MIX_PERCENT = 15;
    private static final int NUMBERS_PERCENT = 10;

    private Holdout() {}

    static boolean reservesMix(String mix) {
        long hash = 0x6d696e6b65L;
        for (int i = 0; i < mix.length(); i++) {
            hash = mixed(hash ^ mix.charAt(i));
        }
        return Long.remainderUnsigned(hash, 100) < MIX_PERCENT;
    }

    static boolean reservesNumbers(List<Integer> numbers) {
        long hash = numbers.size();
        for (int number : numbers) {
            hash = mixed(hash ^ number);
        }
        return Long.remainderUnsigned(hash, 100) < NUMBERS_PERCENT;
    }

    /// Scramble 64 bits: one output of the SplitMix64 generator.
    static long mixed(long bits) {
        long z = bits + 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
