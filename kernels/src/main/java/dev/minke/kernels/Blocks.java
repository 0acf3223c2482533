package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.minke.tensor.BlockFormat;
import dev.minke.tensor.BlockMatrix;
import dev.minke.tensor.DType;
import dev.minke.tensor.F16;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Quantised matrices; contracts: [dev.minke.tensor.Kernels#dequantize] and
/// [dev.minke.tensor.Kernels#quantize].
///
/// [#decode] turns blocks into floats in an array, where any kernel can use them; the classes of
/// the format families hold the loops. Same bits as the reference: no fused multiply-add where
/// decoding, and the same order of sums, one sub-block in each lane, where encoding.
final class Blocks {
    private static final VectorSpecies<Integer> I = Lanes.INT;
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final int L = Lanes.COUNT;

    /// Values decoded at a time: 16 KiB, a part of the first cache.
    private static final int CHUNK = 4096;

    /// Values encoded at a time: 16 blocks of 32 or sub-blocks of two super-blocks, to fill lanes.
    private static final int STEP = 512;

    /// Element steps that encoding one value costs, about.
    private static final int ENCODE_COST = 16;

    private static final int INFINITY = 0x7F800000;

    /// See the reference: larger numbers are cut to it.
    private static final float LIMIT = 0x1p28f;

    private static final int LIMIT_BITS = 0x4D800000;
    private static final short NAN = 0x7E00;

    private Blocks() {}

    static void dequantize(Team team, Scratch.Pool pool, BlockMatrix from, Tensor to) {
        BlockFormat format = from.format();
        MemorySegment data = from.data();
        MemorySegment target = to.segment();
        int size = format.blockSize();
        long cols = from.cols();
        Bands.rows(
                team,
                pool,
                from.rows(),
                cols,
                (scratch, first, last) -> {
                    float[] y = scratch.rows(CHUNK);
                    for (long r = first; r < last; r++) {
                        long at = r * from.rowBytes();
                        long toAt = to.offset() + 4 * r * to.rowStride();
                        for (long c = 0; c < cols; c += CHUNK) {
                            int n = (int) Math.min(CHUNK, cols - c);
                            int blocks = n / size;
                            decode(format, data, at, blocks, y, 0);
                            MemorySegment.copy(y, 0, target, JAVA_FLOAT_UNALIGNED, toAt + 4 * c, n);
                            at += (long) blocks * format.blockBytes();
                        }
                    }
                });
    }

    /// Decode `blocks` blocks from byte `at` on to `y`, from element `yAt` on.
    static void decode(
            BlockFormat format, MemorySegment from, long at, int blocks, float[] y, int yAt) {
        switch (format) {
            case Q4_0 -> SimpleBlocks.decodeQ40(from, at, blocks, y, yAt);
            case Q4_1 -> SimpleBlocks.decodeQ41(from, at, blocks, y, yAt);
            case Q5_0 -> SimpleBlocks.decodeQ50(from, at, blocks, y, yAt);
            case Q5_1 -> SimpleBlocks.decodeQ51(from, at, blocks, y, yAt);
            case Q8_0 -> SimpleBlocks.decodeQ80(from, at, blocks, y, yAt);
            case Q2_K -> SuperBlocks.decodeQ2(from, at, blocks, y, yAt);
            case Q3_K -> SuperBlocks.decodeQ3(from, at, blocks, y, yAt);
            case Q4_K -> SuperBlocks.decodeQ4(from, at, blocks, y, yAt);
            case Q5_K -> SuperBlocks.decodeQ5(from, at, blocks, y, yAt);
            case Q6_K -> SuperBlocks.decodeQ6(from, at, blocks, y, yAt);
            case IQ4_NL -> CodebookBlocks.decodeNl(from, at, blocks, y, yAt);
            case IQ4_XS -> CodebookBlocks.decodeXs(from, at, blocks, y, yAt);
        }
    }

    static void quantize(Team team, Scratch.Pool pool, Tensor from, BlockMatrix to) {
        long cols = to.cols();
        Bands.rows(
                team,
                pool,
                to.rows(),
                ENCODE_COST * cols,
                (scratch, first, last) -> {
                    float[] work = scratch.rows(MinScaleBlocks.WORK);
                    for (long r = first; r < last; r++) {
                        for (long c = 0; c < cols; c += STEP) {
                            int n = (int) Math.min(STEP, cols - c);
                            encode(from, r, c, n, to, work);
                        }
                    }
                });
    }

    /// Encode the blocks of `n` values of row `r` from column `c` on.
    private static void encode(Tensor from, long r, long c, int n, BlockMatrix to, float[] work) {
        BlockFormat format = to.format();
        DType type = from.dtype();
        long xAt = from.offset() + (r * from.rowStride() + c) * type.bytes();
        Halves.read(from.segment(), type, xAt, work, 0, n);
        int size = format.blockSize();
        int blocks = n / size;
        int broken = 0; // a bit for each block
        for (int b = 0; b < blocks; b++) {
            broken |= finite(work, b * size, size) ? 0 : 1 << b;
        }
        MemorySegment data = to.data();
        long at = r * to.rowBytes() + c / size * format.blockBytes();
        switch (format) {
            case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 ->
                    SimpleBlocks.encode(format, work, blocks, data, at);
            case Q4_K, Q5_K -> MinScaleBlocks.encode(format, work, blocks, data, at);
            case Q6_K -> {
                for (int b = 0; b < blocks; b++) {
                    SignedScaleBlocks.encode(
                            work, b * size, data, at + (long) b * format.blockBytes());
                }
            }
            case IQ4_NL -> CodebookBlocks.encodeNl(work, blocks, data, at);
            case Q2_K, Q3_K, IQ4_XS ->
                    throw new IllegalArgumentException("no encoder for " + format);
        }
        long scale = at + (format == BlockFormat.Q6_K ? SuperBlocks.Q6_D : 0);
        for (int b = 0; broken >>> b != 0; b++) {
            if ((broken >>> b & 1) != 0) {
                data.set(JAVA_SHORT_UNALIGNED, scale + (long) b * format.blockBytes(), NAN);
            }
        }
    }

    /// Whether all of `n` values (a multiple of 32) are finite. If not, they become zeros; values
    /// beyond the limit become the limit.
    private static boolean finite(float[] x, int at, int n) {
        IntVector most = IntVector.zero(I);
        for (int i = at; i < at + n; i += L) {
            IntVector bits = FloatVector.fromArray(F, x, i).reinterpretAsInts();
            most = most.max(bits.and(0x7FFFFFFF));
        }
        int top = most.reduceLanes(VectorOperators.MAX);
        if (top <= LIMIT_BITS) {
            return true;
        }
        if (top >= INFINITY) {
            Arrays.fill(x, at, at + n, 0);
            return false;
        }
        for (int i = at; i < at + n; i++) {
            x[i] = Math.clamp(x[i], -LIMIT, LIMIT);
        }
        return true;
    }

    /// The scale at byte `at`.
    static float half(MemorySegment from, long at) {
        return F16.toFloat(from.get(JAVA_SHORT_UNALIGNED, at));
    }
}
