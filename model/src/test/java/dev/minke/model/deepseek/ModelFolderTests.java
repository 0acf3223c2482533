package dev.minke.model.deepseek;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.minke.model.checkpoint.HuggingFaceFolder;
import dev.minke.model.checkpoint.MalformedCheckpoint;
import dev.minke.model.checkpoint.SafetensorsWriter;
import dev.minke.model.checkpoint.StoredType;
import dev.minke.model.checkpoint.TensorSpec;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.nn.Parameter;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Bf16;
import dev.minke.tensor.Close;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Team;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ModelFolderTests {
    private static final int[] TOKENS = SmallModels.tokens(14, 40, 1);
    private static final Team TEAM = new Team(1);
    private static Kernels kernels;

    @TempDir private Path folder;

    @BeforeAll
    static void open() {
        kernels = Backends.open(TEAM, "reference");
    }

    @AfterAll
    static void close() {
        TEAM.close();
    }

    private static DeepSeekModel v3() {
        return SmallModels.random(SmallModels.v3(), Parameters.forInference(), 5);
    }

    private static DeepSeekModel load(Path from) throws IOException {
        return ModelFolder.load(from, Parameters.forInference(), kernels);
    }

    private static float[] logits(DeepSeekModel model) {
        return SmallModels.logits(model, kernels, TOKENS);
    }

    @ParameterizedTest
    @MethodSource("dev.minke.model.deepseek.SmallModels#variants")
    void savedAsF32AndLoadedItIsTheSameModelBitForBit(DeepSeekConfig config) throws IOException {
        try (DeepSeekModel model = SmallModels.random(config, Parameters.forTraining(), 5)) {
            ModelFolder.save(model, folder, StoredType.F32, kernels);
            try (DeepSeekModel loaded = load(folder)) {
                Close.sameBits("logits", logits(loaded), logits(model), 40);
                List<Parameter> expected = model.parameters().all();
                List<Parameter> actual = loaded.parameters().all();
                assertThat(actual).hasSameSizeAs(expected);
                for (int i = 0; i < actual.size(); i++) {
                    assertThat(actual.get(i).name()).isEqualTo(expected.get(i).name());
                    Close.sameBits(
                            actual.get(i).name(), actual.get(i).value(), expected.get(i).value());
                }
                assertThat(loaded.config().hub().torchDtype()).isEqualTo("float32");
                assertThat(loaded.config().moe()).isEqualTo(config.moe());
            }
        }
    }

    @Test
    void savedAsBf16EveryWeightIsRoundedAndRouterBiasesAreNot() throws IOException {
        try (DeepSeekModel model = v3()) {
            ModelFolder.save(model, folder, StoredType.BF16, kernels);
            try (DeepSeekModel loaded = load(folder)) {
                for (int i = 0; i < model.parameters().all().size(); i++) {
                    Parameter from = model.parameters().all().get(i);
                    float[] expected = from.value().toFloats();
                    if (from.trained()) {
                        for (int j = 0; j < expected.length; j++) {
                            expected[j] = Bf16.toFloat(Bf16.fromFloat(expected[j]));
                        }
                    }
                    Close.sameBits(
                            from.name(),
                            loaded.parameters().all().get(i).value().toFloats(),
                            expected,
                            (int) from.value().cols());
                }
                assertThat(loaded.config().hub().torchDtype()).isEqualTo("bfloat16");
            }
        }
    }

    @Test
    void theFolderHoldsTheMtpLayersCopiesOfEmbeddingAndHead() throws IOException {
        try (DeepSeekModel model = v3()) {
            ModelFolder.save(model, folder, StoredType.F32, kernels);
        }
        try (HuggingFaceFolder files = HuggingFaceFolder.open(folder)) {
            assertThat(files.names())
                    .contains(
                            "model.layers.3.embed_tokens.weight",
                            "model.layers.3.shared_head.head.weight",
                            "model.layers.3.mlp.experts.7.down_proj.weight",
                            "model.layers.1.mlp.gate.e_score_correction_bias");
            assertThat(
                            files.data("model.layers.3.embed_tokens.weight")
                                    .mismatch(files.data("model.embed_tokens.weight")))
                    .isEqualTo(-1);
            assertThat(
                            files.data("model.layers.3.shared_head.head.weight")
                                    .mismatch(files.data("lm_head.weight")))
                    .isEqualTo(-1);
        }
    }

    @Test
    void shardsMakeTheSameModelAsOneFile() throws IOException {
        Path one = Files.createDirectory(folder.resolve("one"));
        Path shards = Files.createDirectory(folder.resolve("shards"));
        try (DeepSeekModel model = v3()) {
            ModelFolder.save(model, one, StoredType.F32, kernels);
            copy(one, shards, name -> true, StoredType.F32, 20_000);
            assertThat(shards.resolve("model.safetensors")).doesNotExist();
            assertThat(shards.resolve("model.safetensors.index.json")).exists();
            try (DeepSeekModel loaded = load(shards)) {
                Close.sameBits("logits", logits(loaded), logits(model), 40);
            }
        }
    }

    /// Copy tensors and configuration; F32 values become halves where `type` says so.
    private static void copy(
            Path from, Path to, Predicate<String> wanted, StoredType type, long shardBytes)
            throws IOException {
        try (HuggingFaceFolder files = HuggingFaceFolder.open(from)) {
            List<TensorSpec> specs = new ArrayList<>();
            for (String name : files.names()) {
                if (wanted.test(name)) {
                    specs.add(new TensorSpec(name, type, files.info(name).shape()));
                }
            }
            try (SafetensorsWriter writer = SafetensorsWriter.toFolder(to, specs, shardBytes)) {
                for (TensorSpec spec : specs) {
                    MemorySegment data = files.data(spec.name());
                    writer.write(spec.name(), type == StoredType.F16 ? halves(data) : data);
                }
                writer.commit();
            }
        }
        Files.copy(from.resolve("config.json"), to.resolve("config.json"));
    }

    private static MemorySegment halves(MemorySegment floats) {
        ByteBuffer in = floats.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer out =
                ByteBuffer.allocateDirect(in.remaining() / 2).order(ByteOrder.LITTLE_ENDIAN);
        while (in.hasRemaining()) {
            out.putShort(Float.floatToFloat16(in.getFloat()));
        }
        return MemorySegment.ofBuffer(out.flip());
    }

    @Test
    void halvesAreWidened() throws IOException {
        Path wide = Files.createDirectory(folder.resolve("wide"));
        Path half = Files.createDirectory(folder.resolve("half"));
        try (DeepSeekModel model = v3()) {
            ModelFolder.save(model, wide, StoredType.F32, kernels);
            copy(wide, half, name -> true, StoredType.F16, Long.MAX_VALUE);
            try (DeepSeekModel loaded = load(half)) {
                for (int i = 0; i < model.parameters().all().size(); i++) {
                    Parameter from = model.parameters().all().get(i);
                    float[] expected = from.value().toFloats();
                    for (int j = 0; j < expected.length; j++) {
                        expected[j] = Float.float16ToFloat(Float.floatToFloat16(expected[j]));
                    }
                    Close.sameBits(
                            from.name(),
                            loaded.parameters().all().get(i).value().toFloats(),
                            expected,
                            (int) from.value().cols());
                }
            }
        }
    }

    @Test
    void aFolderWhoseMtpLayerWasLeftOutLoadsWithoutOne() throws IOException {
        Path one = Files.createDirectory(folder.resolve("one"));
        Path without = Files.createDirectory(folder.resolve("without"));
        try (DeepSeekModel model = v3()) {
            ModelFolder.save(model, one, StoredType.F32, kernels);
            copy(one, without, n -> !n.contains("layers.3."), StoredType.F32, Long.MAX_VALUE);
            try (DeepSeekModel loaded = load(without)) {
                assertThat(loaded.mtp()).isEmpty();
                assertThat(loaded.config().numNextnPredictLayers()).isZero();
                Close.sameBits("logits", logits(loaded), logits(model), 40);
            }
        }
    }

    @Test
    void aMissingTensorIsNamed() throws IOException {
        String missing = "model.layers.2.mlp.experts.5.up_proj.weight";
        Path one = Files.createDirectory(folder.resolve("one"));
        Path without = Files.createDirectory(folder.resolve("without"));
        try (DeepSeekModel model = v3()) {
            ModelFolder.save(model, one, StoredType.F32, kernels);
        }
        copy(one, without, n -> !n.equals(missing), StoredType.F32, Long.MAX_VALUE);
        assertThatExceptionOfType(MalformedCheckpoint.class)
                .isThrownBy(() -> load(without).close())
                .withMessageContaining(without.toString())
                .withMessageContaining(missing)
                .withMessageNotContaining("\n");
    }

    @Test
    void aTruncatedFileIsNamed() throws IOException {
        try (DeepSeekModel model = v3()) {
            ModelFolder.save(model, folder, StoredType.F32, kernels);
        }
        Path file = folder.resolve("model.safetensors");
        byte[] whole = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(whole, whole.length - 100));
        assertThatExceptionOfType(MalformedCheckpoint.class)
                .isThrownBy(() -> load(folder).close())
                .withMessageContaining(file.toString())
                .withMessageNotContaining("\n");
    }

    @Test
    void aTensorOfAnotherShapeIsNamedWithBothShapes() throws IOException {
        try (DeepSeekModel model = v3()) {
            ModelFolder.save(model, folder, StoredType.F32, kernels);
        }
        Path config = folder.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replaceAll("\"kv_lora_rank\" *: *10", "\"kv_lora_rank\": 11"));
        assertThatExceptionOfType(MalformedCheckpoint.class)
                .isThrownBy(() -> load(folder).close())
                .withMessageContaining("self_attn.kv_a_proj_with_mqa.weight")
                .withMessageContaining("[15, 16]")
                .withMessageContaining("[14, 16]");
    }

    @Test
    void integersAreNoWeights() throws IOException {
        Path one = Files.createDirectory(folder.resolve("one"));
        Path wrong = Files.createDirectory(folder.resolve("wrong"));
        try (DeepSeekModel model = v3()) {
            ModelFolder.save(model, one, StoredType.F32, kernels);
        }
        copy(one, wrong, name -> true, StoredType.I32, Long.MAX_VALUE);
        assertThatExceptionOfType(MalformedCheckpoint.class)
                .isThrownBy(() -> load(wrong).close())
                .withMessageContaining("tensor model.embed_tokens.weight")
                .withMessageContaining("expected type F32, F16, BF16 or F8_E4M3, found I32");
    }

    @Test
    void onlyF32AndBf16CanBeWritten() throws IOException {
        try (DeepSeekModel model = v3()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ModelFolder.save(model, folder, StoredType.F16, kernels))
                    .withMessage("cannot save as F16, expected F32 or BF16");
            assertThat(folder).isEmptyDirectory();
        }
    }

    @Test
    void aFailedSaveLeavesNothingBehind() throws IOException {
        Path nowhere = folder.resolve("nowhere");
        Files.writeString(nowhere, "a file where a folder should be");
        try (DeepSeekModel model = v3()) {
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> ModelFolder.save(model, nowhere, StoredType.F32, kernels))
                    .withMessageContaining("nowhere")
                    .withMessageNotContaining("\n");
        }
        try (var left = Files.list(folder)) {
            assertThat(left).containsExactly(nowhere);
        }
        assertThat(nowhere).hasContent("a file where a folder should be");
    }
}
