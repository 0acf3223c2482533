package dev.minke.model.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.model.config.TensorInventory.Entry;
import dev.minke.model.config.TensorInventory.Kind;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TensorInventoryTests {
    @Test
    void countsTheReleasedFilesOfV3ToTheUnit() throws IOException {
        TensorInventory inventory = TensorInventory.of(Published.config(Published.V3));
        assertThat(inventory.entries()).hasSize(91_991);
        assertThat(inventory.elements()).isEqualTo(684_531_386_000L);
        assertThat(
                        inventory.entries().stream()
                                .filter(entry -> entry.kind() == Kind.BLOCK_SCALE)
                                .mapToLong(Entry::elements)
                                .sum())
                .isEqualTo(41_540_496);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                Published.V2_LITE,
                Published.V2,
                Published.V3,
                Published.MOONLIGHT,
                Published.KIMI_K2
            })
    void agreesWithTheParameterIdentities(String model) throws IOException {
        DeepSeekConfig config = Published.config(model).withQuantizationConfig(Optional.empty());
        long copies =
                2L * config.numNextnPredictLayers() * config.vocabSize() * config.hiddenSize();
        assertThat(TensorInventory.of(config).elements())
                .isEqualTo(config.parameterCount() + config.mtpParameterCount() + copies);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                Published.V2_LITE,
                Published.V2,
                Published.V3,
                Published.MOONLIGHT,
                Published.KIMI_K2
            })
    void countsWithoutAList(String model) throws IOException {
        assertCounted(Published.config(model));
    }

    @ParameterizedTest
    @MethodSource("dev.minke.model.deepseek.SmallModels#variants")
    void countsSmallModelsWithoutAList(DeepSeekConfig config) {
        assertCounted(config);
        assertCounted(config.withQuantizationConfig(Optional.of(Fp8Config.blocks128())));
    }

    private static void assertCounted(DeepSeekConfig config) {
        List<Entry> entries = TensorInventory.of(config).entries();
        assertThat(TensorInventory.count(config, false)).isEqualTo(entries.size());
        assertThat(TensorInventory.count(config, true))
                .isEqualTo(
                        entries.stream()
                                .map(entry -> entry.name().replaceAll("experts\\.\\d+", "experts"))
                                .distinct()
                                .count());
    }

    @Test
    void hasTheShapesOfV3() throws IOException {
        TensorInventory inventory = TensorInventory.of(Published.config(Published.V3));
        String layer = "model.layers.3.";
        assertShape(inventory, layer + "self_attn.q_a_proj.weight", Kind.LINEAR, 1536, 7168);
        assertShape(
                inventory,
                layer + "self_attn.q_b_proj.weight_scale_inv",
                Kind.BLOCK_SCALE,
                192,
                12);
        assertShape(
                inventory, layer + "self_attn.kv_a_proj_with_mqa.weight", Kind.LINEAR, 576, 7168);
        assertShape(
                inventory,
                layer + "self_attn.kv_a_proj_with_mqa.weight_scale_inv",
                Kind.BLOCK_SCALE,
                5,
                56);
        assertShape(inventory, layer + "self_attn.kv_b_proj.weight", Kind.LINEAR, 32768, 512);
        assertShape(inventory, layer + "self_attn.o_proj.weight", Kind.LINEAR, 7168, 16384);
        assertShape(inventory, layer + "mlp.gate.weight", Kind.MATRIX, 256, 7168);
        assertShape(inventory, layer + "mlp.gate.e_score_correction_bias", Kind.ROUTER_BIAS, 256);
        assertShape(inventory, layer + "mlp.experts.255.down_proj.weight", Kind.LINEAR, 7168, 2048);
        assertShape(
                inventory, layer + "mlp.shared_experts.up_proj.weight", Kind.LINEAR, 2048, 7168);
        assertShape(inventory, "model.layers.2.mlp.gate_proj.weight", Kind.LINEAR, 18432, 7168);
        assertShape(inventory, "model.layers.61.eh_proj.weight", Kind.MATRIX, 7168, 14336);
        assertShape(
                inventory, "model.layers.61.shared_head.head.weight", Kind.MATRIX, 129280, 7168);
        assertShape(inventory, "model.layers.61.mlp.gate.weight", Kind.MATRIX, 256, 7168);
        assertThat(inventory.find("model.layers.62.enorm.weight")).isEmpty();
    }

    @Test
    void hasOneQueryProjectionAndWideSharedExpertsInV2Lite() throws IOException {
        TensorInventory inventory = TensorInventory.of(Published.config(Published.V2_LITE));
        assertShape(inventory, "model.layers.5.self_attn.q_proj.weight", Kind.LINEAR, 3072, 2048);
        assertShape(
                inventory,
                "model.layers.5.mlp.shared_experts.down_proj.weight",
                Kind.LINEAR,
                2048,
                2816);
        assertThat(inventory.find("model.layers.5.self_attn.q_a_proj.weight")).isEmpty();
        assertThat(inventory.find("model.layers.5.mlp.gate.e_score_correction_bias")).isEmpty();
    }

    @Test
    void startsWithTheEmbeddingAndEndsWithTheModules() throws IOException {
        var entries = TensorInventory.of(Published.config(Published.V3)).entries();
        assertThat(entries.getFirst().name()).isEqualTo("model.embed_tokens.weight");
        assertThat(entries.getLast().name()).isEqualTo("model.layers.61.shared_head.head.weight");
    }

    @Test
    void givesOutNoArrayOfItsOwn() throws IOException {
        Entry entry = TensorInventory.of(Published.config(Published.V2_LITE)).entries().get(0);
        entry.shape()[0] = 0;
        assertThat(entry.shape()).containsExactly(102400, 2048);
    }

    private static void assertShape(
            TensorInventory inventory, String name, Kind kind, long... shape) {
        assertThat(inventory.find(name)).contains(new Entry(name, kind, shape));
    }
}
