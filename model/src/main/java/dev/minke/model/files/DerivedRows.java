package dev.minke.model.files;

import dev.minke.model.checkpoint.RotaryOrder;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/// Rows that one format stores in another way than the other, derived while they are read.
sealed interface DerivedRows extends WeightRows {

    /// Rotary rows of a dense model in neighbouring pairs; `rows` has them half-split, maybe made
    /// from such pairs.
    static WeightRows interleaved(WeightRows rows, int headDim) {
        return rows instanceof Rotary(WeightRows source, int dim, boolean interleave)
                        && dim == headDim
                        && !interleave
                ? source
                : new Rotary(rows, headDim, true);
    }

    /// The key's half of `kv_b_proj`, each head transposed: [H * rk, nope].
    static WeightRows keyUp(WeightRows kvUp, int heads, int nope, int value) {
        return kvUp instanceof KvUp both ? both.keyUp() : new KeyUp(kvUp, heads, nope, value);
    }

    /// The value's half of `kv_b_proj`: [H * value, rk].
    static WeightRows valueUp(WeightRows kvUp, int heads, int nope, int value) {
        return kvUp instanceof KvUp both ? both.valueUp() : new ValueUp(kvUp, heads, nope, value);
    }

    /// Several weights one below the other, as GGUF stacks experts.
    record Stack(List<WeightRows> parts) implements DerivedRows {
        /// All parts must be of one type and width.
        public Stack {
            parts = List.copyOf(parts);
        }

        @Override
        public WeightType type() {
            return parts.getFirst().type();
        }

        @Override
        public long rows() {
            return parts.size() * parts.getFirst().rows();
        }

        @Override
        public long cols() {
            return parts.getFirst().cols();
        }

        @Override
        public long portion() {
            return parts.getFirst().portion();
        }

        @Override
        public void read(long from, Tensor to, Kernels kernels) throws IOException {
            long each = parts.getFirst().rows();
            long done = 0;
            while (done < to.rows()) {
                long row = from + done;
                long count = Math.min(each - row % each, to.rows() - done);
                WeightRows part = parts.get((int) (row / each));
                part.read(row % each, to.range(done, done + count), kernels);
                done += count;
            }
        }

        @Override
        public long together(long from) {
            long each = parts.getFirst().rows();
            return each - from % each;
        }

        @Override
        public Optional<StoredBand> band(long from, long to) {
            long each = parts.getFirst().rows();
            return from < to && from / each == (to - 1) / each
                    ? parts.get((int) (from / each)).band(from % each, (to - 1) % each + 1)
                    : Optional.empty();
        }

        @Override
        public Optional<MemorySegment> bytes(long from, long to) {
            long each = parts.getFirst().rows();
            boolean inOne = from / each == (to - 1) / each;
            return inOne && from < to
                    ? parts.get((int) (from / each)).bytes(from % each, (to - 1) % each + 1)
                    : Optional.empty();
        }
    }

    /// Some rows of a weight, as one expert of a stack.
    record Slice(WeightRows whole, long first, long rows) implements DerivedRows {
        @Override
        public WeightType type() {
            return whole.type();
        }

        @Override
        public long cols() {
            return whole.cols();
        }

        @Override
        public void read(long from, Tensor to, Kernels kernels) throws IOException {
            whole.read(first + from, to, kernels);
        }

        @Override
        public Optional<MemorySegment> bytes(long from, long to) {
            return whole.bytes(first + from, first + to);
        }

        @Override
        public Optional<StoredBand> band(long from, long to) {
            return whole.band(first + from, first + to);
        }
    }

    /// Queries or keys in the other of the two rotary orders, see [RotaryOrder]. A bias, which is
    /// one row, has its elements reordered.
    record Rotary(WeightRows source, int headDim, boolean interleave) implements DerivedRows {
        @Override
        public WeightType type() {
            return source.type();
        }

        @Override
        public long rows() {
            return source.rows();
        }

        @Override
        public long cols() {
            return source.cols();
        }

        @Override
        public long portion() {
            return rows() == 1 ? 1 : headDim;
        }

        @Override
        public void read(long from, Tensor to, Kernels kernels) throws IOException {
            if (rows() == 1) {
                source.read(from, to, kernels);
                reorder(to.reshape(cols()));
                return;
            }
            wholeGroups(
                    this,
                    headDim,
                    from,
                    to,
                    (first, rows) -> {
                        source.read(first, rows, kernels);
                        reorder(rows);
                    });
        }

        private void reorder(Tensor rows) {
            if (interleave) {
                RotaryOrder.toInterleaved(rows, headDim);
            } else {
                RotaryOrder.toHalfSplit(rows, headDim);
            }
        }

        @Override
        public Optional<MemorySegment> bytes(long from, long to) {
            return Optional.empty();
        }
    }

    /// GGUF's `attn_k_b` [H, rk, dn] from `kv_b_proj` [H (dn + dv), rk] (spec 2.5): the key's rows
    /// of each head, transposed.
    record KeyUp(WeightRows kvUp, int heads, int nope, int value) implements DerivedRows {
        @Override
        public WeightType type() {
            return kvUp.type();
        }

        @Override
        public long rows() {
            return heads * kvUp.cols();
        }

        @Override
        public long cols() {
            return nope;
        }

        @Override
        public long portion() {
            return kvUp.cols();
        }

        @Override
        public void read(long from, Tensor to, Kernels kernels) throws IOException {
            wholeGroups(
                    this,
                    kvUp.cols(),
                    from,
                    to,
                    (first, rows) -> {
                        try (Arena arena = Arena.ofShared()) {
                            Tensor key = Tensor.zeros(arena, nope, kvUp.cols());
                            for (long h = 0; h < rows.rows() / kvUp.cols(); h++) {
                                long head = first / kvUp.cols() + h;
                                kvUp.read(head * (nope + value), key, kernels);
                                transpose(key, rows.range(h * kvUp.cols(), (h + 1) * kvUp.cols()));
                            }
                        }
                    });
        }

        @Override
        public Optional<MemorySegment> bytes(long from, long to) {
            return Optional.empty();
        }
    }

    /// GGUF's `attn_v_b` [H, dv, rk] from `kv_b_proj`: the value's rows of each head.
    record ValueUp(WeightRows kvUp, int heads, int nope, int value) implements DerivedRows {
        @Override
        public WeightType type() {
            return kvUp.type();
        }

        @Override
        public long rows() {
            return (long) heads * value;
        }

        @Override
        public long cols() {
            return kvUp.cols();
        }

        @Override
        public long portion() {
            return value;
        }

        @Override
        public void read(long from, Tensor to, Kernels kernels) throws IOException {
            long done = 0;
            while (done < to.rows()) {
                long row = from + done;
                long count = Math.min(value - row % value, to.rows() - done);
                long source = row / value * (nope + value) + nope + row % value;
                kvUp.read(source, to.range(done, done + count), kernels);
                done += count;
            }
        }

        @Override
        public Optional<MemorySegment> bytes(long from, long to) {
            long row = from / value * (nope + value) + nope + from % value;
            boolean inOne = from < to && from / value == (to - 1) / value;
            return inOne ? kvUp.bytes(row, row + to - from) : Optional.empty();
        }
    }

    /// `kv_b_proj` from GGUF's `attn_k_b` and `attn_v_b`.
    record KvUp(WeightRows keyUp, WeightRows valueUp, int heads, int nope, int value)
            implements DerivedRows {
        @Override
        public WeightType type() {
            return valueUp.type();
        }

        @Override
        public long rows() {
            return (long) heads * (nope + value);
        }

        @Override
        public long cols() {
            return valueUp.cols();
        }

        @Override
        public long portion() {
            return nope + value;
        }

        @Override
        public void read(long from, Tensor to, Kernels kernels) throws IOException {
            long rank = cols();
            wholeGroups(
                    this,
                    nope + value,
                    from,
                    to,
                    (first, rows) -> {
                        try (Arena arena = Arena.ofShared()) {
                            Tensor key = Tensor.zeros(arena, rank, nope);
                            for (long h = 0; h < rows.rows() / (nope + value); h++) {
                                long head = first / (nope + value) + h;
                                Tensor own =
                                        rows.range(h * (nope + value), (h + 1) * (nope + value));
                                keyUp.read(head * rank, key, kernels);
                                transpose(key, own.range(0, nope));
                                valueUp.read(head * value, own.range(nope, nope + value), kernels);
                            }
                        }
                    });
        }

        @Override
        public Optional<MemorySegment> bytes(long from, long to) {
            return Optional.empty();
        }
    }

    /// Reads whole groups of rows.
    interface GroupReader {
        /// Read the groups from row `first` on that `rows` holds.
        void read(long first, Tensor rows) throws IOException;
    }

    /// Read any rows through a reader of whole groups.
    private static void wholeGroups(
            WeightRows of, long group, long from, Tensor to, GroupReader reader)
            throws IOException {
        long end = from + to.rows();
        if (from % group == 0 && end % group == 0) {
            reader.read(from, to);
            return;
        }
        long first = from - from % group;
        long last = Math.ceilDiv(end, group) * group;
        try (Arena arena = Arena.ofShared()) {
            Tensor groups = Tensor.zeros(arena, last - first, of.cols());
            reader.read(first, groups);
            to.copyFrom(groups.range(from - first, end - first));
        }
    }

    private static void transpose(Tensor from, Tensor to) {
        for (long r = 0; r < from.rows(); r++) {
            for (long c = 0; c < from.cols(); c++) {
                to.setFloat(c, r, from.getFloat(r, c));
            }
        }
    }
}
