package dev.minke.model.config;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/// Every tensor of a checkpoint of the family, by name and shape, in a fixed order.
///
/// Linear weights are `[out, in]`. The order is embedding, layers, norm, head (unless tied), then
/// the prediction modules under the layer numbers that follow. A quantized model has a
/// [Kind#BLOCK_SCALE] after each [Kind#LINEAR].
public final class TensorInventory {
    /// What a tensor is stored as.
    public enum Kind {
        /// A projection; what quantization applies to.
        LINEAR,
        /// Embedding, head, router, `eh_proj`: matrices that stay in the model's float type.
        MATRIX,
        /// The gain of a norm, in the model's float type.
        NORM,
        /// The bias of a projection, in the model's float type.
        BIAS,
        /// `e_score_correction_bias`, always F32.
        ROUTER_BIAS,
        /// `weight_scale_inv` of the projection before it, always F32.
        BLOCK_SCALE
    }

    /// One tensor.
    ///
    /// @param name as in the checkpoint
    /// @param kind what it is
    /// @param shape copied in and out
    public record Entry(String name, Kind kind, long[] shape) {
        /// Copy the shape.
        public Entry {
            shape = shape.clone();
        }

        @Override
        public long[] shape() {
            return shape.clone();
        }

        /// Number of elements.
        public long elements() {
            long count = 1;
            for (long n : shape) {
                count = Math.multiplyExact(count, n);
            }
            return count;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Entry that
                    && name.equals(that.name)
                    && kind == that.kind
                    && Arrays.equals(shape, that.shape);
        }

        @Override
        public int hashCode() {
            return Objects.hash(name, kind, Arrays.hashCode(shape));
        }

        @Override
        public String toString() {
            return "%s %s %s".formatted(name, kind, Arrays.toString(shape));
        }
    }

    private static final String SCALE_SUFFIX = "_scale_inv";

    private final DeepSeekConfig config;
    private final List<Entry> entries;
    private final Map<String, Entry> byName;

    private TensorInventory(DeepSeekConfig config) {
        this.config = config;
        this.byName = new LinkedHashMap<>();
        long vocab = config.vocabSize();
        long width = config.hiddenSize();
        add("model.embed_tokens.weight", Kind.MATRIX, vocab, width);
        for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
            addLayer("model.layers." + layer + ".", layer);
        }
        add("model.norm.weight", Kind.NORM, width);
        if (!config.tieWordEmbeddings()) {
            add("lm_head.weight", Kind.MATRIX, vocab, width);
        }
        for (int i = 0; i < config.numNextnPredictLayers(); i++) {
            addModule(config.numHiddenLayers() + i);
        }
        this.entries = List.copyOf(byName.values());
    }

    /// List the tensors of `config`.
    public static TensorInventory of(DeepSeekConfig config) {
        return new TensorInventory(config);
    }

    /// Number of tensors of `config`, without making a list of them.
    ///
    /// @param stacked whether all experts of a layer count as one, as in GGUF
    public static long count(DeepSeekConfig config, boolean stacked) {
        long linear = config.quantizationConfig().isPresent() ? 2 : 1;
        long attention =
                switch (config.attention()) {
                    case MlaConfig mla -> mla.compressesQuery() ? 2 + 5 * linear : 1 + 4 * linear;
                    case GqaConfig gqa -> 4 * linear + (gqa.qkvBias() ? 3 : 0);
                };
        MoeConfig moe = config.moe();
        long networks = (stacked ? 1 : moe.nRoutedExperts()) + (moe.nSharedExperts() > 0 ? 1 : 0);
        long router = moe.topkMethod().hasCorrectionBias() ? 2 : 1;
        long layers = config.numHiddenLayers() + (long) config.numNextnPredictLayers();
        long dense = moe.hasExperts() ? Math.min(moe.firstKDenseReplace(), layers) : layers;
        return (config.tieWordEmbeddings() ? 2 : 3)
                + layers * (2 + attention)
                + dense * 3 * linear
                + (layers - dense) * (router + networks * 3 * linear)
                + config.numNextnPredictLayers() * 6L;
    }

    /// All tensors in order.
    public List<Entry> entries() {
        return entries;
    }

    /// The tensor of that name.
    public Optional<Entry> find(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    /// Whether a prediction module of `config` stores the tensor although it is the main model's.
    public static boolean isCopy(DeepSeekConfig config, String name) {
        return config.numNextnPredictLayers() > 0
                && (name.endsWith(".embed_tokens.weight") && name.startsWith("model.layers.")
                        || name.endsWith(".shared_head.head.weight"));
    }

    /// Elements of all tensors, stored copies and scales included.
    public long elements() {
        return entries.stream().mapToLong(Entry::elements).reduce(0, Math::addExact);
    }

    private void addModule(int layer) {
        String prefix = "model.layers." + layer + ".";
        long vocab = config.vocabSize();
        long width = config.hiddenSize();
        add(prefix + "embed_tokens.weight", Kind.MATRIX, vocab, width);
        add(prefix + "enorm.weight", Kind.NORM, width);
        add(prefix + "hnorm.weight", Kind.NORM, width);
        add(prefix + "eh_proj.weight", Kind.MATRIX, width, 2 * width);
        addLayer(prefix, layer);
        add(prefix + "shared_head.norm.weight", Kind.NORM, width);
        add(prefix + "shared_head.head.weight", Kind.MATRIX, vocab, width);
    }

    private void addLayer(String prefix, int layer) {
        long width = config.hiddenSize();
        add(prefix + "input_layernorm.weight", Kind.NORM, width);
        switch (config.attention()) {
            case MlaConfig mla -> addLatentAttention(prefix + "self_attn.", mla);
            case GqaConfig gqa -> addGroupedAttention(prefix + "self_attn.", gqa);
        }
        add(prefix + "post_attention_layernorm.weight", Kind.NORM, width);
        if (config.layerHasExperts(layer)) {
            addExperts(prefix + "mlp.");
        } else {
            addFeedForward(prefix + "mlp.", config.intermediateSize());
        }
    }

    private void addGroupedAttention(String prefix, GqaConfig gqa) {
        long width = config.hiddenSize();
        addProjection(prefix + "q_proj", gqa.queryRows(), width, gqa.qkvBias());
        addProjection(prefix + "k_proj", gqa.keyValueRows(), width, gqa.qkvBias());
        addProjection(prefix + "v_proj", gqa.keyValueRows(), width, gqa.qkvBias());
        addLinear(prefix + "o_proj.weight", width, gqa.outputColumns());
    }

    private void addProjection(String prefix, long rows, long columns, boolean bias) {
        addLinear(prefix + ".weight", rows, columns);
        if (bias) {
            add(prefix + ".bias", Kind.BIAS, rows);
        }
    }

    private void addLatentAttention(String prefix, MlaConfig mla) {
        long width = config.hiddenSize();
        if (mla.compressesQuery()) {
            addLinear(prefix + "q_a_proj.weight", mla.qLoraRank(), width);
            add(prefix + "q_a_layernorm.weight", Kind.NORM, mla.qLoraRank());
            addLinear(prefix + "q_b_proj.weight", mla.queryRows(), mla.qLoraRank());
        } else {
            addLinear(prefix + "q_proj.weight", mla.queryRows(), width);
        }
        addLinear(prefix + "kv_a_proj_with_mqa.weight", mla.kvDownRows(), width);
        add(prefix + "kv_a_layernorm.weight", Kind.NORM, mla.kvLoraRank());
        addLinear(prefix + "kv_b_proj.weight", mla.kvUpRows(), mla.kvLoraRank());
        addLinear(prefix + "o_proj.weight", width, mla.outputColumns());
    }

    private void addExperts(String prefix) {
        MoeConfig moe = config.moe();
        add(prefix + "gate.weight", Kind.MATRIX, moe.nRoutedExperts(), config.hiddenSize());
        if (moe.topkMethod().hasCorrectionBias()) {
            add(prefix + "gate.e_score_correction_bias", Kind.ROUTER_BIAS, moe.nRoutedExperts());
        }
        for (int expert = 0; expert < moe.nRoutedExperts(); expert++) {
            addFeedForward(prefix + "experts." + expert + ".", moe.moeIntermediateSize());
        }
        if (moe.nSharedExperts() > 0) {
            addFeedForward(prefix + "shared_experts.", moe.sharedIntermediateSize());
        }
    }

    private void addFeedForward(String prefix, long inner) {
        long width = config.hiddenSize();
        addLinear(prefix + "gate_proj.weight", inner, width);
        addLinear(prefix + "up_proj.weight", inner, width);
        addLinear(prefix + "down_proj.weight", width, inner);
    }

    private void addLinear(String name, long rows, long columns) {
        add(name, Kind.LINEAR, rows, columns);
        config.quantizationConfig()
                .ifPresent(fp8 ->
                        add(
                                name + SCALE_SUFFIX,
                                Kind.BLOCK_SCALE,
                                fp8.scaleRows(rows),
                                fp8.scaleColumns(columns)));
    }

    private void add(String name, Kind kind, long... shape) {
        byName.put(name, new Entry(name, kind, shape));
    }
}
