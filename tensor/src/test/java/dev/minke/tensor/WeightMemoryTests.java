package dev.minke.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Memory for weights, in huge pages (in a JVM of its own, which may ask for them) and without.
class WeightMemoryTests {
    @Test
    void withoutHugePagesItSaysWhyAndIsPlainMemory() {
        WeightMemory memory = new WeightMemory("the moon is full");
        assertThat(memory.describe()).isEqualTo("plain memory: the moon is full");
        check(memory);
    }

    @Test
    void thisProcessGetsEitherKind() {
        try (WeightMemory memory = new WeightMemory()) {
            assertThat(memory.describe()).matches("huge pages|plain memory: .+");
        }
        check(new WeightMemory());
    }

    @Test
    void withNativeAccessThereIsNoWarning() throws IOException, InterruptedException {
        String output = run("--enable-native-access=ALL-UNNAMED");
        assertThat(output).contains("done").doesNotContain("WARNING");
        assertThat(output).containsPattern("huge pages|/sys/kernel/mm/transparent_hugepage");
    }

    @Test
    void withoutNativeAccessThereIsNoWarningEither() throws IOException, InterruptedException {
        String output = run("-Xshare:auto");
        assertThat(output).contains("done").doesNotContain("WARNING");
        assertThat(output).contains("plain memory: native access is not enabled");
    }

    private static String run(String option) throws IOException, InterruptedException {
        String path =
                Stream.of(WeightMemoryTests.class, WeightMemory.class)
                        .map(c -> c.getProtectionDomain().getCodeSource().getLocation())
                        .map(location -> Path.of(URI.create(location.toString())).toString())
                        .collect(Collectors.joining(File.pathSeparator));
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> command =
                List.of(java, option, "-ea", "-cp", path, WeightMemoryCheck.class.getName());
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(output).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        return output;
    }

    private static void check(WeightMemory memory) {
        MemorySegment last = WeightMemoryCheck.check(memory, 5 << 20);
        assertThat(memory.scope().isAlive()).isFalse();
        assertThatThrownBy(() -> last.get(ValueLayout.JAVA_BYTE, 0))
                .isInstanceOf(IllegalStateException.class);
    }
}
