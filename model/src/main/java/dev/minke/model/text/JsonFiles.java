package dev.minke.model.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Read and write the JSON files of a tokenizer within fixed limits.
final class JsonFiles {
    private static final long MOST_BYTES = 256L << 20;
    private static final JsonMapper MAPPER =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .streamReadConstraints(
                                            StreamReadConstraints.builder()
                                                    .maxNestingDepth(64)
                                                    .maxStringLength(1 << 20)
                                                    .maxNameLength(1 << 16)
                                                    .build())
                                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                                    .build())
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();

    private JsonFiles() {}

    /// Read a file that holds one JSON object.
    static JsonNode read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new NoSuchFileException(file.toString(), null, "expected a JSON file there");
        }
        long size = Files.size(file);
        if (size > MOST_BYTES) {
            throw new MalformedTokenizer(
                    file, "the file has %d bytes; expected at most %d".formatted(size, MOST_BYTES));
        }
        JsonNode root;
        try {
            root = MAPPER.readTree(Files.readAllBytes(file));
        } catch (JacksonException e) {
            throw new MalformedTokenizer(file, place(e.getLocation()) + e.getOriginalMessage());
        }
        if (!root.isObject()) {
            throw new MalformedTokenizer(
                    file, "found " + describe(root) + "; expected a JSON object");
        }
        return root;
    }

    /// Write a file beside the target and move it there, so that no half of it is ever seen.
    static void write(Path file, JsonNode root) throws IOException {
        byte[] json = MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(root);
        Path beside = file.resolveSibling(file.getFileName() + ".tmp");
        try {
            Files.write(beside, json);
            Files.move(beside, file, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(beside);
        }
    }

    /// Name what a JSON value is, for messages; long values are cut.
    static String describe(JsonNode node) {
        if (node.isMissingNode()) {
            return "nothing";
        }
        String json = node.toString();
        return json.length() <= 60 ? json : json.substring(0, 57) + "...";
    }

    private static String place(@Nullable TokenStreamLocation location) {
        return location == null
                ? ""
                : "line %d, column %d: ".formatted(location.getLineNr(), location.getColumnNr());
    }
}
