package dev.minke.model.text;

import dev.minke.model.checkpoint.gguf.GgufFile;
import dev.minke.model.checkpoint.gguf.GgufMetadata;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/// The vocabularies of llama.cpp beside the project, which are not part of it.
final class SharedVocabularies {
    static final List<String> NAMES = List.of("deepseek-llm", "deepseek-coder");

    private static final String FOLDER = "shared/data/tokenizer";

    private SharedVocabularies() {}

    /// Give a file of that folder; the test is skipped where it is absent.
    static Path file(String name) {
        Path folder = Path.of("").toAbsolutePath();
        while (folder != null && !Files.exists(folder.resolve(FOLDER))) {
            folder = folder.getParent();
        }
        Assumptions.assumeTrue(folder != null, "no " + FOLDER + " above this folder");
        return folder.resolve(FOLDER).resolve("ggml-vocab-" + name);
    }

    static GgufVocabulary read(String name) throws IOException {
        try (GgufFile file = GgufFile.open(file(name + ".gguf"))) {
            GgufMetadata data = file.metadata();
            String pre = data.string("tokenizer.ggml.pre");
            return new GgufVocabulary(
                    pre,
                    data.strings("tokenizer.ggml.tokens"),
                    Arrays.stream(data.integers("tokenizer.ggml.token_type"))
                            .mapToInt(Math::toIntExact)
                            .toArray(),
                    data.strings("tokenizer.ggml.merges"),
                    id(data, "bos"),
                    id(data, "eos"),
                    id(data, "eot"),
                    id(data, "padding"),
                    data.findBool("tokenizer.ggml.add_bos_token")
                            .orElse(GgufVocabulary.addsBosByDefault(pre)));
        }
    }

    private static int id(GgufMetadata data, String role) throws IOException {
        return Math.toIntExact(
                data.findInteger("tokenizer.ggml." + role + "_token_id")
                        .orElse(GgufVocabulary.NONE));
    }
}
