package dev.minke.model.files;

import dev.minke.tensor.BlockFormat;
import dev.minke.tensor.BlockMatrix;
import dev.minke.tensor.DType;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;

/// Rows that lie in a file as the format defines them: plain floats, quantised blocks or FP8.
sealed interface StoredRows extends WeightRows {
    /// The rows of `data`, which has as many bytes as the other sizes make.
    ///
    /// @param file where they are from
    /// @param offset first byte of them in it
    static StoredRows of(
            WeightType type, long rows, long cols, MemorySegment data, Path file, long offset) {
        Optional<DType> plain = type.plain();
        if (plain.isPresent()) {
            return new Plain(type, plain.get(), rows, cols, data, file, offset);
        }
        BlockFormat format =
                type.blocks().orElseThrow(() -> new IllegalArgumentException("FP8 without scales"));
        return new Blocks(type, new BlockMatrix(format, rows, cols, data), file, offset);
    }

    /// F32, F16 or BF16.
    record Plain(
            WeightType type,
            DType dtype,
            long rows,
            long cols,
            MemorySegment data,
            Path file,
            long offset)
            implements StoredRows {
        @Override
        public Optional<StoredBand> band(long from, long to) {
            long row = cols * dtype.bytes();
            return Optional.of(
                    new StoredBand(
                            file,
                            offset + from * row,
                            (to - from) * row,
                            copy -> of(type, to - from, cols, copy, file, offset)));
        }

        @Override
        public void read(long from, Tensor to, Kernels kernels) {
            long at = from * cols * dtype.bytes();
            Tensor stored = Tensor.of(data, at, dtype, to.rows(), cols);
            if (dtype == DType.F32) {
                to.copyFrom(stored);
            } else {
                kernels.convert(stored, to);
            }
        }

        @Override
        public Optional<MemorySegment> bytes(long from, long to) {
            long row = cols * dtype.bytes();
            return Optional.of(data.asSlice(from * row, (to - from) * row));
        }
    }

    /// One of GGML's block formats.
    record Blocks(WeightType type, BlockMatrix matrix, Path file, long offset)
            implements StoredRows {
        @Override
        public Optional<StoredBand> band(long from, long to) {
            long row = matrix.rowBytes();
            return Optional.of(
                    new StoredBand(
                            file,
                            offset + from * row,
                            (to - from) * row,
                            copy -> of(type, to - from, cols(), copy, file, offset)));
        }

        @Override
        public long rows() {
            return matrix.rows();
        }

        @Override
        public long cols() {
            return matrix.cols();
        }

        @Override
        public void read(long from, Tensor to, Kernels kernels) {
            kernels.dequantize(matrix.range(from, from + to.rows()), to);
        }

        @Override
        public Optional<MemorySegment> bytes(long from, long to) {
            return Optional.of(matrix.range(from, to).data());
        }
    }

    /// e4m3 codes and the scale of each block (spec 2.3): value = code * scale, partial last
    /// blocks.
    record Fp8(
            long rows,
            long cols,
            int blockRows,
            int blockCols,
            MemorySegment codes,
            Tensor scales,
            Path file,
            long offset)
            implements StoredRows {
        /// The copy has the scales of its rows; bands begin at a block.
        @Override
        public Optional<StoredBand> band(long from, long to) {
            if (from % blockRows != 0) {
                return Optional.empty();
            }
            Tensor own = scales.range(from / blockRows, Math.ceilDiv(to, (long) blockRows));
            return Optional.of(
                    new StoredBand(
                            file,
                            offset + from * cols,
                            (to - from) * cols,
                            copy ->
                                    new Fp8(
                                            to - from, cols, blockRows, blockCols, copy, own, file,
                                            offset)));
        }

        @Override
        public WeightType type() {
            return WeightType.FP8;
        }

        @Override
        public long portion() {
            return blockRows;
        }

        @Override
        public void read(long from, Tensor to, Kernels kernels) {
            long end = from + to.rows();
            if (from % blockRows == 0) {
                decode(from, end, to, kernels);
                return;
            }
            long begin = from - from % blockRows;
            try (Arena arena = Arena.ofShared()) {
                Tensor whole = Tensor.zeros(arena, end - begin, cols);
                decode(begin, end, whole, kernels);
                to.copyFrom(whole.range(from - begin, end - begin));
            }
        }

        private void decode(long from, long end, Tensor to, Kernels kernels) {
            Tensor own = scales.range(from / blockRows, Math.ceilDiv(end, (long) blockRows));
            MemorySegment part = codes.asSlice(from * cols, (end - from) * cols);
            kernels.dequantizeFp8(part, own, blockRows, blockCols, to);
        }

        @Override
        public Optional<MemorySegment> bytes(long from, long to) {
            return Optional.empty(); // the scales would be left behind
        }
    }
}
