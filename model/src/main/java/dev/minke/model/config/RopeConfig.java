package dev.minke.model.config;

import java.util.Optional;

/// Rotary positions: base and, where the context was extended, how.
///
/// @param ropeTheta base of the frequencies
/// @param ropeScaling how frequencies are stretched, empty for plain rotation
public record RopeConfig(double ropeTheta, Optional<RopeScaling> ropeScaling) {

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

    /// Radians per position of each of the `dim / 2` pairs, stretched where configured.
    public double[] frequencies(int dim) {
        double[] base = new double[dim / 2];
        for (int i = 0; i < base.length; i++) {
            base[i] = Math.pow(ropeTheta, -2.0 * i / dim);
        }
        return ropeScaling.map(scaling -> scaling.stretch(base, ropeTheta, dim)).orElse(base);
    }

    /// What cosine and sine are multiplied by, 1 for every published model of the family.
    public double magnitude() {
        return ropeScaling.map(RopeScaling::magnitude).orElse(1.0);
    }

    /// What the softmax scale is multiplied by: `m(mscale_all_dim)^2` with YaRN, else 1.
    public double softmaxFactor() {
        return ropeScaling.map(RopeScaling::softmaxFactor).orElse(1.0);
    }
}
