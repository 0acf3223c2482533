package dev.minke.model.plan;

import dev.minke.model.config.DeepSeekConfig;
import java.util.List;

/// States that training keeps of every parameter, in bytes; activations come on top.
///
/// @param name the precision in words
/// @param weights master weights, and what the products read where that is another copy
/// @param gradients accumulated gradients
/// @param moments both moments of AdamW
public record TrainingMemory(String name, long weights, long gradients, long moments) {

    /// Main model and prediction modules, in F32 throughout as Minke trains, and in the V3 report's
    /// precision (3.3): master weights and gradients in F32, moments in BF16, an fp8 copy beside.
    public static List<TrainingMemory> of(DeepSeekConfig config) {
        long parameters = Math.addExact(config.parameterCount(), config.mtpParameterCount());
        long single = Math.multiplyExact(4, parameters);
        long pair = Math.multiplyExact(2, single);
        Math.multiplyExact(2, pair); // the sum of all states
        return List.of(
                new TrainingMemory("all F32 (minke train)", single, single, pair),
                new TrainingMemory(
                        "V3 report, fp8",
                        single + SafetensorsFormat.FP8.bytes(config, false),
                        single,
                        single));
    }

    /// All of it, bytes.
    public long total() {
        return weights + gradients + moments;
    }
}
