package dev.minke.model.config;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/// One model of the family, by the keys of its published config.json.
///
/// Keys keep their names in camelCase, grouped into the records of their parts. A value that exists
/// is a model that can be run: everything is checked on construction.
///
/// @param family architecture and model type
/// @param vocabSize rows of embedding and head
/// @param hiddenSize model width
/// @param intermediateSize width of the dense feed-forward networks
/// @param numHiddenLayers layers of the main model
/// @param numNextnPredictLayers multi-token prediction modules stored after them
/// @param maxPositionEmbeddings longest context
/// @param rmsNormEps epsilon of every RMS norm
/// @param tieWordEmbeddings whether the head is the embedding
/// @param attention latent, or grouped-query in the dense relatives
/// @param moe experts and router
/// @param rope rotary positions
/// @param quantizationConfig how linear weights are stored, empty for plain floats
/// @param hub keys for other programs
public record DeepSeekConfig(
        Family family,
        int vocabSize,
        int hiddenSize,
        int intermediateSize,
        int numHiddenLayers,
        int numNextnPredictLayers,
        int maxPositionEmbeddings,
        double rmsNormEps,
        boolean tieWordEmbeddings,
        AttentionConfig attention,
        MoeConfig moe,
        RopeConfig rope,
        Optional<Fp8Config> quantizationConfig,
        HubConfig hub) {

    private static final int MAX_LAYERS = 10_000;
    private static final long MAX_EXPERTS = 1 << 16;

    /// @throws IllegalArgumentException naming the key out of range, or the keys that do not agree
    public DeepSeekConfig {
        Checks.size("vocab_size", vocabSize);
        Checks.size("hidden_size", hiddenSize);
        Checks.size("intermediate_size", intermediateSize);
        Checks.range("num_hidden_layers", numHiddenLayers, 1, MAX_LAYERS);
        Checks.range("num_nextn_predict_layers", numNextnPredictLayers, 0, MAX_LAYERS);
        Checks.range("max_position_embeddings", maxPositionEmbeddings, 1, Integer.MAX_VALUE);
        Checks.positive("rms_norm_eps", rmsNormEps);
        Checks.range(
                "first_k_dense_replace",
                moe.firstKDenseReplace(),
                moe.hasExperts() ? 0 : numHiddenLayers,
                numHiddenLayers);
        checkAttention(family, attention);
        checkRouter(family, moe);
        checkTotal(
                new ParameterCounts(
                        vocabSize,
                        hiddenSize,
                        intermediateSize,
                        numHiddenLayers,
                        numNextnPredictLayers,
                        tieWordEmbeddings,
                        attention,
                        moe));
        checkExperts(moe.nRoutedExperts(), numHiddenLayers + numNextnPredictLayers);
    }

    private static void checkAttention(Family family, AttentionConfig attention) {
        if (family.isDense() != attention instanceof GqaConfig) {
            throw new IllegalArgumentException(
                    "attention is %s, expected %s with model_type %s"
                            .formatted(
                                    attention.getClass().getSimpleName(),
                                    family.isDense() ? "grouped-query" : "latent",
                                    family.modelType()));
        }
    }

    private static void checkRouter(Family family, MoeConfig moe) {
        if (family.isDense() && moe.hasExperts()) {
            throw new IllegalArgumentException(
                    "n_routed_experts is %d, expected none with model_type %s"
                            .formatted(moe.nRoutedExperts(), family.modelType()));
        }
        ScoringFunc published =
                family == Family.DEEPSEEK_V2 ? ScoringFunc.SOFTMAX : ScoringFunc.SIGMOID;
        if (moe.hasExperts() && moe.scoringFunc() != published) {
            throw new IllegalArgumentException(
                    "scoring_func is %s, expected %s with model_type %s"
                            .formatted(
                                    moe.scoringFunc().key(), published.key(), family.modelType()));
        }
    }

    /// Each expert is tensors of its own; a broken file must not make a list of billions.
    private static void checkExperts(int perLayer, int layers) {
        long experts = (long) perLayer * layers;
        if (experts > MAX_EXPERTS) {
            throw new IllegalArgumentException(
                    "n_routed_experts %d and %d layers make %d experts, expected at most %d"
                            .formatted(perLayer, layers, experts, MAX_EXPERTS));
        }
    }

    private static void checkTotal(ParameterCounts counts) {
        try {
            counts.total();
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(
                    "hidden_size, num_hidden_layers and n_routed_experts make more than 2^63"
                            + " parameters, expected fewer",
                    e);
        }
    }

    /// Read a config.json. Keys that this family does not use are passed over.
    ///
    /// @throws MalformedConfig in one line naming file, key, what was found and what would fit
    public static DeepSeekConfig read(Path file) throws IOException {
        return ConfigJson.read(file);
    }

    /// Take a config.json from memory; `source` names it in errors.
    ///
    /// @throws MalformedConfig in one line naming source, key, what was found and what would fit
    public static DeepSeekConfig parse(String json, String source) throws IOException {
        return ConfigJson.parse(json, source);
    }

    /// Write as a config.json that other programs of the family read, in the usual order.
    public String toJson() {
        return ConfigJson.write(this);
    }

    /// As [#toJson()], with the keys of `original`, another config.json of this model, that this
    /// project does not use.
    ///
    /// @throws IllegalArgumentException if it is no JSON object
    public String toJson(String original) {
        return ConfigJson.write(this, original);
    }

    /// Whether the feed-forward part of `layer` has experts; prediction modules count on from
    /// [#numHiddenLayers].
    public boolean layerHasExperts(int layer) {
        return moe.hasExperts() && layer >= moe.firstKDenseReplace();
    }

    /// Latent attention's sizes.
    ///
    /// @throws IllegalStateException for a dense relative, which has none
    public MlaConfig mla() {
        if (attention instanceof MlaConfig mla) {
            return mla;
        }
        throw new IllegalStateException(family.modelType() + " has no latent attention");
    }

    /// Width of a head's query and key.
    public int qkHeadDim() {
        return attention.qkHeadDim();
    }

    /// What attention scores are multiplied by: `(dn + dr)^(-1/2) m(mscale_all_dim)^2`, or
    /// `dh^(-1/2)` in the dense relatives.
    public double softmaxScale() {
        return rope.softmaxFactor() / Math.sqrt(qkHeadDim());
    }

    /// Radians per position of each rotated pair, stretched where configured.
    public double[] ropeFrequencies() {
        return rope.frequencies(attention.ropeDim());
    }

    /// What cosine and sine are multiplied by, 1 for every published model.
    public double ropeMagnitude() {
        return rope.magnitude();
    }

    /// Elements that the cache of one token takes in all layers of the main model.
    public long cacheElementsPerToken() {
        return attention.cacheElements() * numHiddenLayers;
    }

    /// Parameters of the main model, embedding and head included.
    public long parameterCount() {
        return counts().total();
    }

    /// Parameters of the main model that one token meets, embedding and head included.
    public long activeParameterCount() {
        return counts().active();
    }

    /// Parameters of the prediction modules without the stored copies of embedding and head.
    public long mtpParameterCount() {
        return counts().mtp();
    }

    /// Operations of one forward pass of the main model per token, over a text of `sequenceLength`.
    ///
    /// Two per multiply-add of every matrix product: projections, router, the experts a token
    /// meets, head. Attention counts scores and values of the expanded form over the causal half:
    /// `2 H (dn + dr + dv) (T + 1) / 2` per layer, the mean over positions. Norms, softmax and
    /// activation functions are left out.
    public long forwardFlopsPerToken(long sequenceLength) {
        return counts().forwardFlops(sequenceLength);
    }

    /// Operations of the prediction modules per token: `eh_proj`, one layer and the head each.
    public long mtpFlopsPerToken(long sequenceLength) {
        return counts().mtpFlops(sequenceLength);
    }

    /// Operations of a training step per token: `3 (forward + mtp)`, as the backward pass has two
    /// products for each one of the forward pass. Recomputation is not counted.
    public long trainingFlopsPerToken(long sequenceLength) {
        return Math.multiplyExact(
                3,
                Math.addExact(
                        forwardFlopsPerToken(sequenceLength), mtpFlopsPerToken(sequenceLength)));
    }

    /// The same model with `modules` prediction modules.
    public DeepSeekConfig withNumNextnPredictLayers(int modules) {
        return new DeepSeekConfig(
                family,
                vocabSize,
                hiddenSize,
                intermediateSize,
                numHiddenLayers,
                modules,
                maxPositionEmbeddings,
                rmsNormEps,
                tieWordEmbeddings,
                attention,
                moe,
                rope,
                quantizationConfig,
                hub);
    }

    /// The same model with its linear weights stored otherwise.
    public DeepSeekConfig withQuantizationConfig(Optional<Fp8Config> stored) {
        return new DeepSeekConfig(
                family,
                vocabSize,
                hiddenSize,
                intermediateSize,
                numHiddenLayers,
                numNextnPredictLayers,
                maxPositionEmbeddings,
                rmsNormEps,
                tieWordEmbeddings,
                attention,
                moe,
                rope,
                stored,
                hub);
    }

    /// The same model with other keys for other programs.
    public DeepSeekConfig withHub(HubConfig changed) {
        return new DeepSeekConfig(
                family,
                vocabSize,
                hiddenSize,
                intermediateSize,
                numHiddenLayers,
                numNextnPredictLayers,
                maxPositionEmbeddings,
                rmsNormEps,
                tieWordEmbeddings,
                attention,
                moe,
                rope,
                quantizationConfig,
                changed);
    }

    private ParameterCounts counts() {
        return new ParameterCounts(
                vocabSize,
                hiddenSize,
                intermediateSize,
                numHiddenLayers,
                numNextnPredictLayers,
                tieWordEmbeddings,
                attention,
                moe);
    }
}
