package dev.minke.tensor.reference;

import dev.minke.tensor.BlockFormat;
import dev.minke.tensor.BlockMatrix;
import dev.minke.tensor.DType;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Quantised matrices block by block; the classes of the format families hold the formulas.
final class Blocks {
    private static final long BAND_ELEMENTS = 16_384;

    /// Beyond what any format can hold: larger numbers are cut to it, so that no sum of an encoder
    /// overflows.
    private static final float LIMIT = 0x1p28f;

    /// A binary16 NaN.
    private static final short NAN = 0x7E00;

    private Blocks() {}

    /// Decode every row to F32.
    static void dequantize(Team team, BlockMatrix from, Tensor to) {
        BlockFormat format = from.format();
        int size = format.blockSize();
        MemorySegment data = from.data();
        Bands.run(
                team,
                from.rows(),
                Bands.rowsFor(BAND_ELEMENTS, from.cols()),
                (first, last) -> {
                    float[] y = new float[size];
                    for (long r = first; r < last; r++) {
                        long at = r * from.rowBytes();
                        for (long c = 0; c < from.cols(); c += size) {
                            decode(format, data, at, y);
                            Memory.write(y, 0, to.segment(), Memory.row(to, r) + 4 * c, size);
                            at += format.blockBytes();
                        }
                    }
                });
    }

    /// Encode every row.
    static void quantize(Team team, Tensor from, BlockMatrix to) {
        BlockFormat format = to.format();
        int size = format.blockSize();
        DType type = from.dtype();
        Bands.run(
                team,
                to.rows(),
                Bands.rowsFor(BAND_ELEMENTS, to.cols()),
                (first, last) -> {
                    float[] x = new float[size];
                    for (long r = first; r < last; r++) {
                        long at = r * to.rowBytes();
                        for (long c = 0; c < to.cols(); c += size) {
                            long xAt = Memory.row(from, r) + c * type.bytes();
                            Memory.read(from.segment(), type, xAt, x, 0, size);
                            encode(format, x, to.data(), at);
                            at += format.blockBytes();
                        }
                    }
                });
    }

    private static void decode(BlockFormat format, MemorySegment from, long at, float[] y) {
        switch (format) {
            case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 -> SimpleBlocks.decode(format, from, at, y);
            case Q2_K -> SuperBlocks.decodeQ2(from, at, y);
            case Q3_K -> SuperBlocks.decodeQ3(from, at, y);
            case Q4_K -> SuperBlocks.decodeQ4(from, at, y);
            case Q5_K -> SuperBlocks.decodeQ5(from, at, y);
            case Q6_K -> SuperBlocks.decodeQ6(from, at, y);
            case IQ4_NL -> CodebookBlocks.decodeNl(from, at, y);
            case IQ4_XS -> CodebookBlocks.decodeXs(from, at, y);
        }
    }

    /// Encode one block; `x` may be changed.
    private static void encode(BlockFormat format, float[] x, MemorySegment to, long at) {
        boolean finite = true;
        for (int i = 0; i < x.length; i++) {
            finite &= Float.isFinite(x[i]);
            x[i] = Math.clamp(x[i], -LIMIT, LIMIT);
        }
        if (!finite) {
            Arrays.fill(x, 0);
        }
        switch (format) {
            case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 -> SimpleBlocks.encode(format, x, to, at);
            case Q4_K, Q5_K -> MinScaleBlocks.encode(format, x, to, at);
            case Q6_K -> SignedScaleBlocks.encode(x, to, at);
            case IQ4_NL -> CodebookBlocks.encodeNl(x, to, at);
            case Q2_K, Q3_K, IQ4_XS ->
                    throw new IllegalArgumentException("no encoder for " + format);
        }
        if (!finite) {
            long scale = format == BlockFormat.Q6_K ? SuperBlocks.Q6_D : 0;
            Memory.storeF16(to, at + scale, NAN);
        }
    }
}
