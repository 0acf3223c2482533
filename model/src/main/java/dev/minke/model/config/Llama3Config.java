package dev.minke.model.config;

/// The stretching of Llama 3.1 (`rope_scaling` of type llama3).
///
/// @param factor how many times longer the context becomes, `s`
/// @param lowFreqFactor rotations within `L0` below which a frequency is divided by `s`
/// @param highFreqFactor rotations within `L0` above which a frequency stays
/// @param originalMaxPositionEmbeddings length trained without it, `L0`
public record Llama3Config(
        double factor,
        double lowFreqFactor,
        double highFreqFactor,
        int originalMaxPositionEmbeddings)
        implements RopeScaling {

    /// @throws IllegalArgumentException naming the key out of range
    public Llama3Config {
        Checks.positive("rope_scaling.factor", factor);
        Checks.positive("rope_scaling.low_freq_factor", lowFreqFactor);
        Checks.positive("rope_scaling.high_freq_factor", highFreqFactor);
        Checks.range(
                "rope_scaling.original_max_position_embeddings",
                originalMaxPositionEmbeddings,
                1,
                Integer.MAX_VALUE);
        if (lowFreqFactor >= highFreqFactor) {
            throw new IllegalArgumentException(
                    "rope_scaling.low_freq_factor is %s, expected less than high_freq_factor %s"
                            .formatted(lowFreqFactor, highFreqFactor));
        }
    }

    /// With `n_i = L0 f_i / 2 pi` rotations within the original length:
    ///
    ///     f'_i = f_i / s                              n_i < low
    ///     f'_i = f_i                                  n_i > high
    ///     f'_i = (1 - t) f_i / s + t f_i              t = (n_i - low) / (high - low)
    @Override
    public double[] stretch(double[] frequencies, double theta, int dim) {
        double[] stretched = new double[frequencies.length];
        for (int i = 0; i < frequencies.length; i++) {
            double rotations = originalMaxPositionEmbeddings * frequencies[i] / (2 * Math.PI);
            double t = (rotations - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
            double kept = Math.clamp(t, 0.0, 1.0);
            stretched[i] = (1 - kept) * frequencies[i] / factor + kept * frequencies[i];
        }
        return stretched;
    }

    @Override
    public double magnitude() {
        return 1;
    }

    @Override
    public double softmaxFactor() {
        return 1;
    }
}
