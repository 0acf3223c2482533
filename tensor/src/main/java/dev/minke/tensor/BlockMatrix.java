package dev.minke.tensor;

import java.lang.foreign.MemorySegment;

/// A matrix of quantised weights: rows of blocks, one after the other without gaps.
///
/// @param format how a block is laid out
/// @param rows number of rows
/// @param cols values in a row, a multiple of the format's block size
/// @param data exactly the bytes of all rows, at any address (a mapped file)
public record BlockMatrix(BlockFormat format, long rows, long cols, MemorySegment data) {
    /// Check the sizes.
    public BlockMatrix {
        long row = format.rowBytes(cols);
        // by division: a damaged file may claim so many rows that the product overflows
        boolean fits = row == 0 || rows <= data.byteSize() / row;
        if (rows < 0 || !fits || rows * row != data.byteSize()) {
            throw new IllegalArgumentException(
                    "%s [%d, %d] takes %d x %d bytes, found %d"
                            .formatted(format, rows, cols, rows, row, data.byteSize()));
        }
    }

    /// Bytes of one row.
    public long rowBytes() {
        return format.rowBytes(cols);
    }

    /// The rows `from` (inclusive) to `to` (exclusive), sharing memory.
    public BlockMatrix range(long from, long to) {
        if (from < 0 || to < from || to > rows) {
            throw new IllegalArgumentException(
                    "rows %d to %d of a matrix with %d rows".formatted(from, to, rows));
        }
        long bytes = rowBytes();
        return new BlockMatrix(
                format, to - from, cols, data.asSlice(from * bytes, (to - from) * bytes));
    }

    @Override
    public String toString() {
        return "%s[%d, %d]".formatted(format, rows, cols);
    }
}
