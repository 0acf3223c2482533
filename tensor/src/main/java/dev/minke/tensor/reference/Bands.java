package dev.minke.tensor.reference;

import dev.minke.tensor.Team;

/// Splits rows into bands that workers take one by one.
final class Bands {
    private Bands() {}

    /// The body of one band.
    @FunctionalInterface
    interface Band {
        /// Do the rows `from` (inclusive) to `to` (exclusive).
        void run(long from, long to);
    }

    /// Number of bands that [#run] makes.
    static int count(long rows, long size) {
        return Math.toIntExact((rows + size - 1) / size);
    }

    /// Run `body` over all bands of `size` rows, the last one shorter.
    static void run(Team team, long rows, long size, Band body) {
        team.run(
                count(rows, size),
                (index, worker) -> body.run(index * size, Math.min(rows, (index + 1) * size)));
    }

    /// Rows that make about `elements` elements, at least one.
    static long rowsFor(long elements, long cols) {
        return Math.max(1, elements / Math.max(1, cols));
    }
}
