package dev.minke.tensor.reference;

import dev.minke.tensor.Team;
import dev.minke.tensor.spi.KernelBackend;
import dev.minke.tensor.spi.KernelSet;

/// The scalar back end: always usable, of lowest priority.
public final class ReferenceBackend implements KernelBackend {
    @Override
    public String name() {
        return "reference";
    }

    @Override
    public Availability probe() {
        return new Availability.Usable(0, "scalar loops, for checking and as a last resort");
    }

    @Override
    public KernelSet open(Team team) {
        return new ReferenceKernels(team);
    }
}
