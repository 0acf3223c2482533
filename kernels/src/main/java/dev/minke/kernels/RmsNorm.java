package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// Root-mean-square normalisation of rows and its gradient.
///
/// Numerics: sums over a row in 2 L partial sums of F32, joined by a tree; the gradient of the gain
/// is summed over blocks of rows that depend on the number of rows alone, then over the blocks.
final class RmsNorm {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final int L = Lanes.COUNT;

    /// At most this many partial sums of the gain's gradient.
    private static final int MOST_BLOCKS = 64;

    private RmsNorm() {}

    static void forward(Team team, Tensor x, Tensor gain, float eps, Tensor y, Tensor rstd) {
        long rows = x.rows();
        if (Bands.few(rows, x.cols())) {
            range(x, gain, eps, y, rstd, 0, rows);
        } else {
            Bands.rows(team, rows, x.cols(), (from, to) -> range(x, gain, eps, y, rstd, from, to));
        }
    }

    private static void range(
            Tensor x, Tensor gain, float eps, Tensor y, Tensor rstd, long from, long to) {
        int d = Math.toIntExact(x.cols());
        for (long t = from; t < to; t++) {
            long xo = x.offset() + 4 * t * x.rowStride();
            long yo = y.offset() + 4 * t * y.rowStride();
            float mean = dot(x.segment(), xo, x.segment(), xo, d) / d;
            float r = (float) (1 / Math.sqrt(mean + eps));
            rstd.segment().set(JAVA_FLOAT_UNALIGNED, rstd.offset() + 4 * t, r);
            normalize(x.segment(), xo, r, gain.segment(), gain.offset(), y.segment(), yo, d);
        }
    }

    private static void normalize(
            MemorySegment x,
            long xo,
            float rstd,
            MemorySegment gain,
            long go,
            MemorySegment y,
            long yo,
            int d) {
        int i = 0;
        for (; i <= d - L; i += L) {
            FloatVector.fromMemorySegment(F, x, xo + 4L * i, LITTLE_ENDIAN)
                    .mul(rstd)
                    .mul(FloatVector.fromMemorySegment(F, gain, go + 4L * i, LITTLE_ENDIAN))
                    .intoMemorySegment(y, yo + 4L * i, LITTLE_ENDIAN);
        }
        for (; i < d; i++) {
            float xn = x.get(JAVA_FLOAT_UNALIGNED, xo + 4L * i) * rstd;
            y.set(
                    JAVA_FLOAT_UNALIGNED,
                    yo + 4L * i,
                    xn * gain.get(JAVA_FLOAT_UNALIGNED, go + 4L * i));
        }
    }

    static void backward(
            Team team,
            Tensor dy,
            Tensor x,
            Tensor gain,
            Tensor rstd,
            Tensor dx,
            boolean accumulate,
            Tensor dgain) {
        int d = Math.toIntExact(x.cols());
        long rows = x.rows();
        long step = Math.max(16, Math.ceilDiv(rows, MOST_BLOCKS));
        int blocks = Math.toIntExact(Math.ceilDiv(rows, step));
        float[] partial = new float[blocks * d];
        Bands.rows(
                team,
                blocks,
                2 * step * d,
                (from, to) -> {
                    for (int block = (int) from; block < to; block++) {
                        long last = Math.min(rows, (block + 1) * step);
                        for (long t = block * step; t < last; t++) {
                            float r =
                                    rstd.segment().get(JAVA_FLOAT_UNALIGNED, rstd.offset() + 4 * t);
                            row(dy, x, gain, r, dx, t, accumulate, partial, block * d, d);
                        }
                    }
                });
        for (int block = 0; block < blocks; block++) {
            addTo(partial, block * d, dgain.segment(), dgain.offset(), d);
        }
    }

    private static void row(
            Tensor dy,
            Tensor x,
            Tensor gain,
            float rstd,
            Tensor dx,
            long t,
            boolean accumulate,
            float[] partial,
            int at,
            int d) {
        MemorySegment dys = dy.segment();
        MemorySegment xs = x.segment();
        MemorySegment gs = gain.segment();
        MemorySegment dxs = dx.segment();
        long dyo = dy.offset() + 4 * t * dy.rowStride();
        long xo = x.offset() + 4 * t * x.rowStride();
        long go = gain.offset();
        long dxo = dx.offset() + 4 * t * dx.rowStride();
        float mean = gainGradient(dys, dyo, xs, xo, gs, go, rstd, partial, at, d) / d;
        int i = 0;
        for (; i <= d - L; i += L) {
            long o = 4L * i;
            FloatVector xn = FloatVector.fromMemorySegment(F, xs, xo + o, LITTLE_ENDIAN).mul(rstd);
            FloatVector g =
                    FloatVector.fromMemorySegment(F, dys, dyo + o, LITTLE_ENDIAN)
                            .mul(FloatVector.fromMemorySegment(F, gs, go + o, LITTLE_ENDIAN));
            FloatVector grad = g.sub(xn.mul(mean)).mul(rstd);
            if (accumulate) {
                grad = grad.add(FloatVector.fromMemorySegment(F, dxs, dxo + o, LITTLE_ENDIAN));
            }
            grad.intoMemorySegment(dxs, dxo + o, LITTLE_ENDIAN);
        }
        for (; i < d; i++) {
            long o = 4L * i;
            float xn = xs.get(JAVA_FLOAT_UNALIGNED, xo + o) * rstd;
            float g = dys.get(JAVA_FLOAT_UNALIGNED, dyo + o) * gs.get(JAVA_FLOAT_UNALIGNED, go + o);
            float before = accumulate ? dxs.get(JAVA_FLOAT_UNALIGNED, dxo + o) : 0;
            dxs.set(JAVA_FLOAT_UNALIGNED, dxo + o, (g - xn * mean) * rstd + before);
        }
    }

    /// Add dy * xn to the partial gradient of the gain; return sum of dy * gain * xn.
    private static float gainGradient(
            MemorySegment dy,
            long dyo,
            MemorySegment x,
            long xo,
            MemorySegment gain,
            long go,
            float rstd,
            float[] partial,
            int at,
            int d) {
        FloatVector sum = FloatVector.zero(F);
        int i = 0;
        for (; i <= d - L; i += L) {
            long o = 4L * i;
            FloatVector product =
                    FloatVector.fromMemorySegment(F, x, xo + o, LITTLE_ENDIAN)
                            .mul(rstd)
                            .mul(FloatVector.fromMemorySegment(F, dy, dyo + o, LITTLE_ENDIAN));
            FloatVector.fromArray(F, partial, at + i).add(product).intoArray(partial, at + i);
            sum = product.fma(FloatVector.fromMemorySegment(F, gain, go + o, LITTLE_ENDIAN), sum);
        }
        float total = LaneSum.of(sum);
        for (; i < d; i++) {
            long o = 4L * i;
            float product =
                    x.get(JAVA_FLOAT_UNALIGNED, xo + o)
                            * rstd
                            * dy.get(JAVA_FLOAT_UNALIGNED, dyo + o);
            partial[at + i] += product;
            total = Math.fma(product, gain.get(JAVA_FLOAT_UNALIGNED, go + o), total);
        }
        return total;
    }

    private static void addTo(float[] from, int at, MemorySegment to, long offset, int n) {
        for (int i = 0; i < n; i++) {
            float sum = to.get(JAVA_FLOAT_UNALIGNED, offset + 4L * i) + from[at + i];
            to.set(JAVA_FLOAT_UNALIGNED, offset + 4L * i, sum);
        }
    }

    /// Dot product of rows in two partial sums, see [Rows#dot].
    private static float dot(MemorySegment a, long ao, MemorySegment b, long bo, int n) {
        return Rows.dot(a, ao, b, bo, n);
    }
}
