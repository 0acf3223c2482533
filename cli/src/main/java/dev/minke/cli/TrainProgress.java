package dev.minke.cli;

import dev.minke.train.Trainer.StepReport;
import dev.minke.train.TrainingRun;
import dev.minke.train.TrainingRun.Rate;
import dev.minke.train.TrainingRun.Validation;
import java.nio.file.Path;

/// Shows a training run: a live line, and lines that stay for validations and checkpoints.
class TrainProgress implements TrainingRun.Listener {
    private final Console console;
    private long steps;
    private double loss;
    private int seen;
    private double worstViolation;

    TrainProgress(Console console) {
        this.console = console;
    }

    @Override
    public void begin(TrainingRun run, long step) {
        steps = run.config().train().steps();
        console.note("data: " + run.data().describe());
        if (step > 0) {
            console.note("going on after step " + step);
        }
    }

    @Override
    public void step(StepReport report, Rate rate) {
        seen++;
        loss = loss == 0 ? report.mainLoss() : 0.9 * loss + 0.1 * report.mainLoss();
        double violation =
                report.maxViolation().values().stream().mapToDouble(v -> v).max().orElse(0);
        if (report.step() >= steps / 4) {
            worstViolation = Math.max(worstViolation, violation);
        }
        console.progress(() ->
                "step %d/%d  loss %.3f  %,.0f tok/s%s%s  ETA %s"
                        .formatted(
                                report.step() + 1,
                                steps,
                                loss,
                                rate.tokensPerSecond(),
                                rate.utilisation().isPresent()
                                        ? "  MFU %.0f %%"
                                                .formatted(100 * rate.utilisation().getAsDouble())
                                        : "",
                                report.maxViolation().isEmpty()
                                        ? "" // no experts
                                        : "  MaxVio %.2f".formatted(violation),
                                seen < 4
                                        ? "-"
                                        : clock(rate.etaSeconds()))); // the first steps warm up
    }

    @Override
    public void validated(long after, Validation validation) {
        console.note(
                "step %d: validation loss %.4f nats per token, %.4f bits per byte (%,d tokens)"
                        .formatted(
                                after,
                                validation.loss(),
                                validation.bitsPerByte(),
                                validation.tokens()));
    }

    @Override
    public void saved(Path checkpoint) {
        // every checkpoint would be a line too many; the last one is in the summary
    }

    /// The largest MaxVio of any layer after the first quarter of the run.
    double worstViolation() {
        return worstViolation;
    }

    static String clock(double seconds) {
        long s = Math.round(seconds);
        return s >= 3600
                ? "%d:%02d:%02d".formatted(s / 3600, s / 60 % 60, s % 60)
                : "%d:%02d".formatted(s / 60, s % 60);
    }
}
