package dev.minke.model.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.minke.model.config.DeepSeekConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelPlanTests {
    private static final PlanOptions USUAL = options(OptionalInt.empty(), 1);

    /// The R1 distillation on Qwen 2.5 of 1.5 billion parameters: tied, biased, grouped.
    private static final String QWEN =
            """
            {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "vocab_size": 151936,
             "hidden_size": 1536, "intermediate_size": 8960, "num_hidden_layers": 28,
             "num_attention_heads": 12, "num_key_value_heads": 2, "rms_norm_eps": 1e-06,
             "max_position_embeddings": 131072, "rope_theta": 10000, "hidden_act": "silu",
             "tie_word_embeddings": true, "torch_dtype": "bfloat16"}
            """;

    private static PlanOptions options(OptionalInt context, int sequences) {
        return new PlanOptions(context, sequences, 24L << 30, TrainingCost.Assumptions.report());
    }

    private static ModelPlan plan(String name) {
        return ModelPlan.of(KnownModels.named(name), USUAL);
    }

    @ParameterizedTest
    @CsvSource({
        "v2-lite, deepseek-v2-lite",
        "v2, deepseek-v2",
        "v3, deepseek-v3",
        "moonlight, moonlight-16b-a3b",
        "kimi-k2, kimi-k2"
    })
    void knownModelsAreThePublishedOnes(String name, String published) throws IOException {
        try (var in = ModelPlanTests.class.getResourceAsStream("/config/" + published + ".json")) {
            byte[] json = Objects.requireNonNull(in).readAllBytes();
            assertThat(KnownModels.named(name))
                    .isEqualTo(
                            DeepSeekConfig.parse(
                                    new String(json, StandardCharsets.UTF_8), published));
        }
    }

    @Test
    void namesTheKnownModelsWhereOneIsUnknown() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> KnownModels.named("v4"))
                .withMessage(
                        "unknown model 'v4', expected one of v2-lite, v2, v3, moonlight, kimi-k2,"
                                + " bench-4b");
    }

    @ParameterizedTest
    @CsvSource({
        "v2-lite, 15706484224, 15287",
        "v2, 235741434880, 234693",
        "v3, 671026419200, 669173",
        "moonlight, 15960110208, 15289",
        "kimi-k2, 1026408232448, 1024059",
        "bench-4b, 4226593216, 4096"
    })
    void partsAddUpToTheParametersOfTheModel(String name, long total, long withoutVocabulary) {
        ModelPlan plan = plan(name);
        List<PartSize> main = plan.parts().stream().filter(p -> p.part() != Part.MTP).toList();
        assertThat(main.stream().mapToLong(PartSize::total).sum()).isEqualTo(total);
        assertThat(plan.toMap()).containsEntry("parameters", total);
        assertThat(main.stream().mapToLong(PartSize::active).sum())
                .isEqualTo(plan.config().activeParameterCount());
        long inner =
                main.stream()
                        .filter(p -> p.part() != Part.EMBEDDING && p.part() != Part.HEAD)
                        .mapToLong(PartSize::total)
                        .sum();
        assertThat(inner / 1e6).isCloseTo(withoutVocabulary, within(1.0));
    }

    @Test
    void countsThePredictionModuleOfV3ByItself() {
        PartSize mtp = plan("v3").parts().getLast();
        assertThat(mtp.part()).isEqualTo(Part.MTP);
        assertThat(mtp.total()).isEqualTo(11_610_068_224L);
        // spec 1.10 counts the copies of embedding and head among the active ones
        assertThat((mtp.active() + 2L * 129_280 * 7168) / 1e6).isCloseTo(2541, within(1.0));
    }

    @Test
    void comparesTheCacheOfV3AsInSpec15() {
        Map<String, CacheScheme> schemes =
                plan("v3").cache().stream().collect(Collectors.toMap(CacheScheme::name, s -> s));
        assertScheme(schemes, "MLA, this model", 35_136, 70_272);
        assertScheme(schemes, "MLA, latent in fp8", 35_136, 656 * 61);
        assertScheme(schemes, "MQA", 15_616, 31_232);
        assertScheme(schemes, "GQA-8", 8 * 15_616, 8 * 31_232);
        assertScheme(schemes, "MHA, same heads", 1_998_848, 3_997_696);
        assertScheme(schemes, "reference, naive", 2_498_560, 4_997_120);
    }

    private static void assertScheme(
            Map<String, CacheScheme> schemes, String name, long elements, long bytes) {
        assertThat(schemes.get(name)).isEqualTo(new CacheScheme(name, elements, bytes));
    }

    @Test
    void comparesTheCacheOfADenseModelWithLatentAttention() throws IOException {
        DeepSeekConfig qwen = DeepSeekConfig.parse(QWEN, "qwen");
        ModelPlan plan = ModelPlan.of(qwen, USUAL);
        assertThat(plan.cache())
                .containsExactly(
                        new CacheScheme("GQA-2, this model", 14_336, 28_672),
                        new CacheScheme("MLA, rk 4 dh, dr dh/2", 16_128, 32_256),
                        new CacheScheme("MQA", 7168, 14_336),
                        new CacheScheme("MHA, same heads", 86_016, 172_032));
        assertThat(plan.parts().stream().map(PartSize::part))
                .containsExactly(Part.EMBEDDING, Part.ATTENTION, Part.DENSE, Part.NORMS);
        assertThat(plan.parts().stream().mapToLong(PartSize::total).sum())
                .isEqualTo(qwen.parameterCount());
    }

    @Test
    void sizesOfTheReleasedFilesAreExact() {
        Map<String, WeightSize> sizes = sizes(plan("v3"));
        assertThat(sizes.get("fp8").file()).isEqualTo(688_574_839_360L);
        // 684,489,845,504 numbers, of which 59 times 256 are in F32
        assertThat(sizes.get("bf16").file()).isEqualTo(2 * 684_489_845_504L + 2 * 59 * 256);
        assertThat(sizes.get("f32").file()).isEqualTo(4 * 684_489_845_504L);
        assertThat(sizes.get("f32").main()).isEqualTo(4 * 671_026_419_200L);
    }

    @Test
    void quantizedSizesHaveTheBitsOfTheirBlocks() {
        // of V3 all but a few rows are multiples of 256, and routers and norms are F32
        Map<String, WeightSize> sizes = sizes(plan("v3"));
        assertThat(sizes.get("Q8_0").bitsPerWeight()).isBetween(8.5, 8.51);
        assertThat(sizes.get("Q6_K").bitsPerWeight()).isBetween(6.5625, 6.57);
        assertThat(sizes.get("Q5_K_M").bitsPerWeight()).isBetween(5.6, 5.75);
        assertThat(sizes.get("Q4_K_M").bitsPerWeight()).isBetween(4.75, 4.9);
        assertThat(sizes.get("Q4_0").bitsPerWeight()).isBetween(4.5, 4.51);
        // experts of width 1408 fall back to blocks of 32 for their down projections
        assertThat(sizes(plan("v2-lite")).get("Q6_K").bitsPerWeight()).isBetween(7.1, 7.2);
    }

    private static Map<String, WeightSize> sizes(ModelPlan plan) {
        return plan.weights().stream().collect(Collectors.toMap(WeightSize::format, s -> s));
    }

    @Test
    void fitsWhatLeavesRoomForTheCache() {
        DeepSeekConfig moonlight = KnownModels.named("moonlight");
        ModelPlan one = ModelPlan.of(moonlight, USUAL);
        ModelPlan many = ModelPlan.of(moonlight, options(OptionalInt.of(8192), 100));
        WeightSize fp8 = sizes(one).get("fp8");
        assertThat(one.fits(fp8)).isTrue();
        assertThat(many.fits(fp8)).isFalse();
        assertThat(many.cacheBytes(many.cache().getFirst())).isEqualTo(31_104L * 8192 * 100);
        assertThat(many.runningBytes(fp8)).isEqualTo(fp8.main() + 31_104L * 8192 * 100);
    }

    @Test
    void trainingKeepsFourNumbersAParameter() {
        ModelPlan plan = plan("v3");
        TrainingMemory single = plan.trainingMemory().getFirst();
        assertThat(single.total()).isEqualTo(16 * (671_026_419_200L + 11_610_068_224L));
        TrainingMemory report = plan.trainingMemory().getLast();
        assertThat(report.moments()).isEqualTo(single.moments() / 2);
        assertThat(report.weights() - single.weights())
                .isBetween(682_000_000_000L, 690_000_000_000L);
    }

    @Test
    void refusesAContextThatTheModelDoesNotHave() {
        DeepSeekConfig moonlight = KnownModels.named("moonlight");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ModelPlan.of(moonlight, options(OptionalInt.of(8193), 1)))
                .withMessage(
                        "context is 8193, expected at most the model's max_position_embeddings"
                                + " 8192");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> options(OptionalInt.of(0), 1))
                .withMessage("context is 0, expected 1 or more");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> options(OptionalInt.empty(), 0))
                .withMessage("number of sequences is 0, expected 1 or more");
    }

    @Test
    void refusesCachesBeyondWhatALongHolds() {
        DeepSeekConfig v3 = KnownModels.named("v3");
        PlanOptions endless = options(OptionalInt.empty(), Integer.MAX_VALUE);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ModelPlan.of(v3, endless))
                .withMessageContaining("2^63");
    }

    @ParameterizedTest
    @ValueSource(strings = {"v2-lite", "v2", "v3", "moonlight", "kimi-k2", "bench-4b"})
    void tablesAreNoWiderThanAHundredColumns(String name) {
        assertThat(plan(name).toLines())
                .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(100));
        assertThat(
                        ModelPlan.of(KnownModels.named(name), options(OptionalInt.of(1024), 64))
                                .toLines())
                .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(100));
    }

    @Test
    void printsTheFiguresOfV3() {
        assertThat(String.join("\n", plan("v3").toLines()))
                .contains("main model                     671,026,419,200        37,552,282,624")
                .contains("MTP on top                      11,610,068,224")
                .contains("  MHA, same heads             1,998,848      3,997,696     56.89x")
                .contains("  fp8                          8.025    641.3 GiB")
                .contains("2,664 K    54.2    $5.328 M")
                .contains("2,788 K    56.7    $5.576 M");
    }
}
