package dev.minke.model.plan;

import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.TensorInventory.Entry;
import dev.minke.model.config.TensorInventory.Kind;

/// A part of the model, by what its parameters do.
public enum Part {
    /// Rows of the vocabulary.
    EMBEDDING("embedding"),
    /// Projections and biases of attention.
    ATTENTION("attention"),
    /// Plain feed-forward networks.
    DENSE("dense feed-forward"),
    /// Experts that the router chooses from.
    ROUTED_EXPERTS("routed experts"),
    /// Experts that every token passes.
    SHARED_EXPERTS("shared experts"),
    /// Gate and correction bias.
    ROUTER("router"),
    /// Gains of all norms.
    NORMS("norms"),
    /// Hidden state to logits; none where it is the embedding.
    HEAD("head"),
    /// The prediction modules, without their copies of embedding and head.
    MTP("MTP modules");

    private final String label;

    Part(String label) {
        this.label = label;
    }

    /// In words.
    public String label() {
        return label;
    }

    /// The part that a tensor of `config`'s inventory belongs to.
    static Part of(Entry entry, DeepSeekConfig config) {
        String name = entry.name();
        if (layer(name) >= config.numHiddenLayers()) {
            return MTP;
        }
        if (entry.kind() == Kind.NORM) {
            return NORMS;
        }
        if (name.endsWith("embed_tokens.weight")) {
            return EMBEDDING;
        }
        if (name.equals("lm_head.weight")) {
            return HEAD;
        }
        if (name.contains(".self_attn.")) {
            return ATTENTION;
        }
        if (name.contains(".mlp.gate.")) {
            return ROUTER;
        }
        if (isRoutedExpert(name)) {
            return ROUTED_EXPERTS;
        }
        return name.contains(".mlp.shared_experts.") ? SHARED_EXPERTS : DENSE;
    }

    static boolean isRoutedExpert(String name) {
        return name.contains(".mlp.experts.");
    }

    /// The number in `model.layers.N.`, or -1.
    static int layer(String name) {
        String prefix = "model.layers.";
        return name.startsWith(prefix)
                ? Integer.parseInt(
                        name.substring(prefix.length(), name.indexOf('.', prefix.length())))
                : -1;
    }
}
