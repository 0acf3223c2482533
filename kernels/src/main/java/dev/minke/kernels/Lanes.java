package dev.minke.kernels;

import dev.minke.tensor.RuntimeFlags;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// The vector width of this process: the machine's preferred one, or the one that
/// [RuntimeFlags#vectorBits()] forces.
///
/// Kernel classes copy these into `private static final` fields, so that the compiler sees
/// constants.
final class Lanes {
    /// Vectors of F32.
    static final VectorSpecies<Float> FLOAT = VectorSpecies.of(float.class, shape());

    /// As many 32-bit integers as [#FLOAT] has lanes.
    static final VectorSpecies<Integer> INT = VectorSpecies.of(int.class, shape());

    /// Half as many doubles as [#FLOAT] has lanes.
    static final VectorSpecies<Double> DOUBLE = VectorSpecies.of(double.class, shape());

    /// As many 16-bit integers as [#FLOAT] has lanes.
    static final VectorSpecies<Short> HALF =
            VectorSpecies.of(short.class, VectorShape.forBitSize(shape().vectorBitSize() / 2));

    /// Lanes of [#FLOAT].
    static final int COUNT = FLOAT.length();

    private Lanes() {}

    private static VectorShape shape() {
        int preferred = FloatVector.SPECIES_PREFERRED.vectorBitSize();
        int bits = RuntimeFlags.vectorBits().orElse(preferred);
        if (bits != 128 && bits != 256 && bits != 512) {
            throw new IllegalArgumentException(
                    "minke.vectorBits is " + bits + ", expected 128, 256 or 512");
        }
        return VectorShape.forBitSize(bits);
    }
}
