package dev.minke.model.deepseek;

import dev.minke.model.autograd.Ops;
import dev.minke.tensor.Tensor;
import java.util.Map;
import java.util.TreeMap;

/// Counts the tokens that every expert receives and sums the balance loss.
///
/// The counts of a whole batch, several passes if gradients are accumulated, drive the bias update
/// (V3 report 2.1.2) and the load figures.
public final class RoutingMonitor {
    private static final RoutingMonitor NONE = new RoutingMonitor(0, false);

    private final boolean counting;
    private final float balanceAlpha;
    private final Map<Integer, long[]> counts = new TreeMap<>();
    private double balanceLoss;

    /// @param balanceAlpha factor of the sequence-wise balance loss for each sequence; 0 turns it
    ///   off
    public RoutingMonitor(float balanceAlpha) {
        this(balanceAlpha, true);
    }

    private RoutingMonitor(float balanceAlpha, boolean counting) {
        this.balanceAlpha = balanceAlpha;
        this.counting = counting;
    }

    /// A monitor for passes that nobody watches: it counts nothing.
    public static RoutingMonitor none() {
        return NONE;
    }

    void observe(Pass pass, int layer, Ops.Routing routing, int topK, Tensor offsets) {
        if (!counting) {
            return;
        }
        long[] layerCounts =
                counts.computeIfAbsent(layer, l -> new long[Math.toIntExact(offsets.size() - 1)]);
        for (int e = 0; e < layerCounts.length; e++) {
            layerCounts[e] += offsets.getInt(e + 1) - offsets.getInt(e);
        }
        if (balanceAlpha > 0) {
            balanceLoss +=
                    Ops.balanceLoss(pass.tape(), routing, pass.sequences(), topK, balanceAlpha);
        }
    }

    /// Tokens of every expert for each MoE layer, the MTP layer included.
    public Map<Integer, long[]> counts() {
        return counts;
    }

    /// Sum of the balance losses seen, the factor included.
    public double balanceLoss() {
        return balanceLoss;
    }

    /// (max - mean) / mean of a layer's counts: 0 is perfect balance.
    public static double maxViolation(long[] counts) {
        long sum = 0;
        long max = 0;
        for (long n : counts) {
            sum += n;
            max = Math.max(max, n);
        }
        double mean = (double) sum / counts.length;
        return sum == 0 ? 0 : (max - mean) / mean;
    }
}
