package dev.minke.tensor.reference;

import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// y = silu(gate) * up with silu(z) = z * sigmoid(z), and its gradients; the sigmoid in double.
final class SwiGlu {
    private static final long BAND_ELEMENTS = 4_096;

    private SwiGlu() {}

    static void forward(Team team, Tensor gate, Tensor up, Tensor y) {
        int n = Math.toIntExact(y.cols());
        MemorySegment gs = gate.segment();
        MemorySegment us = up.segment();
        MemorySegment ys = y.segment();
        Bands.run(
                team,
                y.rows(),
                Bands.rowsFor(BAND_ELEMENTS, n),
                (from, to) -> {
                    for (long t = from; t < to; t++) {
                        long g = Memory.row(gate, t);
                        long u = Memory.row(up, t);
                        long at = Memory.row(y, t);
                        for (int j = 0; j < n; j++) {
                            float z = Memory.load(gs, g + 4L * j);
                            float silu = (float) (z * sigmoid(z));
                            Memory.store(ys, at + 4L * j, silu * Memory.load(us, u + 4L * j));
                        }
                    }
                });
    }

    /// dgate = dy * up * sigmoid(z) * (1 + z * (1 - sigmoid(z))); dup = dy * silu(z).
    static void backward(Team team, Tensor dy, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
        int n = Math.toIntExact(dy.cols());
        MemorySegment ds = dy.segment();
        MemorySegment gs = gate.segment();
        MemorySegment us = up.segment();
        Bands.run(
                team,
                dy.rows(),
                Bands.rowsFor(BAND_ELEMENTS, n),
                (from, to) -> {
                    for (long t = from; t < to; t++) {
                        long dAt = Memory.row(dy, t);
                        long gAt = Memory.row(gate, t);
                        long uAt = Memory.row(up, t);
                        long dgAt = Memory.row(dgate, t);
                        long duAt = Memory.row(dup, t);
                        for (int j = 0; j < n; j++) {
                            // both inputs are read before their gradients overwrite them
                            float z = Memory.load(gs, gAt + 4L * j);
                            float u = Memory.load(us, uAt + 4L * j);
                            float d = Memory.load(ds, dAt + 4L * j);
                            double sigmoid = sigmoid(z);
                            double slope = sigmoid * (1 + z * (1 - sigmoid));
                            Memory.store(dgate.segment(), dgAt + 4L * j, (float) (d * u * slope));
                            Memory.store(dup.segment(), duAt + 4L * j, (float) (d * z * sigmoid));
                        }
                    }
                });
    }

    private static double sigmoid(float z) {
        return 1 / (1 + Math.exp(-z));
    }
}
