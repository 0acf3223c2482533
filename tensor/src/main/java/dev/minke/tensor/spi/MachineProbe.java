package dev.minke.tensor.spi;

import dev.minke.tensor.Team;

/// Measures what this machine can do at best, as the denominator of every share that is printed.
public interface MachineProbe {
    /// Peak of F32 fused multiply-adds, two flop each, best of several short runs.
    ///
    /// @param threads how many of the team's threads work; 1 to its size
    /// @return GFLOP/s of all of them together
    double fmaGflops(int threads, Team team);

    /// Rate at which the whole team reads memory far larger than the caches, best of several passes.
    ///
    /// @return 10^9 bytes a second
    double readGigabytesPerSecond(Team team);
}
