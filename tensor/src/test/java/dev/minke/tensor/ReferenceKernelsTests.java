package dev.minke.tensor;

class ReferenceKernelsTests extends KernelContract {
    @Override
    protected Kernels open(Team team) {
        return Backends.open(team, "reference");
    }
}
