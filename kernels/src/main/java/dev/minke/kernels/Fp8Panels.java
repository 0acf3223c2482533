package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Panels of e4m3 codes (spec 2.3). A block of 128 inputs: four vectors of scales, then for every
/// four inputs a word of each output, as in the file.
///
/// Moved to its place in binary32 a code is 2^-120 of its value, also where it is subnormal; scales
/// are stored times 2^120. Their product has the bits of value times scale, which is rounded to F32
/// before it meets the row. Matrices with a NaN or with a scale that this would make infinite are
/// packed as F32.
final class Fp8Panels {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final VectorSpecies<Integer> I = Lanes.INT;
    private static final int L = Lanes.COUNT;
    private static final int VECTOR = 4 * L;
    private static final int NR = Tile.NR;
    private static final int WIDTH = Packed.WIDTH;

    /// Inputs of a block and the bytes of its panel.
    private static final int SIZE = Packed.Coding.FP8.size;

    private static final int BLOCK = Packed.Coding.FP8.bytes * WIDTH;
    private static final int STEP = 4 * VECTOR;

    /// Sign, exponent and fraction behind the move.
    private static final int NUMBER = 0x87F00000;

    private static final float WIDER = 0x1p120f;

    /// Scales below it stay finite.
    private static final float MOST = 0x1p7f;

    private Fp8Panels() {}

    /// Whether blocks of the scales begin only where blocks of panels do.
    static boolean fits(int blockCols, long cols) {
        return cols % SIZE == 0 && (blockCols % SIZE == 0 || blockCols >= cols);
    }

    /// Whether all scales can be stored.
    static boolean fits(Tensor scales) {
        for (long r = 0; r < scales.rows(); r++) {
            for (long c = 0; c < scales.cols(); c++) {
                if (!(Math.abs(scales.getFloat(r, c)) < MOST)) {
                    return false;
                }
            }
        }
        return true;
    }

    /// Whether `count` words hold the code of a NaN.
    static boolean special(int[] codes, int at, int count) {
        int carry = 0;
        for (int i = 0; i < count; i++) {
            carry |= (codes[at + i] & 0x7F7F7F7F) + 0x01010101;
        }
        return (carry & 0x80808080) != 0;
    }

    /// Write the scales of a panel.
    static void scales(Tensor scales, int blockRows, int blockCols, Packed to, int panel) {
        long row = (long) panel * WIDTH;
        int rows = (int) Math.min(WIDTH, to.rows() - row);
        int blocks = Math.toIntExact(to.cols() / SIZE);
        MemorySegment segment = to.segment();
        for (int b = 0; b < blocks; b++) {
            long at = panel * to.panelBytes() + (long) b * BLOCK;
            long column = (long) b * SIZE / blockCols;
            for (int r = 0; r < WIDTH; r++) {
                float scale = r < rows ? scales.getFloat((row + r) / blockRows, column) : 0;
                segment.set(JAVA_FLOAT_UNALIGNED, at + 4L * r, scale * WIDER);
            }
        }
    }

    /// s[0..4L] += x[k0..k1] * the blocks from byte `at` on.
    static void dot(MemorySegment b, long at, int k0, int k1, float[] x, float[] s) {
        for (int i = k0; i < k1; i += SIZE) {
            dotBlock(b, at, x, i, s);
            at += BLOCK;
        }
    }

    private static void dotBlock(MemorySegment b, long at, float[] x, int xAt, float[] s) {
        IntVector number = IntVector.broadcast(I, NUMBER);
        FloatVector s0 = FloatVector.fromArray(F, s, 0);
        FloatVector s1 = FloatVector.fromArray(F, s, L);
        FloatVector s2 = FloatVector.fromArray(F, s, 2 * L);
        FloatVector s3 = FloatVector.fromArray(F, s, 3 * L);
        FloatVector d0 = FloatVector.fromMemorySegment(F, b, at, LITTLE_ENDIAN);
        FloatVector d1 = FloatVector.fromMemorySegment(F, b, at + VECTOR, LITTLE_ENDIAN);
        FloatVector d2 = FloatVector.fromMemorySegment(F, b, at + 2 * VECTOR, LITTLE_ENDIAN);
        FloatVector d3 = FloatVector.fromMemorySegment(F, b, at + 3 * VECTOR, LITTLE_ENDIAN);
        for (int j = 0; j < SIZE / 4; j++) {
            long from = at + (j + 1) * STEP;
            IntVector w0 = IntVector.fromMemorySegment(I, b, from, LITTLE_ENDIAN);
            IntVector w1 = IntVector.fromMemorySegment(I, b, from + VECTOR, LITTLE_ENDIAN);
            IntVector w2 = IntVector.fromMemorySegment(I, b, from + 2 * VECTOR, LITTLE_ENDIAN);
            IntVector w3 = IntVector.fromMemorySegment(I, b, from + 3 * VECTOR, LITTLE_ENDIAN);
            FloatVector x0 = FloatVector.broadcast(F, x[xAt + 4 * j]);
            IntVector u00 =
                    w0.lanewise(VectorOperators.LSHL, 24)
                            .lanewise(VectorOperators.ASHR, 4)
                            .and(number);
            IntVector u10 =
                    w1.lanewise(VectorOperators.LSHL, 24)
                            .lanewise(VectorOperators.ASHR, 4)
                            .and(number);
            IntVector u20 =
                    w2.lanewise(VectorOperators.LSHL, 24)
                            .lanewise(VectorOperators.ASHR, 4)
                            .and(number);
            IntVector u30 =
                    w3.lanewise(VectorOperators.LSHL, 24)
                            .lanewise(VectorOperators.ASHR, 4)
                            .and(number);
            s0 = x0.fma(u00.reinterpretAsFloats().mul(d0), s0);
            s1 = x0.fma(u10.reinterpretAsFloats().mul(d1), s1);
            s2 = x0.fma(u20.reinterpretAsFloats().mul(d2), s2);
            s3 = x0.fma(u30.reinterpretAsFloats().mul(d3), s3);
            FloatVector x1 = FloatVector.broadcast(F, x[xAt + 4 * j + 1]);
            IntVector u01 =
                    w0.lanewise(VectorOperators.LSHL, 16)
                            .lanewise(VectorOperators.ASHR, 4)
                            .and(number);
            IntVector u11 =
                    w1.lanewise(VectorOperators.LSHL, 16)
                            .lanewise(VectorOperators.ASHR, 4)
                            .and(number);
            IntVector u21 =
                    w2.lanewise(VectorOperators.LSHL, 16)
                            .lanewise(VectorOperators.ASHR, 4)
                            .and(number);
            IntVector u31 =
                    w3.lanewise(VectorOperators.LSHL, 16)
                            .lanewise(VectorOperators.ASHR, 4)
                            .and(number);
            s0 = x1.fma(u01.reinterpretAsFloats().mul(d0), s0);
            s1 = x1.fma(u11.reinterpretAsFloats().mul(d1), s1);
            s2 = x1.fma(u21.reinterpretAsFloats().mul(d2), s2);
            s3 = x1.fma(u31.reinterpretAsFloats().mul(d3), s3);
            FloatVector x2 = FloatVector.broadcast(F, x[xAt + 4 * j + 2]);
            IntVector u02 =
                    w0.lanewise(VectorOperators.LSHL, 8)
                            .lanewise(VectorOperators.ASHR, 4)
                            .and(number);
            IntVector u12 =
                    w1.lanewise(VectorOperators.LSHL, 8)
                            .lanewise(VectorOperators.ASHR, 4)
                            .and(number);
            IntVector u22 =
                    w2.lanewise(VectorOperators.LSHL, 8)
                            .lanewise(VectorOperators.ASHR, 4)
                            .and(number);
            IntVector u32 =
                    w3.lanewise(VectorOperators.LSHL, 8)
                            .lanewise(VectorOperators.ASHR, 4)
                            .and(number);
            s0 = x2.fma(u02.reinterpretAsFloats().mul(d0), s0);
            s1 = x2.fma(u12.reinterpretAsFloats().mul(d1), s1);
            s2 = x2.fma(u22.reinterpretAsFloats().mul(d2), s2);
            s3 = x2.fma(u32.reinterpretAsFloats().mul(d3), s3);
            FloatVector x3 = FloatVector.broadcast(F, x[xAt + 4 * j + 3]);
            IntVector u03 = w0.lanewise(VectorOperators.ASHR, 4).and(number);
            IntVector u13 = w1.lanewise(VectorOperators.ASHR, 4).and(number);
            IntVector u23 = w2.lanewise(VectorOperators.ASHR, 4).and(number);
            IntVector u33 = w3.lanewise(VectorOperators.ASHR, 4).and(number);
            s0 = x3.fma(u03.reinterpretAsFloats().mul(d0), s0);
            s1 = x3.fma(u13.reinterpretAsFloats().mul(d1), s1);
            s2 = x3.fma(u23.reinterpretAsFloats().mul(d2), s2);
            s3 = x3.fma(u33.reinterpretAsFloats().mul(d3), s3);
        }
        s0.intoArray(s, 0);
        s1.intoArray(s, L);
        s2.intoArray(s, 2 * L);
        s3.intoArray(s, 3 * L);
    }

    /// Unpack `k` inputs of half a panel, [Tile#NR] outputs from vector `half` on (0 or 2), to a
    /// panel of floats.
    static void unpack(MemorySegment b, long at, int half, int k, float[] to, int toAt) {
        for (int i = 0; i < k; i += SIZE) {
            unpackBlock(b, at + half * VECTOR, to, toAt + i * NR);
            at += BLOCK;
        }
    }

    private static void unpackBlock(MemorySegment b, long at, float[] to, int toAt) {
        FloatVector d0 = FloatVector.fromMemorySegment(F, b, at, LITTLE_ENDIAN);
        FloatVector d1 = FloatVector.fromMemorySegment(F, b, at + VECTOR, LITTLE_ENDIAN);
        for (int j = 0; j < SIZE / 4; j++) {
            long from = at + (j + 1) * STEP;
            IntVector w0 = IntVector.fromMemorySegment(I, b, from, LITTLE_ENDIAN);
            IntVector w1 = IntVector.fromMemorySegment(I, b, from + VECTOR, LITTLE_ENDIAN);
            for (int i = 0; i < 4; i++) {
                int up = 24 - 8 * i;
                int out = toAt + (4 * j + i) * NR;
                number(w0, up).mul(d0).intoArray(to, out);
                number(w1, up).mul(d1).intoArray(to, out + L);
            }
        }
    }

    private static FloatVector number(IntVector words, int up) {
        IntVector moved =
                words.lanewise(VectorOperators.LSHL, up).lanewise(VectorOperators.ASHR, 4);
        return moved.and(NUMBER).reinterpretAsFloats();
    }
}
