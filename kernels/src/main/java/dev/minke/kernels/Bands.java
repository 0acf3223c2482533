package dev.minke.kernels;

import dev.minke.tensor.Team;

/// Splits independent rows or elements among the workers: tasks of at least some ten microseconds,
/// at most eight for each thread. Nothing may depend on where the cuts are.
final class Bands {
    /// Elements that make a task worth its start, for operations at the speed of memory.
    private static final long MIN_ELEMENTS = 32 << 10;

    /// Alignment of cuts between elements: a cache line, and a multiple of every vector width.
    private static final int ALIGN = 64;

    /// Work on a range, `to` exclusive.
    @FunctionalInterface
    interface Body {
        void range(long from, long to);
    }

    /// Work on a range, `to` exclusive, with memory of the worker.
    @FunctionalInterface
    interface ScratchBody {
        void range(Scratch scratch, long from, long to);
    }

    private Bands() {}

    /// Whether rows of about `rowCost` element steps are a single task. Then the caller does it
    /// himself: that spares the object which carries the work to other threads, and a step of
    /// decoding consists of such operations.
    static boolean few(long rows, long rowCost) {
        return rows <= least(rowCost);
    }

    /// As [#few(long, long)] for single elements.
    static boolean few(long elements) {
        return elements <= MIN_ELEMENTS;
    }

    private static long least(long rowCost) {
        return Math.max(1, MIN_ELEMENTS / Math.max(rowCost, 1));
    }

    /// Run `body` over ranges of `rows` rows that cost about `rowCost` element steps each.
    static void rows(Team team, long rows, long rowCost, Body body) {
        run(team, rows, least(rowCost), 1, body);
    }

    /// As [#rows(Team, long, long, Body)], for work that needs scratch memory.
    static void rows(Team team, Scratch.Pool pool, long rows, long rowCost, ScratchBody body) {
        long step = Math.max(least(rowCost), Math.ceilDiv(rows, 8L * team.size()));
        team.run(
                Math.toIntExact(Math.ceilDiv(rows, step)),
                (index, worker) -> {
                    Scratch scratch = pool.take(worker);
                    body.range(scratch, index * step, Math.min(rows, (index + 1) * step));
                    pool.give(worker, scratch);
                });
    }

    /// Run `body` over ranges of `size` elements.
    static void elements(Team team, long size, Body body) {
        run(team, size, MIN_ELEMENTS, ALIGN, body);
    }

    private static void run(Team team, long count, long least, int align, Body body) {
        long step = Math.max(least, Math.ceilDiv(count, 8L * team.size()));
        long aligned = Math.ceilDiv(step, align) * align;
        if (aligned >= count) {
            body.range(0, count);
            return;
        }
        team.run(
                Math.toIntExact(Math.ceilDiv(count, aligned)),
                (index, _) -> body.range(index * aligned, Math.min(count, (index + 1) * aligned)));
    }
}
