package dev.minke.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Scales of the blocks of a panel, as floats.
final class Scales {
    private static final VectorSpecies<Integer> I = Lanes.INT;
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final int L = Lanes.COUNT;

    /// Infinity of binary16, moved to its place in binary32.
    private static final int INFINITY = 0x7C00 << 13;

    private static final int NAN = 0x7FC00000;

    private Scales() {}

    /// Widen 2 L numbers of binary16: those in the lower halves of L words, then the upper ones.
    /// Infinity becomes NaN, a block with such a scale has no finite value anyway.
    static void pairs(MemorySegment from, long at, float[] to, int toAt) {
        IntVector.fromMemorySegment(I, from, at, LITTLE_ENDIAN)
                .reinterpretAsFloats()
                .intoArray(to, toAt);
        widen(to, toAt);
    }

    static void pairs(int[] from, int at, float[] to, int toAt) {
        IntVector.fromArray(I, from, at).reinterpretAsFloats().intoArray(to, toAt);
        widen(to, toAt);
    }

    /// In place, because a vector that is handed to a method costs memory where C2 does not inline
    /// it, as in the largest kernels.
    private static void widen(float[] to, int toAt) {
        IntVector words = FloatVector.fromArray(F, to, toAt).reinterpretAsInts();
        for (int i = 0; i < 2; i++) {
            IntVector half = words.lanewise(VectorOperators.LSHL, 16 - 16 * i);
            IntVector size = half.lanewise(VectorOperators.LSHR, 3).and(0x7FFF << 13);
            // the product is also right for subnormal numbers
            IntVector wide = size.reinterpretAsFloats().mul(0x1p112f).reinterpretAsInts();
            wide.blend(NAN, size.compare(VectorOperators.GE, INFINITY))
                    .or(half.and(0x80000000))
                    .reinterpretAsFloats()
                    .intoArray(to, toAt + i * L);
        }
    }
}
