package dev.minke.train;

import dev.minke.tensor.Backends;
import dev.minke.tensor.Team;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GoldenTrainingTests {
    @TempDir private Path scratch;

    @Test
    void eightStepsAreThoseOfFloat64() throws IOException {
        try (Team team = new Team(1)) {
            GoldenTraining.check(Backends.open(team, "reference"), scratch);
        }
    }
}
