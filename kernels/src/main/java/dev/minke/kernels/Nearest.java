package dev.minke.kernels;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/// The nearest integer, ties to even, held within a range.
///
/// Adding 1.5 x 2^23 leaves the integer in the low bits of the mantissa; for numbers too large for
/// that the bits still ascend with the number, so that the limits, taken as integers, hold them.
final class Nearest {
    private static final VectorSpecies<Integer> I = Lanes.INT;
    private static final float MAGIC = 0x1.8p23f;
    private static final int MAGIC_BITS = 0x4B400000;

    private Nearest() {}

    /// As floats.
    static FloatVector floats(FloatVector x, int least, int most) {
        return held(x, least, most).reinterpretAsFloats().sub(MAGIC);
    }

    /// As integers.
    static IntVector integers(FloatVector x, int least, int most) {
        return held(x, least, most).sub(MAGIC_BITS);
    }

    private static IntVector held(FloatVector x, int least, int most) {
        return x.add(MAGIC)
                .reinterpretAsInts()
                .max(IntVector.broadcast(I, MAGIC_BITS + least))
                .min(IntVector.broadcast(I, MAGIC_BITS + most));
    }

    /// One number.
    static int integer(float x, int least, int most) {
        return (int) Math.clamp(Math.rint(x), least, most);
    }
}
