package dev.minke.model.checkpoint.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.minke.model.checkpoint.Safetensors;
import dev.minke.model.checkpoint.StoredType;
import dev.minke.model.checkpoint.gguf.TensorNames.LatentForm;
import dev.minke.model.checkpoint.gguf.TensorNames.Part;
import dev.minke.model.checkpoint.gguf.TensorNames.Place;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.TensorInventory;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TensorNamesTests {
    private static final TensorNames LEGACY = TensorNames.deepseek2(LatentForm.JOINT);
    private static final TensorNames LATENT = TensorNames.deepseek2(LatentForm.SPLIT);

    @TempDir private Path folder;

    private TensorInventory inventory(String resource) throws IOException {
        Path file = folder.resolve("config.json");
        try (InputStream in = TensorNamesTests.class.getResourceAsStream(resource)) {
            assertThat(in).as(resource).isNotNull();
            Files.write(file, in.readAllBytes());
        }
        return TensorInventory.of(DeepSeekConfig.read(file));
    }

    @ParameterizedTest
    @CsvSource({
        "model.embed_tokens.weight, token_embd.weight",
        "model.norm.weight, output_norm.weight",
        "lm_head.weight, output.weight",
        "model.layers.0.input_layernorm.weight, blk.0.attn_norm.weight",
        "model.layers.0.post_attention_layernorm.weight, blk.0.ffn_norm.weight",
        "model.layers.0.self_attn.q_proj.weight, blk.0.attn_q.weight",
        "model.layers.10.self_attn.q_a_proj.weight, blk.10.attn_q_a.weight",
        "model.layers.10.self_attn.q_a_layernorm.weight, blk.10.attn_q_a_norm.weight",
        "model.layers.10.self_attn.q_b_proj.weight, blk.10.attn_q_b.weight",
        "model.layers.10.self_attn.kv_a_proj_with_mqa.weight, blk.10.attn_kv_a_mqa.weight",
        "model.layers.10.self_attn.kv_a_layernorm.weight, blk.10.attn_kv_a_norm.weight",
        "model.layers.10.self_attn.kv_b_proj.weight, blk.10.attn_kv_b.weight",
        "model.layers.10.self_attn.o_proj.weight, blk.10.attn_output.weight",
        "model.layers.2.mlp.gate_proj.weight, blk.2.ffn_gate.weight",
        "model.layers.2.mlp.up_proj.weight, blk.2.ffn_up.weight",
        "model.layers.2.mlp.down_proj.weight, blk.2.ffn_down.weight",
        "model.layers.3.mlp.gate.weight, blk.3.ffn_gate_inp.weight",
        "model.layers.3.mlp.gate.e_score_correction_bias, blk.3.exp_probs_b.bias",
        "model.layers.3.mlp.shared_experts.gate_proj.weight, blk.3.ffn_gate_shexp.weight",
        "model.layers.3.mlp.shared_experts.up_proj.weight, blk.3.ffn_up_shexp.weight",
        "model.layers.3.mlp.shared_experts.down_proj.weight, blk.3.ffn_down_shexp.weight",
        "model.layers.61.embed_tokens.weight, blk.61.nextn.embed_tokens.weight",
        "model.layers.61.eh_proj.weight, blk.61.nextn.eh_proj.weight",
        "model.layers.61.enorm.weight, blk.61.nextn.enorm.weight",
        "model.layers.61.hnorm.weight, blk.61.nextn.hnorm.weight",
        "model.layers.61.shared_head.head.weight, blk.61.nextn.shared_head_head.weight",
        "model.layers.61.shared_head.norm.weight, blk.61.nextn.shared_head_norm.weight"
    })
    void mapsDeepSeekNamesBothWays(String hub, String gguf) {
        Part whole = new Part.Whole();
        assertThat(LEGACY.toGguf(hub)).containsExactly(new Place(gguf, whole));
        assertThat(LEGACY.toHub(gguf, 256)).containsExactly(new Place(hub, whole));
        assertThat(LATENT.toHub(gguf, 256)).containsExactly(new Place(hub, whole));
        assertThat(LEGACY.toGguf(hub).getFirst().expert()).isEmpty();
    }

    @Test
    void stacksExperts() {
        String hub = "model.layers.3.mlp.experts.255.down_proj.weight";
        Place place = LATENT.toGguf(hub).getFirst();
        assertThat(place).isEqualTo(new Place("blk.3.ffn_down_exps.weight", new Part.Expert(255)));
        assertThat(place.expert()).hasValue(255);
        List<Place> back = LATENT.toHub("blk.3.ffn_down_exps.weight", 256);
        assertThat(back).hasSize(256);
        assertThat(back.get(255)).isEqualTo(new Place(hub, new Part.Expert(255)));
        assertThat(back.getFirst().tensor())
                .isEqualTo("model.layers.3.mlp.experts.0.down_proj.weight");
    }

    @Test
    void splitsWhatBecomesKeysAndValues() {
        String hub = "model.layers.7.self_attn.kv_b_proj.weight";
        assertThat(LATENT.toGguf(hub))
                .containsExactly(
                        new Place("blk.7.attn_k_b.weight", new Part.Keys()),
                        new Place("blk.7.attn_v_b.weight", new Part.Values()));
        for (TensorNames names : List.of(LATENT, LEGACY)) {
            assertThat(names.toHub("blk.7.attn_k_b.weight", 8))
                    .containsExactly(new Place(hub, new Part.Keys()));
            assertThat(names.toHub("blk.7.attn_v_b.weight", 8))
                    .containsExactly(new Place(hub, new Part.Values()));
        }
    }

    @ParameterizedTest
    @EnumSource(LatentForm.class)
    void mapsEveryTensorOfAModelBothWays(LatentForm form) throws IOException {
        for (String config :
                List.of(
                        "/golden/tiny-v3/hf/config.json",
                        "/golden/tiny-v2-lite/hf/config.json",
                        "/golden/tiny-moonlight/hf/config.json",
                        "/config/deepseek-v3.json")) {
            assertMapsBothWays(TensorNames.deepseek2(form), inventory(config));
        }
    }

    @Test
    void mapsEveryTensorOfADenseModelBothWays() throws IOException {
        assertMapsBothWays(TensorNames.llama(), inventory("/golden/tiny-llama/hf/config.json"));
        assertMapsBothWays(TensorNames.qwen2(), inventory("/golden/tiny-qwen2/hf/config.json"));
    }

    private static void assertMapsBothWays(TensorNames names, TensorInventory inventory) {
        Set<Place> taken = new HashSet<>();
        Map<String, Set<Place>> back = new HashMap<>();
        for (TensorInventory.Entry entry : inventory.entries()) {
            List<Place> places = names.toGguf(entry.name());
            if (entry.kind() == TensorInventory.Kind.BLOCK_SCALE) {
                assertThat(places).as(entry.name()).isEmpty();
                continue;
            }
            assertThat(places).as(entry.name()).isNotEmpty();
            for (Place place : places) {
                assertThat(taken.add(place)).as("%s", place).isTrue();
                assertThat(
                                back.computeIfAbsent(
                                        place.tensor(), t -> Set.copyOf(names.toHub(t, 256))))
                        .contains(new Place(entry.name(), place.part()));
            }
        }
        assertThat(taken).hasSizeGreaterThan(20);
    }

    @Test
    void countsTensorsOfTheWholeModel() throws IOException {
        Set<String> gguf = new TreeSet<>();
        for (TensorInventory.Entry entry : inventory("/config/deepseek-v3.json").entries()) {
            LEGACY.toGguf(entry.name()).forEach(place -> gguf.add(place.tensor()));
        }
        // files made without the prediction module have 1025 tensors
        assertThat(gguf.stream().filter(name -> !name.startsWith("blk.61."))).hasSize(1025);
        assertThat(gguf).hasSize(1025 + 23);
    }

    @ParameterizedTest
    @CsvSource({
        "model.embed_tokens.weight, token_embd.weight",
        "model.norm.weight, output_norm.weight",
        "lm_head.weight, output.weight",
        "model.layers.27.input_layernorm.weight, blk.27.attn_norm.weight",
        "model.layers.27.post_attention_layernorm.weight, blk.27.ffn_norm.weight",
        "model.layers.27.self_attn.q_proj.weight, blk.27.attn_q.weight",
        "model.layers.27.self_attn.q_proj.bias, blk.27.attn_q.bias",
        "model.layers.27.self_attn.k_proj.weight, blk.27.attn_k.weight",
        "model.layers.27.self_attn.k_proj.bias, blk.27.attn_k.bias",
        "model.layers.27.self_attn.v_proj.weight, blk.27.attn_v.weight",
        "model.layers.27.self_attn.v_proj.bias, blk.27.attn_v.bias",
        "model.layers.27.self_attn.o_proj.weight, blk.27.attn_output.weight",
        "model.layers.27.self_attn.o_proj.bias, blk.27.attn_output.bias",
        "model.layers.27.mlp.gate_proj.weight, blk.27.ffn_gate.weight",
        "model.layers.27.mlp.up_proj.weight, blk.27.ffn_up.weight",
        "model.layers.27.mlp.down_proj.weight, blk.27.ffn_down.weight",
        "model.layers.27.mlp.down_proj.bias, blk.27.ffn_down.bias"
    })
    void mapsDenseNamesBothWays(String hub, String gguf) {
        for (TensorNames names : List.of(TensorNames.llama(), TensorNames.qwen2())) {
            assertThat(names.toGguf(hub)).containsExactly(new Place(gguf, new Part.Whole()));
            assertThat(names.toHub(gguf, 0)).containsExactly(new Place(hub, new Part.Whole()));
        }
    }

    @Test
    void reordersQueriesAndKeysOfLlamaAlone() {
        TensorNames llama = TensorNames.llama();
        for (String name :
                List.of("q_proj.weight", "q_proj.bias", "k_proj.weight", "k_proj.bias")) {
            String hub = "model.layers.3.self_attn." + name;
            assertThat(llama.reordersHeads(hub)).as(name).isTrue();
            assertThat(TensorNames.qwen2().reordersHeads(hub)).isFalse();
            assertThat(LEGACY.reordersHeads(hub)).isFalse();
        }
        assertThat(llama.reordersHeads("model.layers.3.self_attn.v_proj.weight")).isFalse();
        assertThat(llama.reordersHeads("model.layers.3.self_attn.q_proj.other")).isFalse();
        assertThat(llama.reordersHeads("lm_head.weight")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "model",
                "model.layers.0",
                "model.layers.0.",
                "model.layers..mlp.gate.weight",
                "model.layers.-1.mlp.gate.weight",
                "model.layers.01.mlp.gate.weight",
                "model.layers.1234567.mlp.gate.weight",
                "model.layers.0.mlp.gate.weight.x",
                "model.layers.0.mlp.experts.01.up_proj.weight",
                "model.layers.0.mlp.experts.1.up_proj.bias",
                "model.layers.0.self_attn.rotary_emb.inv_freq",
                "model.layers.0.self_attn.o_proj.weight_scale_inv",
                "lm_head.bias",
                "model.embed_tokens.weight\n",
                "blk.0.attn_norm.weight"
            })
    void knowsNoPlaceForOtherNames(String hub) {
        for (TensorNames names :
                List.of(LATENT, LEGACY, TensorNames.llama(), TensorNames.qwen2())) {
            assertThat(names.toGguf(hub)).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "blk",
                "blk.0",
                "blk.0.",
                "blk.00.attn_norm.weight",
                "blk.x.attn_norm.weight",
                "rope_freqs.weight",
                "blk.0.indexer.k_norm.weight",
                "blk.0.ffn_gate_exps.bias",
                "blk.0.ffn_side_exps.weight",
                "model.norm.weight"
            })
    void knowsNoSourceForOtherTensors(String gguf) {
        for (TensorNames names :
                List.of(LATENT, LEGACY, TensorNames.llama(), TensorNames.qwen2())) {
            assertThat(names.toHub(gguf, 2)).isEmpty();
        }
    }

    @Test
    void keepsArchitecturesApart() {
        assertThat(TensorNames.llama().toGguf("model.layers.0.mlp.experts.0.up_proj.weight"))
                .isEmpty();
        assertThat(TensorNames.llama().toHub("blk.0.ffn_up_exps.weight", 2)).isEmpty();
        assertThat(TensorNames.qwen2().toHub("blk.0.attn_k_b.weight", 2)).isEmpty();
        assertThat(LEGACY.toGguf("model.layers.0.self_attn.k_proj.weight")).isEmpty();
        for (String architecture : List.of("deepseek2", "llama", "qwen2")) {
            assertThat(TensorNames.of(architecture, LatentForm.SPLIT))
                    .get()
                    .extracting(TensorNames::architecture)
                    .isEqualTo(architecture);
        }
        assertThat(TensorNames.of("bert", LatentForm.SPLIT)).isEmpty();
    }

    /// The golden models have the same weights in both formats.
    @ParameterizedTest
    @ValueSource(strings = {"tiny-v3", "tiny-v2-lite", "tiny-moonlight"})
    void findsTheSameNumbersInBothFormats(String name) throws IOException {
        var golden = GgufSamples.shared("golden/" + name);
        assumeTrue(golden.isPresent(), "needs shared/golden beside the project");
        Set<String> compared = new HashSet<>();
        try (GgufFile gguf = GgufFile.open(golden.get().resolve("model.gguf"));
                Safetensors hub = Safetensors.open(golden.get().resolve("hf/model.safetensors"))) {
            String layers = "model.layers." + gguf.metadata().integer("deepseek2.block_count");
            for (String tensor : hub.names()) {
                if (tensor.startsWith(layers + ".")) {
                    continue;
                }
                for (Place place : LATENT.toGguf(tensor)) {
                    compare(gguf, hub, tensor, place);
                    compared.add(place.tensor());
                }
            }
            assertThat(compared)
                    .containsExactlyInAnyOrderElementsOf(
                            gguf.tensors().stream().map(GgufTensor::name).toList());
        }
    }

    private static void compare(GgufFile gguf, Safetensors hub, String tensor, Place place)
            throws IOException {
        float[] there = floats(gguf.data(place.tensor()), gguf.tensor(place.tensor()).type());
        StoredType type = hub.info(tensor).type();
        float[] here = floats(hub.data(tensor), GgufType.valueOf(type.name()));
        long[] shape = gguf.tensor(place.tensor()).shape();
        switch (place.part()) {
            case Part.Whole _ -> assertThat(there).as(tensor).isEqualTo(here);
            case Part.Expert(int index) ->
                    assertThat(
                                    Arrays.copyOfRange(
                                            there, index * here.length, (index + 1) * here.length))
                            .as(tensor)
                            .isEqualTo(here);
            case Part.Keys _ -> assertThat(there).as(tensor).isEqualTo(keys(here, shape));
            case Part.Values _ -> assertThat(there).as(tensor).isEqualTo(values(here, shape));
        }
    }

    private static float[] keys(float[] joint, long[] shape) {
        int heads = (int) shape[0];
        int rank = (int) shape[1];
        int nope = (int) shape[2];
        int rows = joint.length / rank / heads;
        float[] keys = new float[heads * rank * nope];
        for (int i = 0; i < keys.length; i++) {
            int h = i / (rank * nope);
            int r = i / nope % rank;
            keys[i] = joint[(h * rows + i % nope) * rank + r];
        }
        return keys;
    }

    private static float[] values(float[] joint, long[] shape) {
        int size = (int) (shape[1] * shape[2]);
        int stride = joint.length / (int) shape[0];
        float[] values = new float[(int) shape[0] * size];
        for (int i = 0; i < values.length; i++) {
            values[i] = joint[i / size * stride + stride - size + i % size];
        }
        return values;
    }

    private static float[] floats(MemorySegment data, GgufType type) {
        float[] values = new float[(int) (data.byteSize() / type.blockBytes())];
        for (int i = 0; i < values.length; i++) {
            values[i] =
                    type == GgufType.F32
                            ? data.get(Wire.FLOAT, 4L * i)
                            : Float.intBitsToFloat(data.get(Wire.SHORT, 2L * i) << 16);
        }
        return values;
    }
}
