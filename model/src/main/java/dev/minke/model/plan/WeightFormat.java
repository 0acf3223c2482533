package dev.minke.model.plan;

import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.files.GgufInventory;
import dev.minke.model.files.Quantization;
import java.util.ArrayList;
import java.util.List;

/// A way of storing a model, as far as it decides its size.
public interface WeightFormat {
    /// What users call it, such as `bf16` or `Q4_K_M`.
    String name();

    /// Bytes of all tensors of a checkpoint of `config`.
    ///
    /// @throws ArithmeticException beyond 2^63
    long bytes(DeepSeekConfig config);

    /// Those that Minke reads and writes, largest first: safetensors, then GGUF.
    static List<WeightFormat> all() {
        List<WeightFormat> formats = new ArrayList<>();
        formats.add(SafetensorsFormat.F32);
        formats.add(SafetensorsFormat.BF16);
        formats.add(SafetensorsFormat.FP8);
        formats.add(gguf(Quantization.Q8_0));
        formats.add(gguf(Quantization.Q6_K));
        formats.add(gguf(Quantization.Q5_K_M));
        formats.add(gguf(Quantization.Q4_K_M));
        formats.add(gguf(Quantization.Q4_0));
        return formats;
    }

    /// A GGUF file, to the byte as `minke quantize` writes it.
    private static WeightFormat gguf(Quantization quantization) {
        return new WeightFormat() {
            @Override
            public String name() {
                return quantization.name();
            }

            @Override
            public long bytes(DeepSeekConfig config) {
                return GgufInventory.of(config).bytes(quantization);
            }
        };
    }
}
