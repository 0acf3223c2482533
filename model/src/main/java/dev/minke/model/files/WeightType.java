package dev.minke.model.files;

import dev.minke.model.checkpoint.StoredType;
import dev.minke.model.checkpoint.gguf.GgufType;
import dev.minke.tensor.BlockFormat;
import dev.minke.tensor.DType;
import java.util.Optional;

/// What a weight is stored as, in either format, as far as it can be computed with.
public enum WeightType {
    /// IEEE single.
    F32,
    /// IEEE half.
    F16,
    /// The upper half of a single.
    BF16,
    /// e4m3 with a scale for each block of 128 x 128, in Hugging Face folders alone.
    FP8,
    /// See [BlockFormat]; in GGUF alone, as all that follow.
    Q4_0,
    /// See [BlockFormat].
    Q4_1,
    /// See [BlockFormat].
    Q5_0,
    /// See [BlockFormat].
    Q5_1,
    /// See [BlockFormat].
    Q8_0,
    /// See [BlockFormat].
    Q2_K,
    /// See [BlockFormat].
    Q3_K,
    /// See [BlockFormat].
    Q4_K,
    /// See [BlockFormat].
    Q5_K,
    /// See [BlockFormat].
    Q6_K,
    /// See [BlockFormat].
    IQ4_NL,
    /// See [BlockFormat].
    IQ4_XS;

    /// The type of a tensor in GGUF, empty for one that cannot be decoded.
    static Optional<WeightType> of(GgufType type) {
        return byName(type.name());
    }

    /// The type of a tensor in safetensors, empty for one that holds no weights.
    static Optional<WeightType> of(StoredType type) {
        return type == StoredType.F8_E4M3 ? Optional.of(FP8) : byName(type.name());
    }

    private static Optional<WeightType> byName(String name) {
        for (WeightType type : values()) {
            if (type.name().equals(name)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    /// The plain element type, empty for those with scales.
    public Optional<DType> plain() {
        return switch (this) {
            case F32 -> Optional.of(DType.F32);
            case F16 -> Optional.of(DType.F16);
            case BF16 -> Optional.of(DType.BF16);
            default -> Optional.empty();
        };
    }

    /// The block format, empty for plain types and FP8.
    public Optional<BlockFormat> blocks() {
        return plain().isPresent() || this == FP8
                ? Optional.empty()
                : Optional.of(BlockFormat.valueOf(name()));
    }

    /// Values that share a scale along a row, 1 for plain types.
    public int blockSize() {
        return blocks().map(BlockFormat::blockSize).orElse(1);
    }

    /// Bytes of a matrix, FP8's scales not included.
    ///
    /// @throws IllegalArgumentException if a row is no whole number of blocks
    /// @throws ArithmeticException beyond 2^63
    public long bytes(long rows, long cols) {
        long row =
                blocks().map(format -> format.rowBytes(cols))
                        .orElseGet(() -> cols * plain().map(DType::bytes).orElse(1));
        return Math.multiplyExact(rows, row);
    }

    GgufType gguf() {
        return GgufType.valueOf(name());
    }
}
