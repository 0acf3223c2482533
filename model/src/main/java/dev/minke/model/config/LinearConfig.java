package dev.minke.model.config;

/// Positions divided by a factor (`rope_scaling` of type linear), as in DeepSeek-Coder.
///
/// @param factor how many times longer the context becomes
public record LinearConfig(double factor) implements RopeScaling {

    /// @throws IllegalArgumentException if the factor is not above 0
    public LinearConfig {
        Checks.positive("rope_scaling.factor", factor);
    }

    @Override
    public double[] stretch(double[] frequencies, double theta, int dim) {
        double[] stretched = new double[frequencies.length];
        for (int i = 0; i < frequencies.length; i++) {
            stretched[i] = frequencies[i] / factor;
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
