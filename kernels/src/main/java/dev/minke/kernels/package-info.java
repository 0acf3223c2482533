/// The operations of [dev.minke.tensor.Kernels] on the Vector API; hot code.
///
/// [VectorBackend][dev.minke.kernels.VectorBackend] is what a ServiceLoader finds, `VectorKernels`
/// lists the operations, one file holds each of them. `Lanes` fixes the vector width, `Tile` is the
/// register tile of every matrix product, `Panels` re-lays operands for it, `Scratch` owns the
/// memory of a worker, `Bands` splits rows among workers. `Blocks` and `Fp8Blocks` read and write
/// weights in fewer bits, `Halves` and `Bytes` narrow elements as vectors.
@NullMarked
package dev.minke.kernels;

import org.jspecify.annotations.NullMarked;
