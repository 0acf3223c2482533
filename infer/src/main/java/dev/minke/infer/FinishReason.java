package dev.minke.infer;

/// Why a sequence ended.
public enum FinishReason {
    /// A token that ends texts, or a stop string.
    STOP,
    /// All the tokens it was given, or the context is full.
    LENGTH,
    /// Nobody wants the rest.
    CANCELLED
}
