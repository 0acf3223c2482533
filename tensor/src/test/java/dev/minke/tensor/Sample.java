package dev.minke.tensor;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.assertj.core.api.Assertions.fail;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Reproducible test data. Matrices are by default columns of a wider one, whose other elements
/// hold a NaN of known bits: reading them spoils the result, writing them is found by
/// [#frameUntouched].
public final class Sample {
    private static final int FRAME = 0x7FC0BEEF;
    private static final ValueLayout.OfInt BITS =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);

    private final Arena arena;
    private final Rng rng;

    Sample(Arena arena, long seed) {
        this.arena = arena;
        this.rng = new Rng(seed);
    }

    /// Normal numbers in a contiguous tensor.
    public Tensor dense(long... shape) {
        return fill(Tensor.zeros(arena, shape), 1);
    }

    /// Normal numbers in a matrix with gaps between rows.
    public Tensor matrix(long rows, long cols) {
        return fill(output(rows, cols), 1);
    }

    /// As [#matrix], rounded to BF16.
    public Tensor bf16(long rows, long cols) {
        Tensor x = Tensor.zeros(arena, DType.BF16, rows, cols + 5).columns(3, 3 + cols);
        return fill(x, 1);
    }

    /// A matrix for results, all NaN, with gaps between rows.
    public Tensor output(long rows, long cols) {
        Tensor whole = Tensor.zeros(arena, rows, cols + 8);
        MemorySegment segment = whole.segment();
        for (long i = 0; i < whole.size(); i++) {
            segment.set(BITS, 4 * i, FRAME);
        }
        return whole.columns(3, 3 + cols);
    }

    /// A contiguous tensor for results, all NaN.
    public Tensor blank(long... shape) {
        Tensor x = Tensor.zeros(arena, shape);
        for (long i = 0; i < x.size(); i++) {
            x.segment().set(BITS, 4 * i, FRAME);
        }
        return x;
    }

    /// Overwrite with normal numbers of the given deviation.
    public Tensor fill(Tensor x, double deviation) {
        for (long r = 0; r < x.rows(); r++) {
            for (long c = 0; c < x.cols(); c++) {
                x.setFloat(r, c, (float) (deviation * rng.nextGaussian()));
            }
        }
        return x;
    }

    /// A copy of equal layout, gaps included.
    public Tensor copy(Tensor x) {
        Tensor to = output(x.rows(), x.cols());
        to.copyFrom(x);
        return to;
    }

    /// Indices from 0 to `bound - 1`.
    public Tensor indices(int bound, long... shape) {
        Tensor x = Tensor.zeros(arena, DType.I32, shape);
        for (long i = 0; i < x.size(); i++) {
            x.setInt(i, rng.nextInt(bound));
        }
        return x;
    }

    /// An I32 vector of these values.
    public Tensor ints(int... values) {
        return Tensor.copyOf(arena, values, values.length);
    }

    /// An F32 vector of these values.
    public Tensor floats(float... values) {
        return Tensor.copyOf(arena, values, values.length);
    }

    /// The running sums of `lengths`, from 0: sequences or expert offsets.
    public Tensor starts(int... lengths) {
        int[] starts = new int[lengths.length + 1];
        for (int i = 0; i < lengths.length; i++) {
            starts[i + 1] = starts[i] + lengths[i];
        }
        return ints(starts);
    }

    /// A permutation of 0 to `count - 1`.
    public Tensor permutation(int count, long... shape) {
        int[] order = new int[count];
        for (int i = 0; i < count; i++) {
            int j = rng.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return Tensor.copyOf(arena, order, shape);
    }

    /// Where the data lie.
    public Arena arena() {
        return arena;
    }

    /// Numbers for other purposes.
    public Rng rng() {
        return rng;
    }

    /// Check that nothing was written outside a matrix made by [#output], [#matrix] or [#copy].
    public static void frameUntouched(String what, Tensor x) {
        MemorySegment segment = x.segment();
        for (long at = 0; at + 4 <= segment.byteSize(); at += 4) {
            long element = (at - x.offset()) / 4;
            boolean inside =
                    at >= x.offset()
                            && element / x.rowStride() < x.rows()
                            && element % x.rowStride() < x.cols();
            if (!inside && segment.get(BITS, at) != FRAME) {
                fail("%s: element %d from the start of %s was overwritten", what, element, x);
            }
        }
    }

    /// All elements, in double.
    public static double[] doubles(Tensor x) {
        float[] values = x.toFloats();
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }
}
