package dev.minke.model.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.minke.model.autograd.Tape;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.DeepSeekModel.LossScales;
import dev.minke.model.deepseek.GoldenModels;
import dev.minke.model.deepseek.LatentAttention;
import dev.minke.model.deepseek.ModelFolder;
import dev.minke.model.deepseek.RoutingMonitor;
import dev.minke.model.deepseek.SmallModels;
import dev.minke.model.deepseek.TokenBatch;
import dev.minke.model.nn.Parameters;
import dev.minke.model.nn.WeightStack;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Close;
import dev.minke.tensor.DType;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.FieldSource;

/// A model whose weights stay as they are stored computes what their values in memory give.
class FileWeightsTests {
    static final List<String> GOLDEN = GoldenModels.NAMES;

    private static final Team TEAM = new Team(2);
    private static final Kernels kernels = Backends.open(TEAM, "reference");

    @TempDir Path scratch;

    @AfterAll
    static void close() {
        TEAM.close();
    }

    @ParameterizedTest
    @FieldSource("GOLDEN")
    void foldersGiveTheLogitsOfFloat64(String name) throws IOException {
        Path golden = GoldenModels.copy(name, scratch);
        try (DeepSeekModel model = ModelFolder.open(golden.resolve("hf"), kernels)) {
            GoldenModels.check(model, golden, kernels);
        }
    }

    @ParameterizedTest
    @FieldSource("GOLDEN")
    void ggufFilesGiveTheBitsOfTheirValues(String name) throws IOException {
        for (Quantization type : List.of(Quantization.F16, Quantization.Q8_0)) {
            sameBits(gguf(name, type), name);
        }
    }

    @ParameterizedTest
    @EnumSource(Quantization.class)
    void everyTypeGivesTheBitsOfItsValues(Quantization type) throws IOException {
        sameBits(type == Quantization.FP8 ? fp8("tiny-v3") : gguf("tiny-v3", type), "tiny-v3");
    }

    private Path gguf(String name, Quantization type) throws IOException {
        Path to = scratch.resolve(name + "-" + type + ".gguf");
        try (ModelFiles files = ModelFiles.open(GoldenModels.copy(name, scratch).resolve("hf"))) {
            new Conversion(files, true, kernels, (_, _, _) -> {})
                    .toGguf(to, Optional.of(type), Long.MAX_VALUE);
        }
        return to;
    }

    private Path fp8(String name) throws IOException {
        Path to = scratch.resolve(name + "-fp8");
        try (ModelFiles files = ModelFiles.open(GoldenModels.copy(name, scratch).resolve("hf"))) {
            new Conversion(files, true, kernels, (_, _, _) -> {})
                    .toHuggingFace(to, Quantization.FP8, false);
        }
        return to;
    }

    private static void sameBits(Path path, String name) throws IOException {
        int[] tokens = GoldenModels.tokens(name);
        try (DeepSeekModel stored = ModelFolder.open(path, kernels);
                DeepSeekModel values = ModelFolder.load(path, Parameters.forInference(), kernels)) {
            int vocab = values.config().vocabSize();
            Close.sameBits(
                    "logits",
                    SmallModels.logits(stored, kernels, tokens),
                    SmallModels.logits(values, kernels, tokens),
                    vocab);
            assertThat(stored.parameters().count()).isEqualTo(values.parameters().count());
            assertThat(losses(stored, tokens)).isEqualTo(losses(values, tokens));
        }
    }

    private static DeepSeekModel.Losses losses(DeepSeekModel model, int[] tokens) {
        try (Workspace workspace = new Workspace()) {
            TokenBatch batch = TokenBatch.of(List.of(TokenBatch.Sequence.whole(tokens)), workspace);
            Tape tape = Tape.inference(kernels, workspace);
            return model.losses(tape, batch, new LossScales(1, 1), RoutingMonitor.none());
        }
    }

    /// GGUF stores the halves, folders the whole.
    @Test
    void theHalvesOfTheUpProjectionAreThoseOfTheWhole() throws IOException {
        for (Path path :
                List.of(
                        GoldenModels.copy("tiny-v3", scratch).resolve("hf"),
                        gguf("tiny-v3", Quantization.Q8_0))) {
            try (DeepSeekModel stored = ModelFolder.open(path, kernels);
                    DeepSeekModel values =
                            ModelFolder.load(path, Parameters.forInference(), kernels);
                    Arena arena = Arena.ofShared()) {
                for (int layer = 0; layer < values.blocks().size(); layer++) {
                    var own = (LatentAttention) stored.blocks().get(layer).attention();
                    var other = (LatentAttention) values.blocks().get(layer).attention();
                    int heads = own.shape().heads();
                    int rank = values.config().mla().kvLoraRank();
                    check(
                            own.absorbed(arena).key(),
                            other.absorbed(arena).key(),
                            heads,
                            own.shape().nope(),
                            rank);
                    check(
                            own.absorbed(arena).value(),
                            other.absorbed(arena).value(),
                            heads,
                            rank,
                            own.shape().value());
                }
            }
        }
    }

    private static void check(WeightStack a, WeightStack b, int heads, int in, int out) {
        try (Arena arena = Arena.ofShared()) {
            Tensor x = Tensor.zeros(arena, heads, in);
            Tensor offsets = Tensor.zeros(arena, DType.I32, heads + 1L);
            for (int h = 0; h < heads; h++) {
                offsets.setInt(h + 1L, h + 1);
                for (int i = 0; i < in; i++) {
                    x.setFloat(h, i, (float) Math.sin(h * 31.0 + i));
                }
            }
            Tensor ya = Tensor.zeros(arena, heads, out);
            Tensor yb = Tensor.zeros(arena, heads, out);
            a.times(kernels, x, offsets, ya);
            b.times(kernels, x, offsets, yb);
            Close.sameBits("product", ya.toFloats(), yb.toFloats(), out);
            assertThat(ya.toFloats()).doesNotContain(0);
        }
    }

    @Test
    void whatIsStoredCannotBeTrained() throws IOException {
        Path path = GoldenModels.copy("tiny-v3", scratch).resolve("hf");
        try (DeepSeekModel stored = ModelFolder.open(path, kernels);
                Workspace workspace = new Workspace()) {
            Tape tape = Tape.recording(kernels, workspace);
            TokenBatch batch =
                    TokenBatch.of(
                            List.of(TokenBatch.Sequence.whole(GoldenModels.tokens("tiny-v3"))),
                            workspace);
            assertThatThrownBy(() ->
                            stored.losses(tape, batch, new LossScales(1, 1), RoutingMonitor.none()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("only inference can use it");
        }
    }
}
