package dev.minke.train;

import dev.minke.model.checkpoint.AtomicFiles;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The curve of a run: `metrics.jsonl`, a line for each step and each validation.
final class Metrics implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final BufferedWriter writer;

    private Metrics(BufferedWriter writer) {
        this.writer = writer;
    }

    /// Open the file for a run that has done `step` steps; lines of later steps, written after the
    /// snapshot that is resumed, are dropped, and so is a line that was cut.
    static Metrics open(Path file, long step) throws IOException {
        List<String> kept = new ArrayList<>();
        if (step > 0 && Files.exists(file)) {
            for (String line : Files.readAllLines(file)) {
                if (belongs(line, step)) {
                    kept.add(line);
                }
            }
        }
        AtomicFiles.writeString(file, kept.isEmpty() ? "" : String.join("\n", kept) + "\n");
        return new Metrics(
                Files.newBufferedWriter(file, StandardCharsets.UTF_8, StandardOpenOption.APPEND));
    }

    private static boolean belongs(String line, long step) {
        try {
            JsonNode node = JSON.readTree(line);
            // a validation after step n carries n + 1 steps done
            return node.has("valLoss")
                    ? node.path("steps").asLong() <= step
                    : node.path("step").asLong() < step;
        } catch (JacksonException e) {
            return false;
        }
    }

    void write(Map<String, Object> line) throws IOException {
        writer.write(JSON.writeValueAsString(line));
        writer.write('\n');
        writer.flush();
    }

    @Override
    public void close() throws IOException {
        writer.close();
    }
}
