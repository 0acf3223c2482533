package dev.minke.tensor.reference;

import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Rows fetched and summed by index: embedding, dispatch to experts and their combination.
final class Rows {
    private static final long BAND_ELEMENTS = 16_384;
    private static final int BAND_COLS = 64;

    private Rows() {}

    /// y[i] = x[rows[i]], widened to F32.
    static void gather(Team team, Tensor x, Tensor rows, Tensor y) {
        int n = Math.toIntExact(x.cols());
        Bands.run(
                team,
                y.rows(),
                Bands.rowsFor(BAND_ELEMENTS, n),
                (from, to) -> {
                    float[] row = new float[n];
                    for (long i = from; i < to; i++) {
                        long at = Memory.row(x, rows.getInt(i));
                        Memory.read(x.segment(), x.dtype(), at, row, 0, n);
                        Memory.write(row, 0, y.segment(), Memory.row(y, i), n);
                    }
                });
    }

    /// x[rows[i]] += y[i] in ascending i. A task owns columns, because rows may repeat.
    static void scatterAdd(Team team, Tensor y, Tensor rows, Tensor x) {
        Bands.run(
                team,
                x.cols(),
                BAND_COLS,
                (from, to) -> {
                    for (long i = 0; i < y.rows(); i++) {
                        long yAt = Memory.row(y, i);
                        long xAt = Memory.row(x, rows.getInt(i));
                        for (long j = from; j < to; j++) {
                            float sum =
                                    Memory.load(x.segment(), xAt + 4 * j)
                                            + Memory.load(y.segment(), yAt + 4 * j);
                            Memory.store(x.segment(), xAt + 4 * j, sum);
                        }
                    }
                });
    }

    /// x[t] = sum_k weight[t, k] * y[slots[t, k]], k ascending.
    static void combine(
            Team team, Tensor y, Tensor slots, Tensor weight, Tensor x, boolean accumulate) {
        int n = Math.toIntExact(y.cols());
        int k = Math.toIntExact(slots.cols());
        Bands.run(
                team,
                x.rows(),
                Bands.rowsFor(BAND_ELEMENTS, n),
                (from, to) -> {
                    float[] sum = new float[n];
                    float[] row = new float[n];
                    for (long t = from; t < to; t++) {
                        start(x, t, sum, accumulate);
                        for (int i = 0; i < k; i++) {
                            read(y, slots.getInt(t * k + i), row);
                            float w = Memory.load(weight.segment(), Memory.row(weight, t) + 4L * i);
                            Saxpy.add(w, row, sum, n);
                        }
                        Memory.write(sum, 0, x.segment(), Memory.row(x, t), n);
                    }
                });
    }

    /// dy[slot] = weight * dx[t]; dweight[t, k] = dx[t] . y[slot].
    static void combineBackward(
            Team team,
            Tensor dx,
            Tensor y,
            Tensor slots,
            Tensor weight,
            Tensor dy,
            Tensor dweight) {
        int n = Math.toIntExact(y.cols());
        int k = Math.toIntExact(slots.cols());
        Bands.run(
                team,
                dx.rows(),
                Bands.rowsFor(BAND_ELEMENTS, n),
                (from, to) -> {
                    float[] gradient = new float[n];
                    float[] row = new float[n];
                    for (long t = from; t < to; t++) {
                        read(dx, t, gradient);
                        for (int i = 0; i < k; i++) {
                            int slot = slots.getInt(t * k + i);
                            read(y, slot, row);
                            float product = 0;
                            for (int j = 0; j < n; j++) {
                                product = Math.fma(gradient[j], row[j], product);
                            }
                            Memory.store(
                                    dweight.segment(), Memory.row(dweight, t) + 4L * i, product);
                            float w = Memory.load(weight.segment(), Memory.row(weight, t) + 4L * i);
                            for (int j = 0; j < n; j++) {
                                row[j] = w * gradient[j];
                            }
                            Memory.write(row, 0, dy.segment(), Memory.row(dy, slot), n);
                        }
                    }
                });
    }

    /// x[t] = sum_k y[slots[t, k]], k ascending.
    static void sumSlots(Team team, Tensor y, Tensor slots, Tensor x, boolean accumulate) {
        int n = Math.toIntExact(y.cols());
        int k = Math.toIntExact(slots.cols());
        Bands.run(
                team,
                x.rows(),
                Bands.rowsFor(BAND_ELEMENTS, n),
                (from, to) -> {
                    float[] sum = new float[n];
                    for (long t = from; t < to; t++) {
                        start(x, t, sum, accumulate);
                        for (int i = 0; i < k; i++) {
                            MemorySegment ys = y.segment();
                            long at = Memory.row(y, slots.getInt(t * k + i));
                            for (int j = 0; j < n; j++) {
                                sum[j] += Memory.load(ys, at + 4L * j);
                            }
                        }
                        Memory.write(sum, 0, x.segment(), Memory.row(x, t), n);
                    }
                });
    }

    private static void start(Tensor x, long t, float[] sum, boolean accumulate) {
        if (accumulate) {
            read(x, t, sum);
        } else {
            Arrays.fill(sum, 0);
        }
    }

    private static void read(Tensor x, long row, float[] to) {
        Memory.read(x.segment(), x.dtype(), Memory.row(x, row), to, 0, to.length);
    }
}
