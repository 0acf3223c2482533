package dev.minke.model.files;

import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.TensorInventory;
import dev.minke.model.config.TensorInventory.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;

/// The files of a model, in the names, shapes and row orders of Hugging Face whatever their format.
///
/// Weights are mapped, not read. Safe for use by several threads.
public sealed interface ModelFiles extends AutoCloseable permits HuggingFaceFiles, GgufFiles {
    /// Open a Hugging Face folder, a GGUF file, or any part of a split one.
    ///
    /// @throws IOException in one line naming the file and what does not fit
    static ModelFiles open(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            return HuggingFaceFiles.open(path);
        }
        if (!Files.exists(path)) {
            throw new NoSuchFileException(
                    path.toString(), null, "expected a model folder or a GGUF file");
        }
        return GgufFiles.open(path);
    }

    /// The folder or file.
    Path path();

    /// What kind of files they are, for people.
    String format();

    /// The configuration of what is there: without prediction modules if their weights were left
    /// out, as many converters do.
    DeepSeekConfig config();

    /// The tensors of [#config] that are stored, in Hugging Face's names; scales of FP8 weights are
    /// part of the weight, and copies of embedding and head in the MTP layer are left out.
    default Set<String> names() {
        Set<String> names = new LinkedHashSet<>();
        for (TensorInventory.Entry entry : TensorInventory.of(config()).entries()) {
            if (entry.kind() != Kind.BLOCK_SCALE
                    && !TensorInventory.isCopy(config(), entry.name())) {
                names.add(entry.name());
            }
        }
        return names;
    }

    /// The rows of a tensor by its Hugging Face name.
    ///
    /// @throws IOException if there is none of that name, or its type cannot be decoded
    WeightRows weight(String name) throws IOException;

    /// Check that every tensor that the configuration needs is there in its shape and in a type
    /// that can be decoded.
    ///
    /// @throws IOException naming the first tensor that is not
    void check() throws IOException;

    /// Bytes of all files with weights.
    long bytes();

    /// Unmap; rows handed out must not be read any more.
    @Override
    void close();
}
