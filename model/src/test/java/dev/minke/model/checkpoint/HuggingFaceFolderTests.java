package dev.minke.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.TensorInventory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HuggingFaceFolderTests {
    private static final String INDEX = "model.safetensors.index.json";
    private static final String SECOND = "model-00002-of-00002.safetensors";

    private static final List<TensorSpec> SHARDED =
            List.of(
                    new TensorSpec("model.embed_tokens.weight", StoredType.BF16, new long[] {4, 3}),
                    new TensorSpec("model.norm.weight", StoredType.F32, new long[] {3}),
                    new TensorSpec("lm_head.weight", StoredType.BF16, new long[] {4, 3}));

    /// A dense model small enough to be written down: 2 layers of width 4.
    private static final String CONFIG =
            """
            {"architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3",
             "vocab_size": 8, "hidden_size": 4, "intermediate_size": 6, "num_hidden_layers": 2,
             "num_attention_heads": 2, "kv_lora_rank": 3, "qk_nope_head_dim": 2,
             "qk_rope_head_dim": 2, "v_head_dim": 2, "max_position_embeddings": 16}
            """;

    @TempDir private Path folder;

    @Test
    void readsWhatPythonWroteInShards() throws IOException {
        try (HuggingFaceFolder checkpoint = HuggingFaceFolder.open(Samples.resource("sharded"))) {
            assertThat(checkpoint.names())
                    .containsExactlyElementsOf(SHARDED.stream().map(TensorSpec::name).toList());
            for (TensorSpec spec : SHARDED) {
                assertThat(checkpoint.contains(spec.name())).isTrue();
                assertThat(checkpoint.info(spec.name()).spec()).isEqualTo(spec);
                assertThat(Samples.copy(checkpoint.data(spec.name())))
                        .isEqualTo(Samples.bytes(spec));
            }
            assertThat(checkpoint.info("lm_head.weight").file())
                    .isEqualTo(checkpoint.folder().resolve(SECOND));
        }
    }

    @Test
    void readsASingleFile() throws IOException {
        Files.copy(Samples.resource("every-type.safetensors"), folder.resolve("model.safetensors"));
        try (HuggingFaceFolder checkpoint = HuggingFaceFolder.open(folder)) {
            assertThat(checkpoint.names()).hasSize(Samples.EVERY_TYPE.size());
            assertThatThrownBy(() -> checkpoint.info("lm_head.weight"))
                    .isInstanceOf(MalformedCheckpoint.class)
                    .hasMessage(
                            folder
                                    + ": tensor lm_head.weight: expected it in the checkpoint,"
                                    + " found none");
        }
    }

    @Test
    void opensAShardWhenItIsFirstNeeded() throws IOException {
        copySharded();
        Files.write(folder.resolve(SECOND), new byte[3]);
        try (HuggingFaceFolder checkpoint = HuggingFaceFolder.open(folder)) {
            assertThat(checkpoint.data("model.norm.weight").byteSize()).isEqualTo(12);
            assertThatThrownBy(() -> checkpoint.data("lm_head.weight"))
                    .isInstanceOf(MalformedCheckpoint.class)
                    .hasMessageStartingWith(folder.resolve(SECOND) + ": byte 0: ");
        }
    }

    @Test
    void namesAShardThatIsMissing() throws IOException {
        copySharded();
        Files.delete(folder.resolve(SECOND));
        assertThatThrownBy(() -> HuggingFaceFolder.open(folder))
                .isInstanceOf(MalformedCheckpoint.class)
                .hasMessage(
                        folder.resolve(INDEX)
                                + ": weight_map: expected shard "
                                + SECOND
                                + " beside it, found no such file");
    }

    @Test
    void namesATensorThatItsShardLacks() throws IOException {
        copySharded();
        String index = Files.readString(folder.resolve(INDEX));
        Files.writeString(
                folder.resolve(INDEX),
                index.replace(
                        "\"lm_head.weight\"",
                        "\"lm_head.bias\": \"" + SECOND + "\", \"lm_head.weight\""));
        try (HuggingFaceFolder checkpoint = HuggingFaceFolder.open(folder)) {
            assertThatThrownBy(() -> checkpoint.info("lm_head.weight"))
                    .isInstanceOf(MalformedCheckpoint.class)
                    .hasMessage(
                            folder.resolve(SECOND)
                                    + ": tensor lm_head.bias: expected it in this shard, as "
                                    + INDEX
                                    + " says, found none");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../model.safetensors",
                "/etc/model.safetensors",
                "a/b.safetensors",
                "a\\\\b.safetensors",
                "C:model.safetensors",
                "a\\u0000.safetensors",
                "passwd",
                ".."
            })
    void refusesShardsOutsideTheFolder(String shard) throws IOException {
        assertIndexRefused(
                "{\"weight_map\":{\"a\":\"" + shard + "\"}}",
                "tensor a: expected a .safetensors file name without a folder, found ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{}",
                "{\"weight_map\":[]}",
                "{\"weight_map\":{}}",
                "{\"weight_map\":{\"a\":7}}",
                "{\"weight_map\":{\"a\":\"b.safetensors\",\"a\":\"b.safetensors\"}}",
                "{\"weight_map\":{\"a\":\"b.safetensors\"},\"weight_map\":{}}",
                "{\"weight_map\":{\"a\":\"b.safetensors\"}}x",
                "{\"weight_map\":{\"a\":\"b.safetensors\"",
                "{\"x\":[[[[[[[[[[[[1]]]]]]]]]]]]}"
            })
    void refusesAnIndexThatBreaksItsFormat(String index) throws IOException {
        assertIndexRefused(index, "");
    }

    @Test
    void saysWhatAFolderLacks() throws IOException {
        assertThatThrownBy(() -> HuggingFaceFolder.open(folder))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining(folder.toString())
                .hasMessageContaining("expected model.safetensors or " + INDEX);
        assertThatThrownBy(() -> HuggingFaceFolder.open(folder.resolve("none")))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("expected a folder with config.json");
        Path file = Files.writeString(folder.resolve("file"), "x");
        assertThatThrownBy(() -> HuggingFaceFolder.open(file))
                .isInstanceOf(NotDirectoryException.class)
                .hasMessageContaining(file.toString());
    }

    @Test
    void checksNamesAndShapesAgainstTheConfiguration() throws IOException {
        Files.writeString(folder.resolve("config.json"), CONFIG);
        DeepSeekConfig config = DeepSeekConfig.read(folder.resolve("config.json"));
        TensorInventory inventory = TensorInventory.of(config);
        write(folder, specs(inventory));
        try (HuggingFaceFolder checkpoint = HuggingFaceFolder.open(folder)) {
            assertThat(checkpoint.config()).isEqualTo(config);
            checkpoint.check(inventory);
        }

        List<TensorSpec> changed = specs(inventory);
        changed.set(1, new TensorSpec(changed.get(1).name(), StoredType.F32, new long[] {2, 2}));
        assertCheckFails(
                changed,
                inventory,
                "tensor model.layers.0.input_layernorm.weight: expected shape [4] by config.json,"
                        + " found [2, 2]");

        List<TensorSpec> fewer = specs(inventory);
        fewer.removeLast();
        assertCheckFails(
                fewer,
                inventory,
                "tensor lm_head.weight: expected it in the checkpoint, found none");
    }

    @Test
    void servesSeveralThreads() throws Exception {
        try (HuggingFaceFolder checkpoint = HuggingFaceFolder.open(Samples.resource("sharded"));
                var threads = Executors.newFixedThreadPool(4)) {
            List<Callable<byte[]>> tasks = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                String name = SHARDED.get(i % 3).name();
                tasks.add(() -> Samples.copy(checkpoint.data(name)));
            }
            int i = 0;
            for (var result : threads.invokeAll(tasks)) {
                assertThat(result.get()).isEqualTo(Samples.bytes(SHARDED.get(i++ % 3)));
            }
        }
    }

    @Test
    void opensNothingAfterClose() throws IOException {
        HuggingFaceFolder checkpoint = HuggingFaceFolder.open(Samples.resource("sharded"));
        checkpoint.close();
        checkpoint.close();
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> checkpoint.data("lm_head.weight"))
                .withMessageEndingWith("is closed, expected it open");
    }

    private void assertCheckFails(List<TensorSpec> specs, TensorInventory inventory, String message)
            throws IOException {
        Path other = Files.createTempDirectory(folder, "other");
        write(other, specs);
        try (HuggingFaceFolder checkpoint = HuggingFaceFolder.open(other)) {
            assertThatThrownBy(() -> checkpoint.check(inventory))
                    .isInstanceOf(MalformedCheckpoint.class)
                    .hasMessageEndingWith(message);
        }
    }

    private static List<TensorSpec> specs(TensorInventory inventory) {
        List<TensorSpec> specs = new ArrayList<>();
        for (TensorInventory.Entry entry : inventory.entries()) {
            specs.add(new TensorSpec(entry.name(), StoredType.F32, entry.shape()));
        }
        return specs;
    }

    private static void write(Path folder, List<TensorSpec> specs) throws IOException {
        Path file = folder.resolve("model.safetensors");
        try (var writer = SafetensorsWriter.toFile(file, specs, Map.of())) {
            for (TensorSpec spec : specs) {
                writer.write(spec.name(), Samples.segment(spec));
            }
            writer.commit();
        }
    }

    private void assertIndexRefused(String index, String message) throws IOException {
        Path file = Files.writeString(folder.resolve(INDEX), index);
        assertThatThrownBy(() -> HuggingFaceFolder.open(folder))
                .isInstanceOf(MalformedCheckpoint.class)
                .hasMessageStartingWith(file + ": " + message)
                .message()
                .doesNotContain("\n");
    }

    private void copySharded() throws IOException {
        Path from = Samples.resource("sharded");
        for (String name : Samples.listing(from)) {
            Files.copy(from.resolve(name), folder.resolve(name));
        }
    }
}
