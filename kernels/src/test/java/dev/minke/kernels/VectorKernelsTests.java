package dev.minke.kernels;

import dev.minke.tensor.Backends;
import dev.minke.tensor.KernelContract;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Team;

/// The contract of all back ends, on the vectors that this machine prefers.
class VectorKernelsTests extends KernelContract {
    @Override
    protected Kernels open(Team team) {
        return Backends.open(team, "vector");
    }
}
