package dev.minke.model.nn;

import dev.minke.tensor.Kernels;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.spi.KernelSet.PackedMatrix;
import java.lang.foreign.Arena;

/// A matrix that stays as it is stored: quantised, narrow or in a file.
public interface StoredWeight {
    /// Outputs.
    long rows();

    /// Inputs.
    long cols();

    /// Bytes that [#pack] takes, about.
    long packedBytes();

    /// Write rows `from` to `from + to.rows()` as F32 into `to` [n, cols].
    ///
    /// @throws java.io.UncheckedIOException naming the tensor if it is not what its format says
    void read(long from, Tensor to, Kernels kernels);

    /// Lay it out for products, in its stored type.
    ///
    /// @param arena owner of the memory
    /// @throws java.io.UncheckedIOException naming the tensor if it is not what its format says
    PackedMatrix pack(Kernels kernels, Arena arena);
}
