package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.minke.tensor.Bf16;
import dev.minke.tensor.DType;
import dev.minke.tensor.F16;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Vectors of the 16-bit floating types, widened and rounded in integer arithmetic.
///
/// No step has subnormal operands where the value is one in 16 bits: weights often are, and some
/// processors take a hundred cycles over them.
final class Halves {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final VectorSpecies<Integer> I = Lanes.INT;
    private static final VectorSpecies<Short> S = Lanes.HALF;
    private static final int L = Lanes.COUNT;

    /// Difference of the exponents' biases of binary32 and binary16, in place.
    private static final int BIAS = 112 << 23;

    /// Infinity of binary16, moved to its place in binary32.
    private static final int INFINITY = 0x7C00 << 13;

    /// Bits of 2^-14, the least normal number of binary16.
    private static final int NORMAL = 113 << 23;

    /// Bits of 2^16, which is beyond all numbers of binary16.
    private static final int BEYOND = 143 << 23;

    private Halves() {}

    /// L values of BF16, widened.
    static FloatVector loadBf16(MemorySegment from, long at) {
        return load(from, at).lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    /// L values of F16, widened.
    static FloatVector loadF16(MemorySegment from, long at) {
        IntVector bits = load(from, at);
        IntVector size = bits.and(0x7FFF).lanewise(VectorOperators.LSHL, 13);
        IntVector normal = size.add(BIAS);
        // 2^-14 (1 + fraction) - 2^-14
        IntVector small = size.add(NORMAL).reinterpretAsFloats().sub(0x1p-14f).reinterpretAsInts();
        IntVector wide =
                normal.blend(small, size.compare(VectorOperators.LT, 1 << 23))
                        .blend(normal.add(BIAS), size.compare(VectorOperators.GE, INFINITY));
        IntVector sign = bits.and(0x8000).lanewise(VectorOperators.LSHL, 16);
        return wide.or(sign).reinterpretAsFloats();
    }

    private static IntVector load(MemorySegment from, long at) {
        ShortVector bits = ShortVector.fromMemorySegment(S, from, at, LITTLE_ENDIAN);
        return (IntVector) bits.convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0);
    }

    /// Round L values to BF16.
    static void storeBf16(FloatVector x, MemorySegment to, long at) {
        VectorMask<Integer> nan = x.test(VectorOperators.IS_NAN).cast(I);
        IntVector bits = x.reinterpretAsInts();
        IntVector upper = bits.lanewise(VectorOperators.LSHR, 16);
        IntVector even = bits.add(upper.and(1)).add(0x7FFF);
        store(even.lanewise(VectorOperators.LSHR, 16).blend(upper.or(0x40), nan), to, at);
    }

    /// Round L values to F16.
    static void storeF16(FloatVector x, MemorySegment to, long at) {
        IntVector bits = x.reinterpretAsInts();
        IntVector size = bits.and(0x7FFFFFFF);
        IntVector odd = size.lanewise(VectorOperators.LSHR, 13).and(1);
        IntVector normal = size.add(odd).add(0xFFF - BIAS).lanewise(VectorOperators.LSHR, 13);
        // at one half the unit in the last place is 2^-24, that of subnormal numbers
        IntVector small = size.reinterpretAsFloats().add(0.5f).reinterpretAsInts().sub(126 << 23);
        IntVector nan = size.lanewise(VectorOperators.LSHR, 13).and(0x1FF).or(0x7E00);
        IntVector half =
                normal.blend(small, size.compare(VectorOperators.LT, NORMAL))
                        .blend(0x7C00, size.compare(VectorOperators.GE, BEYOND))
                        .blend(nan, size.compare(VectorOperators.GT, 0x7F800000));
        store(half.or(bits.lanewise(VectorOperators.LSHR, 16).and(0x8000)), to, at);
    }

    private static void store(IntVector bits, MemorySegment to, long at) {
        ((ShortVector) bits.convertShape(VectorOperators.I2S, S, 0))
                .intoMemorySegment(to, at, LITTLE_ENDIAN);
    }

    /// Copy `n` elements (F32, or BF16 or F16 widened) from byte `at` on into `to`.
    static void read(MemorySegment from, DType type, long at, float[] to, int toAt, int n) {
        switch (type) {
            case F32 -> MemorySegment.copy(from, JAVA_FLOAT_UNALIGNED, at, to, toAt, n);
            case BF16 -> readBf16(from, at, to, toAt, n);
            case F16 -> readF16(from, at, to, toAt, n);
            case I32, I8 -> throw new IllegalArgumentException(type + " is no floating type");
        }
    }

    private static void readBf16(MemorySegment from, long at, float[] to, int toAt, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            loadBf16(from, at + 2L * i).intoArray(to, toAt + i);
        }
        for (; i < n; i++) {
            to[toAt + i] = Bf16.toFloat(from.get(JAVA_SHORT_UNALIGNED, at + 2L * i));
        }
    }

    private static void readF16(MemorySegment from, long at, float[] to, int toAt, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            loadF16(from, at + 2L * i).intoArray(to, toAt + i);
        }
        for (; i < n; i++) {
            to[toAt + i] = F16.toFloat(from.get(JAVA_SHORT_UNALIGNED, at + 2L * i));
        }
    }

    /// Round `n` floats to BF16 memory from byte `at` on.
    static void writeBf16(float[] from, int fromAt, MemorySegment to, long at, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            storeBf16(FloatVector.fromArray(F, from, fromAt + i), to, at + 2L * i);
        }
        for (; i < n; i++) {
            to.set(JAVA_SHORT_UNALIGNED, at + 2L * i, Bf16.fromFloat(from[fromAt + i]));
        }
    }

    /// F16 to F32, exactly.
    static void widenF16(MemorySegment from, long source, MemorySegment to, long target, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector x = loadF16(from, source + 2L * i);
            x.intoMemorySegment(to, target + 4L * i, LITTLE_ENDIAN);
        }
        for (; i < n; i++) {
            float value = F16.toFloat(from.get(JAVA_SHORT_UNALIGNED, source + 2L * i));
            to.set(JAVA_FLOAT_UNALIGNED, target + 4L * i, value);
        }
    }

    /// F32 to F16.
    static void narrowF16(MemorySegment from, long source, MemorySegment to, long target, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector x = FloatVector.fromMemorySegment(F, from, source + 4L * i, LITTLE_ENDIAN);
            storeF16(x, to, target + 2L * i);
        }
        for (; i < n; i++) {
            float value = from.get(JAVA_FLOAT_UNALIGNED, source + 4L * i);
            to.set(JAVA_SHORT_UNALIGNED, target + 2L * i, F16.fromFloat(value));
        }
    }

    /// BF16 to F16.
    static void toF16(MemorySegment from, long source, MemorySegment to, long target, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            storeF16(loadBf16(from, source + 2L * i), to, target + 2L * i);
        }
        for (; i < n; i++) {
            float value = Bf16.toFloat(from.get(JAVA_SHORT_UNALIGNED, source + 2L * i));
            to.set(JAVA_SHORT_UNALIGNED, target + 2L * i, F16.fromFloat(value));
        }
    }

    /// F16 to BF16.
    static void toBf16(MemorySegment from, long source, MemorySegment to, long target, int n) {
        int i = 0;
        for (; i <= n - L; i += L) {
            storeBf16(loadF16(from, source + 2L * i), to, target + 2L * i);
        }
        for (; i < n; i++) {
            float value = F16.toFloat(from.get(JAVA_SHORT_UNALIGNED, source + 2L * i));
            to.set(JAVA_SHORT_UNALIGNED, target + 2L * i, Bf16.fromFloat(value));
        }
    }
}
