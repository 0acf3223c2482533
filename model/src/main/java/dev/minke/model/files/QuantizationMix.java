package dev.minke.model.files;

import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.Family;
import dev.minke.model.config.GqaConfig;

/// Which type each tensor of a GGUF file gets: the rules of llama.cpp's quantiser without
/// importance matrix, so that a file named Q4_K_M is what people expect of one.
///
/// The mixes give Q6_K to the down-projections and attention values of the first and last eighth of
/// the layers and to every third between them, and to the head. A row that is no whole number of
/// super-blocks falls back to a format of 32 (Q4_K to Q5_0, Q5_K to Q5_1, Q6_K to Q8_0), then F16.
final class QuantizationMix {
    private final DeepSeekConfig config;
    private final Quantization quantization;

    QuantizationMix(DeepSeekConfig config, Quantization quantization) {
        if (!quantization.fitsGguf()) {
            throw new IllegalArgumentException(
                    "GGUF has no type for %s, expected one of the others or a Hugging Face folder"
                            .formatted(quantization.label()));
        }
        this.config = config;
        this.quantization = quantization;
    }

    /// The type of a tensor.
    ///
    /// @param name in GGUF
    /// @param layer of a tensor within a block, -1 outside
    /// @param dimensions 1 for norms and biases
    /// @param cols length of a row
    WeightType type(String name, int layer, int dimensions, long cols) {
        if (dimensions == 1 || name.endsWith("ffn_gate_inp.weight") || !name.endsWith(".weight")) {
            return WeightType.F32;
        }
        return fitting(wanted(name, layer, cols), cols);
    }

    private WeightType wanted(String name, int layer, long cols) {
        WeightType base = quantization.base();
        if (base.plain().isPresent()) {
            return base;
        }
        boolean head =
                name.equals("output.weight")
                        || name.equals("token_embd.weight") && config.tieWordEmbeddings();
        if (head) {
            return base == WeightType.Q8_0 || cols % base.blockSize() != 0
                    ? WeightType.Q8_0
                    : WeightType.Q6_K;
        }
        boolean value = name.endsWith(".attn_v.weight");
        boolean key = name.endsWith(".attn_k.weight");
        if (config.moe().nRoutedExperts() == 8 && (value || key)) {
            return WeightType.Q8_0;
        }
        if (!quantization.mixed()) {
            return base;
        }
        if (value) {
            boolean more = moreBits(layer, config.numHiddenLayers());
            return more
                    ? WeightType.Q6_K
                    : large() && base == WeightType.Q4_K ? WeightType.Q5_K : base;
        }
        if (name.contains(".ffn_down")) {
            int blocks = config.numHiddenLayers() + config.numNextnPredictLayers();
            return moreBits(layer, blocks) ? WeightType.Q6_K : base;
        }
        if (name.endsWith(".attn_output.weight")
                && config.moe().nRoutedExperts() == 8
                && base == WeightType.Q4_K) {
            return WeightType.Q5_K;
        }
        return base;
    }

    private static boolean moreBits(int layer, int layers) {
        return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
    }

    /// 70B models, whose values are shared by eight heads.
    private boolean large() {
        return config.numHiddenLayers() == 80
                && (config.family() == Family.QWEN2
                        || config.attention() instanceof GqaConfig gqa && gqa.groupSize() > 1);
    }

    /// The type itself, or the one that a row of `cols` falls back to.
    static WeightType fitting(WeightType type, long cols) {
        if (cols % type.blockSize() == 0) {
            return type;
        }
        WeightType smaller =
                switch (type) {
                    case Q4_K -> WeightType.Q5_0;
                    case Q5_K -> WeightType.Q5_1;
                    case Q6_K -> WeightType.Q8_0;
                    case Q2_K, Q3_K -> WeightType.Q4_0;
                    case IQ4_XS -> WeightType.IQ4_NL;
                    default -> type;
                };
        return cols % smaller.blockSize() == 0 ? smaller : WeightType.F16;
    }
}
