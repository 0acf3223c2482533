package dev.minke.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.offset;

import dev.minke.model.autograd.Tape;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.DeepSeekModel.LossScales;
import dev.minke.model.deepseek.RoutingMonitor;
import dev.minke.model.deepseek.SmallModels;
import dev.minke.model.deepseek.TokenBatch;
import dev.minke.model.deepseek.TokenBatch.Sequence;
import dev.minke.model.nn.Parameter;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Close;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TrainerTests {
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

    private static Trainer trainer(Kernels on, DeepSeekConfig config, String... settings) {
        return new Trainer(
                SmallModels.random(config, Parameters.forTraining(), 3),
                SmallRuns.train(settings),
                on);
    }

    private static Trainer trainer(String... settings) {
        return trainer(kernels, SmallModels.v3(), settings);
    }

    /// Four sequences, not all of one length.
    private static List<Sequence> batch(long step) {
        List<Sequence> batch = new ArrayList<>();
        for (int s = 0; s < 4; s++) {
            int length = s == 2 ? 9 : 14;
            int[] tokens = SmallModels.tokens(length + 2, 40, 100 * step + s);
            batch.add(new Sequence(tokens, length, 1));
        }
        return batch;
    }

    private static float[] weights(Trainer trainer) {
        List<float[]> all = new ArrayList<>();
        int size = 0;
        for (Parameter parameter : trainer.model().parameters().all()) {
            float[] values = parameter.value().toFloats();
            all.add(values);
            size += values.length;
        }
        float[] weights = new float[size];
        int at = 0;
        for (float[] values : all) {
            System.arraycopy(values, 0, weights, at, values.length);
            at += values.length;
        }
        return weights;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 14, 28, 30})
    void microBatchesGiveTheStepOfTheWholeBatch(int microBatchTokens) {
        try (Trainer whole = trainer("microBatchTokens=1000", "balanceAlpha=0.1");
                Trainer parts =
                        trainer("microBatchTokens=" + microBatchTokens, "balanceAlpha=0.1")) {
            Trainer.StepReport expected = whole.step(batch(0));
            Trainer.StepReport actual = parts.step(batch(0));
            assertThat(actual.mainLoss()).isCloseTo(expected.mainLoss(), offset(1e-6));
            assertThat(actual.mtpLoss()).isCloseTo(expected.mtpLoss(), offset(1e-6));
            assertThat(actual.balanceLoss()).isCloseTo(expected.balanceLoss(), offset(1e-6));
            assertThat(actual.loss()).isCloseTo(expected.loss(), offset(1e-6));
            assertThat(actual.gradientNorm() / expected.gradientNorm()).isCloseTo(1, offset(1e-5));
            assertThat(actual.tokens()).isEqualTo(expected.tokens()).isEqualTo(3 * 14 + 9);
            for (int layer = 1; layer <= 3; layer++) {
                assertThat(actual.counts().get(layer))
                        .containsExactly(expected.counts().get(layer));
            }
            for (int i = 0; i < whole.model().parameters().trained().size(); i++) {
                Parameter parameter = whole.model().parameters().trained().get(i);
                float[] values = parameter.var().gradient().toFloats();
                double[] wanted = new double[values.length];
                for (int j = 0; j < values.length; j++) {
                    wanted[j] = values[j];
                }
                Tensor gradient = parts.model().parameters().trained().get(i).var().gradient();
                Close.relative(parameter.name(), gradient, wanted, 1e-4);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.minke.model.deepseek.SmallModels#variants")
    void anyNumberOfThreadsGivesTheSameBits(DeepSeekConfig config) {
        try (Team two = new Team(2);
                Trainer single = trainer(kernels, config, "balanceAlpha=0.01");
                Trainer pair =
                        trainer(Backends.open(two, "reference"), config, "balanceAlpha=0.01")) {
            for (int step = 0; step < 5; step++) {
                Trainer.StepReport a = single.step(batch(step));
                Trainer.StepReport b = pair.step(batch(step));
                assertThat(b.loss()).isEqualTo(a.loss());
                assertThat(b.gradientNorm()).isEqualTo(a.gradientNorm());
            }
            Close.sameBits("weights", weights(pair), weights(single), 1);
        }
    }

    @Test
    void aBatchThatIsRepeatedIsLearnt() {
        try (Trainer trainer =
                trainer(
                        "steps=200",
                        "warmupSteps=0",
                        "learningRate=0.01",
                        "minLearningRate=0.01")) {
            double first = trainer.step(batch(0)).mainLoss();
            double last = first;
            for (int step = 1; step < 60; step++) {
                last = trainer.step(batch(0)).mainLoss();
            }
            assertThat(first).isGreaterThan(3.5);
            assertThat(last).isLessThan(1.5);
            assertThat(trainer.step()).isEqualTo(60);
            assertThat(trainer.evaluate(batch(0))).isLessThan(1.5);
        }
    }

    @Test
    void evaluationChangesNothingAndIsTheLossOfTheNextStep() {
        try (Trainer trainer = trainer()) {
            float[] before = weights(trainer);
            double loss = trainer.evaluate(batch(0));
            Close.sameBits("weights", weights(trainer), before, 1);
            assertThat(trainer.step()).isZero();
            assertThat(trainer.step(batch(0)).mainLoss()).isCloseTo(loss, offset(1e-6));
        }
    }

    @Test
    void theReportAddsUp() {
        try (Trainer trainer = trainer("mtpWeight=0.3", "balanceAlpha=0.1", "steps=100")) {
            Trainer.StepReport report = trainer.step(batch(0));
            assertThat(report.loss())
                    .isCloseTo(
                            report.mainLoss() + 0.3 * report.mtpLoss() + report.balanceLoss(),
                            offset(1e-9));
            assertThat(report.mtpLoss()).isGreaterThan(1);
            assertThat(report.balanceLoss()).isPositive();
            assertThat(report.learningRate()).isEqualTo(SmallRuns.train().learningRate(0));
            assertThat(report.maxViolation()).containsOnlyKeys(1, 2, 3);
            long[] counts = report.counts().get(1);
            assertThat(counts).hasSize(8);
            assertThat(Arrays.stream(counts).sum()).isEqualTo(2 * report.tokens());
            assertThat(report.maxViolation()).containsEntry(1, RoutingMonitor.maxViolation(counts));
        }
    }

    @Test
    void withoutMtpWeightTheModuleStaysAsItIs() {
        try (Trainer trainer = trainer("mtpWeight=0", "weightDecay=0.5")) {
            List<Parameter> module =
                    trainer.model().parameters().trained().stream()
                            .filter(p -> p.name().startsWith("model.layers.3."))
                            .toList();
            assertThat(module).isNotEmpty();
            List<float[]> before = module.stream().map(p -> p.value().toFloats()).toList();
            assertThat(trainer.step(batch(0)).mtpLoss()).isZero();
            for (int i = 0; i < module.size(); i++) {
                Close.same(module.get(i).name(), module.get(i).value(), before.get(i));
            }
        }
    }

    @Test
    void routerBiasesMoveAgainstTheLoad() {
        try (Trainer trainer = trainer("biasSpeed=0.01", "steps=10", "biasFrozenFraction=0.5")) {
            for (int step = 0; step < 8; step++) {
                List<float[]> before = biases(trainer);
                Trainer.StepReport report = trainer.step(batch(step));
                List<float[]> after = biases(trainer);
                for (int layer = 1; layer <= 3; layer++) {
                    long[] counts = report.counts().get(layer);
                    double mean = Arrays.stream(counts).average().orElseThrow();
                    for (int e = 0; e < counts.length; e++) {
                        double moved = after.get(layer - 1)[e] - before.get(layer - 1)[e];
                        double wanted = step < 5 ? 0.01 * Math.signum(mean - counts[e]) : 0;
                        assertThat(moved).isCloseTo(wanted, offset(1e-6));
                    }
                }
            }
        }
    }

    private static List<float[]> biases(Trainer trainer) {
        return trainer.model().blocks().stream()
                .flatMap(b -> b.moe().stream())
                .map(m -> m.router().bias().toFloats())
                .toList();
    }

    @Test
    void biasesBalanceARouterThatPrefersFewExperts() {
        try (Trainer trainer =
                trainer("biasSpeed=0.02", "steps=1000", "learningRate=0", "minLearningRate=0")) {
            double first = trainer.step(batch(0)).maxViolation().get(2);
            for (int step = 1; step < 60; step++) {
                trainer.step(batch(0));
            }
            assertThat(trainer.step(batch(0)).maxViolation().get(2)).isLessThan(first / 2);
        }
    }

    @Test
    void gradientsAreClippedToTheirNorm() {
        try (Trainer free = trainer("clipNorm=1e9", "beta1=0", "beta2=0", "epsilon=1");
                Trainer clipped = trainer("clipNorm=0.001", "beta1=0", "beta2=0", "epsilon=1")) {
            float[] start = weights(free);
            double norm = free.step(batch(0)).gradientNorm();
            assertThat(clipped.step(batch(0)).gradientNorm()).isEqualTo(norm);
            assertThat(distance(weights(clipped), start))
                    .isLessThan(distance(weights(free), start));
        }
    }

    private static double distance(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) (a[i] - b[i]) * (a[i] - b[i]);
        }
        return Math.sqrt(sum);
    }

    @Test
    void memoryDoesNotGrowOverFiftySteps() {
        try (Trainer trainer = trainer("steps=100")) {
            trainer.step(batch(0));
            trainer.evaluate(batch(1));
            long bytes = trainer.workspaceBytes();
            for (int step = 1; step < 50; step++) {
                trainer.step(batch(step));
                trainer.evaluate(batch(step));
            }
            assertThat(trainer.workspaceBytes()).isEqualTo(bytes).isPositive();
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
    void aLossThatIsNoNumberEndsTheStepInOneLineAndLeavesTheWeights(float broken) {
        try (Trainer trainer = trainer("learningRate=0.5")) {
            Tensor gain = gain(trainer);
            gain.setFloat(0, 3, broken);
            float[] before = weights(trainer);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> trainer.step(batch(0)))
                    .withMessageStartingWith("step 0: loss ")
                    .withMessageContaining("expected finite numbers")
                    .withMessageContaining("train.learningRate (now 0.25)")
                    .withMessageNotContaining("\n");
            Close.sameBits("weights", weights(trainer), before, 1);
            assertThat(trainer.step()).isZero();
        }
    }

    private static Tensor gain(Trainer trainer) {
        return trainer.model().parameters().all().stream()
                .filter(p -> p.name().equals("model.norm.weight"))
                .findFirst()
                .orElseThrow()
                .value();
    }

    @Test
    void aBrokenWeightBelowTheRoutersEndsTheStepInOneLineToo() {
        try (Trainer trainer = trainer()) {
            trainer.model()
                    .parameters()
                    .all()
                    .getFirst()
                    .value()
                    .setFloat(batch(0).getFirst().tokens()[0], 0, Float.NaN);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> trainer.step(batch(0)))
                    .withMessageStartingWith("step 0: loss ")
                    .withMessageNotContaining("\n");
        }
    }

    @Test
    void aBatchWithoutTargetsIsRefused() {
        try (Trainer trainer = trainer()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> trainer.step(List.of(Sequence.whole(1), Sequence.whole(2))))
                    .withMessage("a batch has no token to predict");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> trainer.step(List.of(Sequence.whole(1, 40, 2))))
                    .withMessageContaining("40");
        }
    }

    /// The estimate is an upper bound, and not a wild one, of what one micro-batch takes.
    @ParameterizedTest
    @ValueSource(strings = {"tiny", "demo", "shakespeare-char", "books"})
    void theMemoryEstimateBoundsARealPass(String preset) {
        RunConfig.Draft draft = RunConfig.Draft.of(Presets.named(preset));
        draft.set("microBatchTokens=128");
        draft.set("sequenceLength=64");
        RunConfig run = draft.finish();
        MemoryEstimate estimate = MemoryEstimate.of(run.model(), run.train());
        int vocab = run.model().vocabSize();
        List<Sequence> batch = new ArrayList<>();
        for (int s = 0; s < 2; s++) {
            batch.add(new Sequence(SmallModels.tokens(66, vocab, s), 64, 1));
        }
        try (DeepSeekModel model = new DeepSeekModel(run.model(), Parameters.forTraining());
                Workspace workspace = new Workspace()) {
            model.initialize(0.02, 1);
            Tape tape = Tape.recording(kernels, workspace);
            model.losses(
                    tape,
                    TokenBatch.of(batch, workspace),
                    new LossScales(0.01f, 0.01f),
                    new RoutingMonitor(0.001f));
            tape.backward();
            Workspace.Mark mark = workspace.mark();
            long used = mark.chunk() * (64L << 20) + mark.top();
            assertThat(estimate.passes())
                    .isGreaterThanOrEqualTo(workspace.capacity())
                    .isLessThan(3 * used + (64L << 20));
            assertThat(estimate.passes() - (64L << 20)).isGreaterThan(used);
            long trained =
                    model.parameters().trained().stream().mapToLong(p -> p.value().size()).sum();
            assertThat(estimate.states()).isBetween(16 * trained, 17 * trained);
        }
    }

    @Test
    void aRunThatDoesNotFitIsRefusedWithItsEstimate() {
        RunConfig run = Presets.named("cpu-small");
        MemoryEstimate estimate = MemoryEstimate.of(run.model(), run.train());
        estimate.check(estimate.total());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimate.check(estimate.total() - 1))
                .withMessageStartingWith(
                        "this run needs about " + MemoryEstimate.gib(estimate.total()))
                .withMessageContaining("train.microBatchTokens")
                .withMessageNotContaining("\n");
        assertThat(estimate.total()).isEqualTo(estimate.states() + estimate.passes());
        assertThat(MemoryEstimate.gib(3L << 29)).isEqualTo("1.5 GiB");
        assertThat(MemoryEstimate.gib(5L << 20)).isEqualTo("5 MiB");
    }
}
