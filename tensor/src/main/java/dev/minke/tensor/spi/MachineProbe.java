package dev.minke.tensor.spi;

import dev.minke.tensor.Team;

/// Measures what a machine can do at best, the scale that kernels are judged by.
public interface MachineProbe {
    /// Rate of F32 fused multiply-adds on vectors in registers, in 10^9 flop per second (two for
    /// each multiply-add), by the first `threads` tasks of `team` together.
    ///
    /// @param threads 1 to the team's size
    double fmaGflops(int threads, Team team);

    /// Rate of reading memory far larger than the caches with all threads of `team`, in 10^9 bytes
    /// per second.
    double readGigabytesPerSecond(Team team);
}
