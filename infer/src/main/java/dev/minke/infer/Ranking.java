package dev.minke.infer;

import java.util.Arrays;

/// Finds how far down a ranking must go to gather some weight, without sorting it.
///
/// What is ranked are keys: a score in the upper half, of which more is better, and in the lower
/// half the position, of which less is better; so no two keys are equal.
final class Ranking {
    private static final int BUCKETS = 1024;
    private static final int FEW = 4 * BUCKETS;
    private static final long POSITION = 0xFFFFFFFFL;

    private final double[] bucket = new double[BUCKETS];

    /// The key of a score, which is not NaN, at a position.
    static long key(float score, int position) {
        int bits = Float.floatToRawIntBits(score + 0.0f); // -0 becomes 0
        return (long) ordered(bits) << 32 | POSITION - position;
    }

    /// The position in a key.
    static int position(long key) {
        return (int) (POSITION - (key & POSITION));
    }

    /// The score in a key.
    static float score(long key) {
        return Float.intBitsToFloat(ordered((int) (key >> 32)));
    }

    /// Turn the order of floats into that of ints, and back.
    private static int ordered(int bits) {
        return bits ^ bits >> 31 & Integer.MAX_VALUE;
    }

    /// Find the least of the `k` largest keys, and move those to the front, in no order.
    ///
    /// @param n number of keys, at least k
    static long leastOfBest(long[] keys, int n, int k) {
        int from = 0;
        int to = n;
        while (true) {
            long pivot = pivot(keys, from, to);
            int end = partition(keys, from, to, pivot); // keys[end - 1] is the pivot
            if (end == k) {
                return pivot;
            }
            if (end > k) {
                to = end - 1;
            } else {
                from = end;
            }
        }
    }

    /// Find the least key of the smallest set of best ones whose weights sum to `target` or more.
    ///
    /// Changes the order of the keys, and their number.
    ///
    /// @param n number of keys, at least 1
    /// @param weights by position, none negative
    /// @return the least key; if all together fall short, as rounding may have it, no key is less
    long leastOfHeaviest(long[] keys, int n, double[] weights, double target) {
        int from = 0;
        int to = n;
        double sum = 0;
        long least = Long.MIN_VALUE;
        if (n > FEW) {
            long best = keys[0];
            long worst = best;
            for (int i = 1; i < n; i++) {
                best = Math.max(best, keys[i]);
                worst = Math.min(worst, keys[i]);
            }
            float top = score(best);
            float scale = (BUCKETS - 1) / (top - score(worst));
            if (scale > 0 && scale < Float.POSITIVE_INFINITY) {
                int crossed = fill(keys, n, weights, top, scale, target);
                for (int b = 0; b < crossed; b++) {
                    sum += bucket[b];
                }
                to = gather(keys, n, top, scale, crossed);
            }
        }
        while (from < to) {
            long pivot = pivot(keys, from, to);
            int end = partition(keys, from, to, pivot);
            double better = sum;
            for (int i = from; i < end - 1; i++) {
                better += weights[position(keys[i])];
            }
            if (better >= target) {
                to = end - 1;
            } else if (better + weights[position(pivot)] >= target) {
                return pivot;
            } else {
                sum = better + weights[position(pivot)];
                from = end;
                least = pivot;
            }
        }
        return least;
    }

    /// Sum the weights of equally wide stretches of the scores, best first.
    ///
    /// @return the stretch in which the sum reaches `target`, or the last
    private int fill(long[] keys, int n, double[] weights, float top, float scale, double target) {
        Arrays.fill(bucket, 0);
        for (int i = 0; i < n; i++) {
            bucket[(int) ((top - score(keys[i])) * scale)] += weights[position(keys[i])];
        }
        double sum = bucket[0];
        int crossed = 0;
        while (sum < target && crossed < BUCKETS - 1) {
            sum += bucket[++crossed];
        }
        return crossed;
    }

    private static int gather(long[] keys, int n, float top, float scale, int wanted) {
        int size = 0;
        for (int i = 0; i < n; i++) {
            long key = keys[i];
            keys[size] = key;
            size += (int) ((top - score(key)) * scale) == wanted ? 1 : 0;
        }
        return size;
    }

    /// Choose a key that no order of the input can make a bad choice throughout.
    private static long pivot(long[] keys, int from, int to) {
        long mixed = (from * 0x9E3779B97F4A7C15L + to) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ mixed >>> 31) * 0x94D049BB133111EBL;
        return keys[from + (int) Math.unsignedMultiplyHigh(mixed ^ mixed >>> 29, to - from)];
    }

    /// Move the keys that are not less than `pivot`, one of them, to the front, itself last.
    ///
    /// @return the end of the moved ones
    private static int partition(long[] keys, int from, int to, long pivot) {
        int end = from;
        int at = from;
        for (int i = from; i < to; i++) {
            long key = keys[i];
            if (key >= pivot) {
                at = key == pivot ? end : at;
                keys[i] = keys[end];
                keys[end++] = key;
            }
        }
        keys[at] = keys[end - 1];
        keys[end - 1] = pivot;
        return end;
    }
}
