package dev.minke.tensor.reference;

import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;

/// y = gain * x * rstd, rstd = 1 / sqrt(mean(x^2) + eps), and its gradients; sums in double.
final class RmsNorm {
    private static final long BAND_ELEMENTS = 16_384;
    private static final int BAND_COLS = 64;

    private RmsNorm() {}

    static void forward(Team team, Tensor x, Tensor gain, float eps, Tensor y, Tensor rstd) {
        int n = Math.toIntExact(x.cols());
        float[] g = gain.toFloats();
        Bands.run(
                team,
                x.rows(),
                Bands.rowsFor(BAND_ELEMENTS, n),
                (from, to) -> {
                    float[] row = new float[n];
                    for (long t = from; t < to; t++) {
                        read(x, t, row);
                        double sum = 0;
                        for (float v : row) {
                            sum += (double) v * v;
                        }
                        float r = (float) (1 / Math.sqrt(sum / n + eps));
                        for (int j = 0; j < n; j++) {
                            row[j] = g[j] * (row[j] * r);
                        }
                        Memory.write(row, 0, y.segment(), Memory.row(y, t), n);
                        Memory.store(rstd.segment(), rstd.offset() + 4 * t, r);
                    }
                });
    }

    /// dx = rstd * (g - xn * mean(g * xn)) with g = dy * gain, xn = x * rstd; dgain += sum dy * xn.
    static void backward(
            Team team,
            Tensor dy,
            Tensor x,
            Tensor gain,
            Tensor rstd,
            Tensor dx,
            boolean accumulate,
            Tensor dgain) {
        gainGradient(team, dy, x, rstd, dgain);
        int n = Math.toIntExact(x.cols());
        float[] weight = gain.toFloats();
        Bands.run(
                team,
                x.rows(),
                Bands.rowsFor(BAND_ELEMENTS, n),
                (from, to) -> {
                    float[] g = new float[n];
                    float[] xn = new float[n];
                    float[] d = new float[n];
                    for (long t = from; t < to; t++) {
                        float r = Memory.load(rstd.segment(), rstd.offset() + 4 * t);
                        read(dy, t, g);
                        read(x, t, xn);
                        double sum = 0;
                        for (int j = 0; j < n; j++) {
                            g[j] *= weight[j];
                            xn[j] *= r;
                            sum += (double) g[j] * xn[j];
                        }
                        float mean = (float) (sum / n);
                        if (accumulate) {
                            read(dx, t, d);
                        }
                        for (int j = 0; j < n; j++) {
                            float value = r * (g[j] - xn[j] * mean);
                            d[j] = accumulate ? d[j] + value : value;
                        }
                        Memory.write(d, 0, dx.segment(), Memory.row(dx, t), n);
                    }
                });
    }

    /// Over all rows, ascending, in double; a task owns columns.
    private static void gainGradient(Team team, Tensor dy, Tensor x, Tensor rstd, Tensor dgain) {
        Bands.run(
                team,
                x.cols(),
                BAND_COLS,
                (from, to) -> {
                    double[] sum = new double[(int) (to - from)];
                    for (long t = 0; t < x.rows(); t++) {
                        float r = Memory.load(rstd.segment(), rstd.offset() + 4 * t);
                        long dyAt = Memory.row(dy, t) + 4 * from;
                        long xAt = Memory.row(x, t) + 4 * from;
                        for (int j = 0; j < sum.length; j++) {
                            float xn = Memory.load(x.segment(), xAt + 4L * j) * r;
                            sum[j] += (double) Memory.load(dy.segment(), dyAt + 4L * j) * xn;
                        }
                    }
                    for (int j = 0; j < sum.length; j++) {
                        long at = dgain.offset() + 4 * (from + j);
                        float old = Memory.load(dgain.segment(), at);
                        Memory.store(dgain.segment(), at, (float) (old + sum[j]));
                    }
                });
    }

    private static void read(Tensor x, long row, float[] to) {
        Memory.read(x.segment(), x.dtype(), Memory.row(x, row), to, 0, to.length);
    }
}
