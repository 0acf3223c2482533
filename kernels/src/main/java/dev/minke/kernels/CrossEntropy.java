package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Softmax, cross entropy and its gradient in place: three passes over a row.
///
/// Numerics: exponentials in F32 (see [Exp]), summed in F32 over runs of 4096, runs in double.
final class CrossEntropy {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final int L = Lanes.COUNT;
    private static final int RUN = 4096;

    private CrossEntropy() {}

    static void softmaxCrossEntropy(
            Team team, Tensor logits, Tensor targets, Tensor weights, Tensor loss) {
        int n = Math.toIntExact(logits.cols());
        int[] target = targets.toInts();
        for (int i = 0; i < target.length; i++) {
            if (target[i] < -1 || target[i] >= n) {
                throw new IllegalArgumentException(
                        "softmaxCrossEntropy: target %d of row %d is outside -1 to %d"
                                .formatted(target[i], i, n - 1));
            }
        }
        Bands.rows(
                team,
                logits.rows(),
                4L * n,
                (from, to) -> {
                    MemorySegment x = logits.segment();
                    for (int t = (int) from; t < to; t++) {
                        long at = logits.offset() + 4 * t * logits.rowStride();
                        float value = 0;
                        if (target[t] < 0) {
                            x.asSlice(at, 4L * n).fill((byte) 0);
                        } else {
                            float w =
                                    weights.segment()
                                            .get(JAVA_FLOAT_UNALIGNED, weights.offset() + 4L * t);
                            value = row(x, at, n, target[t], w);
                        }
                        loss.segment().set(JAVA_FLOAT_UNALIGNED, loss.offset() + 4L * t, value);
                    }
                });
    }

    private static float row(MemorySegment x, long at, int n, int target, float weight) {
        float chosen = x.get(JAVA_FLOAT_UNALIGNED, at + 4L * target);
        float max = max(x, at, n);
        double sum = 0;
        for (int i = 0; i < n; i += RUN) {
            sum += exponentials(x, at + 4L * i, Math.min(RUN, n - i), max);
        }
        Elementwise.scaleSpan(x, at, n, (float) (weight / sum));
        long one = at + 4L * target;
        x.set(JAVA_FLOAT_UNALIGNED, one, x.get(JAVA_FLOAT_UNALIGNED, one) - weight);
        return (float) (Math.log(sum) + ((double) max - chosen));
    }

    private static float max(MemorySegment x, long at, int n) {
        FloatVector most = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector v = FloatVector.fromMemorySegment(F, x, at + 4L * i, LITTLE_ENDIAN);
            most = most.blend(v, v.compare(VectorOperators.GT, most));
        }
        float max = most.reduceLanes(VectorOperators.MAX);
        for (; i < n; i++) {
            max = Math.max(max, x.get(JAVA_FLOAT_UNALIGNED, at + 4L * i));
        }
        return max;
    }

    private static double exponentials(MemorySegment x, long at, int n, float max) {
        FloatVector sum = FloatVector.zero(F);
        int i = 0;
        for (; i <= n - L; i += L) {
            FloatVector v = FloatVector.fromMemorySegment(F, x, at + 4L * i, LITTLE_ENDIAN);
            FloatVector e = Exp.expNegative(v.sub(max));
            sum = sum.add(e);
            e.intoMemorySegment(x, at + 4L * i, LITTLE_ENDIAN);
        }
        double total = LaneSum.of(sum);
        for (; i < n; i++) {
            float e = (float) Math.exp(x.get(JAVA_FLOAT_UNALIGNED, at + 4L * i) - max);
            total += e;
            x.set(JAVA_FLOAT_UNALIGNED, at + 4L * i, e);
        }
        return total;
    }
}
