package dev.minke.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.tensor.Team;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Forced vector widths, one JVM each, because species are constants of a process: products and
/// weights in fewer bits have the same bits at every width, and the reference's.
class WidthTests {
    @ParameterizedTest
    @ValueSource(ints = {128, 256, 512})
    void kernelsHaveTheBitsOfTheReferenceAtEveryWidth(int bits)
            throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "--add-modules",
                                "jdk.incubator.vector",
                                "-XX:+UseSerialGC",
                                "-XX:TieredStopAtLevel=1",
                                "-Dminke.vectorBits=" + bits,
                                "-cp",
                                classPath(),
                                WidthCheck.class.getName()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(output).isTrue();
        assertThat(output).contains("vector, " + bits + " bits").contains("same bits");
        assertThat(process.exitValue()).as(output).isZero();
    }

    /// Where the classes of this test, of the back end and of the tensors were loaded from.
    private static String classPath() {
        return Stream.of(WidthCheck.class, VectorBackend.class, Team.class)
                .map(c -> c.getProtectionDomain().getCodeSource().getLocation())
                .map(location -> Path.of(URI.create(location.toString())).toString())
                .collect(Collectors.joining(File.pathSeparator));
    }
}
