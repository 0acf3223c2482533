package dev.minke.model.files;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.GoldenModels;
import dev.minke.model.deepseek.ModelFolder;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Team;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every golden folder and GGUF gives the logits of float64.
class SharedGoldenTests {
    private static final Team TEAM = new Team(2);
    private static Kernels kernels;

    @BeforeAll
    static void open() {
        kernels = Backends.open(TEAM, "reference");
    }

    @AfterAll
    static void close() {
        TEAM.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "tiny-v3/hf",
                "tiny-v3/model.gguf",
                "tiny-v2-lite/hf",
                "tiny-v2-lite/model.gguf",
                "tiny-moonlight/hf",
                "tiny-moonlight/model.gguf",
                "tiny-v3-fp8/hf"
            })
    void theLogitsAreThoseOfFloat64(String path) throws IOException {
        Path model = SharedFiles.of("golden/" + path);
        try (ModelFiles files = ModelFiles.open(model);
                DeepSeekModel loaded =
                        ModelFolder.load(files, Parameters.forInference(), kernels)) {
            Path golden = SharedFiles.of("golden/" + path.substring(0, path.indexOf('/')));
            GoldenModels.check(loaded, golden, kernels);
            // the converter of the GGUF files left the MTP layer out
            assertThat(loaded.mtp().isPresent())
                    .isEqualTo(path.contains("v3") && path.endsWith("hf"));
        }
    }
}
