package dev.minke.model.files;

import dev.minke.model.checkpoint.HuggingFaceFolder;
import dev.minke.model.checkpoint.TensorInfo;
import dev.minke.model.checkpoint.gguf.GgufCheckpoint;
import dev.minke.model.checkpoint.gguf.GgufTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/// The tensors of any checkpoint as its files list them, also of models that cannot be run.
public final class StoredTensors {
    private StoredTensors() {}

    /// One tensor.
    ///
    /// @param name in the file
    /// @param type the format's name of its type
    /// @param shape row-major, copied in and out
    /// @param bytes on disk
    public record Entry(String name, String type, long[] shape, long bytes) {
        /// Copy the shape.
        public Entry {
            shape = shape.clone();
        }

        @Override
        public long[] shape() {
            return shape.clone();
        }

        /// Number of elements.
        public long elements() {
            return Arrays.stream(shape).reduce(1, Math::multiplyExact);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Entry that
                    && name.equals(that.name)
                    && type.equals(that.type)
                    && Arrays.equals(shape, that.shape)
                    && bytes == that.bytes;
        }

        @Override
        public int hashCode() {
            return Objects.hash(name, type, Arrays.hashCode(shape), bytes);
        }

        @Override
        public String toString() {
            return "%s %s %s".formatted(name, type, Arrays.toString(shape));
        }
    }

    /// List the tensors of a Hugging Face folder or GGUF file.
    ///
    /// @throws IOException in one line naming the file that is missing or broken
    public static List<Entry> of(Path path) throws IOException {
        List<Entry> entries = new ArrayList<>();
        if (Files.isDirectory(path)) {
            try (HuggingFaceFolder folder = HuggingFaceFolder.open(path)) {
                for (String name : folder.names()) {
                    TensorInfo info = folder.info(name);
                    entries.add(new Entry(name, info.type().name(), info.shape(), info.length()));
                }
            }
            return entries;
        }
        try (GgufCheckpoint file = GgufCheckpoint.open(path)) {
            for (GgufTensor tensor : file.tensors()) {
                entries.add(
                        new Entry(
                                tensor.name(),
                                tensor.type().name(),
                                tensor.shape(),
                                tensor.length()));
            }
        }
        return entries;
    }
}
