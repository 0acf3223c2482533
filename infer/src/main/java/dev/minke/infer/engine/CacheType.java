package dev.minke.infer.engine;

import dev.minke.tensor.DType;

/// How a cached number is kept.
public enum CacheType {
    /// As computed.
    F32(DType.F32),
    /// Rounded to the nearest bfloat16: half the memory, about three decimal digits.
    BF16(DType.BF16);

    private final DType dtype;

    CacheType(DType dtype) {
        this.dtype = dtype;
    }

    /// The element type of the pages.
    DType dtype() {
        return dtype;
    }
}
