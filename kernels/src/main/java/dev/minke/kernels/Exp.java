package dev.minke.kernels;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// The exponential function, lane by lane.
///
/// exp(x) = 2^n exp(r) with n = round(x / ln 2) and |r| <= ln 2 / 2; exp(r) by the polynomial of
/// degree 7 of Cephes' expf. Error below 2 ulp. NaN stays NaN; below -87 the result is 0, above 88
/// that of 88.
final class Exp {
    /// Adding it rounds to an integer, which then stands in the lowest bits.
    private static final float ROUND = 0x1.8p23f;

    private static final float LOG2_E = 1.44269504088896341f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    private static final float LEAST = -87;
    private static final float MOST = 88;

    private Exp() {}

    /// exp(x).
    static FloatVector exp(FloatVector x) {
        return expNegative(x.blend(MOST, x.compare(VectorOperators.GT, MOST)));
    }

    /// exp(x) for x that is not above 88.
    static FloatVector expNegative(FloatVector x) {
        VectorMask<Float> none = x.compare(VectorOperators.LT, LEAST);
        return bounded(x.blend(LEAST, none)).blend(0, none);
    }

    /// As [#expNegative], in place for L numbers: for the largest kernels, in which C2 inlines the
    /// Vector API's methods alone, and a vector that is handed to another one costs memory.
    static void expNegative(float[] x, int at) {
        FloatVector given = FloatVector.fromArray(Lanes.FLOAT, x, at);
        VectorMask<Float> none = given.compare(VectorOperators.LT, LEAST);
        FloatVector v = given.blend(LEAST, none);
        FloatVector round = FloatVector.broadcast(Lanes.FLOAT, ROUND);
        FloatVector shifted = v.fma(FloatVector.broadcast(Lanes.FLOAT, LOG2_E), round);
        IntVector power = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
        FloatVector n = shifted.sub(ROUND);
        FloatVector r = n.fma(FloatVector.broadcast(Lanes.FLOAT, -LN2_HIGH), v);
        r = n.fma(FloatVector.broadcast(Lanes.FLOAT, -LN2_LOW), r);
        FloatVector p = FloatVector.broadcast(Lanes.FLOAT, 1.9875691500e-4f);
        p = p.fma(r, FloatVector.broadcast(Lanes.FLOAT, 1.3981999507e-3f));
        p = p.fma(r, FloatVector.broadcast(Lanes.FLOAT, 8.3334519073e-3f));
        p = p.fma(r, FloatVector.broadcast(Lanes.FLOAT, 4.1665795894e-2f));
        p = p.fma(r, FloatVector.broadcast(Lanes.FLOAT, 1.6666665459e-1f));
        p = p.fma(r, FloatVector.broadcast(Lanes.FLOAT, 5.0000001201e-1f));
        p = p.fma(r.mul(r), r).add(1);
        p.reinterpretAsInts().add(power).reinterpretAsFloats().blend(0, none).intoArray(x, at);
    }

    /// 1 / (1 + exp(-x)).
    static FloatVector sigmoid(FloatVector x) {
        FloatVector one = FloatVector.broadcast(Lanes.FLOAT, 1);
        return one.div(exp(x.neg()).add(one));
    }

    private static FloatVector bounded(FloatVector x) {
        FloatVector shifted = x.fma(FloatVector.broadcast(Lanes.FLOAT, LOG2_E), splat(ROUND));
        IntVector power = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
        FloatVector n = shifted.sub(ROUND);
        FloatVector r = n.fma(splat(-LN2_LOW), n.fma(splat(-LN2_HIGH), x));
        FloatVector p = splat(1.9875691500e-4f).fma(r, splat(1.3981999507e-3f));
        p = p.fma(r, splat(8.3334519073e-3f));
        p = p.fma(r, splat(4.1665795894e-2f));
        p = p.fma(r, splat(1.6666665459e-1f));
        p = p.fma(r, splat(5.0000001201e-1f));
        p = p.fma(r.mul(r), r).add(1);
        return p.reinterpretAsInts().add(power).reinterpretAsFloats();
    }

    private static FloatVector splat(float value) {
        return FloatVector.broadcast(Lanes.FLOAT, value);
    }
}
