package dev.minke.model.autograd;

import static org.assertj.core.api.Assertions.fail;

import dev.minke.tensor.Kernels;
import dev.minke.tensor.Rng;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;

/// Compares gradients of a computation with differences of its loss.
///
/// The kernels are F32, so that a small step drowns in rounding: differences of fourth order allow
/// a large one.
final class GradientCheck {
    private final Kernels kernels;
    private final List<Leaf> leaves = new ArrayList<>();
    private double step = 0.02;
    private double tolerance = 2e-3;

    private record Leaf(String name, long[] shape, float[] values) {}

    /// A computation of a scalar from the leaves; where the tape records, the gradient of the
    /// result has been put in place when it returns.
    @FunctionalInterface
    interface Loss {
        double of(Tape tape, List<Var> leaves);
    }

    GradientCheck(Kernels kernels) {
        this.kernels = kernels;
    }

    /// Add an input of normal numbers.
    GradientCheck leaf(String name, long... shape) {
        Rng rng = Rng.stream(7, leaves.size());
        long size = 1;
        for (long n : shape) {
            size *= n;
        }
        float[] values = new float[(int) size];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) rng.nextGaussian();
        }
        return leaf(name, values, shape);
    }

    /// Add an input with these values.
    GradientCheck leaf(String name, float[] values, long... shape) {
        leaves.add(new Leaf(name, shape.clone(), values.clone()));
        return this;
    }

    /// Change what an input is moved by and the error that is allowed, relative to the largest
    /// component of its gradient.
    GradientCheck with(double newStep, double newTolerance) {
        step = newStep;
        tolerance = newTolerance;
        return this;
    }

    /// A loss that touches every element of `y` with another weight.
    static double project(Tape tape, Var y) {
        Rng rng = new Rng(99);
        Tensor weights = tape.workspace().f32(y.value().shape());
        double sum = 0;
        for (long r = 0; r < weights.rows(); r++) {
            for (long c = 0; c < weights.cols(); c++) {
                float weight = (float) rng.nextGaussian();
                weights.setFloat(r, c, weight);
                sum += (double) weight * y.value().getFloat(r, c);
            }
        }
        if (tape.recording()) {
            y.adoptGradient(weights);
        }
        return sum;
    }

    void check(Loss loss) {
        try (Workspace workspace = new Workspace()) {
            Tape tape = Tape.recording(kernels, workspace);
            List<Var> vars = vars(workspace, true);
            loss.of(tape, vars);
            tape.backward();
            List<float[]> gradients = new ArrayList<>();
            for (Var var : vars) {
                gradients.add(
                        var.hasGradient()
                                ? var.gradient().toFloats()
                                : new float[(int) var.value().size()]);
            }
            for (int i = 0; i < vars.size(); i++) {
                compare(workspace, loss, leaves.get(i), gradients.get(i));
            }
        }
    }

    private void compare(Workspace workspace, Loss loss, Leaf leaf, float[] gradient) {
        double[] expected = new double[gradient.length];
        double largest = 0;
        for (int i = 0; i < expected.length; i++) {
            double near =
                    moved(workspace, loss, leaf, i, step) - moved(workspace, loss, leaf, i, -step);
            double far =
                    moved(workspace, loss, leaf, i, 2 * step)
                            - moved(workspace, loss, leaf, i, -2 * step);
            expected[i] = (8 * near - far) / (12 * step);
            largest = Math.max(largest, Math.abs(expected[i]));
        }
        if (largest < 1e-3) {
            fail("%s: the loss hardly depends on it (%s), nothing is tested", leaf.name(), largest);
        }
        for (int i = 0; i < expected.length; i++) {
            if (!(Math.abs(gradient[i] - expected[i]) <= tolerance * largest)) {
                fail(
                        "%s: gradient at %d is %s, differences give %s (largest %s)",
                        leaf.name(), i, gradient[i], expected[i], largest);
            }
        }
    }

    private double moved(Workspace workspace, Loss loss, Leaf leaf, int i, double by) {
        float old = leaf.values()[i];
        leaf.values()[i] = (float) (old + by);
        workspace.reset();
        double result = loss.of(Tape.inference(kernels, workspace), vars(workspace, false));
        leaf.values()[i] = old;
        return result;
    }

    private List<Var> vars(Workspace workspace, boolean differentiable) {
        List<Var> vars = new ArrayList<>();
        for (Leaf leaf : leaves) {
            Tensor value = workspace.f32(leaf.shape());
            for (int i = 0; i < leaf.values().length; i++) {
                value.setFloat(i / value.cols(), i % value.cols(), leaf.values()[i]);
            }
            vars.add(differentiable ? Var.of(value) : Var.constant(value));
        }
        return vars;
    }
}
