package dev.minke.model.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelStoreTests {
    private static final Instant WHEN = Instant.parse("2026-01-02T03:04:05Z");

    @TempDir private Path root;
    private ModelStore store;

    @BeforeEach
    void fill() throws IOException {
        store = new ModelStore(root);
        put("acme/small", List.of("config.json", "model.safetensors"), List.of());
        Files.writeString(
                root.resolve("acme/small/config.json"),
                "{\"quantization_config\":{\"quant_method\":\"fp8\"}}");
        put("acme/one", List.of("README.md", "one-Q8_0.gguf"), List.of());
        put(
                "acme/many",
                List.of(
                        "config.json",
                        "q/m-BF16-00001-of-00002.gguf",
                        "q/m-BF16-00002-of-00002.gguf"),
                List.of("m-Q4_K_M.gguf"));
        put("other/small@v1", List.of("config.json", "model.safetensors"), List.of());
    }

    private void put(String name, List<String> files, List<String> missing) throws IOException {
        ModelReference reference = ModelReference.parse(name);
        Path folder = store.folder(reference);
        List<Manifest.Entry> entries = new ArrayList<>();
        for (String file : files) {
            Path path = folder.resolve(file);
            Files.createDirectories(path.getParent());
            Files.writeString(path, "content");
            entries.add(
                    new Manifest.Entry(
                            new HubFile(file, 7, Optional.empty()),
                            Files.getLastModifiedTime(path).toMillis()));
        }
        new Manifest(
                        reference,
                        "0123456",
                        "https://hub.test",
                        WHEN,
                        entries,
                        missing.stream().map(f -> new HubFile(f, 100, Optional.empty())).toList())
                .write(folder);
    }

    private List<String> names() throws IOException {
        return store.list(_ -> {}).stream().map(StoredModel::name).toList();
    }

    @Test
    void everyModelOnDiskIsListed() throws IOException {
        List<StoredModel> models = store.list(_ -> {});
        assertThat(models)
                .extracting(m ->
                        m.name() + " " + m.format().label() + " " + m.bytes() + " " + m.missing())
                .containsExactly(
                        "acme/many:BF16 gguf 21 0",
                        "acme/many:Q4_K_M gguf 107 1",
                        "acme/one:Q8_0 gguf 14 0",
                        "acme/small safetensors 14 0",
                        "other/small@v1 safetensors 14 0");
        assertThat(models.get(3).quantisation()).contains("fp8");
        assertThat(models.get(3).pulled()).isEqualTo(WHEN);
        assertThat(models.get(3).complete()).isTrue();
    }

    @Test
    void aStoreThatDoesNotExistIsEmpty() throws IOException {
        assertThat(new ModelStore(root.resolve("none")).list(_ -> {})).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "acme/small, acme/small",
        "ACME/Small, acme/small",
        "acme/one, acme/one/one-Q8_0.gguf",
        "one, acme/one/one-Q8_0.gguf",
        "acme/one:q8_0, acme/one/one-Q8_0.gguf",
        "acme/many:BF16, acme/many/q/m-BF16-00001-of-00002.gguf",
        "small@v1, other/small@v1"
    })
    void namesMeanFoldersOrTheFirstGgufFile(String name, String path) throws IOException {
        assertThat(store.find(name)).contains(root.resolve(path));
    }

    @Test
    void whatIsNotThereIsNotFound() throws IOException {
        for (String name : List.of("acme/none", "acme", "", "../acme/small", "acme/small:Q8_0")) {
            assertThat(store.find(name)).as(name).isEmpty();
        }
    }

    @Test
    void namesThatMeanSeveralModelsOrAHalfOneAreRefused() {
        assertThatThrownBy(() -> store.find("acme/many"))
                .isInstanceOf(HubException.class)
                .hasMessage("acme/many means several models: acme/many:BF16, acme/many:Q4_K_M");
        assertThatThrownBy(() -> store.find("acme/many:Q4_K_M"))
                .isInstanceOf(HubException.class)
                .hasMessage(
                        "acme/many:Q4_K_M is not complete, 1 of its files are missing:"
                                + " minke pull acme/many:Q4_K_M goes on");
    }

    @Test
    void aFileThatWasDeletedMakesTheModelIncomplete() throws IOException {
        Files.delete(root.resolve("acme/small/model.safetensors"));
        assertThatThrownBy(() -> store.find("acme/small")).hasMessageContaining("not complete");
    }

    @Test
    void likeNamesAreSuggested() throws IOException {
        assertThat(store.suggestions("acme/smal")).containsExactly("acme/small");
        assertThat(store.suggestions("acme/smlal")).contains("acme/small");
        assertThat(store.suggestions("many")).containsExactly("acme/many:BF16", "acme/many:Q4_K_M");
        assertThat(store.suggestions("entirely-different")).isEmpty();
    }

    @Test
    void aModelIsRemovedWithoutFilesOfOthers() throws IOException {
        store.remove(store.model("acme/many:BF16").orElseThrow());
        assertThat(names()).doesNotContain("acme/many:BF16").contains("acme/many:Q4_K_M");
        assertThat(root.resolve("acme/many/q")).doesNotExist();
        assertThat(root.resolve("acme/many/config.json")).exists();

        Files.writeString(root.resolve("acme/small/notes.txt"), "mine");
        store.remove(store.model("acme/small").orElseThrow());
        assertThat(root.resolve("acme/small/model.safetensors")).doesNotExist();
        assertThat(root.resolve("acme/small/notes.txt")).exists();

        store.remove(store.model("other/small@v1").orElseThrow());
        assertThat(root.resolve("other")).doesNotExist();
        assertThat(root).exists();
        assertThat(names()).containsExactly("acme/many:Q4_K_M", "acme/one:Q8_0");
    }

    @Test
    void removingWaitsForNoPull() throws IOException {
        StoredModel model = store.model("acme/small").orElseThrow();
        try (StoreLock _ = StoreLock.take(model.folder())) {
            assertThatThrownBy(() -> store.remove(model)).hasMessageContaining("another minke");
        }
        assertThat(root.resolve("acme/small/model.safetensors")).exists();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "[]",
                "{\"minkeManifest\":2}",
                "{\"minkeManifest\":1,\"repository\":\"../..\",\"revision\":\"main\"}",
                "{\"minkeManifest\":1,\"files\":[{\"name\":\"../../x\",\"size\":1}]}",
                "{\"minkeManifest\":1,\"files\":[{\"name\":\"x\",\"size\":-1}]}",
                "{\"minkeManifest\":1,\"files\":[{\"name\":\"x\",\"size\":1,\"hash\":\"md5:0\"}]}",
                "{\"minkeManifest\":1,\"repository\":\"a/b\",\"revision\":\"main\",\"commit\":\"1\","
                        + "\"endpoint\":\"e\",\"pulled\":\"yesterday\"}"
            })
    void aDamagedManifestIsNamedAndHidesNoOtherModel(String manifest) throws IOException {
        Path file = root.resolve("acme/small/.minke.json");
        Files.writeString(file, manifest);
        List<String> notes = new ArrayList<>();
        assertThat(store.list(notes::add)).hasSize(4);
        assertThat(notes).hasSize(1);
        assertThat(notes.getFirst()).contains(file.toString());
    }

    @Test
    void aManifestIsReadAsItWasWritten() throws IOException {
        Manifest manifest = Manifest.read(root.resolve("acme/many")).orElseThrow();
        manifest.write(root.resolve("other"));
        assertThat(Manifest.read(root.resolve("other"))).contains(manifest);
        assertThat(manifest.missing())
                .containsExactly(new HubFile("m-Q4_K_M.gguf", 100, Optional.empty()));
    }
}
