package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.minke.tensor.Bf16;
import dev.minke.tensor.DType;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Sums, factors, conversions and the norm of whole tensors, at the speed of memory.
final class Elementwise {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final VectorSpecies<Double> D = Lanes.DOUBLE;
    private static final int L = Lanes.COUNT;

    /// Elements of one leaf of the tree of sums; fixed, so that the sum is.
    private static final int LEAF = 16 << 10;

    private Elementwise() {}

    static void add(Team team, Tensor a, Tensor b, Tensor y) {
        boolean flat = a.contiguous() && b.contiguous() && y.contiguous();
        if (flat && Bands.few(y.size())) {
            addSpan(a, b, y, 0, 0, 0, y.size());
            return;
        }
        if (flat) {
            Bands.elements(
                    team,
                    y.size(),
                    (from, to) -> addSpan(a, b, y, 4 * from, 4 * from, 4 * from, to - from));
            return;
        }
        Bands.rows(
                team,
                y.rows(),
                y.cols(),
                (from, to) -> {
                    for (long r = from; r < to; r++) {
                        addSpan(
                                a,
                                b,
                                y,
                                4 * r * a.rowStride(),
                                4 * r * b.rowStride(),
                                4 * r * y.rowStride(),
                                y.cols());
                    }
                });
    }

    private static void addSpan(
            Tensor a, Tensor b, Tensor y, long aByte, long bByte, long yByte, long n) {
        MemorySegment as = a.segment();
        MemorySegment bs = b.segment();
        MemorySegment ys = y.segment();
        long ao = a.offset() + aByte;
        long bo = b.offset() + bByte;
        long yo = y.offset() + yByte;
        int count = Math.toIntExact(n);
        int i = 0;
        for (; i <= count - L; i += L) {
            long at = 4L * i;
            FloatVector.fromMemorySegment(F, as, ao + at, LITTLE_ENDIAN)
                    .add(FloatVector.fromMemorySegment(F, bs, bo + at, LITTLE_ENDIAN))
                    .intoMemorySegment(ys, yo + at, LITTLE_ENDIAN);
        }
        for (; i < count; i++) {
            long at = 4L * i;
            float sum =
                    as.get(JAVA_FLOAT_UNALIGNED, ao + at) + bs.get(JAVA_FLOAT_UNALIGNED, bo + at);
            ys.set(JAVA_FLOAT_UNALIGNED, yo + at, sum);
        }
    }

    static void scale(Team team, Tensor x, float factor) {
        if (x.contiguous()) {
            Bands.elements(
                    team,
                    x.size(),
                    (from, to) -> scaleSpan(x.segment(), x.offset() + 4 * from, to - from, factor));
            return;
        }
        Bands.rows(
                team,
                x.rows(),
                x.cols(),
                (from, to) -> {
                    for (long r = from; r < to; r++) {
                        long at = x.offset() + 4 * r * x.rowStride();
                        scaleSpan(x.segment(), at, x.cols(), factor);
                    }
                });
    }

    static void scaleSpan(MemorySegment x, long offset, long n, float factor) {
        int count = Math.toIntExact(n);
        int i = 0;
        for (; i <= count - L; i += L) {
            long at = offset + 4L * i;
            FloatVector.fromMemorySegment(F, x, at, LITTLE_ENDIAN)
                    .mul(factor)
                    .intoMemorySegment(x, at, LITTLE_ENDIAN);
        }
        for (; i < count; i++) {
            long at = offset + 4L * i;
            x.set(JAVA_FLOAT_UNALIGNED, at, x.get(JAVA_FLOAT_UNALIGNED, at) * factor);
        }
    }

    static void convert(Team team, Tensor from, Tensor to) {
        if (from.dtype() == to.dtype()) {
            to.copyFrom(from);
            return;
        }
        Bands.rows(
                team,
                from.rows(),
                from.cols(),
                (first, last) -> {
                    for (long r = first; r < last; r++) {
                        convertRow(from, to, r);
                    }
                });
    }

    private static void convertRow(Tensor from, Tensor to, long r) {
        MemorySegment x = from.segment();
        MemorySegment y = to.segment();
        long xAt = from.offset() + r * from.rowStride() * from.dtype().bytes();
        long yAt = to.offset() + r * to.rowStride() * to.dtype().bytes();
        int n = Math.toIntExact(from.cols());
        boolean half = to.dtype() == DType.F16;
        switch (from.dtype()) {
            case F32 -> {
                if (half) {
                    Halves.narrowF16(x, xAt, y, yAt, n);
                } else {
                    narrow(x, xAt, y, yAt, n);
                }
            }
            case BF16 -> {
                if (half) {
                    Halves.toF16(x, xAt, y, yAt, n);
                } else {
                    widen(x, xAt, y, yAt, n);
                }
            }
            case F16 -> {
                if (to.dtype() == DType.BF16) {
                    Halves.toBf16(x, xAt, y, yAt, n);
                } else {
                    Halves.widenF16(x, xAt, y, yAt, n);
                }
            }
            case I32, I8 ->
                    throw new IllegalArgumentException(from.dtype() + " is no floating type");
        }
    }

    /// BF16 to F32, exactly.
    static void widen(MemorySegment from, long source, MemorySegment to, long target, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector x = Halves.loadBf16(from, source + 2L * i);
            x.intoMemorySegment(to, target + 4L * i, LITTLE_ENDIAN);
        }
        for (; i < n; i++) {
            float value = Bf16.toFloat(from.get(JAVA_SHORT_UNALIGNED, source + 2L * i));
            to.set(JAVA_FLOAT_UNALIGNED, target + 4L * i, value);
        }
    }

    private static void narrow(
            MemorySegment from, long source, MemorySegment to, long target, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector x = FloatVector.fromMemorySegment(F, from, source + 4L * i, LITTLE_ENDIAN);
            Halves.storeBf16(x, to, target + 2L * i);
        }
        for (; i < n; i++) {
            float value = from.get(JAVA_FLOAT_UNALIGNED, source + 4L * i);
            to.set(JAVA_SHORT_UNALIGNED, target + 2L * i, Bf16.fromFloat(value));
        }
    }

    /// Sum of squares: leaves of 16 K elements in double lanes, then pairs of neighbours.
    static double sumOfSquares(Team team, Tensor x) {
        boolean flat = x.contiguous();
        long rows = flat ? 1 : x.rows();
        long cols = flat ? x.size() : x.cols();
        int perRow = Math.toIntExact(Math.ceilDiv(cols, LEAF));
        double[] sums = new double[Math.toIntExact(rows * perRow)];
        long stride = flat ? 0 : x.rowStride();
        Bands.rows(
                team,
                sums.length,
                Math.min(cols, LEAF),
                (from, to) -> {
                    for (int leaf = (int) from; leaf < to; leaf++) {
                        long start = (long) (leaf % perRow) * LEAF;
                        long at = x.offset() + 4 * (leaf / perRow * stride + start);
                        sums[leaf] = leaf(x.segment(), at, (int) Math.min(LEAF, cols - start));
                    }
                });
        for (int width = 1; width < sums.length; width *= 2) {
            for (int i = 0; i + width < sums.length; i += 2 * width) {
                sums[i] += sums[i + width];
            }
        }
        return sums.length == 0 ? 0 : sums[0];
    }

    private static double leaf(MemorySegment x, long offset, int n) {
        DoubleVector low = DoubleVector.zero(D);
        DoubleVector high = DoubleVector.zero(D);
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector v = FloatVector.fromMemorySegment(F, x, offset + 4L * i, LITTLE_ENDIAN);
            DoubleVector a = (DoubleVector) v.convertShape(VectorOperators.F2D, D, 0);
            DoubleVector b = (DoubleVector) v.convertShape(VectorOperators.F2D, D, 1);
            low = a.fma(a, low);
            high = b.fma(b, high);
        }
        double sum = 0;
        for (double lane : low.add(high).toArray()) {
            sum += lane;
        }
        for (; i < n; i++) {
            double value = x.get(JAVA_FLOAT_UNALIGNED, offset + 4L * i);
            sum += value * value;
        }
        return sum;
    }
}
