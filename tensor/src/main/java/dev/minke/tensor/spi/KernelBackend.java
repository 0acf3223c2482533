package dev.minke.tensor.spi;

import dev.minke.tensor.Team;
import java.util.Optional;

/// A provider of kernels, found by [java.util.ServiceLoader].
public interface KernelBackend {
    /// Short name by which a user chooses it, such as `vector`.
    String name();

    /// Say whether it works here, by a short self test; never throws for "not here".
    Availability probe();

    /// Open it for `team`; only after [#probe()] answered [Availability.Usable].
    KernelSet open(Team team);

    /// Measurements of this machine, if the back end can make them; only after [#probe()] answered
    /// [Availability.Usable].
    default Optional<MachineProbe> machineProbe() {
        return Optional.empty();
    }

    /// Whether a back end works on this machine, and why not.
    sealed interface Availability {
        /// @param priority the usable back end of highest priority is chosen by default
        /// @param detail what it found, such as vector width
        record Usable(int priority, String detail) implements Availability {}

        /// @param reason one line: what is missing and how to get it
        record Missing(String reason) implements Availability {}
    }
}
