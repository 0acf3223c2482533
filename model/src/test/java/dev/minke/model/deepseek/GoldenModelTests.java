package dev.minke.model.deepseek;

import dev.minke.tensor.Backends;
import dev.minke.tensor.Team;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class GoldenModelTests {
    static final List<String> NAMES = GoldenModels.NAMES;

    @TempDir private Path scratch;

    @ParameterizedTest
    @FieldSource("NAMES")
    void theLogitsAreThoseOfFloat64(String name) throws IOException {
        try (Team team = new Team(1)) {
            GoldenModels.check(name, Backends.open(team, "reference"), false, scratch);
        }
    }

    @ParameterizedTest
    @FieldSource("NAMES")
    void packedWeightsGiveThemToo(String name) throws IOException {
        try (Team team = new Team(1)) {
            GoldenModels.check(name, Backends.open(team, "reference"), true, scratch);
        }
    }
}
