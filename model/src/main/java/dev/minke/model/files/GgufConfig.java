package dev.minke.model.files;

import dev.minke.model.checkpoint.MalformedCheckpoint;
import dev.minke.model.checkpoint.gguf.GgufCheckpoint;
import dev.minke.model.checkpoint.gguf.GgufMetadata;
import dev.minke.model.checkpoint.gguf.GgufTensor;
import dev.minke.model.checkpoint.gguf.GgufValue;
import dev.minke.model.config.AttentionConfig;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.Family;
import dev.minke.model.config.GqaConfig;
import dev.minke.model.config.HubConfig;
import dev.minke.model.config.LinearConfig;
import dev.minke.model.config.Llama3Config;
import dev.minke.model.config.MlaConfig;
import dev.minke.model.config.MoeConfig;
import dev.minke.model.config.RopeConfig;
import dev.minke.model.config.RopeScaling;
import dev.minke.model.config.ScoringFunc;
import dev.minke.model.config.TopkMethod;
import dev.minke.model.config.YarnConfig;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// GGUF metadata to [DeepSeekConfig] and back (spec 2.5).
///
/// The architectures are `deepseek2`, `llama` and `qwen2`. What GGUF does not say (a V3 file
/// without groups, mscale apart from mscale_all_dim) is taken from the published models, with a log
/// line.
final class GgufConfig {
    /// Divisors of the frequencies where they are stretched as in Llama 3.1.
    static final String ROPE_FREQS = "rope_freqs.weight";

    private static final System.Logger LOG = System.getLogger(GgufConfig.class.getName());
    private static final int MAX_ROPE = 1 << 14;
    private static final int SOFTMAX = 1;
    private static final int SIGMOID = 2;

    private final GgufCheckpoint file;
    private final GgufMetadata metadata;
    private final String architecture;

    private GgufConfig(GgufCheckpoint file) throws MalformedCheckpoint {
        this.file = file;
        this.metadata = file.metadata();
        this.architecture = metadata.string("general.architecture");
    }

    /// Read the configuration of an open file.
    ///
    /// @throws MalformedCheckpoint naming the key that is missing, of another type or out of range
    static DeepSeekConfig read(GgufCheckpoint file) throws IOException {
        GgufConfig reader = new GgufConfig(file);
        try {
            return reader.config();
        } catch (IllegalArgumentException e) {
            throw reader.wrong(
                    "metadata of " + reader.architecture,
                    "values that make a model",
                    String.valueOf(e.getMessage()));
        }
    }

    private DeepSeekConfig config() throws IOException {
        boolean latent = architecture.equals("deepseek2");
        if (!latent && !architecture.equals("llama") && !architecture.equals("qwen2")) {
            throw wrong("key general.architecture", "deepseek2, llama or qwen2", architecture);
        }
        int modules = integer("nextn_predict_layers", 0);
        int blocks = integer("block_count");
        int layers = blocks - modules;
        MoeConfig moe = latent ? moe(layers) : MoeConfig.dense(layers, TopkMethod.GREEDY);
        Family family =
                switch (architecture) {
                    case "llama" -> Family.LLAMA;
                    case "qwen2" -> Family.QWEN2;
                    default ->
                            moe.scoringFunc() == ScoringFunc.SOFTMAX
                                    ? Family.DEEPSEEK_V2
                                    : Family.DEEPSEEK_V3;
                };
        if (!latent && integer("expert_count", 0) > 0) {
            throw wrong(
                    "key " + key("expert_count"), "none", integer("expert_count", 0) + " experts");
        }
        AttentionConfig attention = latent ? mla() : gqa(family);
        return new DeepSeekConfig(
                family,
                vocabSize(),
                integer("embedding_length"),
                integer("feed_forward_length"),
                layers,
                modules,
                integer("context_length"),
                number("attention.layer_norm_rms_epsilon"),
                !file.contains("output.weight"),
                attention,
                moe,
                rope(attention.ropeDim()),
                Optional.empty(),
                hub());
    }

    private int vocabSize() throws IOException {
        GgufTensor embedding = file.tensor("token_embd.weight");
        if (embedding.rows() > Integer.MAX_VALUE) {
            throw wrong(
                    "tensor " + embedding.name(),
                    "a row for each token",
                    Arrays.toString(embedding.shape()));
        }
        return (int) embedding.rows();
    }

    private MlaConfig mla() throws IOException {
        int rope = integer("rope.dimension_count");
        // files from before the MLA layout have the widths of whole heads under the plain names
        boolean split = metadata.contains(key("attention.key_length_mla"));
        int key = integer(split ? "attention.key_length_mla" : "attention.key_length");
        int value = integer(split ? "attention.value_length_mla" : "attention.value_length");
        return new MlaConfig(
                integer("attention.head_count"),
                integer("attention.q_lora_rank", 0),
                integer("attention.kv_lora_rank"),
                key - rope,
                rope,
                value);
    }

    private GqaConfig gqa(Family family) throws IOException {
        int heads = integer("attention.head_count");
        int width = integer("embedding_length") / Math.max(heads, 1);
        int headDim = integer("attention.key_length", integer("rope.dimension_count", width));
        if (integer("rope.dimension_count", headDim) != headDim) {
            throw wrong(
                    "key " + key("rope.dimension_count"),
                    headDim + ", as wide as a head",
                    integer("rope.dimension_count") + "");
        }
        boolean bias = file.contains("blk.0.attn_q.bias");
        if (bias != (family == Family.QWEN2)) {
            throw wrong(
                    "tensor blk.0.attn_q.bias",
                    bias ? "none in llama" : "it in qwen2",
                    bias ? "it" : "none");
        }
        return new GqaConfig(heads, integer("attention.head_count_kv", heads), headDim, bias);
    }

    private MoeConfig moe(int layers) throws IOException {
        int experts = integer("expert_count", 0);
        int gating = integer("expert_gating_func", SOFTMAX);
        if (gating != SOFTMAX && gating != SIGMOID) {
            throw wrong("key " + key("expert_gating_func"), "1 or 2", gating + "");
        }
        boolean sigmoid = gating == SIGMOID;
        if (experts == 0) {
            return MoeConfig.dense(layers, sigmoid ? TopkMethod.NOAUX_TC : TopkMethod.GREEDY);
        }
        Groups groups = groups(experts, sigmoid);
        TopkMethod method =
                sigmoid
                        ? TopkMethod.NOAUX_TC
                        : groups.count > 1 ? TopkMethod.GROUP_LIMITED_GREEDY : TopkMethod.GREEDY;
        double scale =
                metadata.contains(key("expert_weights_scale")) ? number("expert_weights_scale") : 1;
        return new MoeConfig(
                integer("leading_dense_block_count", 0),
                integer("expert_feed_forward_length"),
                experts,
                integer("expert_shared_count", 0),
                integer("expert_used_count"),
                groups.count,
                groups.kept,
                sigmoid ? ScoringFunc.SIGMOID : ScoringFunc.SOFTMAX,
                method,
                metadata.findBool(key("expert_weights_norm")).orElse(false),
                scale == 0 ? 1 : scale);
    }

    private record Groups(int count, int kept) {}

    /// Files from before September 2025 do not tell the groups; the published models with as many
    /// experts do.
    private Groups groups(int experts, boolean sigmoid) throws IOException {
        if (metadata.contains(key("expert_group_count"))) {
            int count = Math.max(1, integer("expert_group_count"));
            return new Groups(count, count == 1 ? 1 : integer("expert_group_used_count"));
        }
        int kept = experts == 256 && sigmoid ? 4 : experts == 160 && !sigmoid ? 3 : 0;
        if (kept == 0 || integer("expert_used_count") < 2) {
            return new Groups(1, 1);
        }
        LOG.log(
                System.Logger.Level.WARNING,
                "{0} does not say how its {1} experts are grouped; taken as published: 8 groups, {2} kept",
                file.file(),
                experts,
                kept);
        return new Groups(8, kept);
    }

    private RopeConfig rope(int dim) throws IOException {
        double theta = metadata.contains(key("rope.freq_base")) ? number("rope.freq_base") : 10000;
        if (file.contains(ROPE_FREQS)) {
            return new RopeConfig(theta, Optional.of(llama3(theta, dim)));
        }
        String type = metadata.findString(key("rope.scaling.type")).orElse("none");
        double factor =
                metadata.contains(key("rope.scaling.factor")) ? number("rope.scaling.factor") : 0;
        if (type.equals("none") || factor == 0) {
            return RopeConfig.plain(theta);
        }
        RopeScaling scaling =
                switch (type) {
                    case "yarn" -> yarn(factor);
                    case "linear" -> new LinearConfig(factor);
                    default ->
                            throw wrong("key " + key("rope.scaling.type"), "yarn or linear", type);
                };
        return new RopeConfig(theta, Optional.of(scaling));
    }

    /// GGUF has no mscale: with a log multiplier, cosines are not rescaled, so it equals
    /// mscale_all_dim; without one, mscale is 1 and the softmax scale stays.
    private YarnConfig yarn(double factor) throws IOException {
        double all =
                metadata.contains(key("rope.scaling.yarn_log_multiplier"))
                        ? rounded(number("rope.scaling.yarn_log_multiplier") * 10)
                        : 0;
        return new YarnConfig(
                factor,
                integer("rope.scaling.original_context_length", integer("context_length")),
                number("rope.scaling.yarn_beta_fast", 32),
                number("rope.scaling.yarn_beta_slow", 1),
                all == 0 ? 1 : all,
                all);
    }

    /// Find the keys of config.json that make the divisors in the file.
    private Llama3Config llama3(double theta, int dim) throws IOException {
        GgufTensor tensor = file.tensor(ROPE_FREQS);
        if (tensor.columns() != dim / 2 || tensor.rows() != 1 || dim > MAX_ROPE) {
            throw wrong(
                    "tensor " + ROPE_FREQS,
                    dim / 2 + " divisors, of at most " + MAX_ROPE / 2,
                    Arrays.toString(tensor.shape()));
        }
        float[] found = floats(tensor);
        float largest = 1;
        for (float divisor : found) {
            largest = Math.max(largest, divisor);
        }
        for (int length = 32; length <= 1 << 20; length *= 2) {
            Llama3Config candidate = new Llama3Config(rounded(largest), 1, 4, length);
            if (fits(divisors(candidate, theta, dim), found)) {
                return candidate;
            }
        }
        throw wrong(
                "tensor " + ROPE_FREQS,
                dim / 2 + " divisors as Llama 3.1 has them",
                "other ones " + Arrays.toString(Arrays.copyOf(found, Math.min(found.length, 4))));
    }

    private float[] floats(GgufTensor tensor) throws IOException {
        WeightRows rows = GgufFiles.rows(file, tensor);
        if (!(rows instanceof StoredRows.Plain plain) || plain.type() != WeightType.F32) {
            throw wrong("tensor " + tensor.name(), "type F32", tensor.type().name());
        }
        float[] values = new float[Math.toIntExact(plain.cols())];
        for (int i = 0; i < values.length; i++) {
            values[i] = plain.data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i);
        }
        return values;
    }

    /// What `rope_freqs.weight` holds: plain frequency / stretched frequency.
    static float[] divisors(Llama3Config scaling, double theta, int dim) {
        double[] plain = RopeConfig.plain(theta).frequencies(dim);
        double[] stretched = scaling.stretch(plain, theta, dim);
        float[] divisors = new float[plain.length];
        for (int i = 0; i < divisors.length; i++) {
            divisors[i] = (float) (plain[i] / stretched[i]);
        }
        return divisors;
    }

    private static boolean fits(float[] expected, float[] found) {
        for (int i = 0; i < found.length; i++) {
            if (!(Math.abs(expected[i] - found[i]) <= 1e-4f * expected[i])) {
                return false;
            }
        }
        return true;
    }

    private HubConfig hub() throws IOException {
        OptionalInt eos = token("eos_token_id");
        return new HubConfig(
                token("bos_token_id"),
                eos.isPresent() ? List.of(eos.getAsInt()) : List.of(),
                0.02,
                "bfloat16");
    }

    /// A token, none where it is missing or no id: -1 and 2^32 - 1 are met for none.
    private OptionalInt token(String name) throws IOException {
        OptionalLong id = metadata.findInteger("tokenizer.ggml." + name);
        return id.isPresent() && id.getAsLong() >= 0 && id.getAsLong() <= Integer.MAX_VALUE
                ? OptionalInt.of((int) id.getAsLong())
                : OptionalInt.empty();
    }

    private String key(String name) {
        return architecture + "." + name;
    }

    private int integer(String name) throws IOException {
        long value = metadata.integers(key(name), 1)[0];
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw wrong("key " + key(name), "0 to " + Integer.MAX_VALUE, value + "");
        }
        return (int) value;
    }

    private int integer(String name, int absent) throws IOException {
        return metadata.contains(key(name)) ? integer(name) : absent;
    }

    private double number(String name) throws IOException {
        return rounded(metadata.number(key(name)));
    }

    private double number(String name, double absent) throws IOException {
        return metadata.contains(key(name)) ? number(name) : absent;
    }

    /// The shortest decimal number that a single stands for: 1e-6, not 9.99999997e-7.
    private static double rounded(double value) {
        return Double.parseDouble(Float.toString((float) value));
    }

    private MalformedCheckpoint wrong(String where, String expected, String found) {
        return new MalformedCheckpoint(file.file(), where, expected, found);
    }

    // ---------------------------------------------------------------- writing

    /// The architecture of a family in GGUF.
    static String architecture(Family family) {
        return switch (family) {
            case DEEPSEEK_V2, DEEPSEEK_V3, KIMI_K2 -> "deepseek2";
            case LLAMA -> "llama";
            case QWEN2 -> "qwen2";
        };
    }

    /// The keys of the model, without those of its vocabulary.
    ///
    /// @param name what people call the model
    /// @param fileType llama.cpp's number of the quantisation
    /// @throws IllegalArgumentException if GGUF cannot say what the configuration says
    static Map<String, GgufValue> write(DeepSeekConfig config, String name, int fileType) {
        String architecture = architecture(config.family());
        Map<String, GgufValue> values = new LinkedHashMap<>();
        values.put("general.architecture", GgufValue.string(architecture));
        values.put("general.type", GgufValue.string("model"));
        values.put("general.name", GgufValue.string(name));
        values.put("general.file_type", GgufValue.uint32(fileType));
        values.put("general.quantization_version", GgufValue.uint32(2));
        Keys keys = new Keys(architecture + ".", values);
        int modules = config.numNextnPredictLayers();
        keys.uint32("block_count", config.numHiddenLayers() + modules);
        keys.uint32("context_length", config.maxPositionEmbeddings());
        keys.uint32("embedding_length", config.hiddenSize());
        keys.uint32("feed_forward_length", config.intermediateSize());
        keys.float32("rope.freq_base", config.rope().ropeTheta());
        keys.float32("attention.layer_norm_rms_epsilon", config.rmsNormEps());
        keys.uint32("vocab_size", config.vocabSize());
        if (modules > 0) {
            keys.uint32("nextn_predict_layers", modules);
        }
        switch (config.attention()) {
            case MlaConfig mla -> {
                writeMla(keys, mla);
                writeMoe(keys, config.moe(), config.numHiddenLayers());
            }
            case GqaConfig gqa -> {
                keys.uint32("attention.head_count", gqa.numAttentionHeads());
                keys.uint32("attention.head_count_kv", gqa.numKeyValueHeads());
                keys.uint32("attention.key_length", gqa.headDim());
                keys.uint32("attention.value_length", gqa.headDim());
                keys.uint32("rope.dimension_count", gqa.headDim());
            }
        }
        config.rope().ropeScaling().ifPresent(scaling -> writeScaling(keys, scaling));
        return values;
    }

    private record Keys(String prefix, Map<String, GgufValue> values) {
        void uint32(String name, int value) {
            values.put(prefix + name, GgufValue.uint32(value));
        }

        void float32(String name, double value) {
            values.put(prefix + name, GgufValue.float32(value));
        }

        void string(String name, String value) {
            values.put(prefix + name, GgufValue.string(value));
        }
    }

    private static void writeMla(Keys keys, MlaConfig mla) {
        keys.uint32("attention.head_count", mla.numAttentionHeads());
        keys.uint32("attention.head_count_kv", 1);
        // 0 where queries are not compressed: llama.cpp demands the key
        keys.uint32("attention.q_lora_rank", mla.qLoraRank());
        keys.uint32("attention.kv_lora_rank", mla.kvLoraRank());
        keys.uint32("attention.key_length", mla.kvDownRows());
        keys.uint32("attention.value_length", mla.kvLoraRank());
        keys.uint32("attention.key_length_mla", mla.qkHeadDim());
        keys.uint32("attention.value_length_mla", mla.vHeadDim());
        keys.uint32("rope.dimension_count", mla.qkRopeHeadDim());
    }

    private static void writeMoe(Keys keys, MoeConfig moe, int layers) {
        keys.uint32(
                "leading_dense_block_count", moe.hasExperts() ? moe.firstKDenseReplace() : layers);
        keys.uint32("expert_count", moe.nRoutedExperts());
        keys.uint32("expert_used_count", moe.numExpertsPerTok());
        keys.uint32("expert_shared_count", moe.nSharedExperts());
        keys.uint32("expert_feed_forward_length", moe.moeIntermediateSize());
        keys.float32("expert_weights_scale", moe.routedScalingFactor());
        keys.values.put(keys.prefix + "expert_weights_norm", GgufValue.bool(moe.normTopkProb()));
        keys.uint32(
                "expert_gating_func", moe.scoringFunc() == ScoringFunc.SIGMOID ? SIGMOID : SOFTMAX);
        if (moe.hasExperts()) {
            keys.uint32("expert_group_count", moe.nGroup());
            keys.uint32("expert_group_used_count", moe.topkGroup());
        }
    }

    private static void writeScaling(Keys keys, RopeScaling scaling) {
        switch (scaling) {
            case YarnConfig yarn -> {
                if (Math.abs(yarn.mscaleAllDim()) > 0 && yarn.mscale() != yarn.mscaleAllDim()) {
                    throw new IllegalArgumentException(
                            "rope_scaling.mscale is %s, expected mscale_all_dim %s: GGUF has no key for another"
                                    .formatted(yarn.mscale(), yarn.mscaleAllDim()));
                }
                keys.string("rope.scaling.type", "yarn");
                keys.float32("rope.scaling.factor", yarn.factor());
                keys.uint32(
                        "rope.scaling.original_context_length",
                        yarn.originalMaxPositionEmbeddings());
                keys.float32("rope.scaling.yarn_beta_fast", yarn.betaFast());
                keys.float32("rope.scaling.yarn_beta_slow", yarn.betaSlow());
                if (yarn.mscaleAllDim() > 0) {
                    keys.float32("rope.scaling.yarn_log_multiplier", 0.1 * yarn.mscaleAllDim());
                }
            }
            case LinearConfig linear -> {
                keys.string("rope.scaling.type", "linear");
                keys.float32("rope.scaling.factor", linear.factor());
            }
            case Llama3Config _ -> {} // the divisors are a tensor
        }
    }
}
