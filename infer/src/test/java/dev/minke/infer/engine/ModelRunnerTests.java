package dev.minke.infer.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.GoldenModels;
import dev.minke.model.deepseek.SmallModels;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.RuntimeFlags;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Chunks over the pool are the forward pass over the whole sequence.
class ModelRunnerTests {
    static final List<String> GOLDEN = GoldenModels.NAMES;
    private static final int[] SIZES = {1, 7, 64, 1000};
    private static final Team TEAM = new Team(2);
    private static Kernels kernels;

    @TempDir private Path scratch;

    @BeforeAll
    static void open() {
        kernels = Backends.open(TEAM, RuntimeFlags.backend().orElse("reference"));
    }

    @AfterAll
    static void close() {
        TEAM.close();
    }

    @ParameterizedTest
    @MethodSource("dev.minke.model.deepseek.SmallModels#variants")
    void anyChunksGiveTheLogitsOfTheWholeSequence(DeepSeekConfig config) {
        int[] tokens = SmallModels.tokens(120, 40, 4);
        try (DeepSeekModel model = SmallModels.random(config, Parameters.forInference(), 8)) {
            check(model, tokens);
        }
    }

    @ParameterizedTest
    @FieldSource("GOLDEN")
    void goldenModelsToo(String name) throws IOException {
        try (DeepSeekModel model = GoldenModels.load(name, kernels, scratch)) {
            check(model, GoldenModels.tokens(name));
        }
    }

    private static void check(DeepSeekModel model, int[] tokens) {
        float[] whole = SmallModels.logits(model, kernels, tokens);
        try (RunnerLab lab = new RunnerLab(model, kernels, CacheType.F32, 7)) {
            for (int expandedEnd : new int[] {0, 64, tokens.length}) {
                float[] first = lab.logits(tokens, SIZES[0], expandedEnd);
                close(first, whole, 2e-4);
                for (int size : SIZES) {
                    float[] logits = lab.logits(tokens, size, expandedEnd);
                    assertThat(Arrays.equals(logits, first)).as("chunks of %d", size).isTrue();
                }
            }
            assertThat(Arrays.equals(lab.logits(tokens, 50, tokens.length), whole))
                    .as("the expanded form is the model's own")
                    .isTrue();
            assertThat(lab.pool.available()).isEqualTo(7);
        }
    }

    private static void close(float[] actual, float[] expected, double tolerance) {
        assertThat(actual).hasSameSizeAs(expected);
        double worst = 0;
        for (int i = 0; i < expected.length; i++) {
            double error = Math.abs((double) actual[i] - expected[i]);
            worst = Math.max(worst, error / Math.max(1, Math.abs(expected[i])));
        }
        assertThat(worst).isLessThan(tolerance); // NaN is not
    }

    @ParameterizedTest
    @MethodSource("dev.minke.model.deepseek.SmallModels#variants")
    void aSequenceDoesNotDependOnItsCompanyNorOnItsBlocks(DeepSeekConfig config) {
        int[] tokens = SmallModels.tokens(100, 40, 4);
        try (DeepSeekModel model = SmallModels.random(config, Parameters.forInference(), 8);
                RunnerLab lab = new RunnerLab(model, kernels, CacheType.F32, 40)) {
            float[] alone = lab.logits(tokens, 33, 64);
            List<RunnerLab.Sequence> eight = new ArrayList<>();
            for (int s = 0; s < 8; s++) {
                int[] own = s == 5 ? tokens : SmallModels.tokens(10 + 13 * s, 40, s);
                eight.add(lab.new Sequence(own, own.length / 64 * 64));
            }
            lab.pool.take(); // the tables are not in order any more
            eight.get(2).release();
            eight.set(2, lab.new Sequence(SmallModels.tokens(128, 40, 77), 128));
            while (!eight.stream().allMatch(RunnerLab.Sequence::finished)) {
                lab.step(eight, 17);
            }
            assertThat(eight.get(5).logits).containsExactly(alone);
        }
    }

    @Test
    void whatLiesInUnusedPartsOfABlockDoesNotMatter() {
        int[] tokens = SmallModels.tokens(70, 40, 4);
        for (DeepSeekConfig config : List.of(SmallModels.v3(), SmallModels.qwen2())) {
            try (DeepSeekModel model = SmallModels.random(config, Parameters.forInference(), 8);
                    RunnerLab lab = new RunnerLab(model, kernels, CacheType.F32, 2)) {
                float[] clean = lab.logits(tokens, 30, 64);
                for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
                    Tensor pages = lab.pool.pages(layer);
                    for (long r = 0; r < pages.rows(); r++) {
                        pages.setFloat(r, r % pages.cols(), Float.NaN);
                        pages.setFloat(r, 0, Float.POSITIVE_INFINITY);
                    }
                }
                assertThat(lab.logits(tokens, 30, 64)).containsExactly(clean);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.minke.model.deepseek.SmallModels#variants")
    void aCacheInFewerBitsStaysCloseAndJustAsIndependentOfChunks(DeepSeekConfig config) {
        int[] tokens = SmallModels.tokens(80, 40, 4);
        try (DeepSeekModel model = SmallModels.random(config, Parameters.forInference(), 8)) {
            float[] whole = SmallModels.logits(model, kernels, tokens);
            for (CacheType type : List.of(CacheType.BF16, CacheType.Q8)) {
                try (RunnerLab lab = new RunnerLab(model, kernels, type, 2)) {
                    float[] logits = lab.logits(tokens, 1, 64);
                    double distance = distance(logits, whole, tokens.length);
                    assertThat(distance).as("%s", type).isBetween(1e-6, 0.03);
                    assertThat(lab.logits(tokens, 9, 64)).containsExactly(logits);
                    assertThat(lab.logits(tokens, 80, 64)).containsExactly(logits);
                }
            }
        }
    }

    @ParameterizedTest
    @FieldSource("GOLDEN")
    void goldenModelsStayCloseWithACacheInFewerBits(String name) throws IOException {
        int[] tokens = GoldenModels.tokens(name);
        try (DeepSeekModel model = GoldenModels.load(name, kernels, scratch)) {
            float[] whole = SmallModels.logits(model, kernels, tokens);
            for (CacheType type : List.of(CacheType.BF16, CacheType.Q8)) {
                try (RunnerLab lab = new RunnerLab(model, kernels, type, 7)) {
                    for (int expandedEnd : new int[] {0, tokens.length}) {
                        float[] logits = lab.logits(tokens, 64, expandedEnd);
                        double distance = distance(logits, whole, tokens.length);
                        double most = type == CacheType.BF16 ? 0.01 : 0.03;
                        assertThat(distance).as("%s", type).isBetween(1e-6, most);
                    }
                }
            }
        }
    }

    /// Median over the rows of the relative distance of their logits. A mean would tell of the few
    /// rows where another expert is chosen.
    private static double distance(float[] actual, float[] expected, int rows) {
        int n = expected.length / rows;
        double[] distances = new double[rows];
        for (int r = 0; r < rows; r++) {
            double error = 0;
            double norm = 0;
            for (int i = r * n; i < (r + 1) * n; i++) {
                error += Math.pow((double) actual[i] - expected[i], 2);
                norm += Math.pow(expected[i], 2);
            }
            distances[r] = Math.sqrt(error / norm);
        }
        Arrays.sort(distances);
        return distances[rows / 2];
    }

    @Test
    void logitsAreMadeForTheWantedRowsAlone() {
        int[] tokens = SmallModels.tokens(70, 40, 4);
        try (DeepSeekModel model =
                        SmallModels.random(SmallModels.v3(), Parameters.forInference(), 8);
                RunnerLab lab = new RunnerLab(model, kernels, CacheType.F32, 4)) {
            float[] all = lab.logits(tokens, 70, 64);
            RunnerLab.Sequence a = lab.new Sequence(tokens, 64);
            RunnerLab.Sequence b = lab.new Sequence(tokens, 64);
            Tensor none = lab.runner.run(List.of(new Chunk(tokens, 0, 40, a.blocks, 64, 40)));
            none.expect("none", 0, 40);
            Tensor some =
                    lab.runner.run(
                            List.of(
                                    new Chunk(tokens, 40, 70, a.blocks, 64, 69),
                                    new Chunk(tokens, 0, 66, b.blocks, 64, 62)));
            some.expect("some", 5, 40);
            int[] positions = {69, 62, 63, 64, 65};
            for (int i = 0; i < positions.length; i++) {
                int from = positions[i] * 40;
                assertThat(some.range(i, i + 1L).toFloats())
                        .containsExactly(Arrays.copyOfRange(all, from, from + 40));
            }
        }
    }
}
