package dev.minke.cli;

import dev.minke.model.checkpoint.HuggingFaceFolder;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.ModelFolder;
import dev.minke.model.files.ModelFiles;
import dev.minke.model.files.TextFiles;
import dev.minke.model.hub.ModelStore;
import dev.minke.model.text.BpeTokenizer;
import dev.minke.tensor.Kernels;
import dev.minke.train.TrainingRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// The MODEL of a command: a Hugging Face folder, a GGUF file, the folder of a run, which stands
/// for its newest checkpoint, or the name of a model that was pulled.
final class ModelArgument {
    @picocli.CommandLine.Parameters(
            index = "0",
            paramLabel = "MODEL",
            description =
                    "A Hugging Face folder, a GGUF file, the folder of a training run, or a name"
                            + " from minke list.")
    private String model = "";

    /// Where the model is.
    ///
    /// @throws IOException if there is nothing of that name, or the run has no checkpoint yet
    Path path() throws IOException {
        return resolve(model);
    }

    /// Where `model` is, which is typed as described above.
    ///
    /// @throws IOException if there is nothing of that name, or the run has no checkpoint yet
    static Path resolve(String model) throws IOException {
        Path path = Path.of(model);
        if (!Files.exists(path)) {
            ModelStore store = new ModelStore(Home.models());
            Optional<Path> stored = store.find(model);
            if (stored.isPresent()) {
                return stored.get();
            }
            List<String> near = store.suggestions(model);
            if (!near.isEmpty()) {
                throw new NoSuchFileException(
                        "%s (did you mean %s?)".formatted(model, String.join(" or ", near)));
            }
        }
        if (Files.exists(path.resolve(HuggingFaceFolder.CONFIG)) || !TrainingRun.isRun(path)) {
            return path;
        }
        return TrainingRun.newestCheckpoint(path);
    }

    /// Open the files, without loading weights.
    ModelFiles open() throws IOException {
        return ModelFiles.open(path());
    }

    /// Open the model for inference, weights in their stored types.
    DeepSeekModel load(Kernels kernels) throws IOException {
        return load(path(), kernels);
    }

    /// Open the model at `path` for inference, weights in their stored types.
    static DeepSeekModel load(Path path, Kernels kernels) throws IOException {
        return ModelFolder.open(path, kernels);
    }

    /// Read the tokenizer beside the weights or within their file.
    BpeTokenizer tokenizer() throws IOException {
        return TextFiles.tokenizer(path());
    }
}
