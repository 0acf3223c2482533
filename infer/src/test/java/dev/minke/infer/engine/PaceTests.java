package dev.minke.infer.engine;

import static dev.minke.infer.engine.EngineLab.greedy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.minke.infer.engine.EngineLab.Heard;
import dev.minke.tensor.Rng;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

class PaceTests {
    private static Sequence sequence(Pace pace) {
        Job job = new Job(greedy(new int[] {1}, 100), new Heard(1), new Ticket(1, () -> {}));
        Sequence sequence = new Sequence(job, 0, new PrefixIndex(1).root());
        sequence.acceptance = pace.acceptance();
        return sequence;
    }

    /// A machine that takes `times` for rows, and a model whose guesses come true with probability
    /// `rate`.
    private static double[] simulate(
            Pace pace, IntToDoubleFunction times, double guess, double rate, int steps, long seed) {
        Rng rng = new Rng(seed);
        Sequence sequence = sequence(pace);
        double seconds = 0;
        double tokens = 0;
        int drafts = 0;
        double[] share = new double[8];
        for (int step = 0; step < steps; step++) {
            double noise = 1 + 0.1 * rng.nextDouble() + (rng.nextInt(30) == 0 ? 2 : 0);
            double time = times.applyAsDouble(1 + drafts) * noise;
            pace.step(1 + drafts, time);
            int right = 0;
            while (right < drafts && rng.nextDouble() < rate) {
                right++;
            }
            if (drafts > 0) {
                pace.outcome(sequence, Math.min(drafts, right + 1), right);
            }
            seconds += time;
            tokens += 1 + right;
            pace.begin(1);
            pace.choose(sequence, 4, true, Pace.MTP);
            sequence.kind = pace.kind();
            drafts = pace.drafts();
            for (int number = 0; number < drafts; number++) {
                pace.guess(number, 1, guess * noise);
                seconds += guess * noise;
            }
            share[drafts] += step < steps / 2 ? 0 : 2.0 / steps;
        }
        share[7] = tokens / seconds;
        return share;
    }

    @Test
    void guessesAsManyAsPay() {
        // rows are nearly free: as many as possible
        Pace pace = new Pace(Speculation.mtp(4));
        assertThat(simulate(pace, rows -> 1 + 0.02 * rows, 0.03, 0.9, 4000, 1)[4])
                .isGreaterThan(0.9);
        // a row costs as much as a step: none
        pace = new Pace(Speculation.mtp(4));
        assertThat(simulate(pace, rows -> rows, 0.1, 0.9, 4000, 2)[0]).isGreaterThan(0.9);
        // guesses are seldom right: none
        pace = new Pace(Speculation.mtp(4));
        assertThat(simulate(pace, rows -> 1 + 0.1 * rows, 0.1, 0.05, 4000, 3)[0])
                .isGreaterThan(0.9);
        // one of two is right and rows cost something: few
        pace = new Pace(Speculation.mtp(4));
        double[] share = simulate(pace, rows -> 1 + 0.12 * rows, 0.08, 0.5, 4000, 4);
        assertThat(share[1] + share[2]).isGreaterThan(0.8);
    }

    @Test
    void noticesThatThingsHaveChanged() {
        Pace pace = new Pace(Speculation.mtp(4));
        assertThat(simulate(pace, rows -> 1 + 0.02 * rows, 0.03, 0.9, 3000, 1)[4])
                .isGreaterThan(0.9);
        assertThat(simulate(pace, rows -> rows, 0.1, 0.9, 6000, 2)[0]).isGreaterThan(0.8);
        assertThat(simulate(pace, rows -> 1 + 0.02 * rows, 0.03, 0.9, 6000, 3)[4])
                .isGreaterThan(0.8);
        // slower by a factor, but still nearly free
        assertThat(simulate(pace, rows -> 9 + 0.18 * rows, 0.3, 0.9, 3000, 4)[4])
                .isGreaterThan(0.9);
    }

    @Test
    void trialsCostLittle() {
        for (double rate : new double[] {0.02, 0.95}) {
            Pace pace = new Pace(Speculation.mtp(4));
            IntToDoubleFunction times = rate < 0.5 ? r -> 0.6 + 0.4 * r : r -> 1 + 0.01 * r;
            double reached = simulate(pace, times, 0.1, rate, 10_000, 5)[7];
            double best = 0;
            for (int drafts = 0; drafts <= 4; drafts++) {
                double tokens = 1;
                for (int i = 1; i <= drafts; i++) {
                    tokens += Math.pow(rate, i);
                }
                double mean = 1.05 + 2 / 30.0; // of the noise
                double time = times.applyAsDouble(1 + drafts) + 0.1 * drafts;
                best = Math.max(best, tokens / time / mean);
            }
            assertThat(reached).isGreaterThan(0.95 * best);
        }
    }

    @Test
    void theModuleIsGivenUpForMostNewSequencesWhereItNeverPays() {
        Pace pace = new Pace(Speculation.auto());
        assertThat(pace.mtpMayPay()).isTrue();
        simulate(pace, rows -> rows, 0.5, 0.1, 3000, 1);
        int kept = 0;
        for (int i = 0; i < 160; i++) {
            kept += pace.mtpMayPay() ? 1 : 0;
        }
        assertThat(kept).isEqualTo(10);
        simulate(pace, rows -> 1, 0.01, 0.9, 3000, 1);
        assertThat(pace.mtpMayPay()).isTrue();
        assertThat(pace.mtpMayPay()).isTrue();
    }

    @Test
    void alwaysMeansAlways() {
        Pace pace = new Pace(Speculation.mtp(4).always());
        assertThat(simulate(pace, rows -> rows, 1, 0, 1000, 1)[4]).isEqualTo(1, within(1e-9));
        Sequence sequence = sequence(pace);
        pace.choose(sequence, 3, true, 2);
        assertThat(pace.kind()).isEqualTo(2);
        assertThat(pace.drafts()).isEqualTo(3);
        pace.choose(sequence, 3, false, Pace.MTP);
        assertThat(pace.drafts()).isZero();
    }

    @Test
    void timesBetweenMeasuredSizesLieOnALine() {
        StepTimes times = new StepTimes();
        assertThat(times.estimate(3)).isZero();
        times.measured(4, 2);
        assertThat(times.estimate(2)).isEqualTo(1); // hopeful on both sides
        assertThat(times.estimate(9)).isEqualTo(2);
        times.measured(8, 3);
        assertThat(times.estimate(6)).isEqualTo(2.5);
        for (int i = 0; i < 2000; i++) {
            times.measured(4, 2);
            times.measured(100, 30);
        }
        assertThat(times.estimate(4)).isCloseTo(2, within(0.05));
        assertThat(times.estimate(100)).isCloseTo(30, within(0.5));
        assertThat(times.estimate(102)).isEqualTo(times.estimate(100));
        assertThat(times.estimate(100_000)).isEqualTo(times.estimate(100));
        times.measured(100_000, 40);
        assertThat(times.estimate(2000)).isEqualTo(times.estimate(100_000));
    }

    @Test
    void acceptanceFollowsTheRecentPast() {
        Acceptance acceptance = new Acceptance(2, 3, 20);
        assertThat(acceptance.expected(0, 2)).isCloseTo(0.7 + 0.49, within(1e-5));
        for (int i = 0; i < 200; i++) {
            acceptance.record(0, 3, i % 4 == 0 ? 0 : 2);
        }
        assertThat(acceptance.expected(0, 1)).isBetween(0.6, 0.9);
        assertThat(acceptance.expected(0, 2))
                .isCloseTo(
                        2 * acceptance.expected(0, 1), within(1e-3)); // the second is always right
        assertThat(acceptance.expected(0, 3) - acceptance.expected(0, 2)).isLessThan(1e-3);
        assertThat(acceptance.expected(1, 1)).isCloseTo(0.7, within(1e-5));
        Acceptance other = new Acceptance(acceptance, 20);
        for (int i = 0; i < 200; i++) {
            other.record(0, 1, 0);
        }
        assertThat(other.expected(0, 3)).isLessThan(0.01);
        assertThat(acceptance.expected(0, 1)).isGreaterThan(0.6);
    }
}
