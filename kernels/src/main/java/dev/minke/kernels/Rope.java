package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// Rotation of pairs (2i, 2i+1) by their token's angles, in place: `(x0, x1) -> (x0 cos - x1 sin,
/// x0 sin + x1 cos)`; the other way round if `inverse`.
final class Rope {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final int L = Lanes.COUNT;

    private static final VectorShuffle<Float> NEIGHBOUR = VectorShuffle.fromOp(F, i -> i ^ 1);
    private static final VectorShuffle<Float> EVEN = VectorShuffle.fromOp(F, i -> i & ~1);
    private static final VectorShuffle<Float> ODD = VectorShuffle.fromOp(F, i -> i | 1);

    /// -1, 1, -1, 1, ...
    private static final float[] SIGNS = signs();

    private Rope() {}

    static void rotate(
            Team team,
            Tensor x,
            int heads,
            int headDim,
            int from,
            Tensor positions,
            Tensor table,
            boolean inverse) {
        float turn = inverse ? -1 : 1;
        long rows = x.rows();
        long cost = heads * table.cols();
        if (Bands.few(rows, cost)) {
            range(x, heads, headDim, from, positions, table, turn, 0, rows);
        } else {
            Bands.rows(
                    team,
                    rows,
                    cost,
                    (first, last) ->
                            range(x, heads, headDim, from, positions, table, turn, first, last));
        }
    }

    private static void range(
            Tensor x,
            int heads,
            int headDim,
            int from,
            Tensor positions,
            Tensor table,
            float turn,
            long first,
            long last) {
        int dr = Math.toIntExact(table.cols());
        for (long t = first; t < last; t++) {
            long at = x.offset() + 4 * (t * x.rowStride() + from);
            long angles = table.offset() + 4 * positions.getInt(t) * table.rowStride();
            row(x.segment(), at, heads, headDim, table.segment(), angles, dr, turn);
        }
    }

    private static void row(
            MemorySegment x,
            long offset,
            int heads,
            int headDim,
            MemorySegment table,
            long angles,
            int dr,
            float turn) {
        int i = 0;
        for (; i <= dr - L; i += L) {
            FloatVector both =
                    FloatVector.fromMemorySegment(F, table, angles + 4L * i, LITTLE_ENDIAN);
            FloatVector cos = both.rearrange(EVEN);
            FloatVector sin = both.rearrange(ODD).mul(FloatVector.fromArray(F, SIGNS, 0)).mul(turn);
            for (int h = 0; h < heads; h++) {
                long at = offset + 4L * ((long) h * headDim + i);
                FloatVector v = FloatVector.fromMemorySegment(F, x, at, LITTLE_ENDIAN);
                v.rearrange(NEIGHBOUR)
                        .mul(sin)
                        .add(v.mul(cos))
                        .intoMemorySegment(x, at, LITTLE_ENDIAN);
            }
        }
        for (; i < dr; i += 2) {
            float cos = table.get(JAVA_FLOAT_UNALIGNED, angles + 4L * i);
            float sin = table.get(JAVA_FLOAT_UNALIGNED, angles + 4L * i + 4) * turn;
            for (int h = 0; h < heads; h++) {
                long at = offset + 4L * ((long) h * headDim + i);
                float x0 = x.get(JAVA_FLOAT_UNALIGNED, at);
                float x1 = x.get(JAVA_FLOAT_UNALIGNED, at + 4);
                x.set(JAVA_FLOAT_UNALIGNED, at, x0 * cos - x1 * sin);
                x.set(JAVA_FLOAT_UNALIGNED, at + 4, x0 * sin + x1 * cos);
            }
        }
    }

    private static float[] signs() {
        float[] signs = new float[L];
        for (int i = 0; i < L; i++) {
            signs[i] = (i & 1) == 0 ? -1 : 1;
        }
        return signs;
    }
}
