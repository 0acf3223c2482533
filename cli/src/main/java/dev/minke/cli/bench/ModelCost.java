package dev.minke.cli.bench;

import dev.minke.infer.engine.CacheType;
import dev.minke.infer.engine.Engine;
import dev.minke.infer.engine.Speculation;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.files.ModelFiles;
import dev.minke.model.files.WeightRows;
import dev.minke.model.files.WeightType;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;

/// What a model takes of memory and arithmetic, from its files: the scale that speeds are judged
/// by.
///
/// @param name file or folder
/// @param config sizes
/// @param type in which most of its numbers are stored
/// @param fileBytes of all files with weights
/// @param sharedBytes of the weights that a step reads once whatever its rows: all but routed
///   experts and the embedding
/// @param rowBytes of the embedding of one token
/// @param expertBytes of one routed expert of every layer, on average over the experts; one number
///   for all layers together
public record ModelCost(
        String name,
        DeepSeekConfig config,
        WeightType type,
        long fileBytes,
        long sharedBytes,
        long rowBytes,
        double expertBytes) {
    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final int BLOCK = 64;

    /// Add up what the files hold.
    ///
    /// @throws IOException naming a tensor that is missing or cannot be decoded
    public static ModelCost of(ModelFiles files) throws IOException {
        DeepSeekConfig config = files.config();
        Map<WeightType, Long> numbers = new EnumMap<>(WeightType.class);
        long shared = 0;
        long experts = 0;
        long row = 0;
        for (String name : files.names()) {
            if (ofMtp(name, config)) {
                continue;
            }
            WeightRows weight = files.weight(name);
            long bytes = weight.type().bytes(weight.rows(), weight.cols());
            numbers.merge(weight.type(), weight.rows() * weight.cols(), Long::sum);
            if (name.equals(EMBEDDING)) {
                row = weight.type().bytes(1, weight.cols());
                shared += config.tieWordEmbeddings() ? bytes : 0;
            } else if (name.contains(".mlp.experts.")) {
                experts += bytes;
            } else {
                shared += bytes;
            }
        }
        WeightType most = WeightType.F32;
        for (Map.Entry<WeightType, Long> entry : numbers.entrySet()) {
            most = entry.getValue() > numbers.getOrDefault(most, 0L) ? entry.getKey() : most;
        }
        double expert =
                config.moe().hasExperts() ? experts / (double) config.moe().nRoutedExperts() : 0;
        return new ModelCost(
                files.path().getFileName().toString(),
                config,
                most,
                files.bytes(),
                shared,
                row,
                expert);
    }

    private static boolean ofMtp(String name, DeepSeekConfig config) {
        String prefix = "model.layers.";
        if (!name.startsWith(prefix)) {
            return false;
        }
        int end = name.indexOf('.', prefix.length());
        return Integer.parseInt(name.substring(prefix.length(), end)) >= config.numHiddenLayers();
    }

    /// The distinct experts that `tokens` tokens meet in a layer if each chooses at random: E (1 -
    /// (1 - K / E)^n).
    public double distinctExperts(int tokens) {
        if (!config.moe().hasExperts()) {
            return 0;
        }
        double all = config.moe().nRoutedExperts();
        return all * (1 - Math.pow(1 - config.moe().numExpertsPerTok() / all, tokens));
    }

    /// Bytes of weights that a step of `tokens` tokens reads, each once.
    public double stepBytes(int tokens) {
        return sharedBytes + (double) rowBytes * tokens + expertBytes * distinctExperts(tokens);
    }

    /// Bytes of cache that a token reads which sees `context` tokens.
    public double cacheBytes(CacheType type, double context) {
        return context * Engine.cacheBytes(config, type, Speculation.off(), 1, BLOCK) / BLOCK;
    }

    /// Operations of a prompt of `tokens` tokens behind `depth` others: two for each multiply-add
    /// of every matrix product a token meets, the expanded form of causal attention, logits for the
    /// last token alone.
    public double promptFlops(int depth, int tokens) {
        return flops(depth + tokens)
                - flops(depth)
                - 2.0 * config.vocabSize() * config.hiddenSize() * (tokens - 1);
    }

    private double flops(int tokens) {
        return tokens == 0 ? 0 : (double) tokens * config.forwardFlopsPerToken(tokens);
    }

    /// Architecture, size and type in a few words, for example `deepseek_v3 4.2B Q8_0`.
    public String describe() {
        return "%s %s %s".formatted(config.family().modelType(), Figures.count(parameters()), type);
    }

    /// Parameters of the main model.
    public long parameters() {
        return config.parameterCount();
    }
}
