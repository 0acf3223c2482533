package dev.minke.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.cli.bench.KernelReport.Result;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class KernelReportTests {
    private final KernelReport report =
            new KernelReport(
                    "vector, 512 bits, 2 threads",
                    List.of(250.04, 500.0),
                    List.of(30.0, 35.0),
                    List.of(
                            new Result("gemmNt", "8 x 8 x 8", 2, 400.0, 0, 0.8),
                            new Result("add", "4 x 4", 1, 0, 28.5, 0.95)));

    @Test
    void theObjectHasThePeaksOfTheRunAndALineForEveryKernel() {
        Map<String, Object> map = report.toMap();

        assertThat(map.get("peaks"))
                .isEqualTo(
                        Map.of(
                                "fmaGflops", List.of(250.0, 500.0),
                                "readGBs", List.of(30.0, 35.0)));
        assertThat(map.get("kernels"))
                .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.LIST)
                .first()
                .isEqualTo(
                        Map.of(
                                "name",
                                "gemmNt",
                                "shape",
                                "8 x 8 x 8",
                                "threads",
                                2,
                                "gflops",
                                400.0,
                                "gbs",
                                0.0,
                                "share",
                                0.8));
    }

    @Test
    void theTableLeavesOutTheRateThatDoesNotBind() {
        List<String> lines = report.toLines();

        assertThat(lines).anyMatch(l -> l.contains("250.0, 500.0") && l.contains("30.0, 35.0"));
        assertThat(lines)
                .anyMatch(l -> l.startsWith("gemmNt") && l.contains("400.0") && l.endsWith("80%"));
        assertThat(lines)
                .anyMatch(l -> l.startsWith("add") && l.contains("28.5") && l.endsWith("95%"));
    }
}
