package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.minke.tensor.Bf16;
import dev.minke.tensor.DType;
import dev.minke.tensor.PageRow;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Rows of cache pages to and from floats, bit for bit as the reference: contract of the layout in
/// [PageRow], of the operations in [dev.minke.tensor.Kernels#storePages].
final class Pages {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final VectorSpecies<Integer> I = Lanes.INT;
    private static final VectorSpecies<Double> D = PagedTile.PAIRS;
    private static final int L = Lanes.COUNT;

    /// Adding it rounds to an integer, which then stands in the lowest bits.
    private static final float ROUND = 0x1.8p23f;

    private Pages() {}

    /// Byte offset of the first token of a part of a page.
    static long page(Tensor pages, PageRow row, long page, int part) {
        return pages.offset() + (page * pages.dim(1) + part) * PageRow.TOKENS * row.bytes();
    }

    private static long row(Tensor pages, PageRow row, int part, int cell) {
        long slot = cell % PageRow.TOKENS;
        return page(pages, row, cell / PageRow.TOKENS, part) + slot * row.bytes();
    }

    static void store(
            Team team,
            Scratch.Pool pool,
            Tensor from,
            Tensor pages,
            PageRow row,
            int part,
            int at,
            Tensor cells) {
        int n = Math.toIntExact(from.cols());
        Bands.rows(
                team,
                pool,
                from.rows(),
                n,
                (scratch, first, last) -> {
                    float[] x = scratch.rows(n + L);
                    for (long r = first; r < last; r++) {
                        long source = from.offset() + 4 * r * from.rowStride();
                        Panels.copyIn(from.segment(), source, 0, 1, n, x, 0, 0);
                        long start = row(pages, row, part, cells.getInt(r));
                        write(x, n, pages.segment(), start, row, at);
                    }
                });
    }

    static void load(
            Team team,
            Scratch.Pool pool,
            Tensor pages,
            PageRow row,
            int part,
            int at,
            Tensor cells,
            Tensor to) {
        int n = Math.toIntExact(to.cols());
        Bands.rows(
                team,
                pool,
                to.rows(),
                n,
                (scratch, first, last) -> {
                    float[] x = scratch.rows(n + L);
                    for (long r = first; r < last; r++) {
                        long start = row(pages, row, part, cells.getInt(r));
                        read(pages.segment(), start, row, at, n, x, 0);
                        long target = to.offset() + 4 * r * to.rowStride();
                        Panels.copyOut(x, 0, 0, 1, n, to.segment(), target, 0);
                    }
                });
    }

    /// Load memory into the cache, as four streams: converting it leaves few loads in flight.
    static int touch(MemorySegment segment, long at, int bytes) {
        IntVector s0 = IntVector.zero(I);
        IntVector s1 = s0;
        int part = bytes / 4 & -64;
        for (int i = 0; i < part; i += 64) {
            s0 = s0.add(IntVector.fromMemorySegment(I, segment, at + i, LITTLE_ENDIAN));
            s1 = s1.add(IntVector.fromMemorySegment(I, segment, at + i + part, LITTLE_ENDIAN));
            s0 = s0.add(IntVector.fromMemorySegment(I, segment, at + i + 2L * part, LITTLE_ENDIAN));
            s1 = s1.add(IntVector.fromMemorySegment(I, segment, at + i + 3L * part, LITTLE_ENDIAN));
        }
        return s0.add(s1).lane(0);
    }

    /// Read columns `at` to `at + n` of the row at byte `start`.
    static void read(
            MemorySegment segment, long start, PageRow row, int at, int n, float[] to, int toAt) {
        if (row.type() != DType.I8) {
            long first = start + (long) at * row.type().bytes();
            Halves.read(segment, row.type(), first, to, toAt, n);
            return;
        }
        int coded = Math.clamp(row.coded() - at, 0, n);
        for (int i = 0; i < coded; i += row.block()) {
            decode(segment, start, row, at + i, to, toAt + i);
        }
        if (coded < n) {
            long first = start + row.plainAt() + 2L * (at + coded - row.coded());
            Halves.read(segment, DType.BF16, first, to, toAt + coded, n - coded);
        }
    }

    /// As [#read], two columns to an element of `to`: whole vectors, with zeros behind the last
    /// column.
    ///
    /// @param x memory for L floats
    static void readPairs(
            MemorySegment segment,
            long start,
            PageRow row,
            int at,
            int n,
            float[] x,
            double[] to,
            int toAt) {
        int body = n & -L;
        switch (row.type()) {
            case F32 -> pairsF32(segment, start + 4L * at, body, to, toAt);
            case BF16 -> pairsBf16(segment, start + 2L * at, body, to, toAt);
            default -> {
                int coded = Math.clamp(row.coded() - at, 0, n);
                if (row.block() % L == 0 || coded == 0) {
                    pairsCoded(segment, start, row, at, coded, to, toAt);
                    long plain = start + row.plainAt() + 2L * (at + coded - row.coded());
                    body = coded + ((n - coded) & -L);
                    pairsBf16(segment, plain, body - coded, to, toAt + coded / 2);
                } else {
                    body = 0;
                }
            }
        }
        for (int i = body; i < n; i += L) {
            int rest = Math.min(L, n - i);
            Arrays.fill(x, 0);
            for (int c = 0; c < rest; c++) {
                x[c] = number(segment, start, row, at + i + c);
            }
            FloatVector.fromArray(F, x, 0).reinterpretAsDoubles().intoArray(to, toAt + i / 2);
        }
    }

    private static void pairsF32(MemorySegment segment, long at, int n, double[] to, int toAt) {
        for (int i = 0; i < n; i += L) {
            DoubleVector.fromMemorySegment(D, segment, at + 4L * i, LITTLE_ENDIAN)
                    .intoArray(to, toAt + i / 2);
        }
    }

    private static void pairsBf16(MemorySegment segment, long at, int n, double[] to, int toAt) {
        for (int i = 0; i < n; i += L) {
            Halves.loadBf16(segment, at + 2L * i)
                    .reinterpretAsDoubles()
                    .intoArray(to, toAt + i / 2);
        }
    }

    private static void pairsCoded(
            MemorySegment segment, long start, PageRow row, int at, int n, double[] to, int toAt) {
        for (int b = 0; b < n; b += row.block()) {
            float scale = segment.get(JAVA_FLOAT_UNALIGNED, scale(row, start, at + b));
            for (int i = b; i < b + row.block(); i += L) {
                codes(segment, start + at + i)
                        .mul(scale)
                        .reinterpretAsDoubles()
                        .intoArray(to, toAt + i / 2);
            }
        }
    }

    private static FloatVector codes(MemorySegment segment, long at) {
        return (FloatVector) Bytes.signed(segment, at).convert(VectorOperators.I2F, 0);
    }

    private static float number(MemorySegment segment, long start, PageRow row, int column) {
        if (row.type() == DType.F32) {
            return segment.get(JAVA_FLOAT_UNALIGNED, start + 4L * column);
        }
        if (column < row.coded()) {
            float scale = segment.get(JAVA_FLOAT_UNALIGNED, scale(row, start, column));
            return segment.get(JAVA_BYTE, start + column) * scale;
        }
        long at = start + row.plainAt() + 2L * (column - row.coded());
        return Bf16.toFloat(segment.get(JAVA_SHORT_UNALIGNED, at));
    }

    private static void decode(
            MemorySegment segment, long start, PageRow row, int column, float[] to, int toAt) {
        float scale = segment.get(JAVA_FLOAT_UNALIGNED, scale(row, start, column));
        long codes = start + column;
        int n = row.block();
        int i = 0;
        for (; i <= n - L; i += L) {
            codes(segment, codes + i).mul(scale).intoArray(to, toAt + i);
        }
        for (; i < n; i++) {
            to[toAt + i] = segment.get(JAVA_BYTE, codes + i) * scale;
        }
    }

    private static void write(
            float[] x, int n, MemorySegment segment, long start, PageRow row, int at) {
        switch (row.type()) {
            case F32 -> Panels.copyOut(x, 0, 0, 1, n, segment, start + 4L * at, 0);
            case BF16 -> Halves.writeBf16(x, 0, segment, start + 2L * at, n);
            default -> {
                int coded = Math.clamp(row.coded() - at, 0, n);
                for (int i = 0; i < coded; i += row.block()) {
                    encode(x, i, segment, start, row, at + i);
                }
                long first = start + row.plainAt() + 2L * (at + coded - row.coded());
                Halves.writeBf16(x, coded, segment, first, n - coded);
            }
        }
    }

    private static void encode(
            float[] x, int at, MemorySegment segment, long start, PageRow row, int column) {
        int n = row.block();
        FloatVector largest = FloatVector.zero(F);
        int i = 0;
        for (; i <= n - L; i += L) {
            largest = largest.max(FloatVector.fromArray(F, x, at + i).abs()); // NaN stays
        }
        float most = largest.reduceLanes(VectorOperators.MAX);
        for (; i < n; i++) {
            most = Math.max(most, Math.abs(x[at + i]));
        }
        boolean none = most < PageRow.LEAST;
        segment.set(JAVA_FLOAT_UNALIGNED, scale(row, start, column), none ? 0 : most / 127);
        float inverse = none ? 0 : 127 / most;
        long codes = start + column;
        for (i = 0; i <= n - L; i += L) {
            FloatVector rounded = FloatVector.fromArray(F, x, at + i).mul(inverse).add(ROUND);
            IntVector code = rounded.reinterpretAsInts();
            Bytes.store(code, segment, codes + i);
        }
        for (; i < n; i++) {
            segment.set(JAVA_BYTE, codes + i, (byte) (int) Math.rint(x[at + i] * inverse));
        }
    }

    private static long scale(PageRow row, long start, int column) {
        return start + row.scalesAt() + 4L * (column / row.block());
    }
}
