package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.minke.tensor.DType;
import dev.minke.tensor.Fp8;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// e4m3 matrices with block scales; contracts: [dev.minke.tensor.Kernels#dequantizeFp8] and
/// [dev.minke.tensor.Kernels#quantizeFp8]. Integer arithmetic, as in [Halves].
final class Fp8Blocks {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final VectorSpecies<Integer> I = Lanes.INT;
    private static final int L = Lanes.COUNT;

    private static final int INFINITY = 0x7F800000;

    /// Difference of the exponents' biases of binary32 and e4m3, in place.
    private static final int BIAS = 120 << 23;

    /// Bits of 2^-6, the least normal number of e4m3.
    private static final int NORMAL = 121 << 23;

    /// Bits of 2^14, whose unit in the last place is 2^-9, that of subnormal numbers.
    private static final int SMALL = 141 << 23;

    /// Bits of 448.
    private static final int MOST = 0x43E00000;

    private Fp8Blocks() {}

    static void decode(
            Team team,
            MemorySegment codes,
            Tensor scales,
            int blockRows,
            int blockCols,
            Tensor to) {
        long cols = to.cols();
        Bands.rows(
                team,
                to.rows(),
                cols,
                (first, last) -> {
                    for (long r = first; r < last; r++) {
                        long scaleAt = scales.offset() + 4 * (r / blockRows * scales.rowStride());
                        long toAt = to.offset() + 4 * r * to.rowStride();
                        for (long c = 0; c < cols; c += blockCols) {
                            int n = (int) Math.min(blockCols, cols - c);
                            float scale =
                                    scales.segment()
                                            .get(
                                                    JAVA_FLOAT_UNALIGNED,
                                                    scaleAt + 4 * (c / blockCols));
                            decode(codes, r * cols + c, n, scale, to.segment(), toAt + 4 * c);
                        }
                    }
                });
    }

    private static void decode(
            MemorySegment codes, long at, int n, float scale, MemorySegment to, long toAt) {
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector y = widen(Bytes.unsigned(codes, at + i)).mul(scale);
            y.intoMemorySegment(to, toAt + 4L * i, LITTLE_ENDIAN);
        }
        for (; i < n; i++) {
            float y = Fp8.toFloat(codes.get(JAVA_BYTE, at + i)) * scale;
            to.set(JAVA_FLOAT_UNALIGNED, toAt + 4L * i, y);
        }
    }

    /// Values of L codes.
    static FloatVector widen(IntVector codes) {
        IntVector size = codes.and(0x7F);
        IntVector moved = size.lanewise(VectorOperators.LSHL, 20);
        // 2^-6 (1 + fraction) - 2^-6
        IntVector small = moved.add(NORMAL).reinterpretAsFloats().sub(0x1p-6f).reinterpretAsInts();
        IntVector wide =
                moved.add(BIAS)
                        .blend(small, size.compare(VectorOperators.LT, 8))
                        .blend(0x7FC00000, size.compare(VectorOperators.EQ, 0x7F));
        IntVector sign = codes.and(0x80).lanewise(VectorOperators.LSHL, 24);
        return wide.or(sign).reinterpretAsFloats();
    }

    static void encode(
            Team team,
            Scratch.Pool pool,
            Tensor from,
            int blockRows,
            int blockCols,
            boolean powerOfTwo,
            MemorySegment codes,
            Tensor scales) {
        int cols = Math.toIntExact(from.cols());
        int across = Math.toIntExact(scales.cols());
        Bands.rows(
                team,
                pool,
                scales.rows(),
                2L * cols * blockRows,
                (scratch, first, last) -> {
                    float[] work = scratch.rows(cols + across);
                    for (long b = first; b < last; b++) {
                        long row = b * blockRows;
                        long end = Math.min(from.rows(), row + blockRows);
                        Arrays.fill(work, cols, cols + across, 0);
                        for (long r = row; r < end; r++) {
                            read(from, r, work);
                            amax(work, cols, blockCols);
                        }
                        long scaleAt = scales.offset() + 4 * b * scales.rowStride();
                        for (int c = 0; c < across; c++) {
                            work[cols + c] = Fp8.scale(work[cols + c], powerOfTwo);
                            scales.segment()
                                    .set(JAVA_FLOAT_UNALIGNED, scaleAt + 4L * c, work[cols + c]);
                        }
                        for (long r = row; r < end; r++) {
                            read(from, r, work);
                            encode(work, cols, blockCols, codes, r * cols);
                        }
                    }
                });
    }

    private static void read(Tensor x, long r, float[] work) {
        DType type = x.dtype();
        long at = x.offset() + r * x.rowStride() * type.bytes();
        Halves.read(x.segment(), type, at, work, 0, (int) x.cols());
    }

    /// Raise the largest finite magnitudes, which follow the `cols` values of a row, to this row's.
    private static void amax(float[] work, int cols, int blockCols) {
        for (int c = 0, b = cols; c < cols; c += blockCols, b++) {
            int end = Math.min(cols, c + blockCols);
            IntVector most = IntVector.zero(I);
            int i = c;
            for (; i <= end - L; i += L) {
                IntVector size =
                        FloatVector.fromArray(F, work, i).reinterpretAsInts().and(0x7FFFFFFF);
                most = most.max(size.blend(0, size.compare(VectorOperators.GE, INFINITY)));
            }
            float top = Float.intBitsToFloat(most.reduceLanes(VectorOperators.MAX));
            for (; i < end; i++) {
                float size = Math.abs(work[i]);
                top = size > top && size <= Float.MAX_VALUE ? size : top;
            }
            work[b] = Math.max(work[b], top);
        }
    }

    /// Encode a row by the scales that follow it.
    private static void encode(
            float[] work, int cols, int blockCols, MemorySegment codes, long at) {
        for (int c = 0, b = cols; c < cols; c += blockCols, b++) {
            int end = Math.min(cols, c + blockCols);
            float scale = work[b];
            int i = c;
            for (; i <= end - L; i += L) {
                FloatVector x = FloatVector.fromArray(F, work, i).div(scale);
                Bytes.store(narrow(x.reinterpretAsInts()), codes, at + i);
            }
            for (; i < end; i++) {
                codes.set(JAVA_BYTE, at + i, Fp8.fromFloat(work[i] / scale));
            }
        }
    }

    /// Codes of L values, given their bits.
    private static IntVector narrow(IntVector bits) {
        IntVector size = bits.and(0x7FFFFFFF);
        VectorMask<Integer> nan = size.compare(VectorOperators.GT, INFINITY);
        IntVector held = size.min(MOST);
        IntVector odd = held.lanewise(VectorOperators.LSHR, 20).and(1);
        IntVector normal = held.add(odd).add(0x7FFFF - BIAS).lanewise(VectorOperators.LSHR, 20);
        IntVector small = held.reinterpretAsFloats().add(0x1p14f).reinterpretAsInts().sub(SMALL);
        IntVector code =
                normal.blend(small, held.compare(VectorOperators.LT, NORMAL)).blend(0x7F, nan);
        return code.or(bits.lanewise(VectorOperators.LSHR, 24).and(0x80));
    }
}
