package dev.minke.model.config;

/// Experts and router (V3 report 2.1.2). A model without experts has [#dense].
///
/// @param firstKDenseReplace leading layers with a plain feed-forward network
/// @param moeIntermediateSize width of one expert
/// @param nRoutedExperts experts the router chooses from, 0 where there are none
/// @param nSharedExperts experts every token passes, stored as one network of their total width
/// @param numExpertsPerTok routed experts per token
/// @param nGroup groups of consecutive experts
/// @param topkGroup groups kept per token
/// @param scoringFunc logits to scores
/// @param topkMethod scores to experts
/// @param normTopkProb whether the chosen weights are divided by their sum
/// @param routedScalingFactor what the chosen weights are multiplied by
public record MoeConfig(
        int firstKDenseReplace,
        int moeIntermediateSize,
        int nRoutedExperts,
        int nSharedExperts,
        int numExpertsPerTok,
        int nGroup,
        int topkGroup,
        ScoringFunc scoringFunc,
        TopkMethod topkMethod,
        boolean normTopkProb,
        double routedScalingFactor) {

    /// @throws IllegalArgumentException naming the key out of range, or the keys that do not agree
    public MoeConfig {
        Checks.range("first_k_dense_replace", firstKDenseReplace, 0, Checks.MAX_SIZE);
        Checks.range("n_routed_experts", nRoutedExperts, 0, 1 << 16);
        if (nRoutedExperts > 0) {
            Checks.size("moe_intermediate_size", moeIntermediateSize);
            Checks.range("n_shared_experts", nSharedExperts, 0, 1 << 16);
            Checks.range("num_experts_per_tok", numExpertsPerTok, 1, nRoutedExperts);
            Checks.positive("routed_scaling_factor", routedScalingFactor);
            Checks.range("n_group", nGroup, 1, nRoutedExperts);
            checkPairs(topkMethod, nRoutedExperts, nGroup);
            checkGroups(nRoutedExperts, nGroup, topkGroup, numExpertsPerTok);
            checkMethod(scoringFunc, topkMethod, nGroup);
            Checks.range(
                    "n_shared_experts x moe_intermediate_size",
                    (long) nSharedExperts * moeIntermediateSize,
                    0,
                    Integer.MAX_VALUE);
        }
    }

    private static void checkGroups(int experts, int groups, int kept, int perToken) {
        Checks.range("topk_group", kept, 1, groups);
        if (experts % groups != 0) {
            throw new IllegalArgumentException(
                    "n_group is %d, expected a divisor of n_routed_experts %d"
                            .formatted(groups, experts));
        }
        if ((long) kept * (experts / groups) < perToken) {
            throw new IllegalArgumentException(
                    "topk_group is %d, which leaves %d experts, expected num_experts_per_tok %d or more"
                            .formatted(kept, kept * (experts / groups), perToken));
        }
    }

    private static void checkMethod(ScoringFunc scoring, TopkMethod method, int groups) {
        if (scoring != method.scoringFunc()) {
            throw new IllegalArgumentException(
                    "scoring_func is %s, expected %s with topk_method %s"
                            .formatted(scoring.key(), method.scoringFunc().key(), method.key()));
        }
        if (method == TopkMethod.GREEDY && groups > 1) {
            throw new IllegalArgumentException(
                    "n_group is %d, expected 1 with topk_method greedy".formatted(groups));
        }
    }

    /// A group's score is the sum of its two best, so that two have to be there.
    private static void checkPairs(TopkMethod method, int experts, int groups) {
        if (method == TopkMethod.NOAUX_TC && groups > 1 && experts / groups < 2) {
            throw new IllegalArgumentException(
                    "n_group is %d, expected at most %d, two experts a group with topk_method noaux_tc"
                            .formatted(groups, experts / 2));
        }
    }

    /// A model of `layers` plain layers and no experts.
    public static MoeConfig dense(int layers, TopkMethod method) {
        return new MoeConfig(layers, 0, 0, 0, 0, 1, 1, method.scoringFunc(), method, false, 1);
    }

    /// Whether there are experts at all.
    public boolean hasExperts() {
        return nRoutedExperts > 0;
    }

    /// Experts per group, `E / G`.
    public int groupSize() {
        return nRoutedExperts / nGroup;
    }

    /// Width of the shared experts' network, 0 where there are none.
    public int sharedIntermediateSize() {
        return nSharedExperts * moeIntermediateSize;
    }
}
