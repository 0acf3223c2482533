package dev.minke.kernels;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Steps of a streaming softmax on a row of scores in a Java array.
///
/// Vectors start at the row's begin, and the lanes beyond its end are masked, so that a row's sums
/// do not depend on what lies behind it.
final class Softmax {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final int L = Lanes.COUNT;

    private Softmax() {}

    /// Largest of `x[at]` to `x[at + n - 1]`, n at least 1.
    static float max(float[] x, int at, int n) {
        FloatVector most = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector v = FloatVector.fromArray(F, x, at + i);
            most = most.blend(v, v.compare(VectorOperators.GT, most));
        }
        if (i < n) {
            FloatVector v = FloatVector.fromArray(F, x, at + i);
            VectorMask<Float> inside = F.indexInRange(i, n);
            most = most.blend(v, v.compare(VectorOperators.GT, most).and(inside));
        }
        return most.reduceLanes(VectorOperators.MAX);
    }

    /// x = exp(scale * x - shift) for `n` elements, zeros in the rest of the last vector.
    ///
    /// @return the sum
    static float exponentials(float[] x, int at, int n, float scale, float shift) {
        FloatVector sum = FloatVector.zero(F);
        FloatVector factor = FloatVector.broadcast(F, scale);
        FloatVector offset = FloatVector.broadcast(F, -shift);
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector v = FloatVector.fromArray(F, x, at + i);
            FloatVector e = Exp.expNegative(v.fma(factor, offset));
            sum = sum.add(e);
            e.intoArray(x, at + i);
        }
        if (i < n) {
            FloatVector v = FloatVector.fromArray(F, x, at + i);
            FloatVector e = Exp.expNegative(v.fma(factor, offset));
            e = FloatVector.zero(F).blend(e, F.indexInRange(i, n));
            sum = sum.add(e);
            e.intoArray(x, at + i);
        }
        return LaneSum.of(sum);
    }

    /// Largest of each of L columns from `at` on over `n` rows `stride` apart, to `most[to]` and
    /// on.
    static void columnMax(float[] x, int at, int stride, int n, float[] most, int to) {
        FloatVector largest = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < n; i++) {
            FloatVector v = FloatVector.fromArray(F, x, at + i * stride);
            largest = largest.blend(v, v.compare(VectorOperators.GT, largest));
        }
        largest.intoArray(most, to);
    }

    /// As [#exponentials] for L columns of `n` rows `stride` apart, with shifts from `shift[to]` on
    /// and sums to `sum[to]` and on, over ascending rows.
    static void columnExponentials(
            float[] x, int at, int stride, int n, float scale, float[] shift, float[] sum, int to) {
        FloatVector total = FloatVector.zero(F);
        FloatVector factor = FloatVector.broadcast(F, scale);
        FloatVector offset = FloatVector.fromArray(F, shift, to).neg();
        for (int i = 0; i < n; i++) {
            int place = at + i * stride;
            FloatVector.fromArray(F, x, place).fma(factor, offset).intoArray(x, place);
            Exp.expNegative(x, place);
            total = total.add(FloatVector.fromArray(F, x, place));
        }
        total.intoArray(sum, to);
    }

    /// x *= factor for `n` elements, a multiple of L.
    static void scale(float[] x, int at, int n, float factor) {
        for (int i = 0; i < n; i += L) {
            FloatVector.fromArray(F, x, at + i).mul(factor).intoArray(x, at + i);
        }
    }
}
