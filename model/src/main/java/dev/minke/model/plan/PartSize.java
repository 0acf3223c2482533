package dev.minke.model.plan;

import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.TensorInventory;
import dev.minke.model.config.TensorInventory.Entry;
import dev.minke.model.config.TensorInventory.Kind;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Parameters of a part.
///
/// @param part which
/// @param total all of them
/// @param active those that one token meets: `K` of `E` routed experts, no correction bias
public record PartSize(Part part, long total, long active) {

    /// Every part that the model has, in the order of [Part].
    ///
    /// Summed over the tensors of the checkpoint, so that it holds [DeepSeekConfig#parameterCount]
    /// against another count.
    public static List<PartSize> of(DeepSeekConfig config) {
        Map<Part, Long> total = new EnumMap<>(Part.class);
        Map<Part, Long> idle = new EnumMap<>(Part.class);
        DeepSeekConfig plain = config.withQuantizationConfig(Optional.empty());
        for (Entry entry : TensorInventory.of(plain).entries()) {
            if (TensorInventory.isCopy(config, entry.name())) {
                continue;
            }
            Part part = Part.of(entry, config);
            total.merge(part, entry.elements(), Math::addExact);
            if (entry.kind() == Kind.ROUTER_BIAS || isIdle(entry.name(), config)) {
                idle.merge(part, entry.elements(), Math::addExact);
            }
        }
        List<PartSize> sizes = new ArrayList<>();
        total.forEach((part, all) ->
                sizes.add(new PartSize(part, all, all - idle.getOrDefault(part, 0L))));
        return sizes;
    }

    /// A token meets as many experts as the first `num_experts_per_tok`.
    private static boolean isIdle(String name, DeepSeekConfig config) {
        if (!Part.isRoutedExpert(name)) {
            return false;
        }
        String mark = ".experts.";
        int at = name.indexOf(mark) + mark.length();
        int expert = Integer.parseInt(name.substring(at, name.indexOf('.', at)));
        return expert >= config.moe().numExpertsPerTok();
    }
}
