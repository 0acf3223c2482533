package dev.minke.infer.engine;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.minke.tensor.AttentionShape;
import dev.minke.tensor.Bf16;
import dev.minke.tensor.DType;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/// [PagedAttention] in plain Java: the meaning of the operations, at a fair speed.
///
/// Over pages: a streaming softmax, block after block, each at once for up to [#ROWS] rows of a
/// sequence and the heads of a part. Sums in F32, ascending within a block; where the largest score
/// grows, what was summed shrinks. Tasks split rows, parts and heads, never tokens.
///
/// Last rows: the kernel for whole sequences, with zeros for the queries that are not asked for.
/// That wastes their arithmetic, and keeps the bits.
final class PlainPagedAttention implements PagedAttention {
    private static final ValueLayout.OfFloat F32 =
            JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort BF16 =
            JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int BLOCK = CacheLayout.BLOCK;

    /// Rows that share a block while it is in the first-level cache.
    private static final int ROWS = 16;

    private final Kernels kernels;
    private final Scratch[] scratch;
    private int[] runs = new int[64]; // first row of each task's rows, and the end

    PlainPagedAttention(Kernels kernels) {
        this.kernels = kernels;
        scratch = new Scratch[kernels.team().size()];
        Arrays.setAll(scratch, worker -> new Scratch());
    }

    @Override
    public void overPages(float scale, Tensor q, Tensor pages, Rows rows, Tensor out) {
        int count = (int) q.dim(0);
        int heads = (int) q.dim(1);
        int parts = (int) pages.dim(1);
        check(q, pages, rows, out);
        int runCount = split(rows, count);
        int group = heads / parts;
        // few rows: the heads of a part go to several workers, which each read its blocks
        int tasks = runCount * parts;
        int slices = Math.clamp(Math.ceilDiv(2 * scratch.length, tasks), 1, group);
        int slice = Math.ceilDiv(group, slices);
        int perPart = Math.ceilDiv(group, slice);
        int[] from = runs;
        kernels.team()
                .run(
                        tasks * perPart,
                        (task, worker) -> {
                            int part = task / perPart % parts;
                            int first = part * group + task % perPart * slice;
                            int last = Math.min(first + slice, (part + 1) * group);
                            int run = task / perPart / parts;
                            Scratch s = scratch[worker];
                            s.prepare(q, pages, out, (last - first) * ROWS);
                            attend(s, scale, q, pages, rows, out, part, first, last, from, run);
                        });
    }

    private static void check(Tensor q, Tensor pages, Rows rows, Tensor out) {
        q.expect("overPages q", DType.F32).expect("overPages q", -1, -1, -1);
        out.expect("overPages out", DType.F32).expect("overPages out", q.dim(0), q.dim(1), -1);
        pages.expect("overPages pages", -1, -1, BLOCK, -1);
        rows.starts().expect("overPages starts", q.dim(0));
        rows.lengths().expect("overPages lengths", q.dim(0));
        if (q.cols() > pages.cols()
                || out.cols() > pages.cols()
                || q.dim(1) % pages.dim(1) != 0
                || !pages.contiguous()) {
            throw new IllegalArgumentException(
                    "overPages: q %s, pages %s, out %s do not fit".formatted(q, pages, out));
        }
    }

    /// Cut the rows into runs of one sequence, at most [#ROWS] each.
    private int split(Rows rows, int count) {
        if (runs.length < count + 1) {
            runs = new int[count + 1];
        }
        int n = 0;
        for (int r = 0; r < count; r++) {
            boolean same = r > 0 && rows.starts().getInt(r) == rows.starts().getInt(r - 1L);
            if (!same || r - runs[n - 1] == ROWS) {
                runs[n++] = r;
            }
        }
        runs[n] = count;
        return n;
    }

    private static void attend(
            Scratch s,
            float scale,
            Tensor q,
            Tensor pages,
            Rows rows,
            Tensor out,
            int part,
            int firstHead,
            int lastHead,
            int[] runs,
            int run) {
        int from = runs[run];
        int to = runs[run + 1];
        int heads = lastHead - firstHead;
        int longest = 0;
        for (int r = from; r < to; r++) {
            longest = Math.max(longest, rows.lengths().getInt(r));
            for (int h = 0; h < heads; h++) {
                long at = r * q.dim(1) + firstHead + h;
                int i = (r - from) * heads + h;
                read(q, at, s.query[i]);
                s.start(i);
            }
        }
        long table = rows.starts().getInt(from);
        for (int b = 0; b * BLOCK < longest; b++) {
            long block = rows.blocks().getInt(table + b);
            s.load(pages, (block * pages.dim(1) + part) * BLOCK);
            for (int r = from; r < to; r++) {
                int tokens = Math.min(BLOCK, rows.lengths().getInt(r) - b * BLOCK);
                for (int h = 0; tokens > 0 && h < heads; h++) {
                    s.add((r - from) * heads + h, scale, tokens);
                }
            }
        }
        for (int r = from; r < to; r++) {
            for (int h = 0; h < heads; h++) {
                s.finish((r - from) * heads + h, out, r * out.dim(1) + firstHead + h);
            }
        }
    }

    private static void read(Tensor from, long row, float[] to) {
        long at = from.offset() + 4 * row * from.rowStride();
        MemorySegment.copy(from.segment(), F32, at, to, 0, to.length);
    }

    /// Memory of a worker: one block, and the state of its rows and heads.
    private static final class Scratch {
        private float[][] query = new float[0][];
        private float[][] sums = new float[0][];
        private float[] most = new float[0];
        private float[] total = new float[0];
        private float[][] keys = new float[0][]; // [key width][64], transposed
        private float[][] values = new float[0][]; // [64][value width]
        private float[] token = new float[0];
        private final float[] scores = new float[BLOCK];
        private int keyWidth;
        private int valueWidth;

        void prepare(Tensor q, Tensor pages, Tensor out, int states) {
            int key = (int) q.cols();
            int value = (int) out.cols();
            int width = (int) pages.cols();
            if (key != keyWidth || value != valueWidth || token.length != width) {
                keyWidth = key;
                valueWidth = value;
                keys = new float[key][BLOCK];
                values = new float[BLOCK][value];
                token = new float[width];
                most = new float[0];
            }
            if (most.length < states) {
                query = new float[states][key];
                sums = new float[states][value];
                most = new float[states];
                total = new float[states];
            }
        }

        void start(int i) {
            most[i] = Float.NEGATIVE_INFINITY;
            total[i] = 0;
            Arrays.fill(sums[i], 0);
        }

        void load(Tensor pages, long row) {
            int width = token.length;
            int keyFrom = width - keyWidth;
            MemorySegment segment = pages.segment();
            boolean half = pages.dtype() == DType.BF16;
            long at = pages.offset() + row * width * pages.dtype().bytes();
            for (int j = 0; j < BLOCK; j++) {
                if (half) {
                    for (int d = 0; d < width; d++) {
                        token[d] = Bf16.toFloat(segment.get(BF16, at + 2L * (j * width + d)));
                    }
                } else {
                    MemorySegment.copy(segment, F32, at + 4L * j * width, token, 0, width);
                }
                System.arraycopy(token, 0, values[j], 0, valueWidth);
                for (int d = 0; d < keyWidth; d++) {
                    keys[d][j] = token[keyFrom + d];
                }
            }
        }

        /// Let state `i` see the first `tokens` tokens of the block.
        void add(int i, float scale, int tokens) {
            float[] p = scores;
            Arrays.fill(p, 0);
            addRows(query[i], keys, keyWidth, p, BLOCK);
            float largest = Float.NEGATIVE_INFINITY;
            for (int j = 0; j < tokens; j++) {
                p[j] *= scale;
                largest = Math.max(largest, p[j]);
            }
            float[] sum = sums[i];
            if (largest > most[i]) {
                float shrink = (float) Math.exp((double) most[i] - largest); // 0 the first time
                for (int d = 0; d < valueWidth; d++) {
                    sum[d] *= shrink;
                }
                total[i] *= shrink;
                most[i] = largest;
            }
            float added = 0;
            for (int j = 0; j < tokens; j++) {
                p[j] = (float) Math.exp((double) p[j] - most[i]);
                added += p[j];
            }
            total[i] += added;
            addRows(p, values, tokens, sum, valueWidth);
        }

        void finish(int i, Tensor out, long row) {
            float[] sum = sums[i];
            for (int d = 0; d < valueWidth; d++) {
                sum[d] /= total[i];
            }
            long at = out.offset() + 4 * row * out.rowStride();
            MemorySegment.copy(sum, 0, out.segment(), F32, at, valueWidth);
        }

        /// y += a[0] * rows[0] + a[1] * rows[1] + ..., ascending for every element; the compiler
        /// uses vectors where all arrays have the same index.
        private static void addRows(float[] a, float[][] rows, int count, float[] y, int n) {
            int p = 0;
            for (; p <= count - 4; p += 4) {
                add(a, p, rows[p], rows[p + 1], rows[p + 2], rows[p + 3], y, n);
            }
            for (; p < count; p++) {
                float factor = a[p];
                float[] x = rows[p];
                for (int i = 0; i < n; i++) {
                    y[i] = Math.fma(factor, x[i], y[i]);
                }
            }
        }

        private static void add(
                float[] a,
                int p,
                float[] x0,
                float[] x1,
                float[] x2,
                float[] x3,
                float[] y,
                int n) {
            float a0 = a[p];
            float a1 = a[p + 1];
            float a2 = a[p + 2];
            float a3 = a[p + 3];
            for (int i = 0; i < n; i++) {
                float sum = Math.fma(a0, x0[i], y[i]);
                sum = Math.fma(a1, x1[i], sum);
                sum = Math.fma(a2, x2[i], sum);
                y[i] = Math.fma(a3, x3[i], sum);
            }
        }
    }

    @Override
    public void lastRows(
            AttentionShape shape,
            Tensor q,
            Tensor queries,
            Tensor kv,
            Tensor kr,
            Tensor tokens,
            Tensor out,
            Workspace workspace) {
        Tensor lse = workspace.f32(shape.heads(), kv.rows());
        if (q.rows() == kv.rows()) {
            kernels.attention(shape, q, kv, kr, tokens, out, lse);
            return;
        }
        Tensor all = workspace.f32(kv.rows(), q.cols());
        Tensor result = workspace.f32(kv.rows(), out.cols());
        all.clear();
        int sequences = (int) tokens.size() - 1;
        for (int s = 0; s < sequences; s++) {
            place(all, s, queries, tokens).copyFrom(own(q, s, queries));
        }
        kernels.attention(shape, all, kv, kr, tokens, result, lse);
        for (int s = 0; s < sequences; s++) {
            own(out, s, queries).copyFrom(place(result, s, queries, tokens));
        }
    }

    private static Tensor own(Tensor rows, int s, Tensor queries) {
        return rows.range(queries.getInt(s), queries.getInt(s + 1L));
    }

    private static Tensor place(Tensor rows, int s, Tensor queries, Tensor tokens) {
        int count = queries.getInt(s + 1L) - queries.getInt(s);
        int end = tokens.getInt(s + 1L);
        return rows.range(end - count, end);
    }
}
