package dev.minke.infer.engine;

import dev.minke.tensor.DType;

/// How a cached number is kept.
public enum CacheType {
    /// As computed.
    F32(DType.F32),
    /// Rounded to the nearest bfloat16: half the memory, about three decimal digits.
    BF16(DType.BF16),
    /// In eight bits, with a scale for each 64 numbers; the rotated part of a latent row, whose
    /// numbers differ more in size, stays in BF16. Three fifths of BF16's memory.
    Q8(DType.I8);

    private final DType dtype;

    CacheType(DType dtype) {
        this.dtype = dtype;
    }

    /// The element type of the pages.
    DType dtype() {
        return dtype;
    }
}
