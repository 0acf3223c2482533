package dev.minke.model.config;

/// How router logits become scores (`scoring_func`).
public enum ScoringFunc {
    /// Over all experts, V2.
    SOFTMAX("softmax"),
    /// Each expert for itself, V3.
    SIGMOID("sigmoid");

    private final String key;

    ScoringFunc(String key) {
        this.key = key;
    }

    /// The word in config.json.
    public String key() {
        return key;
    }
}
