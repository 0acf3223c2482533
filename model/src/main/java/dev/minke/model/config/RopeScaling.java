package dev.minke.model.config;

/// How the frequencies of rotary positions are stretched for a longer context (`rope_scaling`).
public sealed interface RopeScaling permits YarnConfig, Llama3Config, LinearConfig {
    /// How many times longer the context becomes.
    double factor();

    /// Stretch the base frequencies of a rotated part of `dim` elements.
    double[] stretch(double[] frequencies, double theta, int dim);

    /// What cosine and sine are multiplied by.
    double magnitude();

    /// What the softmax scale is multiplied by.
    double softmaxFactor();
}
