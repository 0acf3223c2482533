/// Measurements against the peaks of this machine: of kernels ([KernelBench]), of one sequence as
/// llama-bench takes them ([SpeedBench], [ModelCost] says what a model takes), of an engine under
/// load ([ConcurrencyBench], [ArrivalBench], [PrefixBench], [AllocationBench], [EnduranceBench]).
@NullMarked
package dev.minke.cli.bench;

import org.jspecify.annotations.NullMarked;
