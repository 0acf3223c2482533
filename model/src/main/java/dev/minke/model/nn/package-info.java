/// The parts that any Transformer has: [Linear], [RmsNorm], [SwiGlu], and [Parameters] by their
/// names in the checkpoint.
@NullMarked
package dev.minke.model.nn;

import org.jspecify.annotations.NullMarked;
