/// Tensors and what computes on them: [Tensor] over memory segments, [Workspace], the [Kernels]
/// facade, the worker [Team] and the choice of a back end ([Backends]).
@NullMarked
package dev.minke.tensor;

import org.jspecify.annotations.NullMarked;
