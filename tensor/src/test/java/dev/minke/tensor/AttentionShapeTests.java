package dev.minke.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class AttentionShapeTests {
    @Test
    void widthsAreSumsOfTheirParts() {
        AttentionShape v3 = new AttentionShape(128, 128, 64, 128, 0.1352337789f);
        assertThat(v3.queryKey()).isEqualTo(192);
        assertThat(v3.keyValue()).isEqualTo(256);
        assertThat(new AttentionShape(1, 3, 0, 2, 1).queryKey()).isEqualTo(3);
    }

    @Test
    void sizesThatAreNotPositiveAreRefused() {
        int[][] wrong = {{0, 1, 1, 1}, {1, 0, 1, 1}, {1, 1, -1, 1}, {1, 1, 1, 0}};
        for (int[] w : wrong) {
            assertThatThrownBy(() -> new AttentionShape(w[0], w[1], w[2], w[3], 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "attention needs positive sizes, found heads %d, nope %d, rope %d,"
                                    + " value %d",
                            w[0], w[1], w[2], w[3]);
        }
    }
}
