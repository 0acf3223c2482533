package dev.minke.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.model.hub.ModelStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ModelListTests {
    @TempDir private Path root;
    private final CapturedConsole captured = new CapturedConsole(false);

    @BeforeEach
    void fill() throws IOException {
        put("small", "model.safetensors", "");
        put("q", "q-Q4_K_M.gguf", "{\"name\":\"q-Q8_0.gguf\",\"size\":2048}");
    }

    private void put(String name, String file, String missing) throws IOException {
        Path folder = Files.createDirectories(root.resolve("acme").resolve(name));
        Files.writeString(folder.resolve(file), "1234567");
        Files.writeString(
                folder.resolve(".minke.json"),
                """
                {"minkeManifest":1,"repository":"acme/%s","revision":"main","commit":"0123456",
                "endpoint":"https://hub.test","pulled":"2026-01-02T03:04:05Z",
                "files":[{"name":"%s","size":7,"modified":0}],"missing":[%s]}
                """
                        .formatted(name, file, missing));
    }

    private int list(String... args) {
        return new CommandLine(new ModelList(captured.console, new ModelStore(root)))
                .setExecutionExceptionHandler((e, _, _) -> {
                    captured.console.error(Failures.describe(e));
                    return 1;
                })
                .execute(args);
    }

    @Test
    void modelsAreATable() {
        assertThat(list()).isZero();
        assertThat(
                        captured.out()
                                .lines()
                                .map(l ->
                                        l.replaceAll(
                                                "2026-01-0\\d \\d\\d:\\d\\d", "DATE-AND-TIME---")))
                .containsExactly(
                        "NAME           FORMAT       WEIGHTS     SIZE  PULLED",
                        "acme/q:Q4_K_M  gguf         Q4_K_M       7 B  DATE-AND-TIME---",
                        "acme/q:Q8_0    gguf         Q8_0     2.0 KiB  DATE-AND-TIME---  1 files"
                                + " missing",
                        "acme/small     safetensors  -            7 B  DATE-AND-TIME---");
    }

    @Test
    void modelsArePrintedAsJson() {
        assertThat(list("--json")).isZero();
        JsonNode models = JsonMapper.shared().readTree(captured.out()).path("models");
        assertThat(models.size()).isEqualTo(3);
        assertThat(models.get(1).path("name").asString()).isEqualTo("acme/q:Q8_0");
        assertThat(models.get(1).path("complete").asBoolean()).isFalse();
        assertThat(models.get(0).path("path").asString()).endsWith("q-Q4_K_M.gguf");
    }

    @Test
    void anEmptyStoreSaysHowToFillIt() {
        var empty = new ModelList(captured.console, new ModelStore(root.resolve("none")));
        assertThat(new CommandLine(empty).execute()).isZero();
        assertThat(captured.out()).isEmpty();
        assertThat(captured.err()).startsWith("no models in ").contains("minke pull ORG/NAME");
    }

    @Test
    void aModelIsDeletedOnlyWithYes() {
        assertThat(list("--remove", "acme/small")).isEqualTo(1);
        assertThat(captured.err()).contains("this would delete acme/small (7 B)", "add --yes");
        assertThat(root.resolve("acme/small/model.safetensors")).exists();
        assertThat(list("--remove", "acme/small", "--yes")).isZero();
        assertThat(root.resolve("acme/small")).doesNotExist();
        assertThat(list("--remove", "acme/smalll", "--yes")).isEqualTo(1);
        assertThat(list("--yes")).isEqualTo(1);
        assertThat(captured.err())
                .contains("no model acme/smalll in ", "--yes is for --remove NAME");
    }
}
