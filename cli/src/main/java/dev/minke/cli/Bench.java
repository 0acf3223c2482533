package dev.minke.cli;

import dev.minke.cli.bench.KernelBench;
import dev.minke.cli.bench.KernelReport;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Measures the kernels against this machine's peaks.
@Command(
        name = "bench",
        description = "Measure the kernels against this machine's peaks, all in one run.",
        mixinStandardHelpOptions = true)
final class Bench implements Callable<Integer> {
    private final Console console;

    @Mixin private Compute compute = new Compute();

    @Option(
            names = "--kernels",
            description = "Matrix products, attention, norms and the rest (what there is so far).")
    private boolean kernels;

    @Option(names = "--json", description = "Print the result as JSON.")
    private boolean json;

    Bench(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (!kernels) {
            throw new IllegalArgumentException("bench needs --kernels");
        }
        Machine machine = Machine.inspect();
        console.note("this takes a minute or two; other programs make the figures too low");
        try (Compute.Session session = compute.open()) {
            KernelReport report = KernelBench.run(session.kernels());
            if (json) {
                var object = report.toMap();
                object.put("machine", machine.describe());
                object.put("jit", machine.jit());
                console.json(object);
            } else {
                console.result(machine.describe() + ", " + machine.jit());
                report.toLines().forEach(console::result);
            }
        }
        return 0;
    }
}
