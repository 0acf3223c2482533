/// Reverse-mode differentiation: a [Tape] of operations over [Var]s; [Ops] has forward and backward
/// of each side by side.
@NullMarked
package dev.minke.model.autograd;

import org.jspecify.annotations.NullMarked;
