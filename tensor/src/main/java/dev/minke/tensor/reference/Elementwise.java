package dev.minke.tensor.reference;

import dev.minke.tensor.DType;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// Sums, factors, conversions and the sum of squares.
final class Elementwise {
    private static final long BAND_ELEMENTS = 16_384;

    private Elementwise() {}

    /// y = a + b; `y` may be `a` or `b`.
    static void add(Team team, Tensor a, Tensor b, Tensor y) {
        long n = y.cols();
        MemorySegment as = a.segment();
        MemorySegment bs = b.segment();
        MemorySegment ys = y.segment();
        Bands.run(
                team,
                y.rows(),
                Bands.rowsFor(BAND_ELEMENTS, n),
                (from, to) -> {
                    for (long t = from; t < to; t++) {
                        long aAt = Memory.row(a, t);
                        long bAt = Memory.row(b, t);
                        long yAt = Memory.row(y, t);
                        for (long j = 0; j < n; j++) {
                            float sum = Memory.load(as, aAt + 4 * j) + Memory.load(bs, bAt + 4 * j);
                            Memory.store(ys, yAt + 4 * j, sum);
                        }
                    }
                });
    }

    /// x *= factor.
    static void scale(Team team, Tensor x, float factor) {
        long n = x.cols();
        MemorySegment xs = x.segment();
        Bands.run(
                team,
                x.rows(),
                Bands.rowsFor(BAND_ELEMENTS, n),
                (from, to) -> {
                    for (long t = from; t < to; t++) {
                        long at = Memory.row(x, t);
                        for (long j = 0; j < n; j++) {
                            Memory.store(xs, at + 4 * j, Memory.load(xs, at + 4 * j) * factor);
                        }
                    }
                });
    }

    /// Copy between F32, BF16 and F16, rounding to nearest even.
    static void convert(Team team, Tensor x, Tensor y) {
        if (x.dtype() == y.dtype()) {
            y.copyFrom(x);
            return;
        }
        DType from = x.dtype();
        DType to = y.dtype();
        long n = x.cols();
        MemorySegment xs = x.segment();
        MemorySegment ys = y.segment();
        Bands.run(
                team,
                x.rows(),
                Bands.rowsFor(BAND_ELEMENTS, n),
                (first, last) -> {
                    for (long t = first; t < last; t++) {
                        long xAt = Memory.row(x, t);
                        long yAt = Memory.row(y, t);
                        for (long j = 0; j < n; j++) {
                            float value = Memory.load(xs, from, xAt + from.bytes() * j);
                            Memory.store(ys, to, yAt + to.bytes() * j, value);
                        }
                    }
                });
    }

    /// In double: element by element within a block, then block by block.
    static double sumOfSquares(Team team, Tensor x) {
        // a long vector has one row; cut rows into pieces, so that it is shared as well
        long cols = x.cols();
        int pieces = Math.max(1, Bands.count(cols, BAND_ELEMENTS));
        long tall = Bands.rowsFor(BAND_ELEMENTS, cols);
        int blocks = Bands.count(x.rows(), tall);
        double[] sums = new double[Math.multiplyExact(blocks, pieces)];
        MemorySegment xs = x.segment();
        team.run(
                sums.length,
                (index, worker) -> {
                    long first = index / pieces * tall;
                    long last = Math.min(x.rows(), first + tall);
                    long from = index % pieces * BAND_ELEMENTS;
                    long to = Math.min(cols, from + BAND_ELEMENTS);
                    double sum = 0;
                    for (long t = first; t < last; t++) {
                        long at = Memory.row(x, t);
                        for (long j = from; j < to; j++) {
                            double value = Memory.load(xs, at + 4 * j);
                            sum += value * value;
                        }
                    }
                    sums[index] = sum;
                });
        double total = 0;
        for (double sum : sums) {
            total += sum;
        }
        return total;
    }
}
