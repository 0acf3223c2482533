package dev.minke.model.config;

import java.util.Optional;

/// How the linear weights are stored as e4m3 with one scale per block (`quantization_config`).
///
/// Only what released checkpoints use: quant_method fp8, fmt e4m3, activation_scheme dynamic.
///
/// @param weightBlockRows output rows that share a scale
/// @param weightBlockColumns input columns that share a scale
/// @param scaleFmt `ue8m0` where scales are powers of two (V3.1 on), else empty
public record Fp8Config(int weightBlockRows, int weightBlockColumns, Optional<String> scaleFmt) {

    /// @throws IllegalArgumentException naming the key out of range
    public Fp8Config {
        Checks.size("quantization_config.weight_block_size[0]", weightBlockRows);
        Checks.size("quantization_config.weight_block_size[1]", weightBlockColumns);
        scaleFmt.ifPresent(found -> {
            if (!found.equals("ue8m0")) {
                throw new IllegalArgumentException(
                        "quantization_config.scale_fmt is %s, expected ue8m0 or none"
                                .formatted(found));
            }
        });
    }

    /// Blocks of 128 x 128, as in V3 and R1.
    public static Fp8Config blocks128() {
        return new Fp8Config(128, 128, Optional.empty());
    }

    /// Rows of the scales of a weight with `rows` rows; the last block may be partial.
    public long scaleRows(long rows) {
        return Math.ceilDiv(rows, weightBlockRows);
    }

    /// Columns of the scales of a weight with `columns` columns; the last block may be partial.
    public long scaleColumns(long columns) {
        return Math.ceilDiv(columns, weightBlockColumns);
    }
}
