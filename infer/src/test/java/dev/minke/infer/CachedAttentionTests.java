package dev.minke.infer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.deepseek.AttentionForm;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.GoldenModels;
import dev.minke.model.deepseek.Pass;
import dev.minke.model.deepseek.RoutingMonitor;
import dev.minke.model.deepseek.SmallModels;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Close;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Attention over a cache, absorbed where it is latent, is the expanded form over the whole
/// sequence.
class CachedAttentionTests {
    static final List<String> GOLDEN = GoldenModels.NAMES;
    private static final Team TEAM = new Team(1);
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

    @ParameterizedTest
    @MethodSource("dev.minke.model.deepseek.SmallModels#variants")
    void tokenByTokenItGivesTheLogitsOfTheWholeSequence(DeepSeekConfig config) {
        int[] tokens = SmallModels.tokens(25, 40, 4);
        try (DeepSeekModel model = SmallModels.random(config, Parameters.forInference(), 8)) {
            for (int prompt : new int[] {1, 2, 24}) {
                check(model, tokens, prompt, 2e-4);
            }
        }
    }

    @ParameterizedTest
    @FieldSource("GOLDEN")
    void goldenModelsToo(String name) throws IOException {
        try (DeepSeekModel model = GoldenModels.load(name, kernels, scratch)) {
            check(model, GoldenModels.tokens(name), 60, 2e-4);
        }
    }

    private static void check(DeepSeekModel model, int[] tokens, int prompt, double tolerance) {
        int vocab = model.config().vocabSize();
        float[] whole = SmallModels.logits(model, kernels, tokens);
        try (AttentionCache cache = new AttentionCache(model.config(), 3, tokens.length);
                Workspace workspace = new Workspace()) {
            int[] slot = {1};
            int done = 0;
            while (done < tokens.length) {
                int to = done == 0 ? prompt : done + 1;
                AttentionForm form =
                        done == 0
                                ? CachedAttention.prefill(cache, slot)
                                : CachedAttention.decode(cache, slot);
                workspace.reset();
                Tensor logits = run(model, workspace, form, tokens, done, to);
                double[] expected = new double[(to - done) * vocab];
                for (int i = 0; i < expected.length; i++) {
                    expected[i] = whole[done * vocab + i];
                }
                Close.within("tokens %d to %d".formatted(done, to), logits, expected, tolerance);
                done = to;
            }
            assertThat(cache.part(0, 0).slice(0).toFloats()).containsOnly(0f);
            assertThat(cache.part(0, 0).slice(2).toFloats()).containsOnly(0f);
        }
    }

    private static Tensor run(
            DeepSeekModel model,
            Workspace workspace,
            AttentionForm form,
            int[] tokens,
            int from,
            int to) {
        Tape tape = Tape.inference(kernels, workspace);
        Tensor ids = workspace.i32(to - from);
        Tensor positions = workspace.i32(to - from);
        for (int i = from; i < to; i++) {
            ids.setInt(i - from, tokens[i]);
            positions.setInt(i - from, i);
        }
        Tensor sequences = workspace.i32(2);
        sequences.setInt(0, 0);
        sequences.setInt(1, to - from);
        Pass pass =
                new Pass(
                        tape,
                        positions,
                        sequences,
                        model.rope(tokens.length),
                        form,
                        RoutingMonitor.none());
        Var hidden = model.hidden(pass, ids);
        return model.logits(tape, hidden);
    }

    @Test
    void theCacheHoldsTheLatentAndTheRotatedKeyOfEveryTokenAndNothingElse() {
        DeepSeekConfig config = SmallModels.v3();
        int[] tokens = SmallModels.tokens(9, 40, 4);
        try (DeepSeekModel model = SmallModels.random(config, Parameters.forInference(), 8);
                AttentionCache all = new AttentionCache(model.config(), 1, 12);
                AttentionCache single = new AttentionCache(model.config(), 1, 12);
                Workspace workspace = new Workspace()) {
            run(model, workspace, CachedAttention.prefill(all, new int[] {0}), tokens, 0, 9);
            for (int i = 0; i < 9; i++) {
                workspace.reset();
                AttentionForm form = CachedAttention.decode(single, new int[] {0});
                run(model, workspace, form, tokens, i, i + 1);
            }
            assertThat(all.capacity()).isEqualTo(12);
            for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
                Tensor rows = all.part(layer, 0);
                rows.expect("cache", 1, 12, 14);
                float[] values = rows.toFloats();
                double[] expected = new double[values.length];
                for (int i = 0; i < values.length; i++) {
                    expected[i] = values[i];
                }
                Close.within("layer " + layer, single.part(layer, 0), expected, 2e-5);
                assertThat(Arrays.copyOfRange(values, 9 * 14, 12 * 14)).containsOnly(0f);
                assertThat(Arrays.copyOfRange(values, 8 * 14, 9 * 14)).doesNotContain(0f);
            }
        }
    }
}
