package dev.minke.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainConfigTests {
    private static final TrainConfig SCHEDULE =
            SmallRuns.train(
                    "train.steps=110",
                    "train.warmupSteps=10",
                    "train.learningRate=1.0",
                    "train.minLearningRate=0.1",
                    "train.constantFraction=0.4");

    @ParameterizedTest
    @CsvSource({
        "0, 0.1", "4, 0.5", "9, 1", // linear warm-up that reaches the plateau with its last step
        "10, 1", "30, 1", "50, 1", // plateau for 0.4 of the other 100 steps
        "65, 0.868198", "80, 0.55", "95, 0.231802", // half a cosine over the remaining 60
        "110, 0.1", "500, 0.1"
    })
    void theLearningRateRisesStaysAndFalls(long step, double expected) {
        assertThat(SCHEDULE.learningRate(step)).isCloseTo(expected, within(1e-6));
    }

    @Test
    void withoutWarmUpOrFallItIsConstant() {
        TrainConfig flat = SmallRuns.train("train.warmupSteps=0", "train.constantFraction=1");
        for (int step = 0; step < 8; step++) {
            assertThat(flat.learningRate(step)).isEqualTo(flat.learningRate());
        }
    }

    @Test
    void aWarmUpLongerThanTheRunIsCut() {
        TrainConfig slow = SmallRuns.train("train.warmupSteps=16", "train.learningRate=0.5");
        assertThat(slow.learningRate(7)).isEqualTo(0.25);
    }

    @Test
    void theBiasSpeedEndsBeforeTheRun() {
        TrainConfig config =
                SmallRuns.train(
                        "train.steps=100", "train.biasSpeed=0.01", "train.biasFrozenFraction=0.25");
        assertThat(config.biasSpeed(0)).isEqualTo(0.01);
        assertThat(config.biasSpeed(74)).isEqualTo(0.01);
        assertThat(config.biasSpeed(75)).isZero();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "train.steps=0 | train.steps is 0, expected 1 or more",
                "train.batchSize=-1 | train.batchSize is -1, expected 1 or more",
                "train.sequenceLength=1 | train.sequenceLength is 1, expected 2 or more",
                "train.learningRate=1e9 | train.learningRate is 1.0E9, expected 0.0 to 10.0",
                "train.learningRate=-1 | train.learningRate is -1.0, expected 0.0 to 10.0",
                "train.minLearningRate=1 | train.minLearningRate is 1.0, expected 0.0 to 0.003",
                "train.beta1=1 | train.beta1 is 1.0, expected 0.0 to 0.999999",
                "train.clipNorm=0 | train.clipNorm is 0.0, expected 1.0E-9 to 1.0E9",
                "train.snapshotsKept=0 | train.snapshotsKept is 0, expected 1 or more",
            })
    void valuesOutOfRangeAreNamed(String setting, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SmallRuns.train(setting))
                .withMessageEndingWith(message)
                .withMessageNotContaining("\n");
    }
}
