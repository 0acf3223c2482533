package dev.minke.cli;

import dev.minke.tensor.Backends;
import dev.minke.tensor.Backends.Candidate;
import dev.minke.tensor.spi.KernelBackend.Availability;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `minke doctor`: what makes Minke slow or fail on this machine, and what to do about it.
@Command(
        name = "doctor",
        description =
                "Check Java, back ends, cores and memory: what is slow here, and how to fix it.",
        mixinStandardHelpOptions = true)
final class Doctor implements Callable<Integer> {
    /// Before 25.0.3 the G1 collector may move pinned objects (JDK-8377811).
    private static final Runtime.Version SOUND = Runtime.Version.parse("25.0.3");

    private static final double BUSY = 0.5;

    private final Console console;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    Doctor(Console console) {
        this.console = console;
    }

    /// How good a finding is.
    enum Status {
        /// As it should be.
        OK,
        /// Works, slower than it could.
        SLOW,
        /// Works, but may fail.
        RISK,
        /// Not there.
        MISSING
    }

    /// One thing that was looked at.
    ///
    /// @param topic what, in a word
    /// @param found what is there
    /// @param fix what to do about it; empty if it is as it should be
    record Finding(String topic, Status status, String found, String fix) {
        static Finding ok(String topic, String found) {
            return new Finding(topic, Status.OK, found, "");
        }
    }

    /// Print the findings; whatever they are, the command itself has succeeded.
    @Override
    public Integer call() {
        Machine machine = Machine.inspect();
        List<Finding> findings = findings(machine, Backends.candidates());
        if (json) {
            console.json(toJson(machine, findings));
        } else {
            findings.forEach(this::print);
        }
        return 0;
    }

    private void print(Finding finding) {
        console.result(
                String.format(
                        Locale.ROOT,
                        "%-8s %-10s %s",
                        finding.status(),
                        finding.topic(),
                        finding.found()));
        if (!finding.fix().isEmpty()) {
            console.result(" ".repeat(20) + "-> " + finding.fix());
        }
    }

    private static Map<String, ?> toJson(Machine machine, List<Finding> findings) {
        List<Map<String, String>> list = new ArrayList<>();
        for (Finding finding : findings) {
            Map<String, String> entry = new LinkedHashMap<>();
            entry.put("topic", finding.topic());
            entry.put("status", finding.status().name());
            entry.put("found", finding.found());
            entry.put("fix", finding.fix());
            list.add(entry);
        }
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("machine", machine.describe());
        object.put("jit", machine.jit());
        object.put("ok", findings.stream().allMatch(f -> f.status() == Status.OK));
        object.put("findings", list);
        return object;
    }

    /// Judge a machine and its back ends.
    static List<Finding> findings(Machine machine, List<Candidate> backends) {
        List<Finding> findings = new ArrayList<>();
        findings.add(java(machine));
        findings.add(compiler(machine));
        findings.add(vectorModule(machine));
        for (Candidate candidate : backends) {
            findings.add(backend(candidate));
        }
        findings.add(cores(machine));
        findings.add(load(machine));
        findings.add(memory(machine));
        findings.add(
                Finding.ok(
                        "heap",
                        "up to %s, collector %s (tensors live outside the heap)"
                                .formatted(
                                        Machine.gibibytes(machine.heap()), machine.collector())));
        return findings;
    }

    private static Finding java(Machine machine) {
        String found = machine.version() + " (" + machine.vm() + ")";
        if (machine.version().compareToIgnoreOptional(SOUND) < 0) {
            return new Finding(
                    "java",
                    Status.RISK,
                    found,
                    "update to 25.0.3 or newer: before it, the G1 collector may move pinned memory"
                            + " (JDK-8377811)");
        }
        return Finding.ok("java", found);
    }

    private static Finding compiler(Machine machine) {
        return switch (machine.jit()) {
            case "C2" -> Finding.ok("compiler", "C2");
            case "C1" ->
                    new Finding(
                            "compiler",
                            Status.SLOW,
                            "C1 only, which does not compile vector code",
                            "remove -XX:TieredStopAtLevel, -client and the like, so that C2 runs");
            case "interpreter" ->
                    new Finding(
                            "compiler", Status.SLOW, "none, code is interpreted", "remove -Xint");
            default ->
                    new Finding(
                            "compiler",
                            Status.SLOW,
                            machine.jit() + ", not measured with Minke",
                            "use a HotSpot JDK with C2, for example Eclipse Temurin 25");
        };
    }

    private static Finding vectorModule(Machine machine) {
        return machine.vectorModule()
                ? Finding.ok("vector api", "jdk.incubator.vector is loaded")
                : new Finding(
                        "vector api",
                        Status.MISSING,
                        "jdk.incubator.vector is not loaded",
                        "start with ./minke, or give Java --add-modules jdk.incubator.vector; a"
                                + " JDK made by jlink needs the module put in");
    }

    private static Finding backend(Candidate candidate) {
        String name = candidate.backend().name();
        return switch (candidate.availability()) {
            case Availability.Usable usable ->
                    Finding.ok("back end", name + ": " + usable.detail());
            case Availability.Missing missing ->
                    new Finding("back end", Status.MISSING, name, missing.reason());
        };
    }

    private static Finding cores(Machine machine) {
        String found = machine.processors() + " on " + machine.cpu();
        if (machine.processors() < machine.hostProcessors()) {
            return new Finding(
                    "cores",
                    Status.SLOW,
                    found + ", of " + machine.hostProcessors() + " that the host has",
                    "raise the limit of the container (docker --cpus, Kubernetes limits) or of"
                            + " taskset");
        }
        return Finding.ok("cores", found);
    }

    private static Finding load(Machine machine) {
        if (machine.load() < 0) {
            return Finding.ok("load", "unknown on this system");
        }
        String found =
                String.format(
                        Locale.ROOT, "%.1f on %d cores", machine.load(), machine.hostProcessors());
        return machine.load() > BUSY * machine.hostProcessors()
                ? new Finding(
                        "load",
                        Status.SLOW,
                        found,
                        "other programs are using the processor; figures measured now are too low")
                : Finding.ok("load", found);
    }

    private static Finding memory(Machine machine) {
        String found =
                "%s, available %s"
                        .formatted(
                                Machine.gibibytes(machine.memory()),
                                Machine.gibibytes(
                                        Math.min(machine.availableMemory(), machine.memory())));
        if (machine.memory() < machine.hostMemory()) {
            return new Finding(
                    "memory",
                    Status.RISK,
                    found + ", of " + Machine.gibibytes(machine.hostMemory()) + " of the host",
                    "raise the memory limit of the container if a model does not fit");
        }
        return Finding.ok("memory", found);
    }
}
