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
        int[] tokens = tokens(name);
        try (DeepSeekModel model = load(name, kernels, scratch);
                Workspace workspace = new Workspace()) {
            if (packed) {
                model.pack(kernels);
            }
            Tape tape = Tape.inference(kernels, workspace);
            TokenBatch batch = TokenBatch.of(List.of(TokenBatch.Sequence.whole(tokens)), workspace);
            Pass pass =
                    model.pass(tape, batch.positions(), batch.sequences(), RoutingMonitor.none());
            Var hidden = model.hidden(pass, batch.tokens());
            compare(name, "expected.logits.f32", model.logits(tape, hidden));
            assertThat(model.mtp().isPresent()).isEqualTo(name.equals("tiny-v3"));
            if (model.mtp().isPresent()) {
                Pass mtpPass = pass.over(batch.mtpPositions(), batch.mtpSequences());
                Var rows = Ops.gather(tape, hidden, batch.mtpRows());
                Var mtp = model.mtpHidden(mtpPass, rows, batch.mtpTokens());
                compare(name, "expected.mtp.f32", model.logits(tape, mtp));
            }
        }
    }

    /// Load model `name` through a copy of its folder in `scratch`.
    public static DeepSeekModel load(String name, Kernels kernels, Path scratch)
            throws IOException {
        Path folder = Files.createDirectories(scratch.resolve(name));
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.write(folder.resolve(file), resource(name + "/hf/" + file));
        }
        return ModelFolder.load(folder, Parameters.forInference(), kernels);
    }

    /// The 96 tokens that the expected logits belong to.
    public static int[] tokens(String name) throws IOException {
        String text = new String(resource(name + "/tokens.txt"), StandardCharsets.US_ASCII);
        return Arrays.stream(text.strip().split(",")).mapToInt(Integer::parseInt).toArray();
    }

    private static void compare(String name, String file, Tensor logits) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(resource(name + "/" + file));
        double[] expected = new double[bytes.capacity() / 4];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = bytes.order(ByteOrder.LITTLE_ENDIAN).getFloat(4 * i);
        }
        Close.within(name + " " + file, logits, expected, TOLERANCE);
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
