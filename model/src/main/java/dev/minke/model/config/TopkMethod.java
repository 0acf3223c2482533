package dev.minke.model.config;

/// How experts are chosen from their scores (`topk_method`).
public enum TopkMethod {
    /// The best experts, without groups: V2-Lite.
    GREEDY("greedy", ScoringFunc.SOFTMAX),
    /// The best experts of the groups with the highest single score: V2.
    GROUP_LIMITED_GREEDY("group_limited_greedy", ScoringFunc.SOFTMAX),
    /// The same by biased scores, a group counting its two best: V3.
    NOAUX_TC("noaux_tc", ScoringFunc.SIGMOID);

    private final String key;
    private final ScoringFunc scoringFunc;

    TopkMethod(String key, ScoringFunc scoringFunc) {
        this.key = key;
        this.scoringFunc = scoringFunc;
    }

    /// The word in config.json.
    public String key() {
        return key;
    }

    /// The scores this method was published with; other pairs exist in no model of the family.
    public ScoringFunc scoringFunc() {
        return scoringFunc;
    }

    /// Whether the checkpoint holds `e_score_correction_bias`.
    public boolean hasCorrectionBias() {
        return this == NOAUX_TC;
    }
}
