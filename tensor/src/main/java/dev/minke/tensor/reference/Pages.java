package dev.minke.tensor.reference;

import dev.minke.tensor.DType;
import dev.minke.tensor.PageRow;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// Rows of cache pages to and from floats, see [PageRow].
final class Pages {
    private Pages() {}

    /// Byte offset of a token's row.
    static long row(Tensor pages, PageRow row, int part, long cell) {
        long page = cell / PageRow.TOKENS * pages.dim(1) + part;
        return pages.offset() + (page * PageRow.TOKENS + cell % PageRow.TOKENS) * row.bytes();
    }

    static void store(
            Team team, Tensor from, Tensor pages, PageRow row, int part, int at, Tensor cells) {
        int n = Math.toIntExact(from.cols());
        team.run(
                Math.toIntExact(from.rows()),
                (r, worker) -> {
                    float[] x = new float[n];
                    Memory.read(from.segment(), DType.F32, Memory.row(from, r), x, 0, n);
                    write(pages.segment(), row(pages, row, part, cells.getInt(r)), row, at, x);
                });
    }

    static void load(
            Team team, Tensor pages, PageRow row, int part, int at, Tensor cells, Tensor to) {
        int n = Math.toIntExact(to.cols());
        team.run(
                Math.toIntExact(to.rows()),
                (r, worker) -> {
                    float[] x = new float[n];
                    read(pages.segment(), row(pages, row, part, cells.getInt(r)), row, at, x);
                    Memory.write(x, 0, to.segment(), Memory.row(to, r), n);
                });
    }

    /// Read columns from `at` on of the row at byte `start`.
    static void read(MemorySegment segment, long start, PageRow row, int at, float[] x) {
        for (int i = 0; i < x.length; i++) {
            int c = at + i;
            x[i] =
                    switch (row.type()) {
                        case F32 -> Memory.load(segment, start + 4L * c);
                        case BF16 -> Memory.loadBf16(segment, start + 2L * c);
                        default ->
                                c < row.coded()
                                        ? (byte) Memory.loadByte(segment, start + c)
                                                * Memory.load(segment, scale(row, start, c))
                                        : Memory.loadBf16(segment, plain(row, start, c));
                    };
        }
    }

    private static void write(MemorySegment segment, long start, PageRow row, int at, float[] x) {
        for (int i = 0; i < x.length; i++) {
            int c = at + i;
            if (row.type() == DType.F32) {
                Memory.store(segment, start + 4L * c, x[i]);
            } else if (row.type() == DType.BF16) {
                Memory.storeBf16(segment, start + 2L * c, x[i]);
            } else if (c >= row.coded()) {
                Memory.storeBf16(segment, plain(row, start, c), x[i]);
            } else if (c % row.block() == 0) {
                encode(segment, start, row, c, x, i);
            }
        }
    }

    /// Write the block of codes that begins with column `c`.
    private static void encode(
            MemorySegment segment, long start, PageRow row, int c, float[] x, int at) {
        float most = 0;
        for (int i = 0; i < row.block(); i++) {
            most = Math.max(most, Math.abs(x[at + i])); // NaN stays
        }
        boolean none = most < PageRow.LEAST;
        Memory.store(segment, scale(row, start, c), none ? 0 : most / 127);
        float inverse = none ? 0 : 127 / most;
        for (int i = 0; i < row.block(); i++) {
            Memory.storeByte(segment, start + c + i, (int) Math.rint(x[at + i] * inverse));
        }
    }

    private static long scale(PageRow row, long start, int column) {
        return start + row.scalesAt() + 4L * (column / row.block());
    }

    private static long plain(PageRow row, long start, int column) {
        return start + row.plainAt() + 2L * (column - row.coded());
    }
}
