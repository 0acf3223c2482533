package dev.minke.model.deepseek;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.fail;

import dev.minke.model.autograd.Tape;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.deepseek.DeepSeekModel.LossScales;
import dev.minke.model.deepseek.DeepSeekModel.Losses;
import dev.minke.model.deepseek.TokenBatch.Sequence;
import dev.minke.model.nn.Parameter;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Close;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Rng;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DeepSeekModelTests {
    private static final float ALPHA = 0.3f;
    private static final LossScales SCALES = new LossScales(1 / 12f, 0.5f / 10);
    private static final Team TEAM = new Team(1);
    private static Kernels kernels;

    @BeforeAll
    static void open() {
        kernels = Backends.open(TEAM, "reference");
    }

    @AfterAll
    static void close() {
        TEAM.close();
    }

    /// Some weights of every parameter against differences of the whole loss: next token, MTP and
    /// balance.
    @ParameterizedTest
    @MethodSource("dev.minke.model.deepseek.SmallModels#variants")
    void theGradientOfTheWholeLossIsThatOfItsDifferences(DeepSeekConfig config) {
        try (DeepSeekModel model = SmallModels.random(config, Parameters.forTraining(), 11);
                Workspace workspace = new Workspace()) {
            Tape tape = Tape.recording(kernels, workspace);
            double recorded = loss(model, tape);
            tape.backward();
            workspace.reset();
            assertThat(loss(model, Tape.inference(kernels, workspace))).isEqualTo(recorded);
            Rng rng = new Rng(3);
            int checked = 0;
            int jumps = 0;
            for (Parameter parameter : model.parameters().trained()) {
                Tensor gradient = parameter.var().gradient();
                double scale = rms(gradient);
                for (int i = 0; i < 4; i++) {
                    long row = rng.nextLong(gradient.rows());
                    long col = rng.nextLong(gradient.cols());
                    Tensor weight = parameter.value();
                    double near = slope(model, workspace, weight, row, col, 2e-3);
                    double far = slope(model, workspace, weight, row, col, 4e-3);
                    double allowed = 0.01 * Math.max(Math.abs(near), scale) + 1e-4;
                    if (Math.abs(near - far) > allowed) {
                        jumps++; // a token went to another expert
                        continue;
                    }
                    checked++;
                    double expected = (4 * near - far) / 3;
                    double actual = gradient.getFloat(row, col);
                    if (!(Math.abs(actual - expected) <= allowed)) {
                        fail(
                                "%s [%d, %d]: gradient %s, differences give %s, rms is %s",
                                parameter.name(), row, col, actual, expected, scale);
                    }
                }
            }
            assertThat(checked).isGreaterThan(6 * jumps);
        }
    }

    private static double loss(DeepSeekModel model, Tape tape) {
        // targets begin late in the second sequence, which has one token more than inputs
        List<Sequence> sequences =
                List.of(
                        Sequence.whole(SmallModels.tokens(8, 40, 1)),
                        new Sequence(SmallModels.tokens(9, 40, 2), 8, 3));
        RoutingMonitor monitor = new RoutingMonitor(ALPHA);
        Losses losses =
                model.losses(tape, TokenBatch.of(sequences, tape.workspace()), SCALES, monitor);
        assertThat(monitor.balanceLoss() > 0).isEqualTo(model.config().moe().hasExperts());
        return SCALES.main() * losses.main().sum()
                + SCALES.mtp() * losses.mtp().sum()
                + monitor.balanceLoss();
    }

    private static double slope(
            DeepSeekModel model,
            Workspace workspace,
            Tensor weight,
            long row,
            long col,
            double step) {
        float old = weight.getFloat(row, col);
        weight.setFloat(row, col, (float) (old + step));
        workspace.reset();
        double above = loss(model, Tape.inference(kernels, workspace));
        weight.setFloat(row, col, (float) (old - step));
        workspace.reset();
        double below = loss(model, Tape.inference(kernels, workspace));
        weight.setFloat(row, col, old);
        return (above - below) / (2 * step);
    }

    private static double rms(Tensor x) {
        double sum = 0;
        for (float value : x.toFloats()) {
            sum += (double) value * value;
        }
        return Math.sqrt(sum / x.size());
    }

    @ParameterizedTest
    @MethodSource("dev.minke.model.deepseek.SmallModels#variants")
    void sequencesSideBySideGiveTheBitsOfSequencesAlone(DeepSeekConfig config) {
        int[] first = SmallModels.tokens(17, 40, 1);
        int[] second = SmallModels.tokens(1, 40, 2);
        int[] third = SmallModels.tokens(30, 40, 3);
        try (DeepSeekModel model = SmallModels.random(config, Parameters.forInference(), 5)) {
            float[] together = SmallModels.logits(model, kernels, first, second, third);
            int vocab = config.vocabSize();
            check(together, 0, SmallModels.logits(model, kernels, first), vocab);
            check(together, 17 * vocab, SmallModels.logits(model, kernels, second), vocab);
            check(together, 18 * vocab, SmallModels.logits(model, kernels, third), vocab);
        }
    }

    private static void check(float[] together, int from, float[] alone, int vocab) {
        float[] part = Arrays.copyOfRange(together, from, from + alone.length);
        Close.sameBits("logits", part, alone, vocab);
    }

    @Test
    void theFutureDoesNotChangeThePast() {
        int[] tokens = SmallModels.tokens(20, 40, 1);
        try (DeepSeekModel model =
                SmallModels.random(SmallModels.v3(), Parameters.forInference(), 5)) {
            float[] whole = SmallModels.logits(model, kernels, tokens);
            float[] prefix = SmallModels.logits(model, kernels, Arrays.copyOf(tokens, 9));
            check(whole, 0, prefix, 40);
            int[] other = tokens.clone();
            other[4]++;
            float[] changed = SmallModels.logits(model, kernels, other);
            check(changed, 0, Arrays.copyOf(whole, 4 * 40), 40);
            assertThat(Arrays.copyOfRange(changed, 19 * 40, 20 * 40))
                    .isNotEqualTo(Arrays.copyOfRange(whole, 19 * 40, 20 * 40));
        }
    }

    @Test
    void oneThreadGivesTheBitsOfThree() {
        int[] tokens = SmallModels.tokens(33, 40, 1);
        try (DeepSeekModel model =
                        SmallModels.random(SmallModels.v3(), Parameters.forInference(), 5);
                Team one = new Team(1);
                Team three = new Team(3)) {
            Close.sameBits(
                    "logits",
                    SmallModels.logits(model, Backends.open(one, "reference"), tokens),
                    SmallModels.logits(model, Backends.open(three, "reference"), tokens),
                    40);
        }
    }

    @Test
    void packedWeightsGiveTheSameBits() {
        int[] tokens = SmallModels.tokens(12, 40, 1);
        try (DeepSeekModel model =
                SmallModels.random(SmallModels.v3(), Parameters.forInference(), 5)) {
            float[] plain = SmallModels.logits(model, kernels, tokens);
            model.pack(kernels);
            Close.sameBits("logits", SmallModels.logits(model, kernels, tokens), plain, 40);
        }
    }

    @Test
    void initialWeightsFollowFromTheSeed() {
        DeepSeekConfig config = SmallModels.v3();
        try (DeepSeekModel a = new DeepSeekModel(config, Parameters.forInference());
                DeepSeekModel b = new DeepSeekModel(config, Parameters.forInference());
                DeepSeekModel c = new DeepSeekModel(config, Parameters.forInference())) {
            a.initialize(0.02, 1);
            b.initialize(0.02, 1);
            c.initialize(0.02, 2);
            for (int i = 0; i < a.parameters().all().size(); i++) {
                Parameter parameter = a.parameters().all().get(i);
                Close.sameBits(
                        parameter.name(), parameter.value(), b.parameters().all().get(i).value());
            }
            Tensor embedding = a.parameters().all().getFirst().value();
            assertThat(rms(embedding)).isBetween(0.018, 0.022);
            assertThat(c.parameters().all().getFirst().value().toFloats())
                    .isNotEqualTo(embedding.toFloats());
            assertThat(parameter(a, "model.norm.weight").toFloats()).containsOnly(1f);
            assertThat(parameter(a, "model.layers.1.mlp.gate.e_score_correction_bias").toFloats())
                    .containsOnly(0f);
        }
    }

    private static Tensor parameter(DeepSeekModel model, String name) {
        return model.parameters().all().stream()
                .filter(p -> p.name().equals(name))
                .findFirst()
                .orElseThrow()
                .value();
    }

    @ParameterizedTest
    @MethodSource("dev.minke.model.deepseek.SmallModels#variants")
    void itHasAsManyParametersAsItsConfigurationSays(DeepSeekConfig config) {
        try (DeepSeekModel model = new DeepSeekModel(config, Parameters.forInference())) {
            long trained =
                    model.parameters().trained().stream().mapToLong(p -> p.value().size()).sum();
            long biases = model.parameters().count() - trained;
            long all = config.parameterCount() + config.mtpParameterCount();
            // whether or not the correction biases are counted
            assertThat(all).isIn(trained, trained + biases);
        }
    }

    @Test
    void mtpLeftOutByItsScaleLeavesItsGradientsEmpty() {
        try (DeepSeekModel model =
                        SmallModels.random(SmallModels.v3(), Parameters.forTraining(), 5);
                Workspace workspace = new Workspace()) {
            Tape tape = Tape.recording(kernels, workspace);
            TokenBatch batch =
                    TokenBatch.of(List.of(Sequence.whole(SmallModels.tokens(9, 40, 1))), workspace);
            Losses losses =
                    model.losses(tape, batch, new LossScales(0.1f, 0), RoutingMonitor.none());
            tape.backward();
            assertThat(losses.mtp().count()).isZero();
            assertThat(losses.main().count()).isEqualTo(8);
            for (Parameter parameter : model.parameters().trained()) {
                assertThat(parameter.var().hasGradient())
                        .as(parameter.name())
                        .isEqualTo(!parameter.name().startsWith("model.layers.3."));
            }
        }
    }

    @Test
    void aSequenceBeyondTheContextIsRefused() {
        int[] tokens = SmallModels.tokens(129, 40, 1);
        try (DeepSeekModel model = new DeepSeekModel(SmallModels.v3(), Parameters.forInference())) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> SmallModels.logits(model, kernels, tokens))
                    .withMessage(
                            "a sequence of 129 tokens is longer than max_position_embeddings 128");
            assertThat(SmallModels.logits(model, kernels, Arrays.copyOf(tokens, 128)))
                    .hasSize(128 * 40);
        }
    }

    @Test
    void moreThanOneMtpModuleIsRefused() {
        DeepSeekConfig config = SmallModels.v3().withNumNextnPredictLayers(2);
        try (Parameters parameters = Parameters.forInference()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new DeepSeekModel(config, parameters))
                    .withMessage("num_nextn_predict_layers is 2, expected 0 or 1");
        }
    }

    @Test
    void aModelWithoutMtpSaysSo() {
        try (DeepSeekModel model = new DeepSeekModel(SmallModels.v2(), Parameters.forInference());
                Workspace workspace = new Workspace()) {
            Tape tape = Tape.inference(kernels, workspace);
            TokenBatch batch = TokenBatch.of(List.of(Sequence.whole(1, 2, 3)), workspace);
            Pass pass =
                    model.pass(tape, batch.positions(), batch.sequences(), RoutingMonitor.none());
            var hidden = model.hidden(pass, batch.tokens());
            assertThatIllegalStateException()
                    .isThrownBy(() -> model.mtpHidden(pass, hidden, batch.tokens()))
                    .withMessage("the model has no MTP module");
            assertThat(model.mtp()).isEmpty();
        }
    }

    @Test
    void blocksKnowTheirLayerAndWhetherTheyHaveExperts() {
        try (DeepSeekModel model = new DeepSeekModel(SmallModels.v3(), Parameters.forInference())) {
            assertThat(model.blocks()).extracting(Block::layer).containsExactly(0, 1, 2, 3);
            assertThat(model.blocks())
                    .extracting(b -> b.moe().isPresent())
                    .containsExactly(false, true, true, true);
        }
    }
}
