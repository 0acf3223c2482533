package dev.minke.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.cli.Doctor.Finding;
import dev.minke.cli.Doctor.Status;
import dev.minke.tensor.Backends.Candidate;
import dev.minke.tensor.Team;
import dev.minke.tensor.spi.KernelBackend;
import dev.minke.tensor.spi.KernelBackend.Availability;
import dev.minke.tensor.spi.KernelSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class DoctorTests {
    private static final long GIB = 1L << 30;
    private static final Candidate VECTOR =
            candidate("vector", new Availability.Usable(10, "512 bits"));

    private static Machine machine(String version, String jit, boolean vector, int cores) {
        return new Machine(
                Runtime.Version.parse(version),
                "HotSpot",
                jit,
                "Copy",
                vector,
                "a processor",
                cores,
                8,
                4 * GIB,
                cores * GIB,
                8 * GIB,
                GIB,
                0.1 * cores);
    }

    private static Candidate candidate(String name, Availability availability) {
        var backend =
                new KernelBackend() {
                    @Override
                    public String name() {
                        return name;
                    }

                    @Override
                    public Availability probe() {
                        return availability;
                    }

                    @Override
                    public KernelSet open(Team team) {
                        throw new AssertionError("the doctor only probes");
                    }
                };
        return new Candidate(backend, availability);
    }

    private static Finding find(List<Finding> findings, String topic) {
        return findings.stream().filter(f -> f.topic().equals(topic)).findFirst().orElseThrow();
    }

    @Test
    void aGoodMachineIsOkInEveryFinding() {
        var findings = Doctor.findings(machine("25.0.3+9-LTS", "C2", true, 8), List.of(VECTOR));

        assertThat(findings).allMatch(f -> f.status() == Status.OK && f.fix().isEmpty());
        assertThat(find(findings, "back end").found()).isEqualTo("vector: 512 bits");
    }

    @Test
    void javaBeforeTheFixOfThePinningBugIsARisk() {
        assertThat(find(Doctor.findings(machine("25.0.2", "C2", true, 8), List.of()), "java"))
                .satisfies(f -> assertThat(f.status()).isEqualTo(Status.RISK))
                .satisfies(f -> assertThat(f.fix()).contains("25.0.3").contains("JDK-8377811"));
        assertThat(find(Doctor.findings(machine("26", "C2", true, 8), List.of()), "java").status())
                .isEqualTo(Status.OK);
    }

    @Test
    void aWeakerCompilerIsSlowAndSaysWhichFlagToRemove() {
        assertThat(find(Doctor.findings(machine("25.0.3", "C1", true, 8), List.of()), "compiler"))
                .satisfies(f -> assertThat(f.status()).isEqualTo(Status.SLOW))
                .satisfies(f -> assertThat(f.fix()).contains("-XX:TieredStopAtLevel"));
        assertThat(
                        find(
                                        Doctor.findings(
                                                machine("25.0.3", "interpreter", true, 8),
                                                List.of()),
                                        "compiler")
                                .fix())
                .contains("-Xint");
    }

    @Test
    void anAbsentVectorModuleAndBackEndAreMissingWithTheReason() {
        var missing = candidate("vector", new Availability.Missing("start with --add-modules"));
        var findings = Doctor.findings(machine("25.0.3", "C2", false, 8), List.of(missing));

        assertThat(find(findings, "vector api").status()).isEqualTo(Status.MISSING);
        assertThat(find(findings, "back end").status()).isEqualTo(Status.MISSING);
        assertThat(find(findings, "back end").fix()).isEqualTo("start with --add-modules");
    }

    @Test
    void limitsOfAContainerAreShownAgainstTheHost() {
        var findings = Doctor.findings(machine("25.0.3", "C2", true, 2), List.of(VECTOR));

        assertThat(find(findings, "cores").found())
                .isEqualTo("2 on a processor, of 8 that the host has");
        assertThat(find(findings, "cores").status()).isEqualTo(Status.SLOW);
        assertThat(find(findings, "memory").found())
                .isEqualTo("2.0 GiB, available 1.0 GiB, of 8.0 GiB of the host");
    }

    @Test
    void thisMachineCanBeInspectedAndPrintedAsJson() {
        var captured = new CapturedConsole(false);

        assertThat(Main.run(captured.console, "doctor", "--json")).isZero();

        var json = JsonMapper.shared().readTree(captured.out());
        assertThat(json.get("jit").asString()).isIn("C2", "C1", "interpreter");
        assertThat(json.get("findings").size()).isGreaterThanOrEqualTo(7);
        assertThat(captured.err()).isEmpty();
    }

    @Test
    void theTableHasOneLineForEachFindingAndOneForEachFix() {
        var captured = new CapturedConsole(false);

        assertThat(Main.run(captured.console, "doctor")).isZero();

        assertThat(captured.out().lines())
                .allMatch(s -> s.matches("(OK|SLOW|RISK|MISSING) +\\S.*| {20}-> \\S.*"))
                .anyMatch(s -> s.contains("reference"));
    }
}
