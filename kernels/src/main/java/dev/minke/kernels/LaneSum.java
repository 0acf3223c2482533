package dev.minke.kernels;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// Sums across the lanes of a vector by a fixed tree.
///
/// `reduceLanes` leaves the order of additions open, and interpreted and compiled code differ in
/// it.
final class LaneSum {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final int L = Lanes.COUNT;
    private static final VectorShuffle<Float> SWAP8 = swap(8);
    private static final VectorShuffle<Float> SWAP4 = swap(4);
    private static final VectorShuffle<Float> SWAP2 = swap(2);
    private static final VectorShuffle<Float> SWAP1 = swap(1);

    private LaneSum() {}

    /// The sum of all lanes.
    static float of(FloatVector v) {
        FloatVector sum = v;
        if (L > 8) {
            sum = sum.add(sum.rearrange(SWAP8));
        }
        if (L > 4) {
            sum = sum.add(sum.rearrange(SWAP4));
        }
        sum = sum.add(sum.rearrange(SWAP2));
        return sum.add(sum.rearrange(SWAP1)).lane(0);
    }

    private static VectorShuffle<Float> swap(int step) {
        return VectorShuffle.fromOp(F, i -> (i ^ step) & (L - 1));
    }
}
