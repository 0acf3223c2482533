package dev.minke.train;

import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.Family;
import dev.minke.model.config.HubConfig;
import dev.minke.model.config.MlaConfig;
import dev.minke.model.config.MoeConfig;
import dev.minke.model.config.RopeConfig;
import dev.minke.model.config.ScoringFunc;
import dev.minke.model.config.TopkMethod;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Complete runs by name, each a miniature of V3 with the ratios of spec 8.2: value width = nope
/// width, rope half of it, latent four times it, experts of which many are narrow, the first layer
/// dense and as wide as the experts of a token together.
public final class Presets {
    private static final DataConfig BYTES =
            new DataConfig(DataConfig.Task.TEXT, List.of(), "bytes", 512, 3, 0.1);

    private static final Map<String, RunConfig> ALL = new TreeMap<>();

    static {
        ALL.put("tiny", tiny());
        ALL.put("shakespeare-char", shakespeareChar());
        ALL.put("cpu-small", cpuSmall());
        ALL.put("books", books());
        ALL.put("demo", demo());
    }

    private Presets() {}

    /// Names, in alphabetical order.
    public static List<String> names() {
        return List.copyOf(ALL.keySet());
    }

    /// A preset.
    ///
    /// @throws IllegalArgumentException naming those that exist
    public static RunConfig named(String name) {
        RunConfig preset = ALL.get(name);
        if (preset == null) {
            throw new IllegalArgumentException(
                    "unknown preset '%s', expected one of %s"
                            .formatted(name, String.join(", ", names())));
        }
        return preset;
    }

    /// Sizes of a miniature.
    ///
    /// @param hidden model width
    /// @param layers blocks, the first of them dense
    /// @param heads attention heads
    /// @param nope width of a head's part without position, and of its value
    /// @param experts routed experts
    /// @param topK experts of a token
    /// @param groups groups of experts; half of them stay eligible
    /// @param inner width of an expert
    /// @param context longest sequence
    record Miniature(
            int hidden,
            int layers,
            int heads,
            int nope,
            int experts,
            int topK,
            int groups,
            int inner,
            int context) {
        /// A V3 model of these sizes with one shared expert and one MTP module.
        DeepSeekConfig config(int vocab) {
            return new DeepSeekConfig(
                    Family.DEEPSEEK_V3,
                    vocab,
                    hidden,
                    (topK + 1) * inner,
                    layers,
                    1,
                    context,
                    1e-6,
                    false,
                    new MlaConfig(heads, 0, 4 * nope, nope, nope / 2, nope),
                    new MoeConfig(
                            1,
                            inner,
                            experts,
                            1,
                            topK,
                            groups,
                            Math.max(1, groups / 2),
                            ScoringFunc.SIGMOID,
                            TopkMethod.NOAUX_TC,
                            true,
                            1.0),
                    RopeConfig.plain(10000),
                    Optional.empty(),
                    HubConfig.standard());
        }
    }

    private static RunConfig tiny() {
        return new RunConfig(
                new Miniature(64, 2, 2, 32, 8, 2, 1, 64, 512).config(272),
                learn(64, 200, 16, 64, 4096, 3e-3, 20),
                BYTES);
    }

    private static RunConfig shakespeareChar() {
        return new RunConfig(
                new Miniature(192, 5, 6, 32, 8, 2, 1, 192, 1024).config(272),
                learn(192, 600, 16, 256, 4096, 3e-3, 60),
                BYTES);
    }

    private static RunConfig cpuSmall() {
        return new RunConfig(
                new Miniature(512, 6, 8, 64, 32, 4, 1, 256, 2048).config(4096),
                learn(512, 2000, 16, 512, 4096, 1e-3, 100),
                new DataConfig(DataConfig.Task.TEXT, List.of(), "bpe", 4096, 3, 0.05));
    }

    private static RunConfig books() {
        return new RunConfig(
                new Miniature(256, 6, 8, 32, 16, 3, 1, 192, 1024).config(4096),
                learn(256, 1500, 16, 256, 4096, 2e-3, 100),
                new DataConfig(DataConfig.Task.TEXT, List.of(), "bpe", 4096, 3, 0.02));
    }

    /// Balanced by the router bias alone, which moves faster than the report's 0.001 because the
    /// run is short.
    private static RunConfig demo() {
        RunConfig.Draft draft =
                RunConfig.Draft.of(
                        new RunConfig(
                                new Miniature(128, 4, 4, 32, 16, 3, 1, 96, 512).config(1024),
                                learn(128, 1000, 48, 108, 6144, 3.5e-3, 50),
                                new DataConfig(
                                        DataConfig.Task.ARITH, List.of(), "bpe", 1024, 1, 0.1)));
        draft.set("train.balanceAlpha=0");
        draft.set("train.biasSpeed=0.008");
        return draft.finish();
    }

    /// The recipe of spec 4.1 with a learning rate and batch for small models. The standard
    /// deviation of the first weights keeps the report's ratio to the width: 0.006 = 0.5 /
    /// sqrt(7168).
    static TrainConfig learn(
            int hidden,
            int steps,
            int batchSize,
            int sequenceLength,
            int microBatchTokens,
            double learningRate,
            int warmup) {
        return new TrainConfig(
                1,
                steps,
                batchSize,
                sequenceLength,
                microBatchTokens,
                learningRate,
                learningRate / 10,
                warmup,
                0.3,
                0.9,
                0.95,
                1e-8,
                0.1,
                1.0,
                Math.round(500 / Math.sqrt(hidden)) / 1000.0,
                0.3,
                1e-4,
                1e-3,
                0.03,
                200,
                131_072,
                200,
                2);
    }
}
