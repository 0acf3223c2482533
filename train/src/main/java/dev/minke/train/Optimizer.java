package dev.minke.train;

import dev.minke.model.nn.Parameter;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.spi.KernelSet.AdamWStep;
import java.util.ArrayList;
import java.util.List;

/// AdamW over the trained parameters with clipping to a global norm; weights and moments in F32.
final class Optimizer {
    /// A parameter and its moments.
    record State(Parameter parameter, Tensor m, Tensor v) {}

    private final List<State> states = new ArrayList<>();
    private final TrainConfig config;
    private final Kernels kernels;

    Optimizer(Parameters parameters, TrainConfig config, Kernels kernels) {
        this.config = config;
        this.kernels = kernels;
        for (Parameter p : parameters.trained()) {
            long[] shape = p.value().shape();
            states.add(
                    new State(
                            p,
                            Tensor.zeros(parameters.arena(), shape),
                            Tensor.zeros(parameters.arena(), shape)));
        }
    }

    List<State> states() {
        return states;
    }

    /// Norm of all gradients together.
    double gradientNorm() {
        double sum = 0;
        for (State s : states) {
            if (s.parameter().var().hasGradient()) {
                sum += kernels.sumOfSquares(s.parameter().var().gradient());
            }
        }
        return Math.sqrt(sum);
    }

    /// Clip by `norm` and update; a parameter that no gradient has reached (an MTP module left out)
    /// stays as it is.
    ///
    /// @param step from 0
    void update(long step, double norm) {
        float gradScale = norm > config.clipNorm() ? (float) (config.clipNorm() / norm) : 1;
        float lr = (float) config.learningRate(step);
        for (State s : states) {
            if (!s.parameter().var().hasGradient()) {
                continue;
            }
            boolean decayed = s.parameter().value().rank() > 1;
            kernels.adamW(
                    s.parameter().value(),
                    s.parameter().var().gradient(),
                    s.m(),
                    s.v(),
                    new AdamWStep(
                            lr,
                            (float) config.beta1(),
                            (float) config.beta2(),
                            (float) config.epsilon(),
                            decayed ? (float) config.weightDecay() : 0,
                            Math.toIntExact(step + 1),
                            gradScale));
        }
    }
}
