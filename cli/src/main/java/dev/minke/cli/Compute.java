package dev.minke.cli;

import dev.minke.tensor.Backends;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.RuntimeFlags;
import dev.minke.tensor.Team;
import picocli.CommandLine.Option;

/// The options of every command that computes.
final class Compute {
    private static final System.Logger LOG = System.getLogger(Compute.class.getName());

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description = "Threads to compute on (default: all processors).")
    private int threads;

    @Option(
            names = "--backend",
            paramLabel = "NAME",
            description = "vector or reference (default: the fastest that works here).")
    private String backend = "";

    /// A team and the kernels that run on it.
    record Session(Team team, Kernels kernels) implements AutoCloseable {
        @Override
        public void close() {
            team.close();
        }

        /// The FMA peak of this machine on the team's threads in GFLOP/s; 0 if unknown.
        double peakGflops() {
            return kernels.machineProbe().map(p -> p.fmaGflops(team.size(), team)).orElse(0.0);
        }
    }

    /// Start the threads and open the back end.
    ///
    /// @throws IllegalArgumentException for a back end that is unknown or not usable here
    Session open() {
        return open(threads, backend);
    }

    /// As [#open()] with `threads`, 0 for all processors, and `backend`, empty for the fastest.
    static Session open(int threads, String backend) {
        if (threads < 0) {
            throw new IllegalArgumentException(
                    "--threads is %d, expected 1 or more".formatted(threads));
        }
        String jit = Machine.inspect().jit();
        if (!jit.equals("C2")) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "this Java compiles with {0}, not C2: computing is slower by far (minke doctor"
                            + " says more)",
                    jit);
        }
        Team team = new Team(threads == 0 ? RuntimeFlags.threads() : threads);
        try {
            Kernels kernels =
                    backend.isEmpty() ? Backends.open(team) : Backends.open(team, backend);
            return new Session(team, kernels);
        } catch (IllegalArgumentException e) {
            team.close();
            throw e;
        }
    }
}
