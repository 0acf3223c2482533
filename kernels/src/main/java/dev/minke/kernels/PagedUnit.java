package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.minke.kernels.PagedAttention.Call;
import dev.minke.tensor.PageRow;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// A worker's share of attention over pages: the queries of a unit, one page after the other.
///
/// A page's tokens become floats, which stay in the second-level cache; scores by tiles, a step of
/// a streaming softmax with queries in the lanes, values by tiles, see [PagedTile]. A query that
/// does not see a token has the probability zero for it.
final class PagedUnit {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final int L = Lanes.COUNT;
    private static final int TOKENS = PageRow.TOKENS;
    private static final int SPAN = PagedPlan.SPAN;
    private static final int MR = PagedTile.MR;
    private static final int NR = PagedTile.NR;
    private static final int PANEL = PagedTile.PANEL;
    private static final int STEP = PagedTile.TOKENS;

    /// Queries of a whole number of panels and tiles.
    static final int ROUND = Math.max(PANEL, MR);

    // the unit; `padded` queries fill panels and tiles
    private long call = -1;
    private int unit = -1;
    private int firstRow;
    private int firstHead;
    private int heads;
    private int part;
    private int queries;
    private int padded;
    private int longest;
    private int shortest;

    // columns of a value, rounded; pairs of columns of a key and of a query; where the key is in a
    // token, in pairs; distances of rows in floats (sums) and pairs (tokens), no multiples of 4096
    // bytes
    private int valueWidth;
    private int pairs;
    private int keyAt;
    private int ldo;
    private int ldk;

    private final float[] x = new float[L];
    private final float[] sums = new float[PagedTile.SUMS];
    private double[] q = new double[0]; // panels of queries
    private double[] k = new double[0]; // a page's tokens
    private float[] p = new float[0]; // scores, then probabilities: [64][padded]
    private float[] o = new float[0]; // weighted sums of the span's values
    private float[] most = new float[0]; // largest score of the span
    private float[] total = new float[0]; // sum of the span's probabilities
    private float[] base = new float[0]; // subtracted from the scores
    private float[] added = new float[0]; // sum of the page's probabilities
    private float[] shrink = new float[0]; // factor on what was summed before
    private float[] allO = new float[0]; // the same of all spans so far
    private float[] allMost = new float[0];
    private float[] allTotal = new float[0];
    private int[] length = new int[0]; // tokens that a query sees

    /// Where loads go that only bring memory nearer.
    private int touched;

    /// Floats that a span leaves for a query: weighted sum, maximum, sum.
    static int record(int value) {
        return Math.ceilDiv(value, NR) * NR + 2;
    }

    /// Turn to unit `u` and load its queries, unless they are there.
    void begin(Call now, PagedPlan plan, int u) {
        if (now.id() == call && u == unit) {
            return;
        }
        call = now.id();
        unit = u;
        int slice = u % plan.slices;
        int run = u / plan.slices / now.parts();
        part = u / plan.slices % now.parts();
        firstHead = part * plan.group + slice * plan.slice;
        heads = Math.min(plan.slice, (part + 1) * plan.group - firstHead);
        firstRow = plan.first[run];
        queries = (plan.first[run + 1] - firstRow) * heads;
        padded = Math.ceilDiv(queries, ROUND) * ROUND;
        longest = plan.longest[run];
        prepare(now);
        shortest = longest;
        for (int i = 0; i < padded; i++) {
            length[i] = longest;
            if (i < queries) {
                int r = firstRow + i / heads;
                length[i] = now.rows().lengths().getInt(r);
                shortest = Math.min(shortest, length[i]);
                long from = now.query(r, firstHead + i % heads);
                loadQuery(now.q().segment(), from, now.shape().key(), i);
            } else {
                clearQuery(i);
            }
        }
    }

    private void prepare(Call now) {
        int width = now.row().width();
        int keyFrom = width - now.shape().key();
        pairs = Math.ceilDiv(now.shape().key(), 2);
        valueWidth = Math.ceilDiv(now.shape().value(), NR) * NR;
        ldo = valueWidth + 16;
        int row = Math.max(Math.ceilDiv(width, L) * L, valueWidth) / 2;
        // pairs must not begin with an odd column: then the key is read once more behind the value
        boolean apart = keyFrom % 2 == 1;
        keyAt = apart ? row : keyFrom / 2;
        ldk = row + 8 + (apart ? Math.ceilDiv(pairs, L) * L : 0);
        if (length.length < padded) {
            length = new int[padded];
            most = new float[padded];
            total = new float[padded];
            base = new float[padded];
            added = new float[padded];
            shrink = new float[padded];
            allMost = new float[padded];
            allTotal = new float[padded];
            p = new float[TOKENS * padded];
        }
        if (q.length < padded * pairs) {
            q = new double[padded * pairs];
        }
        if (o.length < padded * ldo) {
            o = new float[padded * ldo];
            allO = new float[padded * ldo];
        }
        if (k.length < TOKENS * ldk) {
            k = new double[TOKENS * ldk];
        }
    }

    private void loadQuery(MemorySegment from, long at, int width, int i) {
        int to = i / PANEL * PANEL * pairs + PagedTile.place(i % PANEL);
        for (int d = 0; d < width / 2; d++) {
            q[to + d * PANEL] = from.get(JAVA_DOUBLE_UNALIGNED, at + 8L * d);
        }
        if (width % 2 == 1) {
            int last = from.get(JAVA_INT_UNALIGNED, at + 4L * (width - 1));
            q[to + (pairs - 1) * PANEL] = Double.longBitsToDouble(Integer.toUnsignedLong(last));
        }
    }

    private void clearQuery(int i) {
        int to = i / PANEL * PANEL * pairs + PagedTile.place(i % PANEL);
        for (int d = 0; d < pairs; d++) {
            q[to + d * PANEL] = 0;
        }
    }

    /// Compute all spans and write the results.
    void whole(Call now) {
        for (int span = 0; span * SPAN < longest; span++) {
            compute(now, span);
            for (int i = 0; i < queries; i++) {
                if (span * SPAN < length[i]) {
                    add(i, span, o, i * ldo, most[i], total[i]);
                }
            }
        }
        for (int i = 0; i < queries; i++) {
            write(now, i);
        }
    }

    /// Compute one span and leave its records from `at` on.
    void part(Call now, int span, float[] partial, int at) {
        compute(now, span);
        int record = valueWidth + 2;
        for (int i = 0; i < queries; i++) {
            int to = at + i * record;
            System.arraycopy(o, i * ldo, partial, to, valueWidth);
            partial[to + valueWidth] = most[i];
            partial[to + valueWidth + 1] = total[i];
        }
    }

    /// Add up the records of all spans, those of the first from `at` on and the others' `size`
    /// apart, and write the results.
    void merge(Call now, float[] partial, int at, int size) {
        int record = valueWidth + 2;
        for (int i = 0; i < queries; i++) {
            for (int span = 0; span * SPAN < length[i]; span++) {
                int from = at + span * size + i * record;
                int end = from + valueWidth;
                add(i, span, partial, from, partial[end], partial[end + 1]);
            }
            write(now, i);
        }
    }

    /// Add a span to what query `i` has of the spans before.
    private void add(int i, int span, float[] from, int at, float spanMost, float spanTotal) {
        int to = i * ldo;
        if (span == 0) {
            System.arraycopy(from, at, allO, to, valueWidth);
            allMost[i] = spanMost;
            allTotal[i] = spanTotal;
            return;
        }
        float newMost = Math.max(allMost[i], spanMost);
        float shrink = (float) Math.exp(allMost[i] - newMost);
        float factor = (float) Math.exp(spanMost - newMost);
        FloatVector x = FloatVector.broadcast(F, shrink);
        FloatVector y = FloatVector.broadcast(F, factor);
        for (int d = 0; d < valueWidth; d += L) {
            FloatVector old = FloatVector.fromArray(F, allO, to + d).mul(x);
            FloatVector.fromArray(F, from, at + d).fma(y, old).intoArray(allO, to + d);
        }
        allMost[i] = newMost;
        allTotal[i] = Math.fma(spanTotal, factor, allTotal[i] * shrink);
    }

    private void write(Call now, int i) {
        Softmax.scale(allO, i * ldo, valueWidth, 1 / allTotal[i]);
        long to = now.result(firstRow + i / heads, firstHead + i % heads);
        Panels.copyOut(allO, i * ldo, 0, 1, now.shape().value(), now.out().segment(), to, 0);
    }

    /// One span: `o`, `most` and `total` of every query that sees some of it.
    private void compute(Call now, int span) {
        Arrays.fill(o, 0, padded * ldo, 0);
        Arrays.fill(most, 0, padded, Float.NEGATIVE_INFINITY);
        Arrays.fill(total, 0, padded, 0);
        int end = Math.min(longest, (span + 1) * SPAN);
        long table = now.rows().starts().getInt(firstRow);
        for (int first = span * SPAN; first < end; first += TOKENS) {
            int tokens = Math.min(TOKENS, end - first);
            int page = now.rows().blocks().getInt(table + first / TOKENS);
            load(now, Pages.page(now.pages(), now.row(), page, part), tokens);
            scores(tokens);
            hide(first, tokens);
            for (int i = 0; i < padded; i += L) {
                softmax(i, now.shape().scale(), tokens);
            }
            values(first, tokens);
        }
    }

    private void load(Call now, long from, int tokens) {
        PageRow row = now.row();
        MemorySegment pages = now.pages().segment();
        int width = row.width();
        int key = now.shape().key();
        touched += Pages.touch(pages, from, tokens * row.bytes());
        for (int t = 0; t < tokens; t++) {
            long start = from + (long) t * row.bytes();
            Pages.readPairs(pages, start, row, 0, width, x, k, t * ldk);
            if (key % 2 != width % 2) {
                Pages.readPairs(pages, start, row, width - key, key, x, k, t * ldk + keyAt);
            }
        }
    }

    private void scores(int tokens) {
        for (int t = 0; t < tokens; t += STEP) {
            for (int i = 0; i < padded; i += PANEL) {
                int key = t * ldk + keyAt;
                int to = t * padded + i;
                PagedTile.scores(k, key, ldk, q, i * pairs, pairs, sums, p, to, padded);
            }
        }
    }

    /// Scores of minus infinity for tokens that a query does not see.
    private void hide(int first, int tokens) {
        if (shortest - first >= tokens) {
            return;
        }
        for (int i = 0; i < queries; i++) {
            for (int t = Math.max(0, length[i] - first); t < tokens; t++) {
                p[t * padded + i] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    /// Probabilities of a vector of queries; the old sums are brought to the new maximum.
    private void softmax(int i, float scale, int tokens) {
        Softmax.columnMax(p, i, padded, tokens, base, i);
        rebase(i, scale);
        Softmax.columnExponentials(p, i, padded, tokens, scale, base, added, i);
        for (int j = i; j < i + L; j++) {
            float factor = shrink[j];
            if (factor != 1 && total[j] > 0) {
                Softmax.scale(o, j * ldo, valueWidth, factor);
            }
            total[j] = Math.fma(total[j], factor, added[j]);
        }
    }

    /// The new maximum from the page's largest scores in `base`, and what the old sums shrink by.
    private void rebase(int i, float scale) {
        FloatVector old = FloatVector.fromArray(F, most, i);
        FloatVector page = FloatVector.fromArray(F, base, i).mul(scale);
        FloatVector now = old.blend(page, page.compare(VectorOperators.GT, old));
        now.intoArray(most, i);
        // a query that has seen no token yet: 0 in place of a difference of infinities
        now = now.blend(0, now.compare(VectorOperators.EQ, Float.NEGATIVE_INFINITY));
        now.intoArray(base, i);
        old.sub(now).intoArray(shrink, i);
        Exp.expNegative(shrink, i);
    }

    private void values(int first, int tokens) {
        for (int d = 0; d < valueWidth; d += NR) {
            for (int i = 0; i < padded; i += MR) {
                int n = Math.min(tokens, seen(i, first));
                PagedTile.values(p, i, padded, k, d / 2, ldk, n, o, i * ldo + d, ldo);
            }
        }
    }

    /// Tokens behind `first` that one of a tile's queries sees.
    private int seen(int i, int first) {
        int seen = 0;
        for (int j = i; j < i + MR; j++) {
            seen = Math.max(seen, length[j] - first);
        }
        return seen;
    }
}
