package dev.minke.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.it.MinkeProcess.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `generate` as users type it, and stop it.
class GenerateCommandTests {
    private static final long PATIENCE_SECONDS = 60;

    @TempDir Path folder;

    private Result minke(String... args) {
        Result result = MinkeProcess.work(folder, args);
        assertThat(result.exit()).as(result.err()).isZero();
        return result;
    }

    @Test
    void jsonUnderASchemaIsJson() throws IOException {
        minke("init", "--config", "tiny", "--out", "model", "--tokenizer", "bytes");
        Files.writeString(
                folder.resolve("schema.json"),
                """
                {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
                """);
        Result result = minke("generate", "model", "", "--json-schema", "schema.json");
        assertThat(result.out()).matches("\\{\\s*\"ok\": ?(true|false)\\s*\\}\\s*");
    }

    @Test
    void textThatIsStoppedEndsWithItsResult() throws IOException, InterruptedException {
        minke("init", "--config", "tiny", "--out", "model", "--tokenizer", "bytes");
        Path config = folder.resolve("model/config.json");
        String longer =
                Files.readString(config).replaceAll("(max_position\\w+\" ?: ?)\\d+", "$19000");
        Files.writeString(config, longer);
        Process process =
                MinkeProcess.start(
                        folder,
                        "generate",
                        "model",
                        "Once",
                        "--json",
                        "--ignore-eos",
                        "-n",
                        "8900",
                        "--temperature",
                        "2");
        Path log = folder.resolve("started.log");
        for (int i = 0; i < 10 * PATIENCE_SECONDS && tokens(log) < 3; i++) {
            Thread.sleep(100);
        }
        assertThat(tokens(log)).isGreaterThanOrEqualTo(3);
        process.destroy();
        assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isNotZero();
        List<String> lines = Files.readAllLines(log);
        assertThat(lines.getLast())
                .contains("\"finish_reason\":\"cancelled\"", "\"completion_tokens\":");
    }

    private static long tokens(Path log) throws IOException {
        return Files.exists(log)
                ? Files.readString(log).lines().filter(l -> l.contains("\"bytes\"")).count()
                : 0;
    }
}
