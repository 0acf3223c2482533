package dev.minke.model.config;

import java.util.Optional;

/// Rotary positions: base and, where the context was extended, YaRN.
///
/// @param ropeTheta base of the frequencies
/// @param ropeScaling YaRN, empty for plain rotation
public record RopeConfig(double ropeTheta, Optional<YarnConfig> ropeScaling) {

    /// @throws IllegalArgumentException if the base is not above 1
    public RopeConfig {
        Checks.positive("rope_theta", ropeTheta);
        if (ropeTheta <= 1) {
            throw new IllegalArgumentException(
                    "rope_theta is %s, expected a number above 1".formatted(ropeTheta));
        }
    }

    /// Plain rotation.
    public static RopeConfig plain(double ropeTheta) {
        return new RopeConfig(ropeTheta, Optional.empty());
    }

    /// Radians per position of each of the `dim / 2` pairs, stretched by YaRN where configured.
    public double[] frequencies(int dim) {
        double[] base = new double[dim / 2];
        for (int i = 0; i < base.length; i++) {
            base[i] = Math.pow(ropeTheta, -2.0 * i / dim);
        }
        return ropeScaling.map(yarn -> yarn.stretch(base, ropeTheta, dim)).orElse(base);
    }

    /// What cosine and sine are multiplied by: `m(mscale) / m(mscale_all_dim)`, else 1.
    public double magnitude() {
        return ropeScaling
                .map(yarn -> yarn.magnitude(yarn.mscale()) / yarn.magnitude(yarn.mscaleAllDim()))
                .orElse(1.0);
    }

    /// What the softmax scale is multiplied by: `m(mscale_all_dim)^2`, else 1.
    public double softmaxFactor() {
        double m = ropeScaling.map(yarn -> yarn.magnitude(yarn.mscaleAllDim())).orElse(1.0);
        return m * m;
    }
}
