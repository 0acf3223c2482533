package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.minke.tensor.DType;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/// Moving, weighting and adding rows: embedding, dispatch to experts and back, and the gradients.
///
/// Every element of a result is a sum in a fixed order, whatever the split among workers.
final class Rows {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final int L = Lanes.COUNT;

    private Rows() {}

    static void gather(Team team, Tensor x, Tensor rows, Tensor y) {
        long count = rows.size();
        if (Bands.few(count, x.cols())) {
            gather(x, rows, y, 0, count);
        } else {
            Bands.rows(team, count, x.cols(), (from, to) -> gather(x, rows, y, from, to));
        }
    }

    private static void gather(Tensor x, Tensor rows, Tensor y, long from, long to) {
        int d = Math.toIntExact(x.cols());
        boolean half = x.dtype() == DType.BF16;
        int bytes = x.dtype().bytes();
        for (long i = from; i < to; i++) {
            long source = x.offset() + rows.getInt(i) * x.rowStride() * bytes;
            long target = y.offset() + 4 * i * y.rowStride();
            if (half) {
                Elementwise.widen(x.segment(), source, y.segment(), target, d);
            } else {
                MemorySegment.copy(x.segment(), source, y.segment(), target, 4L * d);
            }
        }
    }

    /// Each worker owns a band of columns and goes through all rows in order.
    static void scatterAdd(Team team, Tensor y, Tensor rows, Tensor x) {
        int[] index = rows.toInts();
        int d = Math.toIntExact(y.cols());
        Bands.rows(
                team,
                Math.ceilDiv(d, 2 * L),
                2L * L * index.length,
                (from, to) -> {
                    long first = from * 2 * L;
                    int width = (int) (Math.min(d, to * 2 * L) - first);
                    for (int i = 0; i < index.length; i++) {
                        long source = y.offset() + 4 * (i * y.rowStride() + first);
                        long target = x.offset() + 4 * (index[i] * x.rowStride() + first);
                        addScaled(y.segment(), source, 1, x.segment(), target, width);
                    }
                });
    }

    static void combine(
            Team team, Tensor y, Tensor slots, Tensor weight, Tensor x, boolean accumulate) {
        sum(team, y, slots, weight, x, accumulate);
    }

    static void sumSlots(Team team, Tensor y, Tensor slots, Tensor x, boolean accumulate) {
        sum(team, y, slots, null, x, accumulate);
    }

    /// x[t] = sum over j of weight[t, j] y[slots[t, j]]; weights are 1 if there are none.
    private static void sum(
            Team team,
            Tensor y,
            Tensor slots,
            @Nullable Tensor weight,
            Tensor x,
            boolean accumulate) {
        long rows = x.rows();
        long cost = x.cols() * slots.cols();
        if (Bands.few(rows, cost)) {
            sum(y, slots, weight, x, accumulate, 0, rows);
        } else {
            Bands.rows(
                    team, rows, cost, (from, to) -> sum(y, slots, weight, x, accumulate, from, to));
        }
    }

    private static void sum(
            Tensor y,
            Tensor slots,
            @Nullable Tensor weight,
            Tensor x,
            boolean accumulate,
            long from,
            long to) {
        int d = Math.toIntExact(x.cols());
        int k = Math.toIntExact(slots.cols());
        for (long t = from; t < to; t++) {
            long target = x.offset() + 4 * t * x.rowStride();
            if (!accumulate) {
                clear(x.segment(), target, d);
            }
            for (int j = 0; j < k; j++) {
                long at = slots.offset() + 4 * (t * slots.rowStride() + j);
                int slot = slots.segment().get(JAVA_INT_UNALIGNED, at);
                long source = y.offset() + 4 * slot * y.rowStride();
                float w = weight == null ? 1 : factor(weight, t, j);
                addScaled(y.segment(), source, w, x.segment(), target, d);
            }
        }
    }

    private static float factor(Tensor weight, long t, int j) {
        long at = weight.offset() + 4 * (t * weight.rowStride() + j);
        return weight.segment().get(JAVA_FLOAT_UNALIGNED, at);
    }

    static void combineBackward(
            Team team,
            Tensor dx,
            Tensor y,
            Tensor slots,
            Tensor weight,
            Tensor dy,
            Tensor dweight) {
        int[] slot = slots.toInts();
        float[] factor = weight.toFloats();
        int k = Math.toIntExact(slots.cols());
        int d = Math.toIntExact(dx.cols());
        Bands.rows(
                team,
                dx.rows(),
                2L * d * k,
                (from, to) -> {
                    for (int t = (int) from; t < to; t++) {
                        long source = dx.offset() + 4 * t * dx.rowStride();
                        long out = dweight.offset() + 4 * t * dweight.rowStride();
                        for (int j = 0; j < k; j++) {
                            int s = slot[t * k + j];
                            long value = y.offset() + 4 * s * y.rowStride();
                            float dot = dot(dx.segment(), source, y.segment(), value, d);
                            dweight.segment().set(JAVA_FLOAT_UNALIGNED, out + 4L * j, dot);
                            long target = dy.offset() + 4 * s * dy.rowStride();
                            float w = factor[t * k + j];
                            scaled(dx.segment(), source, w, dy.segment(), target, d);
                        }
                    }
                });
    }

    /// Dot product in four times L partial sums that hide the latency of FMA, joined by a tree.
    static float dot(MemorySegment a, long ao, MemorySegment b, long bo, int n) {
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = FloatVector.zero(F);
        FloatVector s2 = FloatVector.zero(F);
        FloatVector s3 = FloatVector.zero(F);
        int i = 0;
        for (; i <= n - 4 * L; i += 4 * L) {
            s0 = load(a, ao, i).fma(load(b, bo, i), s0);
            s1 = load(a, ao, i + L).fma(load(b, bo, i + L), s1);
            s2 = load(a, ao, i + 2 * L).fma(load(b, bo, i + 2 * L), s2);
            s3 = load(a, ao, i + 3 * L).fma(load(b, bo, i + 3 * L), s3);
        }
        for (; i <= n - L; i += L) {
            s0 = load(a, ao, i).fma(load(b, bo, i), s0);
        }
        float sum = LaneSum.of(s0.add(s1).add(s2.add(s3)));
        for (; i < n; i++) {
            sum =
                    Math.fma(
                            a.get(JAVA_FLOAT_UNALIGNED, ao + 4L * i),
                            b.get(JAVA_FLOAT_UNALIGNED, bo + 4L * i),
                            sum);
        }
        return sum;
    }

    private static FloatVector load(MemorySegment x, long offset, int i) {
        return FloatVector.fromMemorySegment(F, x, offset + 4L * i, LITTLE_ENDIAN);
    }

    private static void addScaled(
            MemorySegment y, long source, float w, MemorySegment x, long target, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector sum = load(y, source, i).mul(w).add(load(x, target, i));
            sum.intoMemorySegment(x, target + 4L * i, LITTLE_ENDIAN);
        }
        for (; i < n; i++) {
            float sum =
                    y.get(JAVA_FLOAT_UNALIGNED, source + 4L * i) * w
                            + x.get(JAVA_FLOAT_UNALIGNED, target + 4L * i);
            x.set(JAVA_FLOAT_UNALIGNED, target + 4L * i, sum);
        }
    }

    private static void scaled(
            MemorySegment y, long source, float w, MemorySegment x, long target, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            load(y, source, i).mul(w).intoMemorySegment(x, target + 4L * i, LITTLE_ENDIAN);
        }
        for (; i < n; i++) {
            float value = y.get(JAVA_FLOAT_UNALIGNED, source + 4L * i) * w;
            x.set(JAVA_FLOAT_UNALIGNED, target + 4L * i, value);
        }
    }

    private static void clear(MemorySegment x, long target, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector.zero(F).intoMemorySegment(x, target + 4L * i, LITTLE_ENDIAN);
        }
        for (; i < n; i++) {
            x.set(JAVA_FLOAT_UNALIGNED, target + 4L * i, 0);
        }
    }
}
