package dev.minke.it;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.GoldenModels;
import dev.minke.model.deepseek.ModelFolder;
import dev.minke.model.files.SharedFiles;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Team;
import dev.minke.tensor.spi.KernelBackend.Availability;
import dev.minke.train.GoldenTraining;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Known logits and known training steps, on the reference and on vectors.
class GoldenOnEveryBackendTests {
    private final Team team = new Team(2);

    @TempDir private Path scratch;

    @AfterEach
    void close() {
        team.close();
    }

    /// A back end that this machine cannot run is skipped with its reason; one that is not
    /// installed is a mistake.
    private Kernels open(String backend) {
        for (Backends.Candidate candidate : Backends.candidates()) {
            if (candidate.backend().name().equals(backend)) {
                if (candidate.availability() instanceof Availability.Missing missing) {
                    return abort(backend + " is not usable here: " + missing.reason());
                }
                return Backends.open(team, backend);
            }
        }
        return fail("no back end " + backend + " is installed");
    }

    @ParameterizedTest
    @CsvSource({
        "reference, tiny-v3",
        "reference, tiny-v2-lite",
        "reference, tiny-moonlight",
        "reference, tiny-llama",
        "reference, tiny-qwen2",
        "vector, tiny-v3",
        "vector, tiny-v2-lite",
        "vector, tiny-moonlight",
        "vector, tiny-llama",
        "vector, tiny-qwen2"
    })
    void modelsGiveTheLogitsOfFloat64(String backend, String model) throws IOException {
        Kernels kernels = open(backend);
        GoldenModels.check(model, kernels, false, scratch.resolve("plain"));
        GoldenModels.check(model, kernels, true, scratch.resolve("packed"));
    }

    /// The folders and GGUF files beside the project, FP8 among them.
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
    void filesOfOthersGiveTheLogitsOfFloat64OnVectors(String path) throws IOException {
        Kernels kernels = open("vector");
        Path golden = SharedFiles.of("golden/" + path.substring(0, path.indexOf('/')));
        try (DeepSeekModel model =
                ModelFolder.load(
                        SharedFiles.of("golden/" + path), Parameters.forInference(), kernels)) {
            model.pack(kernels);
            GoldenModels.check(model, golden, kernels);
        }
        try (DeepSeekModel asStored = ModelFolder.open(SharedFiles.of("golden/" + path), kernels)) {
            GoldenModels.check(asStored, golden, kernels);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"reference", "vector"})
    void trainingStepsAreThoseOfFloat64(String backend) throws IOException {
        GoldenTraining.check(open(backend), scratch);
    }
}
