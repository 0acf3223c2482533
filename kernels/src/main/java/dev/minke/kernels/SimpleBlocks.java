package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.minke.tensor.BlockFormat;
import dev.minke.tensor.F16;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Blocks of 32 values with one scale and perhaps an offset; the reference's class of the same name
/// explains the formats.
final class SimpleBlocks {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final VectorSpecies<Integer> I = Lanes.INT;
    private static final int L = Lanes.COUNT;

    /// Bits of the largest float below one half, see the reference.
    private static final int HALF_BITS = 0x3EFFFFFF;

    private static final float TINY = 1e-30f;

    private SimpleBlocks() {}

    static void decodeQ40(MemorySegment from, long at, int blocks, float[] y, int yAt) {
        for (int b = 0; b < blocks; b++) {
            float d = Blocks.half(from, at);
            for (int i = 0; i < 16; i += L) {
                IntVector q = Bytes.unsigned(from, at + 2 + i);
                floats(q.and(15).sub(8)).mul(d).intoArray(y, yAt + i);
                floats(upper(q).sub(8)).mul(d).intoArray(y, yAt + 16 + i);
            }
            at += 18;
            yAt += 32;
        }
    }

    static void decodeQ41(MemorySegment from, long at, int blocks, float[] y, int yAt) {
        for (int b = 0; b < blocks; b++) {
            float d = Blocks.half(from, at);
            float m = Blocks.half(from, at + 2);
            for (int i = 0; i < 16; i += L) {
                IntVector q = Bytes.unsigned(from, at + 4 + i);
                floats(q.and(15)).mul(d).add(m).intoArray(y, yAt + i);
                floats(upper(q)).mul(d).add(m).intoArray(y, yAt + 16 + i);
            }
            at += 20;
            yAt += 32;
        }
    }

    static void decodeQ50(MemorySegment from, long at, int blocks, float[] y, int yAt) {
        for (int b = 0; b < blocks; b++) {
            float d = Blocks.half(from, at);
            int high = from.get(JAVA_INT_UNALIGNED, at + 2);
            for (int i = 0; i < 16; i += L) {
                IntVector q = Bytes.unsigned(from, at + 6 + i);
                IntVector low = q.and(15).or(fifth(high, i));
                IntVector up = upper(q).or(fifth(high, i + 16));
                floats(low.sub(16)).mul(d).intoArray(y, yAt + i);
                floats(up.sub(16)).mul(d).intoArray(y, yAt + 16 + i);
            }
            at += 22;
            yAt += 32;
        }
    }

    static void decodeQ51(MemorySegment from, long at, int blocks, float[] y, int yAt) {
        for (int b = 0; b < blocks; b++) {
            float d = Blocks.half(from, at);
            float m = Blocks.half(from, at + 2);
            int high = from.get(JAVA_INT_UNALIGNED, at + 4);
            for (int i = 0; i < 16; i += L) {
                IntVector q = Bytes.unsigned(from, at + 8 + i);
                IntVector low = q.and(15).or(fifth(high, i));
                IntVector up = upper(q).or(fifth(high, i + 16));
                floats(low).mul(d).add(m).intoArray(y, yAt + i);
                floats(up).mul(d).add(m).intoArray(y, yAt + 16 + i);
            }
            at += 24;
            yAt += 32;
        }
    }

    static void decodeQ80(MemorySegment from, long at, int blocks, float[] y, int yAt) {
        for (int b = 0; b < blocks; b++) {
            float d = Blocks.half(from, at);
            for (int i = 0; i < 32; i += L) {
                floats(Bytes.signed(from, at + 2 + i)).mul(d).intoArray(y, yAt + i);
            }
            at += 34;
            yAt += 32;
        }
    }

    private static FloatVector floats(IntVector q) {
        return (FloatVector) q.convert(VectorOperators.I2F, 0);
    }

    private static IntVector upper(IntVector q) {
        return q.lanewise(VectorOperators.LSHR, 4);
    }

    /// Bits `i` to `i + L - 1` of a word, each as 16 or 0.
    private static IntVector fifth(int word, int i) {
        IntVector place = IntVector.zero(I).addIndex(1).add(i);
        IntVector bit = IntVector.broadcast(I, word).lanewise(VectorOperators.LSHR, place).and(1);
        return bit.lanewise(VectorOperators.LSHL, 4);
    }

    /// Encode `blocks` blocks of values from the start of `x` on.
    static void encode(BlockFormat format, float[] x, int blocks, MemorySegment to, long at) {
        switch (format) {
            case Q4_0 -> encodeSigned(x, blocks, 15, to, at);
            case Q4_1 -> encodeOffset(x, blocks, 15, to, at);
            case Q5_0 -> encodeSigned(x, blocks, 31, to, at);
            case Q5_1 -> encodeOffset(x, blocks, 31, to, at);
            default -> encodeQ8(x, blocks, to, at);
        }
    }

    private static void encodeSigned(float[] x, int blocks, int most, MemorySegment to, long at) {
        float half = (most + 1) / 2f;
        int bytes = most == 15 ? 18 : 22;
        for (int b = 0; b < blocks; b++) {
            float d = -extreme(x, 32 * b) / half;
            to.set(JAVA_SHORT_UNALIGNED, at, F16.saturated(d));
            storeSteps(x, 32 * b, 0, d, half + 0.5f, most, to, at + 2);
            at += bytes;
        }
    }

    private static void encodeOffset(float[] x, int blocks, int most, MemorySegment to, long at) {
        int bytes = most == 15 ? 20 : 24;
        for (int b = 0; b < blocks; b++) {
            IntVector least = IntVector.broadcast(I, Integer.MAX_VALUE);
            IntVector greatest = IntVector.broadcast(I, Integer.MIN_VALUE);
            for (int i = 32 * b; i < 32 * b + 32; i += L) {
                IntVector bits = FloatVector.fromArray(F, x, i).reinterpretAsInts();
                IntVector sign = bits.lanewise(VectorOperators.ASHR, 31);
                IntVector order = bits.lanewise(VectorOperators.XOR, sign.and(0x7FFFFFFF));
                least = least.min(order);
                greatest = greatest.max(order);
            }
            float min = ofOrder(least.reduceLanes(VectorOperators.MIN));
            float max = ofOrder(greatest.reduceLanes(VectorOperators.MAX));
            min = min == 0 ? firstZero(x, 32 * b) : Math.clamp(min, -F16.MAX, F16.MAX);
            float d = (max - min) / most;
            to.set(JAVA_SHORT_UNALIGNED, at, F16.saturated(d));
            to.set(JAVA_SHORT_UNALIGNED, at + 2, F16.fromFloat(min));
            storeSteps(x, 32 * b, min, d, 0.5f, most, to, at + 4);
            at += bytes;
        }
    }

    /// The float of an integer that ascends with the float.
    private static float ofOrder(int order) {
        return Float.intBitsToFloat(order ^ order >> 31 & 0x7FFFFFFF);
    }

    /// The first zero, which has a sign.
    private static float firstZero(float[] x, int at) {
        int i = at;
        while (x[i] != 0) {
            i++;
        }
        return x[i];
    }

    /// Store 32 times (x - base) / d + shift, cut to integers of four or five bits.
    private static void storeSteps(
            float[] x,
            int xAt,
            float base,
            float d,
            float shift,
            int most,
            MemorySegment to,
            long at) {
        float inverse = Math.abs(d) < TINY ? 0 : 1 / d;
        long nibbles = most == 15 ? at : at + 4;
        int fifth = 0;
        for (int i = 0; i < 16; i += L) {
            IntVector low = steps(x, xAt + i, base, inverse, shift, most);
            IntVector up = steps(x, xAt + 16 + i, base, inverse, shift, most);
            IntVector both = low.and(15).or(up.lanewise(VectorOperators.LSHL, 4));
            Bytes.store(both, to, nibbles + i);
            if (most == 31) {
                fifth |= upperHalf(low) << i | upperHalf(up) << 16 + i;
            }
        }
        if (most == 31) {
            to.set(JAVA_INT_UNALIGNED, at, fifth);
        }
    }

    private static IntVector steps(
            float[] x, int at, float base, float inverse, float shift, int most) {
        FloatVector q = FloatVector.fromArray(F, x, at).sub(base).mul(inverse).add(shift);
        return ((IntVector) q.convert(VectorOperators.F2I, 0)).max(0).min(most);
    }

    /// A bit for each lane: whether it is 16 or more.
    private static int upperHalf(IntVector q) {
        return (int) q.compare(VectorOperators.GE, 16).toLong();
    }

    /// The first of 32 values that has the largest magnitude; 0 without a sign.
    private static float extreme(float[] x, int at) {
        int top = amax(x, at);
        if (top == 0) {
            return 0;
        }
        for (int i = at; i < at + 32; i += L) {
            IntVector bits = FloatVector.fromArray(F, x, i).reinterpretAsInts();
            VectorMask<Integer> equal = bits.and(0x7FFFFFFF).compare(VectorOperators.EQ, top);
            if (equal.anyTrue()) {
                return x[i + equal.firstTrue()];
            }
        }
        return 0;
    }

    /// Bits of the largest magnitude of 32 values.
    private static int amax(float[] x, int at) {
        IntVector most = IntVector.zero(I);
        for (int i = at; i < at + 32; i += L) {
            IntVector bits = FloatVector.fromArray(F, x, i).reinterpretAsInts();
            most = most.max(bits.and(0x7FFFFFFF));
        }
        return most.reduceLanes(VectorOperators.MAX);
    }

    private static void encodeQ8(float[] x, int blocks, MemorySegment to, long at) {
        for (int b = 0; b < blocks; b++) {
            float d = Float.intBitsToFloat(amax(x, 32 * b)) / 127;
            float inverse = d < TINY ? 0 : 1 / d;
            to.set(JAVA_SHORT_UNALIGNED, at, F16.saturated(d));
            for (int i = 0; i < 32; i += L) {
                FloatVector scaled = FloatVector.fromArray(F, x, 32 * b + i).mul(inverse);
                IntVector sign = scaled.reinterpretAsInts().and(0x80000000);
                FloatVector moved = scaled.add(sign.or(HALF_BITS).reinterpretAsFloats());
                Bytes.store((IntVector) moved.convert(VectorOperators.F2I, 0), to, at + 2 + i);
            }
            at += 34;
        }
    }
}
