package dev.minke.tensor.reference;

import dev.minke.tensor.DType;
import dev.minke.tensor.Fp8;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// e4m3 matrices with one scale for each block of rows and columns (spec 2.3).
final class Fp8Blocks {
    private static final long BAND_ELEMENTS = 16_384;

    private Fp8Blocks() {}

    /// y[i, j] = value of code[i, j] * scale of its block.
    static void decode(
            Team team,
            MemorySegment codes,
            Tensor scales,
            int blockRows,
            int blockCols,
            Tensor to) {
        long cols = to.cols();
        Bands.run(
                team,
                to.rows(),
                Bands.rowsFor(BAND_ELEMENTS, cols),
                (first, last) -> {
                    for (long r = first; r < last; r++) {
                        long scaleAt = Memory.row(scales, r / blockRows);
                        long toAt = Memory.row(to, r);
                        for (long c = 0; c < cols; c++) {
                            byte code = (byte) Memory.loadByte(codes, r * cols + c);
                            float scale =
                                    Memory.load(scales.segment(), scaleAt + 4 * (c / blockCols));
                            Memory.store(to.segment(), toAt + 4 * c, Fp8.toFloat(code) * scale);
                        }
                    }
                });
    }

    /// scale = amax of the block / 448, code[i, j] = fp8(x[i, j] / scale).
    static void encode(
            Team team,
            Tensor from,
            int blockRows,
            int blockCols,
            boolean powerOfTwo,
            MemorySegment codes,
            Tensor scales) {
        long cols = from.cols();
        Bands.run(
                team,
                scales.rows(),
                Bands.rowsFor(BAND_ELEMENTS, cols * blockRows),
                (first, last) -> {
                    for (long b = first; b < last; b++) {
                        long row = b * blockRows;
                        long end = Math.min(from.rows(), row + blockRows);
                        for (long c = 0; c < scales.cols(); c++) {
                            long col = c * blockCols;
                            long stop = Math.min(cols, col + blockCols);
                            float scale = Fp8.scale(amax(from, row, end, col, stop), powerOfTwo);
                            Memory.store(scales.segment(), Memory.row(scales, b) + 4 * c, scale);
                            store(from, row, end, col, stop, scale, codes);
                        }
                    }
                });
    }

    /// Largest finite magnitude of a block.
    private static float amax(Tensor x, long row, long end, long col, long stop) {
        DType type = x.dtype();
        float amax = 0;
        for (long r = row; r < end; r++) {
            long at = Memory.row(x, r);
            for (long c = col; c < stop; c++) {
                float size = Math.abs(Memory.load(x.segment(), type, at + c * type.bytes()));
                amax = size > amax && size <= Float.MAX_VALUE ? size : amax;
            }
        }
        return amax;
    }

    private static void store(
            Tensor x, long row, long end, long col, long stop, float scale, MemorySegment codes) {
        DType type = x.dtype();
        for (long r = row; r < end; r++) {
            long at = Memory.row(x, r);
            for (long c = col; c < stop; c++) {
                float value = Memory.load(x.segment(), type, at + c * type.bytes());
                Memory.storeByte(codes, r * x.cols() + c, Fp8.fromFloat(value / scale));
            }
        }
    }
}
