package dev.minke.cli;

import dev.minke.model.checkpoint.HuggingFaceFolder;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.ModelFolder;
import dev.minke.model.nn.Parameters;
import dev.minke.model.text.BpeTokenizer;
import dev.minke.tensor.Kernels;
import dev.minke.train.TrainingRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The MODEL of a command: a Hugging Face folder, or the folder of a run, which stands for its
/// newest checkpoint.
final class ModelArgument {
    @picocli.CommandLine.Parameters(
            index = "0",
            paramLabel = "MODEL",
            description = "A Hugging Face folder, or the folder of a training run.")
    private Path path = Path.of("");

    /// The folder with config.json.
    ///
    /// @throws IOException if there is none, or the run has no checkpoint yet
    Path folder() throws IOException {
        if (Files.exists(path.resolve(HuggingFaceFolder.CONFIG)) || !TrainingRun.isRun(path)) {
            return path;
        }
        return TrainingRun.newestCheckpoint(path);
    }

    /// Load the weights for inference.
    DeepSeekModel load(Kernels kernels) throws IOException {
        return ModelFolder.load(folder(), Parameters.forInference(), kernels);
    }

    /// Read the tokenizer beside the weights.
    BpeTokenizer tokenizer() throws IOException {
        return BpeTokenizer.read(folder().resolve("tokenizer.json"));
    }
}
