package dev.minke.tensor;

/// A small random generator whose whole state is two numbers, so that a snapshot can hold it.
///
/// SplitMix64 (Steele, Lea, Flood 2014): a counter through a mixing function. `java.util.random`
/// hides its state and may change `nextGaussian` between releases.
public final class Rng {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private long state;

    /// Start from a seed; equal seeds give equal sequences.
    public Rng(long seed) {
        this.state = seed;
    }

    /// A generator for purpose `stream` that shares nothing visible with `seed`'s own sequence.
    public static Rng stream(long seed, long stream) {
        return new Rng(mix(mix(seed) + GOLDEN * (stream + 1)));
    }

    /// The state; `new Rng(state())` continues the sequence.
    public long state() {
        return state;
    }

    /// 64 uniform bits.
    public long nextLong() {
        state += GOLDEN;
        return mix(state);
    }

    /// Uniform in 0 to `bound - 1`.
    public int nextInt(int bound) {
        return (int) nextLong((long) bound);
    }

    /// Uniform in 0 to `bound - 1`.
    public long nextLong(long bound) {
        if (bound <= 0) {
            throw new IllegalArgumentException("bound must be positive, found " + bound);
        }
        return Math.unsignedMultiplyHigh(nextLong(), bound);
    }

    /// Uniform in [0, 1).
    public double nextDouble() {
        return (nextLong() >>> 11) * 0x1p-53;
    }

    /// Standard normal, by Box and Muller (one of the two values, to keep the state one number).
    public double nextGaussian() {
        double u = 1.0 - nextDouble();
        double angle = 2 * Math.PI * nextDouble();
        return StrictMath.sqrt(-2 * StrictMath.log(u)) * StrictMath.cos(angle);
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
