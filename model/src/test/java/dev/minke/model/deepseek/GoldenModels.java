package dev.minke.model.deepseek;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.model.autograd.Ops;
import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Close;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/// Models with known logits, for every back end: loaded from their folder, run, compared.
///
/// The answers come from float64; what F32 differs by was measured as 1e-5 at a deviation of 1.
public final class GoldenModels {
    /// The folders under `golden/`.
    public static final List<String> NAMES =
            List.of("tiny-v3", "tiny-v2-lite", "tiny-moonlight", "tiny-llama", "tiny-qwen2");

    private static final double TOLERANCE = 5e-5;

    private GoldenModels() {}

    /// Check the logits of model `name`, and those of its MTP module if it has one.
    ///
    /// @param packed whether to re-lay the weights first, as for generation
    /// @param scratch an empty folder
    public static void check(String name, Kernels kernels, boolean packed, Path scratch)
            throws IOException {
        try (DeepSeekModel model = load(name, kernels, scratch)) {
            if (packed) {
                model.pack(kernels);
            }
            check(model, copy(name, scratch), kernels);
            assertThat(model.mtp().isPresent()).isEqualTo(name.equals("tiny-v3"));
        }
    }

    /// Check a loaded model against the expected logits in the folder `golden`.
    public static void check(DeepSeekModel model, Path golden, Kernels kernels) throws IOException {
        int[] tokens = tokens(golden);
        try (Workspace workspace = new Workspace()) {
            Tape tape = Tape.inference(kernels, workspace);
            TokenBatch batch = TokenBatch.of(List.of(TokenBatch.Sequence.whole(tokens)), workspace);
            Pass pass =
                    model.pass(tape, batch.positions(), batch.sequences(), RoutingMonitor.none());
            Var hidden = model.hidden(pass, batch.tokens());
            compare(golden.resolve("expected.logits.f32"), model.logits(tape, hidden));
            if (model.mtp().isPresent()) {
                Pass mtpPass = pass.over(batch.mtpPositions(), batch.mtpSequences());
                Var rows = Ops.gather(tape, hidden, batch.mtpRows());
                Var mtp = model.mtpHidden(mtpPass, rows, batch.mtpTokens());
                compare(golden.resolve("expected.mtp.f32"), model.logits(tape, mtp));
            }
        }
    }

    /// Copy the golden folder `name` out of the resources.
    public static Path copy(String name, Path scratch) throws IOException {
        Path folder = scratch.resolve(name);
        Files.createDirectories(folder.resolve("hf"));
        for (String file :
                List.of(
                        "hf/config.json",
                        "hf/model.safetensors",
                        "tokens.txt",
                        "expected.logits.f32",
                        "expected.mtp.f32")) {
            if (!file.equals("expected.mtp.f32") || name.equals("tiny-v3")) {
                Files.write(folder.resolve(file), resource(name + "/" + file));
            }
        }
        return folder;
    }

    /// Load model `name` through a copy of its folder in `scratch`.
    public static DeepSeekModel load(String name, Kernels kernels, Path scratch)
            throws IOException {
        return ModelFolder.load(
                copy(name, scratch).resolve("hf"), Parameters.forInference(), kernels);
    }

    /// The 96 tokens that the expected logits of model `name` belong to.
    public static int[] tokens(String name) throws IOException {
        return parse(new String(resource(name + "/tokens.txt"), StandardCharsets.US_ASCII));
    }

    private static int[] tokens(Path golden) throws IOException {
        return parse(Files.readString(golden.resolve("tokens.txt")));
    }

    private static int[] parse(String text) {
        return Arrays.stream(text.strip().split(",")).mapToInt(Integer::parseInt).toArray();
    }

    private static void compare(Path file, Tensor logits) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        double[] expected = new double[bytes.capacity() / 4];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = bytes.getFloat(4 * i);
        }
        Close.within(file.toString(), logits, expected, TOLERANCE);
    }

    private static byte[] resource(String path) throws IOException {
        try (var in = GoldenModels.class.getResourceAsStream("/golden/" + path)) {
            if (in == null) {
                throw new FileNotFoundException("no test resource golden/" + path);
            }
            return in.readAllBytes();
        }
    }
}
