package dev.minke.model.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class DeepSeekConfigTests {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    @Test
    void readsEveryKeyOfV3() throws IOException {
        DeepSeekConfig config = Published.config(Published.V3);
        assertThat(config)
                .isEqualTo(
                        new DeepSeekConfig(
                                Family.DEEPSEEK_V3,
                                129280,
                                7168,
                                18432,
                                61,
                                1,
                                163840,
                                1e-6,
                                false,
                                new MlaConfig(128, 1536, 512, 128, 64, 128),
                                new MoeConfig(
                                        3,
                                        2048,
                                        256,
                                        1,
                                        8,
                                        8,
                                        4,
                                        ScoringFunc.SIGMOID,
                                        TopkMethod.NOAUX_TC,
                                        true,
                                        2.5),
                                new RopeConfig(
                                        10000, Optional.of(new YarnConfig(40, 4096, 32, 1, 1, 1))),
                                Optional.of(new Fp8Config(128, 128, Optional.empty())),
                                new HubConfig(OptionalInt.of(0), List.of(1), 0.02, "bfloat16")));
        assertThat(config.qkHeadDim()).isEqualTo(192);
        assertThat(config.cacheElementsPerToken()).isEqualTo(35_136);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                Published.V2_LITE,
                Published.V2,
                Published.V3,
                Published.V3_1,
                Published.MOONLIGHT,
                Published.KIMI_K2
            })
    void writesWhatItReadsUnderTheSameKeys(String model) throws IOException {
        DeepSeekConfig config = Published.config(model);
        String written = config.toJson();
        assertThat(DeepSeekConfig.parse(written, "written")).isEqualTo(config);
        JsonNode original = JSON.readTree(Published.json(model));
        assertThat(List.copyOf(JSON.readTree(written).propertyNames())).isSorted();
        for (var property : JSON.readTree(written).properties()) {
            JsonNode before = original.path(property.getKey());
            JsonNode after = property.getValue();
            if (before.isMissingNode()) {
                // the two optional keys that V2 and Kimi-K2 leave out
                assertThat(property.getKey()).isIn("num_nextn_predict_layers", "bos_token_id");
            } else if (after.isNumber()) {
                assertThat(after.asDouble()).isEqualTo(before.asDouble());
            } else if (after.isObject()) {
                assertThat(after.propertyNames()).isEqualTo(before.propertyNames());
            } else {
                assertThat(after).isEqualTo(before);
            }
        }
    }

    @Test
    void keepsTheScaleFormatOfV31() throws IOException {
        assertThat(Published.config(Published.V3_1).quantizationConfig())
                .contains(new Fp8Config(128, 128, Optional.of("ue8m0")));
    }

    @ParameterizedTest
    @CsvSource({
        "deepseek-v2-lite, 15706484224",
        "deepseek-v2, 235741434880",
        "deepseek-v3, 671026419200",
        "moonlight-16b-a3b, 15960110208",
        "kimi-k2, 1026408232448"
    })
    void countsTheParametersOfPublishedModels(String model, long expected) throws IOException {
        assertThat(Published.config(model).parameterCount()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "deepseek-v2-lite, 2661, 2242",
        "deepseek-v2, 21376, 20330",
        "deepseek-v3, 37552, 35700",
        "moonlight-16b-a3b, 2915, 2244",
        "kimi-k2, 32860, 30510"
    })
    void countsTheActiveParameters(String model, long millions, long withoutVocabulary)
            throws IOException {
        DeepSeekConfig config = Published.config(model);
        long vocabulary = 2L * config.vocabSize() * config.hiddenSize();
        // the published figures are rounded to 1 or 10 million
        assertThat((double) config.activeParameterCount() / 1e6)
                .isBetween(millions - 5.0, millions + 5.0);
        assertThat((double) (config.activeParameterCount() - vocabulary) / 1e6)
                .isBetween(withoutVocabulary - 5.0, withoutVocabulary + 5.0);
    }

    @Test
    void countsThePredictionModuleOfV3() throws IOException {
        DeepSeekConfig config = Published.config(Published.V3);
        assertThat(config.mtpParameterCount()).isEqualTo(11_610_068_224L);
        assertThat(config.mtpParameterCount() + 2L * 129280 * 7168).isEqualTo(13_463_426_304L);
        assertThat(config.withNumNextnPredictLayers(0).mtpParameterCount()).isZero();
        assertThat(config.withNumNextnPredictLayers(0).parameterCount())
                .isEqualTo(config.parameterCount());
    }

    @Test
    void countsOperationsByHand() throws IOException {
        // d 4, H 1, rq none, rk 2, dn 2, dr 2, dv 3; one dense layer of 5, one of 4 experts of 3
        DeepSeekConfig config = tiny(1);
        long attention = 4 * 4 + 4 * (2 + 2) + 2 * (2 + 3) + 3 * 4;
        long dense = 3 * 4 * 5;
        long experts = 4 * 4 + (2 + 1) * 3 * 4 * 3;
        long head = 10 * 4;
        long scores = 2 * (4 + 3) * 6 / 2;
        assertThat(config.forwardFlopsPerToken(5))
                .isEqualTo(2 * (2 * attention + dense + experts + head) + 2 * scores);
        assertThat(config.mtpFlopsPerToken(5))
                .isEqualTo(2 * (2 * 4 * 4 + attention + experts + head) + scores);
        assertThat(config.trainingFlopsPerToken(5))
                .isEqualTo(3 * (config.forwardFlopsPerToken(5) + config.mtpFlopsPerToken(5)));
    }

    @Test
    void countsTheTrainingOperationsOfV3AsReported() throws IOException {
        DeepSeekConfig config = Published.config(Published.V3).withNumNextnPredictLayers(0);
        // 250 GFLOP per token at 4096, reported for the main model
        assertThat((double) config.trainingFlopsPerToken(4096) / 1e9).isBetween(249.5, 251.0);
    }

    @Test
    void refusesASequenceOfNothing() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> tiny(0).forwardFlopsPerToken(0))
                .withMessage("sequenceLength is 0, expected 1 to 2147483647");
    }

    @Test
    void understandsBothSpellingsOfRope() throws IOException {
        DeepSeekConfig config = Published.config(Published.V3);
        ObjectNode json = (ObjectNode) JSON.readTree(Published.json(Published.V3));
        ObjectNode scaling = (ObjectNode) json.remove("rope_scaling");
        scaling.remove("type");
        scaling.put("rope_type", "yarn");
        scaling.set("rope_theta", json.remove("rope_theta"));
        json.set("rope_parameters", scaling);
        assertThat(DeepSeekConfig.parse(json.toString(), "newer")).isEqualTo(config);

        json.remove("rope_parameters");
        json.putObject("rope_parameters").put("rope_type", "default").put("rope_theta", 50000.0);
        assertThat(DeepSeekConfig.parse(json.toString(), "plain").rope())
                .isEqualTo(RopeConfig.plain(50000));
    }

    @Test
    void refusesTwoSpellingsThatDisagree() throws IOException {
        assertRefused(
                json -> json.putObject("rope_parameters").put("rope_type", "default"),
                "rope_parameters is {\"rope_type\":\"default\"}, expected the same as rope_theta"
                        + " and rope_scaling beside it");
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "0", "absent"})
    void takesEveryWayToSayNoQueryCompression(String way) throws IOException {
        ObjectNode json = (ObjectNode) JSON.readTree(Published.json(Published.V3));
        switch (way) {
            case "null" -> json.putNull("q_lora_rank");
            case "0" -> json.put("q_lora_rank", 0);
            default -> json.remove("q_lora_rank");
        }
        MlaConfig mla = DeepSeekConfig.parse(json.toString(), "json").mla();
        assertThat(mla.compressesQuery()).isFalse();
        assertThat(mla.qLoraRank()).isZero();
    }

    @Test
    void takesADenseModel() throws IOException {
        ObjectNode json = (ObjectNode) JSON.readTree(Published.json(Published.V3));
        json.putNull("n_routed_experts").put("first_k_dense_replace", 61);
        DeepSeekConfig config = DeepSeekConfig.parse(json.toString(), "dense");
        assertThat(config.moe().hasExperts()).isFalse();
        assertThat(config.layerHasExperts(60)).isFalse();
        assertThat(config.layerHasExperts(61)).isFalse();
        assertThat(DeepSeekConfig.parse(config.toJson(), "again")).isEqualTo(config);
        assertThat(TensorInventory.of(config.withQuantizationConfig(Optional.empty())).elements())
                .isEqualTo(
                        config.parameterCount() + config.mtpParameterCount() + 2L * 129280 * 7168);
        assertRefused(
                j -> j.putNull("n_routed_experts"),
                "first_k_dense_replace is 3, expected 61 where n_routed_experts is null");
    }

    @Test
    void takesTheFamilysUsualRouterWhereNoneIsNamed() throws IOException {
        for (String model : List.of(Published.V2_LITE, Published.V2, Published.V3)) {
            ObjectNode json = (ObjectNode) JSON.readTree(Published.json(model));
            json.remove(List.of("scoring_func", "topk_method", "norm_topk_prob", "moe_layer_freq"));
            assertThat(DeepSeekConfig.parse(json.toString(), model))
                    .isEqualTo(Published.config(model));
        }
    }

    private static final String QWEN2 =
            """
            {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_act": "silu",
             "hidden_size": 1536, "intermediate_size": 8960, "max_position_embeddings": 131072,
             "max_window_layers": 21, "num_attention_heads": 12, "num_hidden_layers": 28,
             "num_key_value_heads": 2, "rms_norm_eps": 1e-06, "rope_theta": 10000,
             "sliding_window": 4096, "tie_word_embeddings": false, "use_sliding_window": false,
             "vocab_size": 151936}
            """;

    private static final String LLAMA =
            """
            {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4096,
             "intermediate_size": 14336, "max_position_embeddings": 131072, "mlp_bias": false,
             "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8,
             "rms_norm_eps": 1e-05, "rope_theta": 500000.0, "vocab_size": 128256,
             "rope_scaling": {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
             "original_max_position_embeddings": 8192, "rope_type": "llama3"}}
            """;

    @Test
    void readsTheDenseModelsThatR1WasDistilledInto() throws IOException {
        DeepSeekConfig qwen = DeepSeekConfig.parse(QWEN2, "qwen2");
        assertThat(qwen.attention()).isEqualTo(new GqaConfig(12, 2, 128, true));
        assertThat(qwen.parameterCount()).isEqualTo(1_777_088_000);
        assertThat(qwen.activeParameterCount()).isEqualTo(1_777_088_000);
        assertThat(qwen.cacheElementsPerToken()).isEqualTo(28 * 2 * 256);
        DeepSeekConfig llama = DeepSeekConfig.parse(LLAMA, "llama");
        assertThat(llama.attention()).isEqualTo(new GqaConfig(32, 8, 128, false));
        assertThat(llama.parameterCount()).isEqualTo(8_030_261_248L);
        assertThat(llama.softmaxScale()).isEqualTo(1 / Math.sqrt(128));
        for (DeepSeekConfig config : List.of(qwen, llama)) {
            assertThat(DeepSeekConfig.parse(config.toJson(), "again")).isEqualTo(config);
            assertThat(TensorInventory.of(config).elements()).isEqualTo(config.parameterCount());
        }
    }

    @Test
    void aTiedHeadIsNotCountedTwice() throws IOException {
        DeepSeekConfig tied =
                DeepSeekConfig.parse(
                        QWEN2.replace(
                                "\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true"),
                        "qwen2");
        assertThat(tied.parameterCount()).isEqualTo(1_543_714_304);
        assertThat(TensorInventory.of(tied).elements()).isEqualTo(tied.parameterCount());
        assertThat(TensorInventory.of(tied).find("lm_head.weight")).isEmpty();
    }

    @Test
    void refusesSlidingWindowsAndBiasesOfDenseModels() {
        assertThatThrownBy(() ->
                        DeepSeekConfig.parse(
                                QWEN2.replace(
                                        "\"use_sliding_window\": false",
                                        "\"use_sliding_window\": true"),
                                "q"))
                .hasMessage("q: use_sliding_window is true, expected false");
        assertThatThrownBy(() ->
                        DeepSeekConfig.parse(
                                LLAMA.replace("\"mlp_bias\": false", "\"mlp_bias\": true"), "l"))
                .hasMessage("l: mlp_bias is true, expected false");
        assertThatThrownBy(
                        () -> DeepSeekConfig.parse(LLAMA.replace("heads\": 8", "heads\": 7"), "l"))
                .hasMessage(
                        "l: num_key_value_heads is 7, expected a divisor of num_attention_heads 32");
    }

    @Test
    void takesSeveralEndTokens() throws IOException {
        ObjectNode json = (ObjectNode) JSON.readTree(Published.json(Published.V3));
        json.putArray("eos_token_id").add(1).add(7);
        DeepSeekConfig config = DeepSeekConfig.parse(json.toString(), "json");
        assertThat(config.hub().eosTokenId()).containsExactly(1, 7);
        assertThat(DeepSeekConfig.parse(config.toJson(), "again")).isEqualTo(config);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "model_type|\"gpt2\"|model_type is \"gpt2\", expected deepseek_v2 or deepseek_v3"
                        + " or kimi_k2 or llama or qwen2",
                "model_type|\"deepseek_v32\"|model_type is \"deepseek_v32\", expected deepseek_v2"
                        + " or deepseek_v3 or kimi_k2 or llama or qwen2",
                "model_type|\"llama\"|architectures is [\"DeepseekV3ForCausalLM\"], expected"
                        + " [\"LlamaForCausalLM\"] with model_type llama",
                "architectures|[\"LlamaForCausalLM\"]|architectures is [\"LlamaForCausalLM\"],"
                        + " expected [\"DeepseekV3ForCausalLM\"] with model_type deepseek_v3",
                "architectures|\"DeepseekV3ForCausalLM\"|architectures is"
                        + " \"DeepseekV3ForCausalLM\", expected [\"DeepseekV3ForCausalLM\"] with"
                        + " model_type deepseek_v3",
                "hidden_act|\"gelu\"|hidden_act is \"gelu\", expected \"silu\"",
                "attention_bias|true|attention_bias is true, expected false",
                "tie_word_embeddings|1|tie_word_embeddings is 1, expected true or false",
                "moe_layer_freq|2|moe_layer_freq is 2, expected 1",
                "moe_layer_freq|[0,1]|moe_layer_freq is [0,1], expected 1",
                "rope_interleave|false|rope_interleave is false, expected true",
                "scoring_func|\"tanh\"|scoring_func is \"tanh\", expected softmax or sigmoid",
                "scoring_func|\"softmax\"|scoring_func is softmax, expected sigmoid with"
                        + " topk_method noaux_tc",
                "topk_method|\"best\"|topk_method is \"best\", expected greedy or"
                        + " group_limited_greedy or noaux_tc",
                "topk_method|\"greedy\"|scoring_func is sigmoid, expected softmax with topk_method"
                        + " greedy",
                "rope_scaling|{\"type\":\"longrope\",\"factor\":2}|rope_scaling.type is"
                        + " \"longrope\", expected yarn, llama3, linear or default",
                "rope_scaling|{\"type\":\"yarn\",\"factor\":2}|"
                        + "rope_scaling.original_max_position_embeddings is missing, expected a"
                        + " 32-bit integer",
                "rope_scaling|7|rope_scaling is 7, expected an object",
                "rope_theta|-1|rope_theta is -1.0, expected a number above 0",
                "rope_theta|\"10000\"|rope_theta is \"10000\", expected a number",
                "rms_norm_eps|0|rms_norm_eps is 0.0, expected a number above 0",
                "hidden_size|0|hidden_size is 0, expected 1 to 16777216",
                "hidden_size|-7168|hidden_size is -7168, expected 1 to 16777216",
                "hidden_size|7168.0|hidden_size is 7168.0, expected a 32-bit integer",
                "hidden_size|\"7168\"|hidden_size is \"7168\", expected a 32-bit integer",
                "hidden_size|99999999999|hidden_size is 99999999999, expected a 32-bit integer",
                "hidden_size|2000000000|hidden_size is 2000000000, expected 1 to 16777216",
                "hidden_size|null|hidden_size is null, expected a 32-bit integer",
                "qk_rope_head_dim|63|qk_rope_head_dim is 63, expected an even number",
                "n_group|7|n_group is 7, expected a divisor of n_routed_experts 256",
                "n_group|256|n_group is 256, expected at most 128, two experts a group with"
                        + " topk_method noaux_tc",
                "topk_group|9|topk_group is 9, expected 1 to 8",
                "num_experts_per_tok|129|topk_group is 4, which leaves 128 experts, expected"
                        + " num_experts_per_tok 129 or more",
                "num_experts_per_tok|257|num_experts_per_tok is 257, expected 1 to 256",
                "first_k_dense_replace|62|first_k_dense_replace is 62, expected 0 to 61",
                "num_nextn_predict_layers|-1|num_nextn_predict_layers is -1, expected 0 to 10000",
                "norm_topk_prob|1|norm_topk_prob is 1, expected true or false",
                "eos_token_id|[\"a\"]|eos_token_id is [\"a\"], expected 32-bit integers",
                "quantization_config|{\"quant_method\":\"awq\"}|quantization_config.quant_method is"
                        + " \"awq\", expected \"fp8\"",
                "quantization_config|{\"quant_method\":\"fp8\"}|"
                        + "quantization_config.weight_block_size is missing, expected two sizes"
                        + " such as [128,128]",
                "quantization_config|{\"quant_method\":\"fp8\",\"fmt\":\"e5m2\"}|"
                        + "quantization_config.fmt is \"e5m2\", expected \"e4m3\""
            })
    void refusesWhatItCannotRun(String key, String value, String message) throws IOException {
        assertRefused(json -> json.set(key, JSON.readTree(value)), message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "vocab_size",
                "hidden_size",
                "intermediate_size",
                "moe_intermediate_size",
                "num_hidden_layers",
                "num_attention_heads",
                "kv_lora_rank",
                "qk_nope_head_dim",
                "qk_rope_head_dim",
                "v_head_dim",
                "num_experts_per_tok",
                "n_group",
                "topk_group",
                "first_k_dense_replace",
                "max_position_embeddings"
            })
    void namesARequiredKeyThatIsMissing(String key) throws IOException {
        assertRefused(json -> json.remove(key), key + " is missing, expected a 32-bit integer");
    }

    @Test
    void refusesMoreParametersThanCanBeCounted() throws IOException {
        assertRefused(
                json ->
                        json.put("hidden_size", 1 << 24)
                                .put("moe_intermediate_size", 1 << 24)
                                .put("n_shared_experts", 1)
                                .put("n_routed_experts", 1 << 16)
                                .put("num_hidden_layers", 10000),
                "hidden_size, num_hidden_layers and n_routed_experts make more than 2^63"
                        + " parameters, expected fewer");
    }

    @Test
    void refusesHeadsWhoseRowsOverflow() throws IOException {
        assertRefused(
                json -> json.put("num_attention_heads", 1 << 24),
                "num_attention_heads 16777216 and qk_nope_head_dim make 3221225472 rows, expected"
                        + " at most 2147483647");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[]", "7", "{}x", "{\"vocab_size\":1,\"vocab_size\":2}", "\0"})
    void refusesWhatIsNotAnObjectOfJson(String text) {
        assertThatThrownBy(() -> DeepSeekConfig.parse(text, "some/config.json"))
                .isInstanceOf(MalformedConfig.class)
                .hasMessageStartingWith("some/config.json: ")
                .message()
                .doesNotContain("\n");
    }

    @Test
    void refusesDeepNestingInOneLine() {
        String deep = "{\"a\":" + "[".repeat(100_000);
        assertThatThrownBy(() -> DeepSeekConfig.parse(deep, "deep"))
                .isInstanceOf(MalformedConfig.class)
                .message()
                .startsWith("deep: not JSON: ")
                .hasSizeLessThan(200)
                .doesNotContain("\n");
    }

    @Test
    void namesTheFile(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("config.json");
        assertThatThrownBy(() -> DeepSeekConfig.read(file))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining(file.toString());
        Files.writeString(file, "{}");
        assertThatThrownBy(() -> DeepSeekConfig.read(file))
                .isInstanceOf(MalformedConfig.class)
                .hasMessage(
                        file
                                + ": model_type is missing, expected deepseek_v2 or deepseek_v3 or"
                                + " kimi_k2 or llama or qwen2");
        Files.writeString(file, Published.json(Published.V3));
        assertThat(DeepSeekConfig.read(file)).isEqualTo(Published.config(Published.V3));
    }

    private interface Change {
        Object apply(ObjectNode json);
    }

    private static void assertRefused(Change change, String message) throws IOException {
        ObjectNode json = (ObjectNode) JSON.readTree(Published.json(Published.V3));
        assertThat(change.apply(json)).isNotNull();
        assertThatThrownBy(() -> DeepSeekConfig.parse(json.toString(), "config.json"))
                .isInstanceOf(MalformedConfig.class)
                .hasMessage("config.json: " + message);
    }

    private static DeepSeekConfig tiny(int modules) {
        return new DeepSeekConfig(
                Family.DEEPSEEK_V3,
                10,
                4,
                5,
                2,
                modules,
                64,
                1e-6,
                false,
                new MlaConfig(1, 0, 2, 2, 2, 3),
                new MoeConfig(
                        1, 3, 4, 1, 2, 1, 1, ScoringFunc.SIGMOID, TopkMethod.NOAUX_TC, true, 1),
                RopeConfig.plain(10000),
                Optional.empty(),
                HubConfig.standard());
    }
}
