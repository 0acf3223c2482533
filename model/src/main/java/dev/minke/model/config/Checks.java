package dev.minke.model.config;

/// Range checks that name the key of config.json.
final class Checks {
    /// Larger than any width in use by a factor of a hundred, small enough for exact products.
    static final int MAX_SIZE = 1 << 24;

    private Checks() {}

    static void size(String key, int value) {
        range(key, value, 1, MAX_SIZE);
    }

    static void range(String key, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    "%s is %d, expected %d to %d".formatted(key, value, least, most));
        }
    }

    static void positive(String key, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(
                    "%s is %s, expected a number above 0".formatted(key, value));
        }
    }

    static void notNegative(String key, double value) {
        if (!(value >= 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(
                    "%s is %s, expected 0 or more".formatted(key, value));
        }
    }
}
