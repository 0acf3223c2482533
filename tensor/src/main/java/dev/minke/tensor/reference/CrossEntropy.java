package dev.minke.tensor.reference;

import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;

/// loss[t] = log(sum(exp(logits[t]))) - logits[t, target], and its gradient in place of the logits;
/// the softmax in double. A target of -1 gives no loss and no gradient.
final class CrossEntropy {
    private static final long BAND_ELEMENTS = 4_096;

    private CrossEntropy() {}

    static void run(Team team, Tensor logits, Tensor targets, Tensor weights, Tensor loss) {
        int n = Math.toIntExact(logits.cols());
        Bands.run(
                team,
                logits.rows(),
                Bands.rowsFor(BAND_ELEMENTS, n),
                (from, to) -> {
                    float[] row = new float[n];
                    double[] p = new double[n];
                    for (long t = from; t < to; t++) {
                        int target = targets.getInt(t);
                        float weight = Memory.load(weights.segment(), weights.offset() + 4 * t);
                        long at = Memory.row(logits, t);
                        Memory.read(logits.segment(), logits.dtype(), at, row, 0, n);
                        double value = target < 0 ? ignore(row) : one(row, target, weight, p);
                        Memory.write(row, 0, logits.segment(), at, n);
                        Memory.store(loss.segment(), loss.offset() + 4 * t, (float) value);
                    }
                });
    }

    private static double ignore(float[] row) {
        for (int j = 0; j < row.length; j++) {
            row[j] = 0;
        }
        return 0;
    }

    private static double one(float[] row, int target, float weight, double[] p) {
        float max = Float.NEGATIVE_INFINITY;
        for (float z : row) {
            max = Math.max(max, z);
        }
        double sum = 0;
        for (int j = 0; j < row.length; j++) {
            p[j] = Math.exp((double) row[j] - max);
            sum += p[j];
        }
        double loss = Math.log(sum) + max - row[target];
        for (int j = 0; j < row.length; j++) {
            double softmax = p[j] / sum;
            row[j] = (float) ((j == target ? softmax - 1 : softmax) * weight);
        }
        return loss;
    }
}
