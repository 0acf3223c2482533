package dev.minke.cli;

import dev.minke.cli.bench.AllocationBench;
import dev.minke.cli.bench.ArrivalBench;
import dev.minke.cli.bench.BenchLab;
import dev.minke.cli.bench.BenchScenario;
import dev.minke.cli.bench.ConcurrencyBench;
import dev.minke.cli.bench.EnduranceBench;
import dev.minke.cli.bench.PrefixBench;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/// The options of `bench` that put an engine under load instead of timing one sequence.
final class BenchScenarios {
    @Option(
            names = "--concurrency",
            paramLabel = "N",
            split = ",",
            description =
                    "Instead: so many streams at once, with prompts of their own and with a shared"
                            + " beginning; -p and -n of each.")
    private List<Integer> concurrency = List.of();

    @Option(
            names = "--ttft",
            description =
                    "Instead: the first token of a short prompt that arrives during one of 4096"
                            + " tokens.")
    private boolean ttft;

    @Option(
            names = "--prefix",
            description =
                    "Instead: the first token behind 2048 tokens that are new, known, and known"
                            + " from disk after a restart.")
    private boolean prefix;

    @Option(
            names = "--allocation",
            description = "Instead: bytes of heap that a step of generation takes.")
    private boolean allocation;

    @Option(
            names = "--endurance",
            paramLabel = "MINUTES",
            description =
                    "Instead: requests that come, go and are cancelled at random; fails if anything"
                            + " is left behind.")
    private Optional<Double> endurance = Optional.empty();

    /// Whether there is anything to measure here.
    boolean given() {
        return !concurrency.isEmpty() || ttft || prefix || allocation || endurance.isPresent();
    }

    /// Check the numbers.
    ///
    /// @param prompt tokens of the prompt of a stream
    /// @param tokens that a stream generates
    /// @throws IllegalArgumentException naming the option that does not fit
    void check(int prompt, int tokens) {
        concurrency.forEach(n -> Bench.atLeast("--concurrency", n, 1));
        if (endurance.isPresent() && !(endurance.get() > 0)) {
            throw new IllegalArgumentException(
                    "--endurance is %s, expected more than 0".formatted(endurance.get()));
        }
        if (!concurrency.isEmpty()) {
            Bench.atLeast("--n-prompt", prompt, 1);
            Bench.atLeast("--n-gen", tokens, 2);
        }
    }

    /// Measure what was asked for.
    List<BenchScenario> run(BenchLab lab, int repeats, int prompt, int tokens) throws IOException {
        List<BenchScenario> found = new ArrayList<>();
        if (!concurrency.isEmpty()) {
            found.add(ConcurrencyBench.run(lab, concurrency, prompt, tokens, repeats));
        }
        if (ttft) {
            found.add(ArrivalBench.run(lab, repeats));
        }
        if (prefix) {
            found.add(PrefixBench.run(lab, repeats));
        }
        if (allocation) {
            found.add(AllocationBench.run(lab));
        }
        if (endurance.isPresent()) {
            found.add(EnduranceBench.run(lab, endurance.get()));
        }
        return found;
    }
}
