package dev.minke.model.nn;

import dev.minke.model.autograd.Var;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.WeightMemory;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// All weights of a model in the order in which its parts were built, and the memory they live in.
///
/// With gradients for training, without for inference, or with matrices as a file stores them.
public final class Parameters implements AutoCloseable {
    private final Arena arena = new WeightMemory();
    private final PackedMemory packed;
    private final boolean gradients;
    private final Optional<StoredWeights> stored;
    private long storedCount;
    private final Map<String, Parameter> byName = new LinkedHashMap<>();

    private Parameters(boolean gradients, Optional<StoredWeights> stored) {
        this.gradients = gradients;
        this.stored = stored;
        packed = stored.isEmpty() ? PackedMemory.unlimited(arena) : PackedMemory.limited(arena);
    }

    /// Weights with a gradient buffer each.
    public static Parameters forTraining() {
        return new Parameters(true, Optional.empty());
    }

    /// Weights alone.
    public static Parameters forInference() {
        return new Parameters(false, Optional.empty());
    }

    /// Weights for inference that stay in their stored types; vectors are read as they are created.
    ///
    /// @param weights closed with these
    public static Parameters stored(StoredWeights weights) {
        return new Parameters(false, Optional.of(weights));
    }

    /// Create the matrix `name`, [out, in], of zeros or as stored.
    ///
    /// @throws IllegalArgumentException if the name is taken
    public Weight weight(String name, long out, long in) {
        if (stored.isEmpty()) {
            return Weight.of(create(name, out, in), packed);
        }
        storedCount += out * in;
        return Weight.of(stored.get().matrix(name, out, in), packed);
    }

    /// Create the stack `name`, [count, out, in], of zeros or as stored.
    ///
    /// @throws IllegalArgumentException if the name is taken
    public WeightStack weights(String name, int count, long out, long in) {
        if (stored.isEmpty()) {
            return WeightStack.of(create(name, count, out, in), packed);
        }
        storedCount += count * out * in;
        List<StoredWeight> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(stored.get().matrix(Parameter.entryName(name, i), out, in));
        }
        return stack(all);
    }

    /// Stored matrices that are no parameters of their own, as one stack.
    public WeightStack stack(List<StoredWeight> matrices) {
        return WeightStack.of(matrices, packed);
    }

    /// A forward pass begins: some more weights may be laid out for good.
    public void step() {
        packed.step();
    }

    /// The file, if matrices stay as it stores them.
    public Optional<StoredWeights> storedWeights() {
        return stored;
    }

    /// Create a weight in memory: zeros, or a vector as stored.
    ///
    /// @throws IllegalArgumentException if the name is taken
    public Var create(String name, long... shape) {
        Tensor value = Tensor.zeros(arena, shape);
        stored.ifPresent(s -> s.vector(name, value));
        Var var =
                gradients ? Var.parameter(value, Tensor.zeros(arena, shape)) : Var.constant(value);
        add(new Parameter(name, var, true));
        return var;
    }

    /// Create a vector that no gradient changes.
    public Tensor createBuffer(String name, long... shape) {
        Var var = Var.constant(Tensor.zeros(arena, shape));
        stored.ifPresent(s -> s.vector(name, var.value()));
        add(new Parameter(name, var, false));
        return var.value();
    }

    private void add(Parameter parameter) {
        if (byName.putIfAbsent(parameter.name(), parameter) != null) {
            throw new IllegalArgumentException("two parameters are named " + parameter.name());
        }
    }

    /// Every weight in memory, in order of creation.
    public List<Parameter> all() {
        return new ArrayList<>(byName.values());
    }

    /// The weights that the optimiser changes.
    public List<Parameter> trained() {
        return byName.values().stream().filter(Parameter::trained).toList();
    }

    /// Numbers in all weights.
    public long count() {
        return storedCount + byName.values().stream().mapToLong(p -> p.value().size()).sum();
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
        stored.ifPresent(StoredWeights::close);
    }
}
