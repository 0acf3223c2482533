package dev.minke.tensor;

/// How a router turns logits into experts and weights (V3 report 2.1.2 eq. 12-16; V2 report 2.2).
///
/// @param scoring sigmoid (V3) or softmax (V2) of the logits
/// @param experts number of routed experts, n_routed_experts
/// @param topK experts for a token, num_experts_per_tok
/// @param groups groups of consecutive experts, n_group; 1 for none
/// @param topGroups groups that stay eligible, topk_group
/// @param groupScore how a group's members make its score
/// @param normalize divide the chosen scores by their sum, norm_topk_prob
/// @param scale factor on the weights, routed_scaling_factor
public record RouterRule(
        Scoring scoring,
        int experts,
        int topK,
        int groups,
        int topGroups,
        GroupScore groupScore,
        boolean normalize,
        float scale) {
    /// From logits to scores.
    public enum Scoring {
        /// Independent sigmoids, V3.
        SIGMOID,
        /// One softmax over all experts, V2.
        SOFTMAX
    }

    /// From experts to a group's score.
    public enum GroupScore {
        /// The sum of the two best biased scores, V3 (`noaux_tc`).
        SUM_OF_TOP_TWO,
        /// The best score, V2 (`group_limited_greedy`).
        MAX
    }

    /// Check that the numbers can be satisfied.
    public RouterRule {
        if (experts < 1 || groups < 1 || experts % groups != 0) {
            throw new IllegalArgumentException(
                    "%d experts cannot form %d equal groups".formatted(experts, groups));
        }
        if (topGroups < 1 || topGroups > groups) {
            throw new IllegalArgumentException(
                    "topk_group is %d of %d groups".formatted(topGroups, groups));
        }
        if (topK < 1 || topK > topGroups * (experts / groups)) {
            throw new IllegalArgumentException(
                    "num_experts_per_tok is %d, but only %d experts stay eligible"
                            .formatted(topK, topGroups * (experts / groups)));
        }
    }
}
