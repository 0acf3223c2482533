package dev.minke.tensor.reference;

import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// Rotation of interleaved pairs (spec 1.3): y[2i] = x[2i] cos a - x[2i+1] sin a y[2i+1] = x[2i]
/// sin a + x[2i+1] cos a
final class Rope {
    private static final long BAND_ELEMENTS = 16_384;

    private Rope() {}

    static void run(
            Team team,
            Tensor x,
            int heads,
            int headDim,
            int from,
            Tensor positions,
            Tensor table,
            boolean inverse) {
        int pairs = Math.toIntExact(table.cols() / 2);
        float sign = inverse ? -1 : 1;
        MemorySegment xs = x.segment();
        MemorySegment ts = table.segment();
        Bands.run(
                team,
                x.rows(),
                Bands.rowsFor(BAND_ELEMENTS, x.cols()),
                (first, last) -> {
                    for (long t = first; t < last; t++) {
                        long angles = Memory.row(table, positions.getInt(t));
                        for (int h = 0; h < heads; h++) {
                            long at = Memory.row(x, t) + 4L * ((long) h * headDim + from);
                            for (int i = 0; i < pairs; i++) {
                                float cos = Memory.load(ts, angles + 8L * i);
                                float sin = sign * Memory.load(ts, angles + 8L * i + 4);
                                float even = Memory.load(xs, at + 8L * i);
                                float odd = Memory.load(xs, at + 8L * i + 4);
                                Memory.store(xs, at + 8L * i, even * cos - odd * sin);
                                Memory.store(xs, at + 8L * i + 4, even * sin + odd * cos);
                            }
                        }
                    }
                });
    }
}
