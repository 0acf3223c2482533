package dev.minke.model.nn;

import dev.minke.model.autograd.Var;
import dev.minke.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// All weights of a model in the order in which its parts were built, and the memory they live in.
///
/// With gradients for training, without for inference.
public final class Parameters implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final boolean gradients;
    private final Map<String, Parameter> byName = new LinkedHashMap<>();

    private Parameters(boolean gradients) {
        this.gradients = gradients;
    }

    /// Weights with a gradient buffer each.
    public static Parameters forTraining() {
        return new Parameters(true);
    }

    /// Weights alone.
    public static Parameters forInference() {
        return new Parameters(false);
    }

    /// Create a weight of zeros.
    ///
    /// @throws IllegalArgumentException if the name is taken
    public Var create(String name, long... shape) {
        Tensor value = Tensor.zeros(arena, shape);
        Var var =
                gradients ? Var.parameter(value, Tensor.zeros(arena, shape)) : Var.constant(value);
        add(new Parameter(name, var, true));
        return var;
    }

    /// Create a vector that no gradient changes.
    public Tensor createBuffer(String name, long... shape) {
        Var var = Var.constant(Tensor.zeros(arena, shape));
        add(new Parameter(name, var, false));
        return var.value();
    }

    private void add(Parameter parameter) {
        if (byName.putIfAbsent(parameter.name(), parameter) != null) {
            throw new IllegalArgumentException("two parameters are named " + parameter.name());
        }
    }

    /// Every weight, in order of creation.
    public List<Parameter> all() {
        return new ArrayList<>(byName.values());
    }

    /// The weights that the optimiser changes.
    public List<Parameter> trained() {
        return byName.values().stream().filter(Parameter::trained).toList();
    }

    /// Numbers in all weights.
    public long count() {
        return byName.values().stream().mapToLong(p -> p.value().size()).sum();
    }

    /// Memory for what lives as long as the weights.
    public Arena arena() {
        return arena;
    }

    /// Mark all gradients as empty.
    public void clearGradients() {
        byName.values().forEach(p -> p.var().clearGradient());
    }

    @Override
    public void close() {
        arena.close();
    }
}
