package dev.minke.model.files;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/// What a whole model is stored as; norms, biases and routers stay in F32 under all of them.
public enum Quantization {
    /// Every matrix in F32.
    F32(WeightType.F32, false, 0),
    /// Every matrix in F16.
    F16(WeightType.F16, false, 1),
    /// Every matrix in BF16.
    BF16(WeightType.BF16, false, 32),
    /// Projections in e4m3 with 128 x 128 blocks, the rest in BF16, as V3 was published.
    FP8(WeightType.FP8, false, -1),
    /// 8.5 bits a weight.
    Q8_0(WeightType.Q8_0, false, 7),
    /// 4.5 bits a weight, the head in Q6_K.
    Q4_0(WeightType.Q4_0, false, 2),
    /// 4.5 bits a weight everywhere, the head in Q6_K.
    Q4_K(WeightType.Q4_K, false, 14),
    /// 5.5 bits a weight everywhere, the head in Q6_K.
    Q5_K(WeightType.Q5_K, false, 16),
    /// 6.6 bits a weight.
    Q6_K(WeightType.Q6_K, false, 18),
    /// Q4_K with half of the down-projections and values in Q6_K, see [QuantizationMix].
    Q4_K_M(WeightType.Q4_K, true, 15),
    /// Q5_K with half of the down-projections and values in Q6_K, see [QuantizationMix].
    Q5_K_M(WeightType.Q5_K, true, 17);

    private final WeightType base;
    private final boolean mixed;
    private final int fileType;

    Quantization(WeightType base, boolean mixed, int fileType) {
        this.base = base;
        this.mixed = mixed;
        this.fileType = fileType;
    }

    /// The quantisation that a user names, in any case.
    ///
    /// @throws IllegalArgumentException naming those that exist
    public static Quantization named(String name) {
        for (Quantization quantization : values()) {
            if (quantization.label().equals(name.toLowerCase(Locale.ROOT).replace('-', '_'))) {
                return quantization;
            }
        }
        throw new IllegalArgumentException(
                "unknown type '%s', expected one of %s"
                        .formatted(
                                name,
                                Arrays.stream(values())
                                        .map(Quantization::label)
                                        .collect(Collectors.joining(", "))));
    }

    /// The one that stores every matrix in `type`, if there is one.
    static Optional<Quantization> uniform(WeightType type) {
        return Arrays.stream(values()).filter(q -> q.base == type && !q.mixed).findFirst();
    }

    /// Its name on the command line, `q4_k_m`.
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// The type of most matrices.
    public WeightType base() {
        return base;
    }

    /// Whether some tensors get more bits.
    public boolean mixed() {
        return mixed;
    }

    /// Whether Hugging Face folders can hold it.
    public boolean fitsSafetensors() {
        return base.plain().isPresent() || this == FP8;
    }

    /// Whether GGUF can hold it.
    public boolean fitsGguf() {
        return this != FP8;
    }

    /// llama.cpp's number for `general.file_type`.
    int fileType() {
        return fileType;
    }
}
