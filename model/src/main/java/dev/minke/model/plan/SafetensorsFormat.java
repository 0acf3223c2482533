package dev.minke.model.plan;

import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.Fp8Config;
import dev.minke.model.config.TensorInventory;
import dev.minke.model.config.TensorInventory.Entry;
import dev.minke.model.config.TensorInventory.Kind;
import java.util.Optional;

/// Hugging Face folders; router biases and block scales are F32 in all of them.
///
/// @param name of the format
/// @param floatBytes of a number that is not quantized
/// @param fp8 whether projections are e4m3 with a scale per block of 128 x 128, as released
record SafetensorsFormat(String name, int floatBytes, boolean fp8) implements WeightFormat {
    static final SafetensorsFormat F32 = new SafetensorsFormat("f32", 4, false);
    static final SafetensorsFormat BF16 = new SafetensorsFormat("bf16", 2, false);
    static final SafetensorsFormat FP8 = new SafetensorsFormat("fp8", 2, true);

    private static final int SINGLE = 4;

    @Override
    public long bytes(DeepSeekConfig config) {
        return bytes(config, true);
    }

    /// @param copies whether the prediction modules' copies of embedding and head count
    long bytes(DeepSeekConfig config, boolean copies) {
        DeepSeekConfig plain = config.withQuantizationConfig(Optional.empty());
        long bytes = 0;
        for (Entry entry : TensorInventory.of(plain).entries()) {
            if (copies || !TensorInventory.isCopy(plain, entry.name())) {
                bytes = Math.addExact(bytes, bytes(entry));
            }
        }
        return bytes;
    }

    private long bytes(Entry entry) {
        if (entry.kind() == Kind.ROUTER_BIAS) {
            return SINGLE * entry.elements();
        }
        if (!fp8 || entry.kind() != Kind.LINEAR) {
            return Math.multiplyExact(floatBytes, entry.elements());
        }
        Fp8Config blocks = Fp8Config.blocks128();
        long[] shape = entry.shape();
        long scales = blocks.scaleRows(shape[0]) * blocks.scaleColumns(shape[1]);
        return Math.addExact(entry.elements(), SINGLE * scales);
    }
}
