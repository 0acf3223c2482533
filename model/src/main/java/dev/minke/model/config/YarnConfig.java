package dev.minke.model.config;

/// Extension of the context by YaRN (`rope_scaling` of type yarn).
///
/// @param factor how many times longer the context becomes, `s`
/// @param originalMaxPositionEmbeddings length trained without YaRN, `L0`
/// @param betaFast rotations within `L0` above which a frequency stays
/// @param betaSlow rotations within `L0` below which a frequency is divided by `s`
/// @param mscale weight of the magnitude correction of cosine and sine
/// @param mscaleAllDim weight of the magnitude correction of the softmax scale
public record YarnConfig(
        double factor,
        int originalMaxPositionEmbeddings,
        double betaFast,
        double betaSlow,
        double mscale,
        double mscaleAllDim)
        implements RopeScaling {

    /// @throws IllegalArgumentException naming the key out of range
    public YarnConfig {
        Checks.positive("rope_scaling.factor", factor);
        Checks.range(
                "rope_scaling.original_max_position_embeddings",
                originalMaxPositionEmbeddings,
                1,
                Integer.MAX_VALUE);
        Checks.positive("rope_scaling.beta_fast", betaFast);
        Checks.positive("rope_scaling.beta_slow", betaSlow);
        Checks.notNegative("rope_scaling.mscale", mscale);
        Checks.notNegative("rope_scaling.mscale_all_dim", mscaleAllDim);
        if (betaSlow > betaFast) {
            throw new IllegalArgumentException(
                    "rope_scaling.beta_slow is %s, expected at most beta_fast %s"
                            .formatted(betaSlow, betaFast));
        }
    }

    /// `m(scale) = 0.1 scale ln(s) + 1` if `s > 1`, else 1.
    public double magnitude(double scale) {
        return factor > 1 ? 0.1 * scale * Math.log(factor) + 1 : 1;
    }

    /// `m(mscale) / m(mscale_all_dim)`.
    @Override
    public double magnitude() {
        return magnitude(mscale) / magnitude(mscaleAllDim);
    }

    /// `m(mscale_all_dim)^2`.
    @Override
    public double softmaxFactor() {
        double m = magnitude(mscaleAllDim);
        return m * m;
    }

    /// Stretch the base frequencies of a rotated part of `dim` elements.
    ///
    ///     corr(n) = dim ln(L0 / (2 pi n)) / (2 ln theta)
    ///     lo = max(floor(corr(betaFast)), 0), hi = min(ceil(corr(betaSlow)), dim - 1)
    ///     f'_i = (f_i / s) ramp_i + f_i (1 - ramp_i), ramp_i = clamp((i - lo) / (hi - lo), 0, 1)
    ///
    /// The upper end is `dim - 1`, not `dim/2 - 1`, as in the published code.
    @Override
    public double[] stretch(double[] frequencies, double theta, int dim) {
        double lo = Math.max(Math.floor(corr(betaFast, theta, dim)), 0);
        double hi = Math.min(Math.ceil(corr(betaSlow, theta, dim)), dim - 1);
        if (lo == hi) {
            hi += 0.001;
        }
        double[] stretched = new double[frequencies.length];
        for (int i = 0; i < frequencies.length; i++) {
            double ramp = Math.clamp((i - lo) / (hi - lo), 0.0, 1.0);
            stretched[i] = frequencies[i] / factor * ramp + frequencies[i] * (1 - ramp);
        }
        return stretched;
    }

    private double corr(double rotations, double theta, int dim) {
        double wavelength = originalMaxPositionEmbeddings / (2 * Math.PI * rotations);
        return dim * Math.log(wavelength) / (2 * Math.log(theta));
    }
}
