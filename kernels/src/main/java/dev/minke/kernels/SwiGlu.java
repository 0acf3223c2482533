package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// y = silu(gate) * up and its gradient; silu(z) = z * sigmoid(z), see [Exp].
final class SwiGlu {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final int L = Lanes.COUNT;

    /// An exponential and a division cost about as much as this many plain element steps.
    private static final int COST = 4;

    private SwiGlu() {}

    static void forward(Team team, Tensor gate, Tensor up, Tensor y) {
        long rows = gate.rows();
        long cost = gate.cols() * COST;
        if (Bands.few(rows, cost)) {
            range(gate, up, y, 0, rows);
        } else {
            Bands.rows(team, rows, cost, (from, to) -> range(gate, up, y, from, to));
        }
    }

    private static void range(Tensor gate, Tensor up, Tensor y, long from, long to) {
        int n = Math.toIntExact(gate.cols());
        for (long t = from; t < to; t++) {
            row(
                    gate.segment(),
                    gate.offset() + 4 * t * gate.rowStride(),
                    up.segment(),
                    up.offset() + 4 * t * up.rowStride(),
                    y.segment(),
                    y.offset() + 4 * t * y.rowStride(),
                    n);
        }
    }

    private static void row(
            MemorySegment gate,
            long go,
            MemorySegment up,
            long uo,
            MemorySegment y,
            long yo,
            int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            long o = 4L * i;
            FloatVector g = FloatVector.fromMemorySegment(F, gate, go + o, LITTLE_ENDIAN);
            Exp.sigmoid(g)
                    .mul(g)
                    .mul(FloatVector.fromMemorySegment(F, up, uo + o, LITTLE_ENDIAN))
                    .intoMemorySegment(y, yo + o, LITTLE_ENDIAN);
        }
        for (; i < n; i++) {
            long o = 4L * i;
            float g = gate.get(JAVA_FLOAT_UNALIGNED, go + o);
            float value = sigmoid(g) * g * up.get(JAVA_FLOAT_UNALIGNED, uo + o);
            y.set(JAVA_FLOAT_UNALIGNED, yo + o, value);
        }
    }

    static void backward(Team team, Tensor dy, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
        int n = Math.toIntExact(gate.cols());
        Bands.rows(
                team,
                gate.rows(),
                (long) n * COST,
                (from, to) -> {
                    for (long t = from; t < to; t++) {
                        backwardRow(dy, gate, up, dgate, dup, t, n);
                    }
                });
    }

    private static void backwardRow(
            Tensor dy, Tensor gate, Tensor up, Tensor dgate, Tensor dup, long t, int n) {
        MemorySegment ys = dy.segment();
        MemorySegment gs = gate.segment();
        MemorySegment us = up.segment();
        MemorySegment dgs = dgate.segment();
        MemorySegment dus = dup.segment();
        long yo = dy.offset() + 4 * t * dy.rowStride();
        long go = gate.offset() + 4 * t * gate.rowStride();
        long uo = up.offset() + 4 * t * up.rowStride();
        long dgo = dgate.offset() + 4 * t * dgate.rowStride();
        long duo = dup.offset() + 4 * t * dup.rowStride();
        int i = 0;
        for (; i <= n - L; i += L) {
            long o = 4L * i;
            FloatVector g = FloatVector.fromMemorySegment(F, gs, go + o, LITTLE_ENDIAN);
            FloatVector u = FloatVector.fromMemorySegment(F, us, uo + o, LITTLE_ENDIAN);
            FloatVector d = FloatVector.fromMemorySegment(F, ys, yo + o, LITTLE_ENDIAN);
            FloatVector s = Exp.sigmoid(g);
            FloatVector silu = g.mul(s);
            // silu' = s + silu (1 - s)
            FloatVector slope = silu.fma(s.neg().add(1), s);
            d.mul(u).mul(slope).intoMemorySegment(dgs, dgo + o, LITTLE_ENDIAN);
            d.mul(silu).intoMemorySegment(dus, duo + o, LITTLE_ENDIAN);
        }
        for (; i < n; i++) {
            long o = 4L * i;
            float g = gs.get(JAVA_FLOAT_UNALIGNED, go + o);
            float u = us.get(JAVA_FLOAT_UNALIGNED, uo + o);
            float d = ys.get(JAVA_FLOAT_UNALIGNED, yo + o);
            float s = sigmoid(g);
            float silu = g * s;
            dgs.set(JAVA_FLOAT_UNALIGNED, dgo + o, d * u * Math.fma(silu, 1 - s, s));
            dus.set(JAVA_FLOAT_UNALIGNED, duo + o, d * silu);
        }
    }

    private static float sigmoid(float z) {
        return (float) (1 / (1 + Math.exp(-z)));
    }
}
