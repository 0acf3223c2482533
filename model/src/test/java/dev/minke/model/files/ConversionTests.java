package dev.minke.model.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.minke.model.checkpoint.HuggingFaceFolder;
import dev.minke.model.checkpoint.gguf.GgufCheckpoint;
import dev.minke.model.checkpoint.gguf.GgufTensor;
import dev.minke.model.checkpoint.gguf.GgufTensorSpec;
import dev.minke.model.checkpoint.gguf.GgufType;
import dev.minke.model.checkpoint.gguf.GgufValue;
import dev.minke.model.checkpoint.gguf.GgufWriter;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.GoldenModels;
import dev.minke.model.deepseek.ModelFolder;
import dev.minke.model.deepseek.SmallModels;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConversionTests {
    static final List<String> GOLDEN = GoldenModels.NAMES;
    private static final Team TEAM = new Team(2);
    private static Kernels kernels;

    @TempDir private Path scratch;

    @BeforeAll
    static void open() {
        kernels = Backends.open(TEAM, "reference");
    }

    @AfterAll
    static void close() {
        TEAM.close();
    }

    private Path golden(String name) throws IOException {
        return GoldenModels.copy(name, scratch);
    }

    private Path gguf(Path from, Optional<Quantization> type) throws IOException {
        Path to = scratch.resolve(from.getFileName() + "-" + type.map(Enum::name) + ".gguf");
        try (ModelFiles files = ModelFiles.open(from)) {
            conversion(files).toGguf(to, type, Long.MAX_VALUE);
        }
        return to;
    }

    private static Conversion conversion(ModelFiles files) {
        return new Conversion(files, true, kernels, (_, _, _) -> {});
    }

    private Path folder(Path from, Quantization type, boolean powersOfTwo) throws IOException {
        Path to = scratch.resolve(from.getFileName() + "-" + type + powersOfTwo);
        try (ModelFiles files = ModelFiles.open(from)) {
            conversion(files).toHuggingFace(to, type, powersOfTwo);
        }
        return to;
    }

    private static DeepSeekModel load(Path path) throws IOException {
        return ModelFolder.load(path, Parameters.forInference(), kernels);
    }

    @ParameterizedTest
    @FieldSource("GOLDEN")
    void asGgufAModelGivesTheLogitsOfFloat64(String name) throws IOException {
        Path golden = golden(name);
        try (DeepSeekModel model =
                load(gguf(golden.resolve("hf"), Optional.of(Quantization.BF16)))) {
            GoldenModels.check(model, golden, kernels);
            assertThat(model.mtp().isPresent()).isEqualTo(name.equals("tiny-v3"));
        }
    }

    @ParameterizedTest
    @FieldSource("GOLDEN")
    void thereAndBackEveryTensorHasTheSameBytes(String name) throws IOException {
        Path hf = golden(name).resolve("hf");
        Path back = folder(gguf(hf, Optional.of(Quantization.BF16)), Quantization.BF16, false);
        try (HuggingFaceFolder before = HuggingFaceFolder.open(hf);
                HuggingFaceFolder after = HuggingFaceFolder.open(back)) {
            assertThat(after.names()).containsExactlyInAnyOrderElementsOf(before.names());
            for (String tensor : before.names()) {
                assertThat(after.info(tensor).type()).isEqualTo(before.info(tensor).type());
                assertThat(after.info(tensor).shape()).isEqualTo(before.info(tensor).shape());
                assertThat(before.data(tensor).mismatch(after.data(tensor)))
                        .as(tensor)
                        .isEqualTo(-1);
            }
            DeepSeekConfig config = before.config();
            assertThat(after.config().attention()).isEqualTo(config.attention());
            assertThat(after.config().moe()).isEqualTo(config.moe());
            assertThat(after.config().rope()).isEqualTo(config.rope());
            assertThat(after.config().family()).isEqualTo(config.family());
        }
    }

    /// The golden GGUF files were made by another program.
    @ParameterizedTest
    @ValueSource(strings = {"tiny-v3", "tiny-v2-lite", "tiny-moonlight"})
    void tensorsAreThoseOfAnotherConverter(String name) throws IOException {
        Path golden = SharedFiles.of("golden/" + name);
        Path own = scratch.resolve("own.gguf");
        try (ModelFiles files = ModelFiles.open(golden.resolve("hf"))) {
            new Conversion(files, false, kernels, (_, _, _) -> {})
                    .toGguf(own, Optional.of(Quantization.BF16), Long.MAX_VALUE);
        }
        try (GgufCheckpoint expected = GgufCheckpoint.open(golden.resolve("model.gguf"));
                GgufCheckpoint found = GgufCheckpoint.open(own)) {
            assertThat(found.tensors()).hasSameSizeAs(expected.tensors());
            for (GgufTensor tensor : expected.tensors()) {
                GgufTensor ours = found.tensor(tensor.name());
                assertThat(ours.shape()).as(tensor.name()).isEqualTo(tensor.shape());
                assertThat(ours.type()).as(tensor.name()).isEqualTo(tensor.type());
                MemorySegment data = expected.data(tensor.name());
                assertThat(data.mismatch(found.data(tensor.name())))
                        .as(tensor.name())
                        .isEqualTo(-1);
            }
        }
    }

    @Test
    void fp8GivesNearlyTheSameLogitsAndBlocksOf128() throws IOException {
        Path hf = golden("tiny-v3").resolve("hf");
        int[] tokens = GoldenModels.tokens("tiny-v3");
        for (boolean powersOfTwo : new boolean[] {false, true}) {
            Path fp8 = folder(hf, Quantization.FP8, powersOfTwo);
            try (ModelFiles files = ModelFiles.open(fp8);
                    DeepSeekModel model = load(fp8);
                    DeepSeekModel exact = load(hf)) {
                assertThat(files.config().quantizationConfig()).isPresent();
                assertThat(files.config().quantizationConfig().get().scaleFmt().isPresent())
                        .isEqualTo(powersOfTwo);
                assertThat(files.weight("model.layers.0.self_attn.o_proj.weight").type())
                        .isEqualTo(WeightType.FP8);
                assertThat(distance(model, exact, tokens)).isBetween(0.001, 0.5);
            }
        }
    }

    /// With scales of powers of two, code times scale is exact in BF16; a block may get a smaller
    /// scale the second time, but its values stay.
    @Test
    void fp8ToBf16AndBackKeepsEveryValue() throws IOException {
        Path fp8 = folder(golden("tiny-v3").resolve("hf"), Quantization.FP8, true);
        Path bf16 = folder(fp8, Quantization.BF16, false);
        Path again = folder(folder(bf16, Quantization.FP8, true), Quantization.BF16, false);
        try (HuggingFaceFolder before = HuggingFaceFolder.open(bf16);
                HuggingFaceFolder after = HuggingFaceFolder.open(again)) {
            assertThat(before.config().quantizationConfig()).isEmpty();
            assertThat(before.names()).noneMatch(name -> name.endsWith("_scale_inv"));
            for (String tensor : before.names()) {
                assertThat(before.data(tensor).mismatch(after.data(tensor)))
                        .as(tensor)
                        .isEqualTo(-1);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Quantization.class,
            names = {"FP8"},
            mode = EnumSource.Mode.EXCLUDE)
    void everyQuantisationLoadsAndStaysNear(Quantization type) throws IOException {
        Path hf = golden("tiny-v3").resolve("hf");
        int[] tokens = GoldenModels.tokens("tiny-v3");
        try (DeepSeekModel exact = load(hf);
                DeepSeekModel model = load(gguf(hf, Optional.of(type)))) {
            double bound =
                    switch (type) {
                        case F32, BF16 -> 0;
                        case F16 -> 0.01;
                        case Q8_0 -> 0.2;
                        default -> 1.0;
                    };
            assertThat(distance(model, exact, tokens)).isLessThanOrEqualTo(bound);
        }
    }

    /// Root mean square of the differences of all logits, whose deviation is 1.
    private static double distance(DeepSeekModel a, DeepSeekModel b, int[] tokens) {
        float[] first = SmallModels.logits(a, kernels, tokens);
        float[] second = SmallModels.logits(b, kernels, tokens);
        double sum = 0;
        for (int i = 0; i < first.length; i++) {
            sum += Math.pow(first[i] - second[i], 2);
        }
        return Math.sqrt(sum / first.length);
    }

    @Test
    void aSplitModelIsTheWholeOne() throws IOException {
        Path golden = golden("tiny-v3");
        Path file = scratch.resolve("split.gguf");
        List<Path> parts;
        try (ModelFiles files = ModelFiles.open(golden.resolve("hf"))) {
            parts = conversion(files).toGguf(file, Optional.of(Quantization.BF16), 300_000);
        }
        assertThat(parts).hasSizeGreaterThan(3);
        try (DeepSeekModel model = load(parts.get(1))) {
            GoldenModels.check(model, golden, kernels);
        }
        // and in one piece again, types as they are
        try (DeepSeekModel model = load(gguf(parts.getFirst(), Optional.empty()))) {
            GoldenModels.check(model, golden, kernels);
        }
    }

    /// The form of files from before April 2025: kv_b_proj whole, widths of heads under the plain
    /// keys, groups not told.
    @Test
    void theOlderFormGivesTheSameLogits() throws IOException {
        Path golden = golden("tiny-v3");
        Path older = scratch.resolve("older.gguf");
        try (ModelFiles hf = ModelFiles.open(golden.resolve("hf"));
                GgufCheckpoint newer =
                        GgufCheckpoint.open(
                                gguf(golden.resolve("hf"), Optional.of(Quantization.F32)))) {
            SequencedMap<String, GgufValue> keys = new LinkedHashMap<>(newer.metadata().toMap());
            keys.keySet().removeIf(key -> key.endsWith("_mla"));
            keys.put("deepseek2.attention.key_length", GgufValue.uint32(48));
            keys.put("deepseek2.attention.value_length", GgufValue.uint32(32));
            keys.put("deepseek2.attention.head_count_kv", GgufValue.uint32(4));
            List<GgufTensorSpec> specs = new ArrayList<>();
            for (GgufTensor tensor : newer.tensors()) {
                if (tensor.name().endsWith("attn_k_b.weight")) {
                    String joint = tensor.name().replace("attn_k_b", "attn_kv_b");
                    specs.add(new GgufTensorSpec(joint, GgufType.F32, new long[] {256, 64}));
                } else if (!tensor.name().endsWith("attn_v_b.weight")) {
                    specs.add(tensor.spec());
                }
            }
            try (GgufWriter writer = GgufWriter.toFile(older, keys, specs);
                    Arena arena = Arena.ofConfined()) {
                for (GgufTensorSpec spec : specs) {
                    if (!spec.name().contains("attn_kv_b")) {
                        writer.write(spec.name(), newer.data(spec.name()));
                        continue;
                    }
                    String layer = spec.name().split("\\.")[1];
                    Tensor rows = Tensor.zeros(arena, 256, 64);
                    hf.weight("model.layers." + layer + ".self_attn.kv_b_proj.weight")
                            .read(0, rows, kernels);
                    writer.write(spec.name(), rows.segment().asSlice(0, rows.byteSize()));
                }
                writer.commit();
            }
        }
        try (DeepSeekModel model = load(older)) {
            GoldenModels.check(model, golden, kernels);
        }
        // and becomes the newer form, tensor for tensor
        try (GgufCheckpoint newer = GgufCheckpoint.open(gguf(older, Optional.empty()));
                GgufCheckpoint expected =
                        GgufCheckpoint.open(scratch.resolve("hf-Optional[F32].gguf"))) {
            for (GgufTensor tensor : expected.tensors()) {
                assertThat(expected.data(tensor.name()).mismatch(newer.data(tensor.name())))
                        .as(tensor.name())
                        .isEqualTo(-1);
            }
        }
    }

    @Test
    void theMixesGiveMoreBitsToWhatNeedsThem() {
        DeepSeekConfig config = SmallModels.llama();
        QuantizationMix mix = new QuantizationMix(config, Quantization.Q4_K_M);
        Map<String, WeightType> types = new TreeMap<>();
        for (String name : List.of("attn_q", "attn_v", "ffn_down", "attn_norm", "ffn_gate_inp")) {
            int dimensions = name.endsWith("norm") ? 1 : 2;
            types.put(name, mix.type("blk.1." + name + ".weight", 1, dimensions, 512));
        }
        assertThat(types)
                .containsExactlyInAnyOrderEntriesOf(
                        Map.of(
                                "attn_q", WeightType.Q4_K,
                                "attn_v", WeightType.Q6_K,
                                "ffn_down", WeightType.Q6_K,
                                "attn_norm", WeightType.F32,
                                "ffn_gate_inp", WeightType.F32));
        assertThat(mix.type("output.weight", -1, 2, 512)).isEqualTo(WeightType.Q6_K);
        assertThat(mix.type("blk.0.attn_q.weight", 0, 2, 1408)).isEqualTo(WeightType.Q5_0);
        assertThat(mix.type("blk.0.attn_q.weight", 0, 2, 33)).isEqualTo(WeightType.F16);
    }

    @Test
    void sizesForAPlanAreThoseOfTheFile() throws IOException {
        Path hf = golden("tiny-v3").resolve("hf");
        for (Quantization type : List.of(Quantization.BF16, Quantization.Q8_0)) {
            try (ModelFiles files = ModelFiles.open(hf);
                    GgufCheckpoint file = GgufCheckpoint.open(gguf(hf, Optional.of(type)))) {
                long stored = file.tensors().stream().mapToLong(GgufTensor::length).sum();
                assertThat(GgufInventory.of(files.config()).bytes(type)).isEqualTo(stored);
            }
        }
    }

    @Test
    void nothingIsOverwritten() throws IOException {
        Path hf = golden("tiny-qwen2").resolve("hf");
        Path taken = Files.writeString(scratch.resolve("taken.gguf"), "precious");
        try (ModelFiles files = ModelFiles.open(hf)) {
            assertThatThrownBy(() ->
                            conversion(files)
                                    .toGguf(taken, Optional.of(Quantization.BF16), Long.MAX_VALUE))
                    .isInstanceOf(FileAlreadyExistsException.class);
            assertThatThrownBy(() -> conversion(files).toHuggingFace(hf, Quantization.F32, false))
                    .isInstanceOf(FileAlreadyExistsException.class);
            assertThatThrownBy(() ->
                            conversion(files)
                                    .toHuggingFace(scratch.resolve("x"), Quantization.Q8_0, false))
                    .hasMessageContaining("Hugging Face folders have no type for q8_0");
            assertThatThrownBy(() ->
                            conversion(files)
                                    .toGguf(
                                            scratch.resolve("x.gguf"),
                                            Optional.of(Quantization.FP8),
                                            Long.MAX_VALUE))
                    .hasMessageContaining("GGUF has no type for fp8");
        }
        assertThat(taken).hasContent("precious");
    }

    @Test
    void aWeightThatIsNotANumberIsNamed() throws IOException {
        Path hf = golden("tiny-v3").resolve("hf");
        Path weights = hf.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        try (HuggingFaceFolder folder = HuggingFaceFolder.open(hf)) {
            int at = (int) folder.info("model.layers.0.mlp.down_proj.weight").offset();
            bytes[at + 1] = (byte) 0x7F;
            bytes[at] = (byte) 0xC0;
        }
        Files.write(weights, bytes);
        assertThatThrownBy(() -> gguf(hf, Optional.of(Quantization.Q8_0)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("blk.0.ffn_down.weight")
                .hasMessageContaining("row 0");
        assertThat(scratch.resolve("hf-Optional[Q8_0].gguf")).doesNotExist();
    }

    @Test
    void keysOfTheOriginalConfigurationSurvive() throws IOException {
        Path hf = golden("tiny-v3").resolve("hf");
        Path config = hf.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config).replaceFirst("\\{", "{\"aux_loss_alpha\": 0.001,"));
        Files.writeString(hf.resolve("generation_config.json"), "{\"temperature\": 0.6}");
        Path to = folder(hf, Quantization.FP8, false);
        assertThat(to.resolve("config.json")).content().contains("\"aux_loss_alpha\" : 0.001");
        assertThat(to.resolve("config.json")).content().contains("weight_block_size");
        assertThat(to.resolve("generation_config.json")).content().contains("0.6");
    }
}
