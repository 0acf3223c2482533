package dev.minke.model.deepseek;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.model.deepseek.TokenBatch.Sequence;
import dev.minke.tensor.Workspace;
import java.util.List;
import org.junit.jupiter.api.Test;

class TokenBatchTests {
    @Test
    void laysOutSequencesWithTargetsOneAndTwoAhead() {
        try (Workspace workspace = new Workspace()) {
            TokenBatch batch =
                    TokenBatch.of(
                            List.of(
                                    Sequence.whole(5, 6, 7),
                                    new Sequence(new int[] {1, 2, 3, 4}, 2, 1)),
                            workspace);
            assertThat(batch.tokens().toInts()).containsExactly(5, 6, 7, 1, 2);
            assertThat(batch.positions().toInts()).containsExactly(0, 1, 2, 0, 1);
            assertThat(batch.sequences().toInts()).containsExactly(0, 3, 5);
            assertThat(batch.targets().toInts()).containsExactly(6, 7, -1, 2, 3);
            assertThat(batch.mtpRows().toInts()).containsExactly(0, 1, 3, 4);
            assertThat(batch.mtpTokens().toInts()).containsExactly(6, 7, 2, 3);
            assertThat(batch.mtpPositions().toInts()).containsExactly(0, 1, 0, 1);
            assertThat(batch.mtpSequences().toInts()).containsExactly(0, 2, 4);
            assertThat(batch.mtpTargets().toInts()).containsExactly(7, -1, 3, 4);
            assertThat(batch.targetCount()).isEqualTo(4);
            assertThat(batch.mtpTargetCount()).isEqualTo(3);
        }
    }

    @Test
    void scoresNothingBeforeTheFirstTarget() {
        try (Workspace workspace = new Workspace()) {
            Sequence sequence = new Sequence(new int[] {1, 2, 3, 4, 5}, 4, 3);
            TokenBatch batch = TokenBatch.of(List.of(sequence), workspace);
            assertThat(batch.targets().toInts()).containsExactly(-1, -1, 4, 5);
            assertThat(batch.mtpTargets().toInts()).containsExactly(-1, 4, 5, -1);
        }
    }

    /// The counts ahead of the layout are those of the layout.
    @Test
    void countsTargetsOfSequencesOfEveryLength() {
        try (Workspace workspace = new Workspace()) {
            for (int length = 1; length < 6; length++) {
                for (int inputs = 1; inputs <= length; inputs++) {
                    for (int first = 1; first <= length + 1; first++) {
                        Sequence sequence = new Sequence(new int[length], inputs, first);
                        TokenBatch batch = TokenBatch.of(List.of(sequence), workspace);
                        String what =
                                "%d tokens, %d inputs, from %d".formatted(length, inputs, first);
                        assertThat(sequence.targets(1))
                                .as(what)
                                .isEqualTo((int) batch.targetCount());
                        assertThat(sequence.targets(2))
                                .as(what)
                                .isEqualTo((int) batch.mtpTargetCount());
                    }
                }
            }
        }
    }

    @Test
    void aSingleTokenHasNoTargetAndNoMtpRow() {
        try (Workspace workspace = new Workspace()) {
            TokenBatch batch = TokenBatch.of(List.of(Sequence.whole(9)), workspace);
            assertThat(batch.targets().toInts()).containsExactly(-1);
            assertThat(batch.mtpRows().size()).isZero();
            assertThat(batch.targetCount()).isZero();
        }
    }

    @Test
    void violationIsTheExcessOfTheFullestExpert() {
        assertThat(RoutingMonitor.maxViolation(new long[] {4, 4, 4, 4})).isZero();
        assertThat(RoutingMonitor.maxViolation(new long[] {16, 0, 0, 0})).isEqualTo(3);
        assertThat(RoutingMonitor.maxViolation(new long[] {0, 0})).isZero();
    }
}
