package dev.minke.kernels;

import dev.minke.tensor.PagedRows;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicIntegerArray;

/// How attention over pages is cut into tasks, in arrays that are kept.
///
/// A run is a few neighbouring rows of one sequence. A unit is a run with some heads of a part: up
/// to [#MOST] queries that meet each page together. A task is a unit, or one of its spans of
/// [#SPAN] tokens where the unit would be too large a share of the work. Only the borders of spans
/// show in a result, and they are the same for all; everything else may depend on the team.
final class PagedPlan {
    /// Tokens after which the softmax begins anew: a multiple of a page.
    static final int SPAN = 128;

    /// Queries of a unit: with their sums they take a third of a second-level cache.
    static final int MOST = 64;

    /// The span of a task that computes all of its unit.
    static final int WHOLE = -1;

    /// Tasks that each thread should have for an even end.
    private static final int TASKS = 4;

    /// Most floats in partial results; units beyond it are not split.
    private static final long MOST_PARTIAL = 16 << 20;

    /// Heads of a part.
    int group;

    /// Heads of a unit; the last one of a part may have fewer.
    int slice;

    /// Units that share a run and a part.
    int slices;

    /// First row of each run, and the end.
    int[] first = new int[65];

    /// Tokens that the longest row of each run sees.
    int[] longest = new int[64];

    /// Number of tasks.
    int tasks;

    /// Unit of each task: (run * parts + part) * slices + slice.
    int[] unit = new int[64];

    /// Span of each task, or [#WHOLE].
    int[] span = new int[64];

    /// Where in `partial` the results of a task's span go.
    int[] place = new int[64];

    /// The task of the first span of a task's unit.
    int[] head = new int[64];

    /// At the task of a unit's first span: spans of the unit that are not yet computed.
    AtomicIntegerArray left = new AtomicIntegerArray(64);

    /// Results of spans, see [PagedUnit#part].
    float[] partial = new float[0];

    private int parts;
    private int record;
    private int runs;

    /// Cut the rows of a call into runs.
    ///
    /// @return tokens that all rows see, with repetition
    long cut(PagedAttention.Call call) {
        parts = call.parts();
        group = call.shape().heads() / parts;
        slice = Math.min(group, MOST);
        record = PagedUnit.record(call.shape().value());
        PagedRows rows = call.rows();
        int count = Math.toIntExact(rows.lengths().size());
        int most = Math.max(1, MOST / slice);
        long tokens = 0;
        int last = -1;
        runs = 0;
        for (int r = 0; r < count; r++) {
            int start = rows.starts().getInt(r);
            int length = rows.lengths().getInt(r);
            if (start != last || r - first[runs - 1] == most) {
                if (runs == longest.length) {
                    longest = Arrays.copyOf(longest, 2 * runs);
                    first = Arrays.copyOf(first, 2 * runs + 1);
                }
                first[runs] = r;
                longest[runs++] = 0;
                last = start;
            }
            longest[runs - 1] = Math.max(longest[runs - 1], length);
            tokens += length;
        }
        first[runs] = count;
        return tokens;
    }

    /// Make the tasks for a team of `threads`.
    void make(int threads) {
        long spans = 0;
        long work = 0;
        for (int run = 0; run < runs; run++) {
            spans += spans(run);
            work += work(run);
        }
        // few tasks even if all runs are split: fewer heads for each
        long wanted = Math.ceilDiv(2L * threads, spans * parts);
        if (threads > 1 && wanted > 1) {
            int panels = Math.ceilDiv(Math.ceilDiv(group, (int) wanted), PagedUnit.ROUND);
            slice = Math.min(slice, panels * PagedUnit.ROUND);
        }
        slices = Math.ceilDiv(group, slice);
        tasks = 0;
        int at = 0;
        // the small tasks last, and of the large ones those first that see most of a long prompt
        for (int run = runs - 1; run >= 0; run--) {
            if (!splits(run, work, threads)) {
                for (int u = 0; u < parts * slices; u++) {
                    add(run * parts * slices + u, WHOLE, 0, tasks);
                }
            }
        }
        for (int run = 0; run < runs; run++) {
            if (splits(run, work, threads)) {
                for (int u = 0; u < parts * slices; u++) {
                    at = addSpans(run, run * parts * slices + u, at);
                }
            }
        }
        if (partial.length < at) {
            partial = new float[at];
        }
    }

    private int spans(int run) {
        return Math.ceilDiv(longest[run], SPAN);
    }

    /// Pairs of a row and a token.
    private long work(int run) {
        return (long) (first[run + 1] - first[run]) * longest[run];
    }

    private boolean splits(int run, long work, int threads) {
        boolean large = work(run) * threads * TASKS > work * parts * slices;
        long size = (long) (first[run + 1] - first[run]) * group * parts * spans(run) * record;
        return threads > 1 && spans(run) > 1 && large && size * threads * TASKS < MOST_PARTIAL;
    }

    private int addSpans(int run, int u, int at) {
        int head = tasks;
        int size = (first[run + 1] - first[run]) * slice * record;
        for (int s = 0; s < spans(run); s++) {
            add(u, s, at + s * size, head);
        }
        left.set(head, spans(run));
        return at + spans(run) * size;
    }

    private void add(int u, int s, int at, int start) {
        if (tasks == unit.length) {
            unit = Arrays.copyOf(unit, 2 * tasks);
            span = Arrays.copyOf(span, 2 * tasks);
            place = Arrays.copyOf(place, 2 * tasks);
            head = Arrays.copyOf(head, 2 * tasks);
            AtomicIntegerArray more = new AtomicIntegerArray(2 * tasks);
            for (int i = 0; i < tasks; i++) {
                more.set(i, left.get(i));
            }
            left = more;
        }
        unit[tasks] = u;
        span[tasks] = s;
        place[tasks] = at;
        head[tasks++] = start;
    }
}
