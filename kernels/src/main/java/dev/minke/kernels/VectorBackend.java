package dev.minke.kernels;

import dev.minke.tensor.RuntimeFlags;
import dev.minke.tensor.Team;
import dev.minke.tensor.spi.KernelBackend;
import dev.minke.tensor.spi.KernelSet;
import dev.minke.tensor.spi.MachineProbe;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// The back end on the Vector API, `vector`: the fast one wherever C2 knows the machine's vectors.
public final class VectorBackend implements KernelBackend {
    private static final int PRIORITY = 100;

    /// Create it; [#probe()] says whether it works here.
    public VectorBackend() {}

    @Override
    public String name() {
        return "vector";
    }

    @Override
    public Availability probe() {
        VectorSpecies<Float> species = FloatVector.SPECIES_PREFERRED;
        int widest = species.vectorBitSize();
        int forced = RuntimeFlags.vectorBits().orElse(widest);
        if (forced != 128 && forced != 256 && forced != 512) {
            return new Availability.Missing(
                    "minke.vectorBits is " + forced + ", expected 128, 256 or 512");
        }
        float[] check = new float[Lanes.COUNT];
        FloatVector two = FloatVector.broadcast(Lanes.FLOAT, 2);
        two.fma(two, two).intoArray(check, 0);
        for (float value : check) {
            if (value != 6) {
                return new Availability.Missing("the self test of vector arithmetic failed");
            }
        }
        String width = 32 * Lanes.COUNT + " bit vectors";
        return new Availability.Usable(
                PRIORITY,
                forced == widest ? width : width + " (the machine prefers " + widest + ")");
    }

    @Override
    public KernelSet open(Team team) {
        return new VectorKernels(team);
    }

    @Override
    public Optional<MachineProbe> machineProbe() {
        return Optional.of(new VectorProbe());
    }
}
