package dev.minke.infer.constrain;

import java.util.Arrays;

/// An immutable set of code points without surrogates, as sorted inclusive ranges that do not
/// touch.
final class CodePoints {
    static final int LAST = Character.MAX_CODE_POINT;
    private static final int FIRST_SURROGATE = 0xD800;
    private static final int LAST_SURROGATE = 0xDFFF;

    static final CodePoints NONE = new CodePoints(new int[0]);
    static final CodePoints ALL = ranges(0, LAST);

    private final int[] bounds; // lo, hi, lo, hi, ...

    private CodePoints(int[] bounds) {
        this.bounds = bounds;
    }

    /// Collect inclusive ranges, given as lo, hi, lo, hi in any order; surrogates are dropped.
    static CodePoints ranges(int... loHi) {
        long[] sorted = new long[loHi.length / 2];
        for (int i = 0; i < sorted.length; i++) {
            sorted[i] = (long) loHi[2 * i] << 32 | loHi[2 * i + 1];
        }
        Arrays.sort(sorted);
        var out = new Ints();
        for (long range : sorted) {
            int lo = (int) (range >>> 32);
            int hi = (int) range;
            append(out, lo, Math.min(hi, FIRST_SURROGATE - 1));
            append(out, Math.max(lo, LAST_SURROGATE + 1), hi);
        }
        return new CodePoints(out.toArray());
    }

    private static void append(Ints out, int lo, int hi) {
        if (lo > hi) {
            return;
        }
        int last = out.size() - 1;
        if (last >= 0 && lo <= out.get(last) + 1) {
            out.set(last, Math.max(out.get(last), hi));
        } else {
            out.add(lo);
            out.add(hi);
        }
    }

    /// Take the characters of a string.
    static CodePoints of(String characters) {
        int[] points = characters.codePoints().toArray();
        int[] pairs = new int[2 * points.length];
        for (int i = 0; i < points.length; i++) {
            pairs[2 * i] = points[i];
            pairs[2 * i + 1] = points[i];
        }
        return ranges(pairs);
    }

    static CodePoints of(int codePoint) {
        return ranges(codePoint, codePoint);
    }

    int rangeCount() {
        return bounds.length / 2;
    }

    int lo(int range) {
        return bounds[2 * range];
    }

    int hi(int range) {
        return bounds[2 * range + 1];
    }

    boolean isEmpty() {
        return bounds.length == 0;
    }

    boolean contains(int codePoint) {
        int found = Arrays.binarySearch(bounds, codePoint);
        return found >= 0 || (-found - 1) % 2 == 1;
    }

    CodePoints plus(CodePoints other) {
        int[] both = Arrays.copyOf(bounds, bounds.length + other.bounds.length);
        System.arraycopy(other.bounds, 0, both, bounds.length, other.bounds.length);
        return ranges(both);
    }

    CodePoints complement() {
        var out = new Ints();
        int from = 0;
        for (int i = 0; i < bounds.length; i += 2) {
            if (from < bounds[i]) {
                out.add(from);
                out.add(bounds[i] - 1);
            }
            from = bounds[i + 1] + 1;
        }
        if (from <= LAST) {
            out.add(from);
            out.add(LAST);
        }
        return ranges(out.toArray());
    }

    CodePoints intersect(CodePoints other) {
        var out = new Ints();
        int i = 0;
        int j = 0;
        while (i < bounds.length && j < other.bounds.length) {
            append(
                    out,
                    Math.max(bounds[i], other.bounds[j]),
                    Math.min(bounds[i + 1], other.bounds[j + 1]));
            if (bounds[i + 1] < other.bounds[j + 1]) {
                i += 2;
            } else {
                j += 2;
            }
        }
        return new CodePoints(out.toArray());
    }

    CodePoints minus(CodePoints other) {
        return intersect(other.complement());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CodePoints that && Arrays.equals(bounds, that.bounds);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bounds);
    }
}
