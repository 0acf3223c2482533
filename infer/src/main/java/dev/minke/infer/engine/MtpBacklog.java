package dev.minke.infer.engine;

import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// How far the MTP module's cache of a sequence reaches, and the model's hidden states of the
/// positions that come next, kept until the module computes them all at once.
final class MtpBacklog {
    /// Positions kept at most.
    static final int ROOM = 32;

    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT;

    private boolean begun;
    private boolean used;
    private int from;
    private int count;
    private float[] rows = {};

    /// Whether the module keeps a cache for the sequence, which `pace` decides when first asked.
    boolean used(Pace pace) {
        if (!begun) {
            begun = true;
            used = pace.mtpMayPay();
        }
        return used;
    }

    /// First position that is not in the cache.
    int from() {
        return from;
    }

    int count() {
        return count;
    }

    /// The model computes `position` next. Positions that it took from a prefix are in the cache:
    /// where they were made for another continuation that costs guesses, nothing else.
    void reach(int position) {
        if (from + count != position) {
            from = position;
            count = 0;
        }
    }

    /// Keep a row of `hidden` [T, d] as the next position's.
    void add(Tensor hidden, int row) {
        int width = (int) hidden.cols();
        if (rows.length == 0) {
            rows = new float[ROOM * width];
        }
        long at = hidden.offset() + 4L * row * hidden.rowStride();
        MemorySegment.copy(hidden.segment(), F32, at, rows, count * width, width);
        count++;
    }

    /// Copy position number `i` of those kept to a row of `to` [T, d].
    void copy(int i, Tensor to, int row) {
        int width = (int) to.cols();
        long at = to.offset() + 4L * row * to.rowStride();
        MemorySegment.copy(rows, i * width, to.segment(), F32, at, width);
    }

    /// The cache reaches up to `position`.
    void done(int position) {
        from = position;
        count = 0;
    }
}
