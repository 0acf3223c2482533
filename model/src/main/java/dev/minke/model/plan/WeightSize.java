package dev.minke.model.plan;

import dev.minke.model.config.DeepSeekConfig;
import java.util.ArrayList;
import java.util.List;

/// Bytes of all weights in one format.
///
/// @param format name of the format
/// @param bitsPerWeight mean over the main model
/// @param file bytes of the data in a checkpoint with the prediction modules
/// @param main bytes of the main model alone, which is what generation without MTP needs
public record WeightSize(String format, double bitsPerWeight, long file, long main) {

    /// Sizes of `config`'s weights in each format.
    public static List<WeightSize> of(DeepSeekConfig config, List<WeightFormat> formats) {
        DeepSeekConfig without = config.withNumNextnPredictLayers(0);
        List<WeightSize> sizes = new ArrayList<>();
        for (WeightFormat format : formats) {
            long main = format.bytes(without);
            sizes.add(
                    new WeightSize(
                            format.name(),
                            8.0 * main / config.parameterCount(),
                            format.bytes(config),
                            main));
        }
        return sizes;
    }
}
