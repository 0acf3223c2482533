package dev.minke.tensor.reference;

import dev.minke.tensor.DType;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// C = A x B for matrices in any layout: c[i, j] = sum over p of a[i, p] * b[p, j].
///
/// Numerics: one fused multiply-add for each p, ascending, from 0 or from the old c[i, j]. Every
/// conforming back end has the same bits. A tile of C copies its columns of B into a panel, so that
/// the innermost loop runs along j whatever the layout was.
final class Gemm {
    private static final int TILE_ROWS = 128;
    private static final int TILE_COLS = 256;

    /// Rows of A copied at a time: one cache line of a transposed A.
    private static final int STRIP = 16;

    private Gemm() {}

    /// A matrix whose element (i, j) lies at byte `origin + i * rowStep + j * colStep`.
    record Operand(MemorySegment segment, DType type, long origin, long rowStep, long colStep) {
        /// The matrix `x` itself.
        static Operand of(Tensor x) {
            return of(x, 0);
        }

        /// The matrix that begins at row `first` of `x`.
        static Operand of(Tensor x, long first) {
            long bytes = x.dtype().bytes();
            return new Operand(
                    x.segment(), x.dtype(), Memory.row(x, first), x.rowStride() * bytes, bytes);
        }

        /// The same memory with rows and columns exchanged.
        Operand transposed() {
            return new Operand(segment, type, origin, colStep, rowStep);
        }

        long at(long i, long j) {
            return origin + i * rowStep + j * colStep;
        }

        /// Copy the block of `m` rows from `i` and `n` columns from `j`.
        void read(long i, int m, long j, int n, float[][] to) {
            if (colStep == type.bytes()) {
                for (int r = 0; r < m; r++) {
                    Memory.read(segment, type, at(i + r, j), to[r], 0, n);
                }
                return;
            }
            // transposed: a few rows at a time, so that a cache line is used up when it comes
            for (int r0 = 0; r0 < m; r0 += STRIP) {
                int r1 = Math.min(m, r0 + STRIP);
                for (int c = 0; c < n; c++) {
                    long at = at(i, j + c);
                    for (int r = r0; r < r1; r++) {
                        to[r][c] =
                                type == DType.BF16
                                        ? Memory.loadBf16(segment, at + r * rowStep)
                                        : Memory.load(segment, at + r * rowStep);
                    }
                }
            }
        }
    }

    /// One product: `a` [m, k], `b` [k, n], `c` [m, n].
    record Product(Operand a, Operand b, Operand c, long m, long n, int k) {
        /// Tiles along a row of C.
        long across() {
            return (n + TILE_COLS - 1) / TILE_COLS;
        }

        long tiles() {
            return (m + TILE_ROWS - 1) / TILE_ROWS * across();
        }

        void tile(long index, boolean accumulate) {
            long i = index / across() * TILE_ROWS;
            long j = index % across() * TILE_COLS;
            block(
                    i,
                    (int) Math.min(TILE_ROWS, m - i),
                    j,
                    (int) Math.min(TILE_COLS, n - j),
                    accumulate);
        }

        private void block(long i0, int rows, long j0, int cols, boolean accumulate) {
            float[][] panel = new float[k][cols];
            b.read(0, k, j0, cols, panel);
            float[][] strip = new float[Math.min(rows, STRIP)][k];
            float[] sum = new float[cols];
            for (int r0 = 0; r0 < rows; r0 += STRIP) {
                int height = Math.min(STRIP, rows - r0);
                a.read(i0 + r0, height, 0, k, strip);
                for (int r = 0; r < height; r++) {
                    long at = c.at(i0 + r0 + r, j0);
                    if (accumulate) {
                        Memory.read(c.segment(), DType.F32, at, sum, 0, cols);
                    } else {
                        Arrays.fill(sum, 0);
                    }
                    Saxpy.addRows(strip[r], panel, k, sum, cols);
                    Memory.write(sum, 0, c.segment(), at, cols);
                }
            }
        }
    }

    static void nt(Team team, Tensor a, Tensor b, Tensor c, boolean accumulate) {
        run(
                team,
                new Product(
                        Operand.of(a),
                        Operand.of(b).transposed(),
                        Operand.of(c),
                        c.rows(),
                        c.cols(),
                        Math.toIntExact(a.cols())),
                accumulate);
    }

    static void nn(Team team, Tensor a, Tensor b, Tensor c, boolean accumulate) {
        run(
                team,
                new Product(
                        Operand.of(a),
                        Operand.of(b),
                        Operand.of(c),
                        c.rows(),
                        c.cols(),
                        Math.toIntExact(a.cols())),
                accumulate);
    }

    static void tn(Team team, Tensor a, Tensor b, Tensor c, boolean accumulate) {
        run(
                team,
                new Product(
                        Operand.of(a).transposed(),
                        Operand.of(b),
                        Operand.of(c),
                        c.rows(),
                        c.cols(),
                        Math.toIntExact(a.rows())),
                accumulate);
    }

    private static void run(Team team, Product product, boolean accumulate) {
        team.run(
                Math.toIntExact(product.tiles()),
                (index, worker) -> product.tile(index, accumulate));
    }
}
