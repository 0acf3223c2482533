package dev.minke.model.files;

import dev.minke.tensor.Kernels;
import dev.minke.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// A weight whose rows can be read in any portion, so that no tensor need be in memory as a whole.
///
/// A vector is one row. Safe for use by several threads that read different rows.
public interface WeightRows {
    /// What it is stored as.
    WeightType type();

    /// Number of rows, all dimensions but the last multiplied.
    long rows();

    /// Length of a row.
    long cols();

    /// Read rows `from` to `from + to.rows()`.
    ///
    /// @param to [n, cols] F32
    /// @throws IOException naming the tensor if it is not what its format says
    void read(long from, Tensor to, Kernels kernels) throws IOException;

    /// The bytes of rows `from` to `to` where they lie in one piece, in [#type()], in the file.
    Optional<MemorySegment> bytes(long from, long to);

    /// Where rows `from` to `to` lie in one piece, for who streams a whole model and does not want
    /// all of it mapped into memory; empty for rows that are derived.
    default Optional<StoredBand> band(long from, long to) {
        return Optional.empty();
    }

    /// How many rows from `from` on may lie in one piece.
    default long together(long from) {
        return rows() - from;
    }

    /// A number of rows that is read without extra work, if portions begin at its multiples.
    default long portion() {
        return 1;
    }
}
