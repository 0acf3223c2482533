package dev.minke.train;

import dev.minke.model.autograd.Tape;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.DeepSeekModel.LossScales;
import dev.minke.model.deepseek.DeepSeekModel.Losses;
import dev.minke.model.deepseek.RoutingMonitor;
import dev.minke.model.deepseek.TokenBatch;
import dev.minke.model.deepseek.TokenBatch.Sequence;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Optimiser steps on a model:
///
/// forward (main, MTP and balance loss), backward, over as many micro-batches as the batch needs;
/// clip; AdamW; router bias from the load of the whole batch.
///
/// Same bits for any number of threads. Owns the model.
public final class Trainer implements AutoCloseable {
    private final DeepSeekModel model;
    private final TrainConfig config;
    private final Kernels kernels;
    private final Optimizer optimizer;
    private final Workspace workspace = new Workspace();
    private long step;

    /// @param model with gradients and initialised or loaded weights
    /// @param config how to learn
    /// @param kernels what to compute on
    public Trainer(DeepSeekModel model, TrainConfig config, Kernels kernels) {
        this.model = model;
        this.config = config;
        this.kernels = kernels;
        this.optimizer = new Optimizer(model.parameters(), config, kernels);
    }

    /// What a step did.
    ///
    /// @param step its number, from 0
    /// @param loss main + lambda * MTP + balance
    /// @param mainLoss nats per target
    /// @param mtpLoss nats per target; 0 without a module
    /// @param balanceLoss alpha included
    /// @param gradientNorm before clipping
    /// @param learningRate used
    /// @param tokens rows of the main model
    /// @param maxViolation (max - mean) / mean of the expert loads, by layer
    /// @param counts tokens of every expert, by layer
    public record StepReport(
            long step,
            double loss,
            double mainLoss,
            double mtpLoss,
            double balanceLoss,
            double gradientNorm,
            double learningRate,
            long tokens,
            Map<Integer, Double> maxViolation,
            Map<Integer, long[]> counts) {}

    /// Steps done so far.
    public long step() {
        return step;
    }

    /// The model that learns.
    public DeepSeekModel model() {
        return model;
    }

    /// Bytes that the passes so far have taken beside weights, gradients and moments.
    public long workspaceBytes() {
        return workspace.capacity();
    }

    Optimizer optimizer() {
        return optimizer;
    }

    void restoreStep(long done) {
        step = done;
    }

    /// Learn from one batch.
    ///
    /// @throws IllegalArgumentException if the batch has nothing to predict, or the learning rate
    ///   has made loss or gradient infinite; weights are then as before
    public StepReport step(List<Sequence> batch) {
        long targets = batch.stream().mapToLong(s -> s.targets(1)).sum();
        long mtpTargets = batch.stream().mapToLong(s -> s.targets(2)).sum();
        if (targets == 0) {
            throw new IllegalArgumentException("a batch has no token to predict");
        }
        RoutingMonitor monitor = new RoutingMonitor((float) (config.balanceAlpha() / batch.size()));
        LossScales scales =
                new LossScales(
                        1f / targets,
                        mtpTargets == 0 ? 0 : (float) (config.mtpWeight() / mtpTargets));
        model.parameters().clearGradients();
        double main = 0;
        double mtp = 0;
        long tokens = 0;
        for (List<Sequence> part : split(batch)) {
            workspace.reset();
            Tape tape = Tape.recording(kernels, workspace);
            TokenBatch rows = TokenBatch.of(part, workspace);
            Losses losses = model.losses(tape, rows, scales, monitor);
            tape.backward();
            main += losses.main().sum();
            mtp += losses.mtp().sum();
            tokens += rows.tokens().size();
        }
        main /= targets;
        mtp = mtpTargets == 0 ? 0 : mtp / mtpTargets;
        double norm = optimizer.gradientNorm();
        double loss = main + config.mtpWeight() * mtp + monitor.balanceLoss();
        if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
            throw new IllegalArgumentException(
                    "step %d: loss %s and gradient norm %s, expected finite numbers; a lower train.learningRate (now %s) may help"
                            .formatted(step, loss, norm, config.learningRate(step)));
        }
        optimizer.update(step, norm);
        BiasUpdate.apply(model, monitor.counts(), config.biasSpeed(step));
        Map<Integer, Double> violation = new TreeMap<>();
        monitor.counts().forEach((l, n) -> violation.put(l, RoutingMonitor.maxViolation(n)));
        StepReport report =
                new StepReport(
                        step,
                        loss,
                        main,
                        mtp,
                        monitor.balanceLoss(),
                        norm,
                        config.learningRate(step),
                        tokens,
                        violation,
                        monitor.counts());
        step++;
        return report;
    }

    /// Mean next-token loss in nats over `sequences`; nothing is learnt.
    public double evaluate(List<Sequence> sequences) {
        double sum = 0;
        long count = 0;
        for (List<Sequence> part : split(sequences)) {
            workspace.reset();
            Tape tape = Tape.inference(kernels, workspace);
            TokenBatch rows = TokenBatch.of(part, workspace);
            Losses losses = model.losses(tape, rows, new LossScales(1, 0), RoutingMonitor.none());
            sum += losses.main().sum();
            count += losses.main().count();
        }
        return count == 0 ? 0 : sum / count;
    }

    private List<List<Sequence>> split(List<Sequence> batch) {
        List<List<Sequence>> parts = new ArrayList<>();
        List<Sequence> part = new ArrayList<>();
        int rows = 0;
        for (Sequence sequence : batch) {
            if (!part.isEmpty() && rows + sequence.inputs() > config.microBatchTokens()) {
                parts.add(part);
                part = new ArrayList<>();
                rows = 0;
            }
            part.add(sequence);
            rows += sequence.inputs();
        }
        parts.add(part);
        return parts;
    }

    @Override
    public void close() {
        workspace.close();
        model.close();
    }
}
