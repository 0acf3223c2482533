package dev.minke.model.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.minke.model.autograd.Ops.LossSum;
import dev.minke.model.autograd.Ops.Routing;
import dev.minke.tensor.AttentionShape;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Close;
import dev.minke.tensor.DType;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Rng;
import dev.minke.tensor.RouterRule;
import dev.minke.tensor.ShapeMismatch;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Every operation against differences, in sizes that fill no vector.
class OpsTests {
    private static final Team TEAM = new Team(1);
    private static Kernels kernels;
    private static Arena arena;

    @BeforeAll
    static void open() {
        kernels = Backends.open(TEAM, "reference");
        arena = Arena.ofShared();
    }

    @AfterAll
    static void close() {
        arena.close();
        TEAM.close();
    }

    private static Tensor ints(int... values) {
        return Tensor.copyOf(arena, values, values.length);
    }

    private static GradientCheck check() {
        return new GradientCheck(kernels);
    }

    @Test
    void linear() {
        check().leaf("x", 5, 7)
                .leaf("weight", 3, 7)
                .check((tape, in) ->
                        GradientCheck.project(tape, Ops.linear(tape, in.get(0), in.get(1))));
    }

    @Test
    void linearAddsUpWhereInputAndWeightAreUsedTwice() {
        check().leaf("x", 5, 7)
                .leaf("weight", 7, 7)
                .check((tape, in) -> {
                    Var once = Ops.linear(tape, in.get(0), in.get(1));
                    Var twice = Ops.linear(tape, once, in.get(1));
                    Var other = Ops.linear(tape, in.get(0), in.get(1));
                    return GradientCheck.project(tape, Ops.residual(tape, twice, other));
                });
    }

    @Test
    void linearOfColumnsReachesThePartsOfOneBuffer() {
        check().leaf("x", 5, 7)
                .leaf("first", 2, 3)
                .leaf("rest", 2, 4)
                .check((tape, in) -> {
                    Var a = Ops.linear(tape, in.get(0).columns(0, 3), in.get(1));
                    Var b = Ops.linear(tape, in.get(0).columns(3, 7), in.get(2));
                    return GradientCheck.project(tape, Ops.residual(tape, a, b));
                });
    }

    @Test
    void groupedLinearWithAnExpertThatHasNoToken() {
        Tensor offsets = ints(0, 2, 2, 7);
        check().leaf("x", 7, 5)
                .leaf("weight", 3, 3, 5)
                .check((tape, in) ->
                        GradientCheck.project(
                                tape, Ops.groupedLinear(tape, in.get(0), in.get(1), offsets)));
    }

    @Test
    void gatherAddsUpRowsThatAreTakenSeveralTimes() {
        check().leaf("table", 5, 3)
                .check((tape, in) ->
                        GradientCheck.project(
                                tape, Ops.gather(tape, in.get(0), ints(4, 0, 4, 4, 1, 0))));
    }

    @Test
    void gatherAddsToWhatOthersContributed() {
        check().leaf("table", 5, 3)
                .check((tape, in) -> {
                    Var a = Ops.gather(tape, in.get(0), ints(1, 2));
                    Var b = Ops.gather(tape, in.get(0), ints(2, 2));
                    return GradientCheck.project(tape, Ops.residual(tape, a, b));
                });
    }

    @Test
    void rmsNorm() {
        check().leaf("x", 5, 7)
                .leaf("gain", 7)
                .check((tape, in) ->
                        GradientCheck.project(
                                tape, Ops.rmsNorm(tape, in.get(0), in.get(1), 1e-3f)));
    }

    @Test
    void rmsNormFromColumnsIntoColumns() {
        check().leaf("x", 5, 9)
                .leaf("gain", 4)
                .leaf("otherGain", 5)
                .check((tape, in) -> {
                    Var y = tape.output(5, 9);
                    Var x = in.get(0);
                    Ops.rmsNorm(tape, x.columns(0, 4), in.get(1), 1e-3f, y.columns(5, 9));
                    Ops.rmsNorm(tape, x.columns(4, 9), in.get(2), 1e-3f, y.columns(0, 5));
                    return GradientCheck.project(tape, y);
                });
    }

    @Test
    void ropeTurnsInPlaceAndItsGradientBack() {
        Tensor table = Tensor.copyOf(arena, angles(6, 2), 6, 4);
        check().leaf("x", 3, 14)
                .check((tape, in) -> {
                    Var x = in.get(0);
                    Ops.rope(tape, x, 2, 7, 3, ints(0, 5, 2), table);
                    return GradientCheck.project(tape, x);
                });
    }

    @Test
    void ropeOfColumnsBesideANormOfTheOthers() {
        Tensor table = Tensor.copyOf(arena, angles(6, 2), 6, 4);
        check().leaf("x", 3, 5)
                .leaf("down", 9, 5)
                .leaf("gain", 5)
                .leaf("up", 4, 5)
                .check((tape, in) -> {
                    Var down = Ops.linear(tape, in.get(0), in.get(1));
                    Var latent = Ops.rmsNorm(tape, down.columns(0, 5), in.get(2), 1e-3f);
                    Var key = down.columns(5, 9);
                    Ops.rope(tape, key, 1, 4, 0, ints(1, 4, 3), table);
                    Var up = Ops.linear(tape, latent, in.get(3));
                    return GradientCheck.project(tape, Ops.swiGlu(tape, up, key));
                });
    }

    private static float[] angles(int positions, int pairs) {
        float[] table = new float[positions * pairs * 2];
        for (int p = 0; p < positions; p++) {
            for (int i = 0; i < pairs; i++) {
                table[(p * pairs + i) * 2] = (float) Math.cos(p * 0.7 / (i + 1));
                table[(p * pairs + i) * 2 + 1] = (float) Math.sin(p * 0.7 / (i + 1));
            }
        }
        return table;
    }

    @Test
    void swiGlu() {
        check().leaf("gate", 5, 7)
                .leaf("up", 5, 7)
                .check((tape, in) ->
                        GradientCheck.project(tape, Ops.swiGlu(tape, in.get(0), in.get(1))));
    }

    @Test
    void swiGluOfOneInputTwiceAddsUp() {
        check().leaf("x", 5, 7)
                .check((tape, in) ->
                        GradientCheck.project(tape, Ops.swiGlu(tape, in.get(0), in.get(0))));
    }

    /// h + f(norm(h)) twice, as in a block: the sum's gradient buffer is handed on, and what the
    /// branch adds must not reach the branch itself.
    @Test
    void residualHandsItsBufferOnWithoutMixingUpBranches() {
        check().leaf("h", 4, 5)
                .leaf("gain", 5)
                .leaf("first", 5, 5)
                .leaf("second", 5, 5)
                .check((tape, in) -> {
                    Var h = Ops.linear(tape, in.get(0), in.get(2));
                    for (int i = 0; i < 2; i++) {
                        Var x = Ops.rmsNorm(tape, h, in.get(1), 1e-3f);
                        Var branch = Ops.linear(tape, x, in.get(3));
                        h = Ops.residual(tape, h, branch);
                    }
                    return GradientCheck.project(tape, Ops.rmsNorm(tape, h, in.get(1), 1e-3f));
                });
    }

    @Test
    void attentionOfSequencesSideBySide() {
        AttentionShape shape = new AttentionShape(2, 3, 2, 5, 0.6f);
        Tensor sequences = ints(0, 1, 4, 7);
        check().leaf("q", 7, 10)
                .leaf("kv", 7, 16)
                .leaf("kr", 7, 2)
                .check((tape, in) ->
                        GradientCheck.project(
                                tape,
                                Ops.attention(
                                        tape, shape, in.get(0), in.get(1), in.get(2), sequences)));
    }

    @Test
    void attentionAddsToGradientsThatAreThere() {
        AttentionShape shape = new AttentionShape(1, 3, 2, 5, 0.6f);
        Tensor sequences = ints(0, 3);
        check().leaf("q", 3, 5)
                .leaf("kv", 3, 8)
                .leaf("kr", 3, 2)
                .check((tape, in) -> {
                    Var kr = in.get(2);
                    Var a = Ops.attention(tape, shape, in.get(0), in.get(1), kr, sequences);
                    Var b = Ops.attention(tape, shape, in.get(0), in.get(1), kr, sequences);
                    return GradientCheck.project(tape, Ops.swiGlu(tape, a, b));
                });
    }

    /// Each scoring function with and without groups and normalisation; the balance loss goes
    /// through the scores of all experts.
    @ParameterizedTest
    @EnumSource
    void routeAndBalanceLoss(RouterCase router) {
        Tensor bias = Tensor.copyOf(arena, new float[] {0, .3f, -.2f, .1f, 0, -.3f, .2f, 0}, 8);
        Tensor sequences = ints(0, 2, 5);
        check().leaf("logits", spaced(5, 8), 5, 8)
                .with(0.01, 5e-3)
                .check((tape, in) -> {
                    Routing routing = Ops.route(tape, router.rule, in.get(0), bias);
                    double balance = Ops.balanceLoss(tape, routing, sequences, 2, 0.7f);
                    return balance + GradientCheck.project(tape, routing.weight());
                });
    }

    /// Rules under test.
    enum RouterCase {
        /// V3's.
        V3(RouterRule.Scoring.SIGMOID, 4, 2, RouterRule.GroupScore.SUM_OF_TOP_TWO, true, 2.5f),
        /// V2's.
        V2(RouterRule.Scoring.SOFTMAX, 4, 2, RouterRule.GroupScore.MAX, false, 1.5f),
        /// Sigmoid without groups.
        MOONLIGHT(RouterRule.Scoring.SIGMOID, 1, 1, RouterRule.GroupScore.MAX, true, 1f),
        /// Softmax with normalisation.
        NORMALISED(RouterRule.Scoring.SOFTMAX, 1, 1, RouterRule.GroupScore.MAX, true, 1f);

        private final RouterRule rule;

        RouterCase(
                RouterRule.Scoring scoring,
                int groups,
                int kept,
                RouterRule.GroupScore score,
                boolean normalised,
                float scale) {
            rule = new RouterRule(scoring, 8, 2, groups, kept, score, normalised, scale);
        }
    }

    /// Rows in random order of numbers so far apart that moving one changes no choice, their
    /// distances different, so that no two groups tie.
    private static float[] spaced(int rows, int cols) {
        Rng rng = new Rng(5);
        float[] values = new float[rows * cols];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                int other = rng.nextInt(c + 1);
                values[r * cols + c] = values[r * cols + other];
                values[r * cols + other] = 0.31f * c + 0.037f * c * c - 1.5f;
            }
        }
        return values;
    }

    @Test
    void routeWithoutBalanceLoss() {
        check().leaf("logits", spaced(3, 8), 3, 8)
                .with(0.01, 5e-3)
                .check((tape, in) ->
                        GradientCheck.project(
                                tape,
                                Ops.route(
                                                tape,
                                                RouterCase.V3.rule,
                                                in.get(0),
                                                Tensor.zeros(arena, 8))
                                        .weight()));
    }

    /// Tokens to experts and back, onto a base that has a gradient of its own.
    @Test
    void dispatchAndCombine() {
        Tensor index = Tensor.copyOf(arena, new int[] {2, 0, 0, 1, 2, 1, 0, 2, 2, 0}, 5, 2);
        Tensor offsets = Tensor.zeros(arena, DType.I32, 4);
        Tensor tokens = Tensor.zeros(arena, DType.I32, 10);
        Tensor slots = Tensor.zeros(arena, DType.I32, 5, 2);
        kernels.planDispatch(index, offsets, tokens, slots);
        check().leaf("x", 5, 3)
                .leaf("experts", 3, 3, 3)
                .leaf("shared", 3, 3)
                .leaf("weight", 5, 2)
                .check((tape, in) -> {
                    Var x = in.get(0);
                    Var inputs = Ops.dispatch(tape, x, tokens, slots);
                    Var outputs = Ops.groupedLinear(tape, inputs, in.get(1), offsets);
                    Var base = Ops.linear(tape, x, in.get(2));
                    Var sum = Ops.combineOnto(tape, base, outputs, slots, in.get(3));
                    return GradientCheck.project(tape, sum);
                });
    }

    @Test
    void combineOntoZeros() {
        Tensor slots = Tensor.copyOf(arena, new int[] {3, 0, 1, 2}, 2, 2);
        check().leaf("y", 4, 3)
                .leaf("weight", 2, 2)
                .check((tape, in) -> {
                    Var base = Ops.zeros(tape, 2, 3);
                    Var sum = Ops.combineOnto(tape, base, in.get(0), slots, in.get(1));
                    return GradientCheck.project(tape, sum);
                });
    }

    @Test
    void headLossWithMissingTargets() {
        Tensor targets = ints(3, -1, 0, 10, -1, 7);
        check().leaf("hidden", 6, 5)
                .leaf("head", 11, 5)
                .check((tape, in) ->
                        0.3 * Ops.headLoss(tape, in.get(0), in.get(1), targets, 0.3f).sum());
    }

    @Test
    void headLossTwiceOverOneHeadAddsUp() {
        Tensor targets = ints(3, -1, 0);
        check().leaf("hidden", 3, 5)
                .leaf("head", 11, 5)
                .check((tape, in) -> {
                    Var first = in.get(0);
                    Var head = in.get(1);
                    Var second = Ops.gather(tape, first, ints(2, 0, 0));
                    double a = Ops.headLoss(tape, first, head, targets, 0.5f).sum();
                    double b = Ops.headLoss(tape, second, head, ints(1, 2, -1), 2).sum();
                    return 0.5 * a + 2 * b;
                });
    }

    @Test
    void headLossCountsTargetsAndSumsTheirLosses() {
        try (Workspace workspace = new Workspace()) {
            Tape tape = Tape.inference(kernels, workspace);
            Var hidden = Ops.zeros(tape, 4, 3);
            Var head = Ops.zeros(tape, 8, 3);
            LossSum loss = Ops.headLoss(tape, hidden, head, ints(1, -1, 7, 0), 0.01f);
            assertThat(loss.count()).isEqualTo(3);
            assertThat(loss.sum()).isCloseTo(3 * Math.log(8), within(1e-5));
            assertThat(loss.mean()).isCloseTo(Math.log(8), within(1e-5));
            assertThat(new LossSum(0, 0).mean()).isZero();
        }
    }

    @Test
    void headLossGivesTheSameGradientsInChunksOfAnySize() {
        int tokens = 13;
        int[] targets = new int[tokens];
        for (int i = 0; i < tokens; i++) {
            targets[i] = i % 4 == 1 ? -1 : i;
        }
        Chunked whole = chunked(ints(targets), tokens);
        for (long chunk : new long[] {1, 2, 5, 12}) {
            Chunked part = chunked(ints(targets), chunk);
            assertThat(part.loss().sum()).isEqualTo(whole.loss().sum());
            assertThat(part.loss().count()).isEqualTo(whole.loss().count()).isEqualTo(10);
            assertThat(part.hidden()).as("hidden, chunk %d", chunk).isEqualTo(whole.hidden());
            for (int i = 0; i < whole.head().length; i++) {
                assertThat(part.head()[i]).isCloseTo(whole.head()[i], within(1e-6f));
            }
        }
    }

    private record Chunked(LossSum loss, float[] hidden, float[] head) {}

    private static Chunked chunked(Tensor targets, long chunk) {
        try (Workspace workspace = new Workspace()) {
            Tape tape = Tape.recording(kernels, workspace);
            Var hidden = Var.of(random(workspace.f32(targets.size(), 6), 1));
            // a gradient buffer that would be given up with the chunk's memory would show
            Var head = Var.of(random(workspace.f32(17, 6), 2));
            LossSum loss = Ops.headLoss(tape, hidden, head, targets, 0.5f, chunk);
            Tensor later = workspace.f32(4000);
            random(later, 3);
            return new Chunked(loss, hidden.gradient().toFloats(), head.gradient().toFloats());
        }
    }

    private static Tensor random(Tensor x, long seed) {
        Rng rng = new Rng(seed);
        for (long r = 0; r < x.rows(); r++) {
            for (long c = 0; c < x.cols(); c++) {
                x.setFloat(r, c, (float) rng.nextGaussian());
            }
        }
        return x;
    }

    @Test
    void anInferenceTapeHandsOutTheSameConstantsInEveryPass() {
        try (Workspace workspace = new Workspace()) {
            Tape tape = Tape.inference(kernels, workspace);
            Var x = tape.output(4, 6);
            Var part = x.columns(2, 5);
            Var y = tape.outputLike(x);
            Var z = tape.output(3);
            for (int pass = 0; pass < 3; pass++) {
                workspace.reset();
                assertThat(tape.output(4, 6)).isSameAs(x);
                assertThat(x.columns(0, 2)).isNotSameAs(part);
                assertThat(x.columns(2, 5)).isSameAs(part);
                assertThat(tape.outputLike(x)).isSameAs(y).isNotSameAs(x);
                assertThat(tape.output(3)).isSameAs(z);
            }
            workspace.reset();
            Var other = tape.output(4, 5);
            assertThat(other.value().shape()).containsExactly(4, 5);
            for (int i = 1; i < 3000; i++) { // more than it remembers
                assertThat(tape.output(i % 9 + 1L, 3).value().dim(0)).isEqualTo(i % 9 + 1);
            }
        }
    }

    @Test
    void aRecordingTapeMakesNewVariables() {
        try (Workspace workspace = new Workspace()) {
            Tape tape = Tape.recording(kernels, workspace);
            Workspace.Mark mark = workspace.mark();
            Var first = tape.output(2, 3);
            workspace.release(mark);
            Var second = tape.output(2, 3);
            assertThat(second).isNotSameAs(first);
            assertThat(second.value()).isSameAs(first.value());
            assertThat(first.columns(0, 1)).isNotSameAs(first.columns(0, 1));
            Tape inference = Tape.inference(kernels, workspace);
            assertThatIllegalStateException()
                    .isThrownBy(() -> inference.record(() -> {}))
                    .withMessage("an inference tape has no backward pass");
        }
    }

    @Test
    void aTapeThatDoesNotRecordGivesTheSameBitsAndNoGradients() {
        try (Workspace workspace = new Workspace()) {
            Tensor x = random(workspace.f32(5, 7), 1);
            Tensor w = random(workspace.f32(3, 7), 2);
            Var recorded = Ops.linear(Tape.recording(kernels, workspace), Var.of(x), Var.of(w));
            Var plain =
                    Ops.linear(
                            Tape.inference(kernels, workspace), Var.constant(x), Var.constant(w));
            Close.sameBits("linear", plain.value(), recorded.value());
            assertThat(plain.differentiable()).isFalse();
            assertThat(recorded.differentiable()).isTrue();
        }
    }

    @Test
    void whatNoLossDependsOnHasNoGradient() {
        try (Workspace workspace = new Workspace()) {
            Tape tape = Tape.recording(kernels, workspace);
            Var x = Var.of(random(workspace.f32(2, 3), 1));
            Var w = Var.of(random(workspace.f32(4, 3), 2));
            Ops.swiGlu(tape, Ops.linear(tape, x, w), Ops.linear(tape, x, w));
            tape.backward();
            assertThat(x.hasGradient()).isFalse();
            assertThat(w.hasGradient()).isFalse();
            assertThatIllegalStateException()
                    .isThrownBy(x::gradient)
                    .withMessageContaining("no gradient has reached F32[2, 3]");
        }
    }

    @Test
    void aConstantRefusesAGradient() {
        try (Workspace workspace = new Workspace()) {
            Tape tape = Tape.recording(kernels, workspace);
            Var x = Var.of(random(workspace.f32(2, 3), 1));
            Var w = Var.constant(random(workspace.f32(4, 3), 2));
            GradientCheck.project(tape, Ops.linear(tape, x, w));
            assertThatThrownBy(tape::backward)
                    .isInstanceOf(ShapeMismatch.class)
                    .hasMessageContaining("a constant has no gradient: F32[4, 3]");
        }
    }

    @Test
    void aParametersBufferIsKeptOverStepsAndClearedByTheFirstConsumer() {
        try (Workspace workspace = new Workspace()) {
            Tensor value = random(workspace.f32(4, 3), 2);
            Tensor gradient = random(workspace.f32(4, 3), 3);
            Var w = Var.parameter(value, gradient);
            assertThat(w.hasGradient()).isFalse();
            float[] first = new float[0];
            for (int step = 0; step < 2; step++) {
                w.clearGradient();
                Tape tape = Tape.recording(kernels, workspace);
                Var x = Var.constant(random(workspace.f32(2, 3), 1));
                GradientCheck.project(tape, Ops.linear(tape, x, w));
                tape.backward();
                assertThat(w.gradient()).isSameAs(gradient);
                if (step == 0) {
                    first = w.gradient().toFloats();
                }
            }
            assertThat(w.gradient().toFloats()).isEqualTo(first);
            assertThatThrownBy(() -> Var.parameter(value, workspace.f32(3, 4)))
                    .isInstanceOf(ShapeMismatch.class)
                    .hasMessageContaining("gradient");
        }
    }
}
