package dev.minke.model.deepseek;

import dev.minke.model.config.DeepSeekConfig;
import dev.minke.tensor.Tensor;
import java.lang.foreign.Arena;

/// Cosines and sines of all angles up to a length (spec 1.3), computed in double.
final class RopeTable {
    private RopeTable() {}

    /// [length, width of the rotated part]: cos and sin of pair i at columns 2i and 2i + 1.
    static Tensor create(DeepSeekConfig config, int length, Arena arena) {
        double[] frequencies = config.ropeFrequencies();
        double magnitude = config.ropeMagnitude();
        Tensor table = Tensor.zeros(arena, length, 2L * frequencies.length);
        for (int p = 0; p < length; p++) {
            for (int i = 0; i < frequencies.length; i++) {
                double angle = p * frequencies[i];
                table.setFloat(p, 2L * i, (float) (magnitude * Math.cos(angle)));
                table.setFloat(p, 2L * i + 1, (float) (magnitude * Math.sin(angle)));
            }
        }
        return table;
    }
}
