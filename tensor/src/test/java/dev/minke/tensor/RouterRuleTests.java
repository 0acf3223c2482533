package dev.minke.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.minke.tensor.RouterRule.GroupScore;
import dev.minke.tensor.RouterRule.Scoring;
import org.junit.jupiter.api.Test;

class RouterRuleTests {
    @Test
    void rulesThatCanBeSatisfiedAreTaken() {
        assertThat(rule(256, 8, 8, 4).experts()).isEqualTo(256);
        assertThat(rule(8, 4, 4, 2).topK()).isEqualTo(4);
        assertThat(rule(1, 1, 1, 1).groups()).isEqualTo(1);
    }

    @Test
    void expertsMustFormEqualGroups() {
        assertThatThrownBy(() -> rule(10, 2, 4, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("10 experts cannot form 4 equal groups");
        assertThatThrownBy(() -> rule(0, 1, 1, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> rule(8, 1, 0, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void keptGroupsMustExist() {
        assertThatThrownBy(() -> rule(16, 2, 4, 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("topk_group is 5 of 4 groups");
        assertThatThrownBy(() -> rule(16, 2, 4, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theChosenExpertsMustFitIntoTheKeptGroups() {
        assertThatThrownBy(() -> rule(16, 9, 4, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("num_experts_per_tok is 9, but only 8 experts stay eligible");
        assertThatThrownBy(() -> rule(16, 0, 4, 2)).isInstanceOf(IllegalArgumentException.class);
    }

    private static RouterRule rule(int experts, int topK, int groups, int topGroups) {
        return new RouterRule(
                Scoring.SIGMOID,
                experts,
                topK,
                groups,
                topGroups,
                GroupScore.SUM_OF_TOP_TWO,
                true,
                2.5f);
    }
}
