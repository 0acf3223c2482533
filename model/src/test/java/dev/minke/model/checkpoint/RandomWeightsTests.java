package dev.minke.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.TensorInventory;
import dev.minke.tensor.Bf16;
import dev.minke.tensor.Fp8;
import dev.minke.tensor.Rng;
import dev.minke.tensor.Team;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RandomWeightsTests {
    /// Every kind of tensor; embedding and head are two bands and a bit.
    private static final String CONFIG =
            """
            {"architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3",
             "vocab_size": 5001, "hidden_size": 130, "intermediate_size": 70,
             "moe_intermediate_size": 33, "num_hidden_layers": 2, "num_nextn_predict_layers": 1,
             "num_attention_heads": 2, "q_lora_rank": 24, "kv_lora_rank": 48,
             "qk_nope_head_dim": 16, "qk_rope_head_dim": 8, "v_head_dim": 16,
             "first_k_dense_replace": 1, "n_routed_experts": 8, "n_shared_experts": 1,
             "num_experts_per_tok": 2, "n_group": 2, "topk_group": 1, "norm_topk_prob": true,
             "routed_scaling_factor": 2.5, "max_position_embeddings": 64}
            """;

    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String HEAD = "lm_head.weight";
    private static final String UP = "model.layers.1.mlp.experts.7.up_proj.weight";
    private static final String ROUTER_BIAS = "model.layers.1.mlp.gate.e_score_correction_bias";

    @TempDir private Path temp;

    private static DeepSeekConfig config() throws IOException {
        return DeepSeekConfig.parse(CONFIG, "test");
    }

    private static RandomWeights.Options options(StoredType type, long seed) {
        return new RandomWeights.Options(seed, 0.05, 0.01, type, 2_000_000);
    }

    private Path write(String name, RandomWeights.Options options, int threads) throws IOException {
        Path folder = temp.resolve(name);
        try (Team team = new Team(threads)) {
            new RandomWeights(config(), options).write(folder, team, (written, total) -> {});
        }
        return folder;
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "F8_E4M3"})
    void writesACheckpointOfTheConfiguration(StoredType type) throws IOException {
        Path folder = write("model", options(type, 1), 2);
        try (HuggingFaceFolder checkpoint = HuggingFaceFolder.open(folder)) {
            DeepSeekConfig written = checkpoint.config();
            assertThat(written.quantizationConfig().isPresent())
                    .isEqualTo(type == StoredType.F8_E4M3);
            assertThat(written.withQuantizationConfig(Optional.empty()).withHub(config().hub()))
                    .isEqualTo(config());
            TensorInventory inventory = TensorInventory.of(written);
            checkpoint.check(inventory);
            assertThat(checkpoint.names()).hasSize(inventory.entries().size());
            assertThat(checkpoint.info(UP).type()).isEqualTo(type);
            assertThat(checkpoint.info(ROUTER_BIAS).type()).isEqualTo(StoredType.F32);
        }
        assertThat(Files.exists(folder.resolve(ShardIndex.NAME))).isTrue();
    }

    @Test
    void valuesAreNormalAndNormsAreOnes() throws IOException {
        try (HuggingFaceFolder checkpoint =
                HuggingFaceFolder.open(write("model", options(StoredType.F32, 1), 2))) {
            float[] values = floats(checkpoint, EMBEDDING);
            double sum = 0;
            double squares = 0;
            double fourth = 0;
            double neighbours = 0;
            double largest = 0;
            for (int i = 0; i < values.length; i++) {
                double x = values[i] / 0.05;
                sum += x;
                squares += x * x;
                fourth += x * x * x * x;
                neighbours += i == 0 ? 0 : x * values[i - 1] / 0.05;
                largest = Math.max(largest, Math.abs(x));
            }
            // 650,130 values: three standard errors are 0.0037, 0.0026, 0.036
            int n = values.length;
            assertThat(sum / n).isCloseTo(0, within(0.0037));
            assertThat(Math.sqrt(squares / n)).isCloseTo(1, within(0.0026));
            assertThat(fourth / n).isCloseTo(3, within(0.04));
            assertThat(neighbours / n).isCloseTo(0, within(0.0037));
            assertThat(largest).isBetween(4.0, 4.4);
            assertThat(floats(checkpoint, "model.norm.weight")).containsOnly(1);
            assertThat(floats(checkpoint, "model.layers.0.self_attn.q_a_layernorm.weight"))
                    .containsOnly(1);
            assertThat(floats(checkpoint, ROUTER_BIAS)).doesNotContain(0).hasSize(8);
        }
    }

    @Test
    void theTableHoldsTheQuantilesOfTheNormalDistribution() {
        float[] values = new float[1 << 16];
        RandomTable.normal(StoredType.F32, 1)
                .fill(MemorySegment.ofArray(values), 0, values.length, new Rng(7));
        Arrays.sort(values);
        // quantiles of a sample: standard errors of 0.004, 0.007 and 0.015
        assertThat(values[values.length / 2]).isCloseTo(0, within(0.015f));
        assertThat(values[(int) (0.841345 * values.length)]).isCloseTo(1, within(0.02f));
        assertThat(values[(int) (0.975 * values.length)]).isCloseTo(1.95996f, within(0.04f));
        assertThat(RandomTable.LARGEST).isCloseTo(4.32496f, within(0.0001f));
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "F8_E4M3"})
    void bytesDependNeitherOnThreadsNorOnShards(StoredType type) throws IOException {
        Path one = write("one", options(type, 5), 1);
        Path three = write("three", options(type, 5), 3);
        for (String name : Samples.listing(one)) {
            assertThat(three.resolve(name)).hasSameBinaryContentAs(one.resolve(name));
        }
        Path whole =
                write("whole", new RandomWeights.Options(5, 0.05, 0.01, type, Long.MAX_VALUE), 2);
        assertThat(Samples.listing(whole)).containsExactly("config.json", "model.safetensors");
        try (HuggingFaceFolder a = HuggingFaceFolder.open(one);
                HuggingFaceFolder b = HuggingFaceFolder.open(whole)) {
            for (String name : a.names()) {
                assertThat(a.data(name).mismatch(b.data(name))).as(name).isEqualTo(-1);
            }
        }
    }

    @Test
    void seedsAndNamesDecide() throws IOException {
        try (HuggingFaceFolder first =
                        HuggingFaceFolder.open(write("first", options(StoredType.F32, 1), 2));
                HuggingFaceFolder second =
                        HuggingFaceFolder.open(write("second", options(StoredType.F32, 2), 2))) {
            assertThat(first.data(EMBEDDING).mismatch(second.data(EMBEDDING))).isNotEqualTo(-1);
            assertThat(first.data(EMBEDDING).mismatch(first.data(HEAD))).isNotEqualTo(-1);
            String module = "model.layers.2.";
            assertThat(first.data(EMBEDDING).mismatch(first.data(module + "embed_tokens.weight")))
                    .isEqualTo(-1);
            assertThat(first.data(HEAD).mismatch(first.data(module + "shared_head.head.weight")))
                    .isEqualTo(-1);
        }
    }

    @Test
    void narrowTypesHoldTheRoundedValues() throws IOException {
        try (HuggingFaceFolder single =
                        HuggingFaceFolder.open(write("f32", options(StoredType.F32, 1), 2));
                HuggingFaceFolder half =
                        HuggingFaceFolder.open(write("bf16", options(StoredType.BF16, 1), 2));
                HuggingFaceFolder quarter =
                        HuggingFaceFolder.open(write("fp8", options(StoredType.F8_E4M3, 1), 2))) {
            float[] values = floats(single, UP);
            float scale = quarter.data(UP + "_scale_inv").get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0);
            assertThat(scale).isEqualTo((float) (RandomTable.LARGEST * 0.05) / 448);
            for (int i = 0; i < values.length; i++) {
                short bf16 = half.data(UP).get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i);
                assertThat(bf16).isEqualTo(Bf16.fromFloat(values[i]));
                float fp8 = scale * Fp8.toFloat(quarter.data(UP).get(ValueLayout.JAVA_BYTE, i));
                // half a unit of three bits of mantissa, or of the smallest codes
                assertThat(fp8)
                        .isCloseTo(
                                values[i],
                                within(Math.max(Math.abs(values[i]) / 15, scale * 0x1p-9f)));
            }
        }
    }

    @Test
    void saysHowFarItIs() throws IOException {
        List<Long> seen = new ArrayList<>();
        RandomWeights weights = new RandomWeights(config(), options(StoredType.BF16, 1));
        try (Team team = new Team(1)) {
            weights.write(
                    temp.resolve("model"),
                    team,
                    (written, total) -> {
                        assertThat(total).isEqualTo(weights.bytes());
                        seen.add(written);
                    });
        }
        assertThat(seen).isSorted().doesNotHaveDuplicates();
        assertThat(seen.getLast()).isEqualTo(weights.bytes());
    }

    @Test
    void leavesNothingBehindAFailure() throws IOException {
        RandomWeights weights = new RandomWeights(config(), options(StoredType.BF16, 1));
        Path folder = temp.resolve("model");
        try (Team team = new Team(1)) {
            assertThatThrownBy(() ->
                            weights.write(
                                    folder,
                                    team,
                                    (written, total) -> {
                                        if (written > total / 2) {
                                            throw new IllegalStateException("stopped");
                                        }
                                    }))
                    .hasMessage("stopped");
        }
        assertThat(folder).doesNotExist();
    }

    @Test
    void refusesAFolderWithSomethingInIt() throws IOException {
        Files.writeString(temp.resolve("notes.txt"), "mine");
        RandomWeights weights = new RandomWeights(config(), options(StoredType.BF16, 1));
        try (Team team = new Team(1)) {
            assertThatThrownBy(() -> weights.write(temp, team, (written, total) -> {}))
                    .isInstanceOf(DirectoryNotEmptyException.class)
                    .hasMessage(temp.toString());
        }
        assertThat(Samples.listing(temp)).containsExactly("notes.txt");
    }

    @Test
    void refusesADiskThatIsTooSmall() {
        assertThatThrownBy(() -> RandomWeights.checkSpace(temp, 1_000_001, 1_000_000))
                .isInstanceOf(IOException.class)
                .hasMessage(
                        "cannot write "
                                + temp
                                + ": 1,000,001 bytes are needed, 1,000,000 are free");
    }

    @Test
    void refusesTypesAndDeviationsThatAreNone() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RandomWeights.Options(1, 0.02, 0, StoredType.I8, 1))
                .withMessage("type is I8, expected F32, BF16 or F8_E4M3");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RandomWeights.Options(1, -1, 0, StoredType.F32, 1))
                .withMessage("std is -1.0, expected 0 to 1000000");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RandomWeights.Options(1, 1, Double.NaN, StoredType.F32, 1))
                .withMessage("routerBiasStd is NaN, expected 0 to 1000000");
    }

    private static float[] floats(HuggingFaceFolder checkpoint, String name) throws IOException {
        MemorySegment data = checkpoint.data(name);
        float[] values = new float[(int) (data.byteSize() / 4)];
        for (int i = 0; i < values.length; i++) {
            values[i] = data.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i);
        }
        return values;
    }
}
