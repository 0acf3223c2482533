package dev.minke.model.nn;

import dev.minke.model.autograd.Var;
import dev.minke.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/// A named weight.
///
/// A stack of equal weights (the experts of a layer) is one tensor whose name has a `*` in the
/// place of the index; in the checkpoint it is as many tensors.
///
/// @param name its name in a Hugging Face checkpoint, `*` for the index of a stack
/// @param var value and gradient
/// @param trained whether the optimiser changes it; the router's bias is not, it has its own rule
public record Parameter(String name, Var var, boolean trained) {
    /// One tensor of the checkpoint.
    public record Entry(String name, Tensor tensor) {}

    /// Shorthand for `var().value()`.
    public Tensor value() {
        return var.value();
    }

    /// The checkpoint's tensors that this parameter consists of.
    public List<Entry> entries() {
        return entries(value());
    }

    /// As [#entries()] for a tensor of the same shape, such as a gradient or moment.
    public List<Entry> entries(Tensor tensor) {
        int star = name.indexOf('*');
        if (star < 0) {
            return List.of(new Entry(name, tensor));
        }
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < tensor.dim(0); i++) {
            entries.add(new Entry(entryName(name, i), tensor.slice(i)));
        }
        return entries;
    }

    /// The checkpoint's name of number `i` of the stack `name`.
    static String entryName(String name, int i) {
        int star = name.indexOf('*');
        return name.substring(0, star) + i + name.substring(star + 1);
    }
}
