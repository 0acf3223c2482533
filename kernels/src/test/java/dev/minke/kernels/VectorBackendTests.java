package dev.minke.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.minke.tensor.Team;
import dev.minke.tensor.spi.KernelBackend.Availability;
import dev.minke.tensor.spi.MachineProbe;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class VectorBackendTests {
    private final VectorBackend backend = new VectorBackend();

    @Test
    void probeFindsVectorsAndOutranksTheReference() {
        assertThat(backend.name()).isEqualTo("vector");
        assertThat(backend.probe()).isInstanceOf(Availability.Usable.class);
        Availability.Usable usable = (Availability.Usable) backend.probe();
        assertThat(usable.priority()).isPositive();
        assertThat(usable.detail()).contains("bit vectors");
    }

    @Test
    void probeOfTheMachineRefusesMoreThreadsThanTheTeamHas() {
        MachineProbe probe = backend.machineProbe().orElseThrow();
        try (Team team = new Team(1)) {
            assertThat(probe.fmaGflops(1, team)).isPositive();
            assertThatThrownBy(() -> probe.fmaGflops(2, team))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("2 threads of a team of 1");
        }
    }

    @Test
    void exponentialIsWithinTwoUnitsInTheLastPlace() {
        float[] x = new float[Lanes.COUNT];
        double worst = 0;
        for (int i = 0; i < 40_000; i += Lanes.COUNT) {
            for (int j = 0; j < x.length; j++) {
                x[j] = -87 + 175f * (i + j) / 40_000;
            }
            var y = Exp.exp(FloatVector.fromArray(Lanes.FLOAT, x, 0));
            for (int j = 0; j < x.length; j++) {
                double exact = Math.exp(x[j]);
                worst = Math.max(worst, Math.abs(y.lane(j) - exact) / Math.ulp((float) exact));
            }
        }
        assertThat(worst).isLessThan(2);
    }
}
