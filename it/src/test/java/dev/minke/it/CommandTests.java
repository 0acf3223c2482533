package dev.minke.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.it.MinkeProcess.Result;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The command as a process: what users type, mistakes above all.
class CommandTests {
    @TempDir Path folder;

    @Test
    void helpListsTheCommandsOnStandardOutput() {
        Result result = MinkeProcess.minke(folder, "--help");

        assertThat(result.exit()).isZero();
        assertThat(result.out()).startsWith("Usage: minke").contains("doctor");
        assertThat(result.err()).isEmpty();
    }

    @Test
    void aMistypedCommandEndsWithUsageAndOneLine() {
        Result result = MinkeProcess.minke(folder, "docter");

        assertThat(result.exit()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).startsWith("minke: ").contains("minke doctor").hasLineCount(1);
    }

    @Test
    void theDoctorFindsTheVectorBackEnd() {
        Result result = MinkeProcess.minke(folder, "doctor", "--json");

        assertThat(result.exit()).isZero();
        assertThat(result.out()).contains("\"found\":\"vector: ").hasLineCount(1);
        assertThat(result.out()).contains("\"jit\":\"C1\""); // started so by this test
    }

    @Test
    void theModulePathNeedsNoFlagForTheVectorModule() {
        Result result = MinkeProcess.java(folder, MinkeProcess.MODULE_PATH, "doctor", "--json");

        assertThat(result.err()).isEmpty();
        assertThat(result.exit()).isZero();
        assertThat(result.out()).contains("\"found\":\"vector: ");
    }

    @Test
    void aJavaWithoutTheVectorModuleStillRunsAndSaysWhatIsMissing() {
        List<String> options = new ArrayList<>(MinkeProcess.CLASS_PATH);
        options.set(0, "--limit-modules=java.se,jdk.management");

        Result result = MinkeProcess.java(folder, options, "doctor");

        assertThat(result.exit()).isZero();
        assertThat(result.out())
                .contains("MISSING  vector api")
                .containsPattern("MISSING +back end +vector")
                .contains("reference")
                .contains("--add-modules");
    }
}
