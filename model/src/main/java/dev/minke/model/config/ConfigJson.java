package dev.minke.model.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.cfg.JsonNodeFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// config.json to [DeepSeekConfig] and back.
final class ConfigJson {
    /// Quantization lists make published files some hundred kilobytes at most; the tree of a file
    /// of brackets takes sixty times its size.
    private static final int MAX_BYTES = 1 << 20;

    private static final JsonMapper JSON =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .streamReadConstraints(
                                            StreamReadConstraints.builder()
                                                    .maxNestingDepth(64)
                                                    .maxNumberLength(64)
                                                    .build())
                                    .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .enable(JsonNodeFeature.WRITE_PROPERTIES_SORTED)
                    .build();

    /// What a conversion changes; `dtype` is the newer name of `torch_dtype`.
    private static final List<String> STORAGE_KEYS =
            List.of(
                    "dtype",
                    "num_nextn_predict_layers",
                    "quantization_config",
                    "tie_word_embeddings",
                    "torch_dtype");

    private ConfigJson() {}

    static DeepSeekConfig read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new NoSuchFileException(file.toString(), null, "expected a config.json there");
        }
        long size = Files.size(file);
        if (size > MAX_BYTES) {
            throw new MalformedConfig(
                    file.toString(),
                    "the file has %d bytes, expected at most %d".formatted(size, MAX_BYTES));
        }
        String source = file.toString();
        byte[] bytes = Files.readAllBytes(file);
        return parse(source, () -> JSON.readTree(bytes));
    }

    static DeepSeekConfig parse(String json, String source) throws IOException {
        return parse(source, () -> JSON.readTree(json));
    }

    private interface Tree {
        JsonNode read();
    }

    private static DeepSeekConfig parse(String source, Tree tree) throws IOException {
        JsonNode root;
        try {
            root = tree.read();
        } catch (JacksonException e) {
            TokenStreamLocation at = e.getLocation();
            // a limit that is reached has no location
            String place =
                    at == null
                            ? ""
                            : " at line %d, column %d".formatted(at.getLineNr(), at.getColumnNr());
            throw new MalformedConfig(
                    source, "not JSON" + place + ": " + ConfigFields.show(e.getOriginalMessage()));
        }
        if (!root.isObject()) {
            throw new MalformedConfig(source, "expected a JSON object with the keys of the model");
        }
        try {
            return config(new ConfigFields(source, "", root));
        } catch (IllegalArgumentException e) {
            throw new MalformedConfig(source, String.valueOf(e.getMessage()));
        }
    }

    private static DeepSeekConfig config(ConfigFields fields) throws MalformedConfig {
        Family family = family(fields);
        refuse(fields, family);
        int layers = fields.integer("num_hidden_layers");
        return new DeepSeekConfig(
                family,
                fields.integer("vocab_size"),
                fields.integer("hidden_size"),
                fields.integer("intermediate_size"),
                layers,
                fields.integer("num_nextn_predict_layers", 0),
                fields.integer("max_position_embeddings"),
                fields.number("rms_norm_eps", 1e-6),
                fields.bool("tie_word_embeddings", false),
                family.isDense() ? gqa(fields, family) : mla(fields),
                family.isDense()
                        ? MoeConfig.dense(layers, TopkMethod.GREEDY)
                        : moe(fields, family, layers),
                rope(fields),
                fp8(fields),
                hub(fields));
    }

    private static Family family(ConfigFields fields) throws MalformedConfig {
        String types = words(Stream.of(Family.values()).map(Family::modelType));
        Optional<String> type = fields.string("model_type");
        Family family =
                Stream.of(Family.values())
                        .filter(f -> type.isPresent() && f.modelType().equals(type.get()))
                        .findFirst()
                        .orElseThrow(() -> fields.wrong("model_type", types));
        JsonNode architectures = fields.object().path("architectures");
        boolean fits =
                architectures.size() == 1
                        && architectures.isArray()
                        && architectures.get(0).isString()
                        && architectures.get(0).stringValue().equals(family.architecture());
        if (fields.has("architectures") && !fits) {
            throw fields.wrong(
                    "architectures",
                    "[\"%s\"] with model_type %s"
                            .formatted(family.architecture(), family.modelType()));
        }
        return family;
    }

    private static String words(Stream<String> words) {
        return words.collect(Collectors.joining(" or "));
    }

    /// Settings with which the weights would mean another function than the one computed here.
    private static void refuse(ConfigFields fields, Family family) throws MalformedConfig {
        fields.only("hidden_act", "\"silu\"");
        fields.only("attention_bias", "false");
        fields.only("mlp_bias", "false");
        if (family.isDense()) {
            fields.only("use_sliding_window", "false");
            fields.only("use_mrope", "false");
        } else {
            fields.only("moe_layer_freq", "1");
            fields.only("rope_interleave", "true");
        }
    }

    /// Qwen2 has biases on query, key and value without a key that says so.
    private static GqaConfig gqa(ConfigFields fields, Family family) throws MalformedConfig {
        int heads = fields.integer("num_attention_heads");
        int hidden = fields.integer("hidden_size");
        if (!fields.has("head_dim") && (heads < 1 || hidden % heads != 0)) {
            throw fields.wrong("num_attention_heads", "a divisor of hidden_size " + hidden);
        }
        return new GqaConfig(
                heads,
                fields.integer("num_key_value_heads", heads),
                fields.has("head_dim") ? fields.integer("head_dim") : hidden / heads,
                family == Family.QWEN2);
    }

    private static MlaConfig mla(ConfigFields fields) throws MalformedConfig {
        return new MlaConfig(
                fields.integer("num_attention_heads"),
                fields.integer("q_lora_rank", 0),
                fields.integer("kv_lora_rank"),
                fields.integer("qk_nope_head_dim"),
                fields.integer("qk_rope_head_dim"),
                fields.integer("v_head_dim"));
    }

    private static MoeConfig moe(ConfigFields fields, Family family, int layers)
            throws MalformedConfig {
        boolean second = family == Family.DEEPSEEK_V2;
        TopkMethod usual =
                !second
                        ? TopkMethod.NOAUX_TC
                        : fields.integer("n_group", 1) > 1
                                ? TopkMethod.GROUP_LIMITED_GREEDY
                                : TopkMethod.GREEDY;
        TopkMethod method =
                fields.choice("topk_method", TopkMethod.values(), TopkMethod::key, usual);
        ScoringFunc scoring =
                fields.choice(
                        "scoring_func",
                        ScoringFunc.values(),
                        ScoringFunc::key,
                        method.scoringFunc());
        if (fields.integer("n_routed_experts", 0) == 0) {
            int dense = fields.integer("first_k_dense_replace", layers);
            if (dense != layers) {
                throw fields.wrong(
                        "first_k_dense_replace", layers + " where n_routed_experts is null");
            }
            return MoeConfig.dense(layers, method);
        }
        return new MoeConfig(
                fields.integer("first_k_dense_replace"),
                fields.integer("moe_intermediate_size"),
                fields.integer("n_routed_experts"),
                fields.integer("n_shared_experts", 0),
                fields.integer("num_experts_per_tok"),
                second ? fields.integer("n_group", 1) : fields.integer("n_group"),
                second ? fields.integer("topk_group", 1) : fields.integer("topk_group"),
                scoring,
                method,
                fields.bool("norm_topk_prob", !second),
                fields.number("routed_scaling_factor"));
    }

    private static RopeConfig rope(ConfigFields fields) throws MalformedConfig {
        double theta = fields.number("rope_theta", 10000);
        Optional<ConfigFields> older = fields.child("rope_scaling");
        Optional<ConfigFields> newer = fields.child("rope_parameters");
        if (newer.isEmpty()) {
            return new RopeConfig(theta, scaling(older));
        }
        RopeConfig rope = new RopeConfig(newer.get().number("rope_theta", theta), scaling(newer));
        boolean agree =
                (older.isEmpty() || scaling(older).equals(rope.ropeScaling()))
                        && (!fields.has("rope_theta") || theta == rope.ropeTheta());
        if (!agree) {
            throw fields.wrong(
                    "rope_parameters", "the same as rope_theta and rope_scaling beside it");
        }
        return rope;
    }

    private static Optional<RopeScaling> scaling(Optional<ConfigFields> given)
            throws MalformedConfig {
        if (given.isEmpty()) {
            return Optional.empty();
        }
        ConfigFields fields = given.get();
        String key = fields.has("rope_type") ? "rope_type" : "type";
        String type = fields.string(key).orElse("default");
        if (type.equals("default")) {
            if (fields.has("factor")) {
                throw fields.wrong(key, "yarn, llama3 or linear, as a factor is given");
            }
            return Optional.empty();
        }
        return Optional.of(
                switch (type) {
                    case "yarn" -> yarn(fields);
                    case "llama3" ->
                            new Llama3Config(
                                    fields.number("factor"),
                                    fields.number("low_freq_factor"),
                                    fields.number("high_freq_factor"),
                                    fields.integer("original_max_position_embeddings"));
                    case "linear" -> new LinearConfig(fields.number("factor"));
                    default -> throw fields.wrong(key, "yarn, llama3, linear or default");
                });
    }

    private static YarnConfig yarn(ConfigFields fields) throws MalformedConfig {
        fields.only("truncate", "true");
        YarnConfig yarn =
                new YarnConfig(
                        fields.number("factor"),
                        fields.integer("original_max_position_embeddings"),
                        fields.number("beta_fast", 32),
                        fields.number("beta_slow", 1),
                        fields.number("mscale", 1),
                        fields.number("mscale_all_dim", 0));
        double magnitude = yarn.magnitude();
        if (Math.abs(fields.number("attention_factor", magnitude) - magnitude) > 1e-9) {
            throw fields.wrong(
                    "attention_factor", magnitude + ", which mscale and mscale_all_dim make");
        }
        return yarn;
    }

    private static Optional<Fp8Config> fp8(ConfigFields fields) throws MalformedConfig {
        Optional<ConfigFields> given = fields.child("quantization_config");
        if (given.isEmpty()) {
            return Optional.empty();
        }
        ConfigFields quantization = given.get();
        if (!quantization.string("quant_method").equals(Optional.of("fp8"))) {
            throw quantization.wrong("quant_method", "\"fp8\"");
        }
        quantization.only("fmt", "\"e4m3\"");
        quantization.only("activation_scheme", "\"dynamic\"");
        var block = quantization.integers("weight_block_size");
        if (block.size() != 2) {
            throw quantization.wrong("weight_block_size", "two sizes such as [128,128]");
        }
        Optional<String> scaleFmt =
                quantization.string("scale_fmt").filter(format -> !format.equals("float"));
        return Optional.of(new Fp8Config(block.get(0), block.get(1), scaleFmt));
    }

    private static HubConfig hub(ConfigFields fields) throws MalformedConfig {
        Optional<String> type = fields.string("torch_dtype");
        return new HubConfig(
                fields.optionalInteger("bos_token_id"),
                fields.integers("eos_token_id"),
                fields.number("initializer_range", 0.02),
                type.isPresent() ? type.get() : fields.string("dtype").orElse("bfloat16"));
    }

    /// Keys in alphabetical order, as in the files published with the weights.
    static String write(DeepSeekConfig config) {
        return show(tree(config));
    }

    /// What says how weights are stored comes from `config`, everything else from `original`.
    static String write(DeepSeekConfig config, String original) {
        if (!(JSON.readTree(original) instanceof ObjectNode json)) {
            throw new IllegalArgumentException("expected a JSON object as the original");
        }
        ObjectNode own = tree(config);
        json.remove(STORAGE_KEYS);
        for (String key : STORAGE_KEYS) {
            if (own.has(key)) {
                json.set(key, own.get(key));
            }
        }
        return show(json);
    }

    private static ObjectNode tree(DeepSeekConfig config) {
        ObjectNode json = JSON.createObjectNode();
        json.putArray("architectures").add(config.family().architecture());
        json.put("attention_bias", false);
        json.put("attention_dropout", 0.0);
        config.hub().bosTokenId().ifPresent(id -> json.put("bos_token_id", id));
        putEos(json, config.hub());
        json.put("hidden_act", "silu");
        json.put("hidden_size", config.hiddenSize());
        json.put("initializer_range", config.hub().initializerRange());
        json.put("intermediate_size", config.intermediateSize());
        json.put("max_position_embeddings", config.maxPositionEmbeddings());
        json.put("model_type", config.family().modelType());
        json.put("num_attention_heads", config.attention().numAttentionHeads());
        json.put("num_hidden_layers", config.numHiddenLayers());
        switch (config.attention()) {
            case MlaConfig mla -> {
                putLatentAttention(json, mla);
                putExperts(json, config.moe());
                json.put("num_nextn_predict_layers", config.numNextnPredictLayers());
            }
            case GqaConfig gqa -> {
                json.put("head_dim", gqa.headDim());
                json.put("num_key_value_heads", gqa.numKeyValueHeads());
            }
        }
        config.quantizationConfig().ifPresent(fp8 -> putQuantization(json, fp8));
        json.put("rms_norm_eps", config.rmsNormEps());
        putRope(json, config.rope());
        json.put("tie_word_embeddings", config.tieWordEmbeddings());
        json.put("torch_dtype", config.hub().torchDtype());
        json.put("use_cache", true);
        json.put("vocab_size", config.vocabSize());
        return json;
    }

    private static String show(ObjectNode json) {
        var indent = new DefaultIndenter("  ", "\n");
        return JSON.writer()
                        .with(new DefaultPrettyPrinter().withObjectIndenter(indent))
                        .writeValueAsString(json)
                + "\n";
    }

    private static void putEos(ObjectNode json, HubConfig hub) {
        if (hub.eosTokenId().size() == 1) {
            json.put("eos_token_id", hub.eosTokenId().get(0));
        } else if (!hub.eosTokenId().isEmpty()) {
            var ids = json.putArray("eos_token_id");
            hub.eosTokenId().forEach(ids::add);
        }
    }

    private static void putLatentAttention(ObjectNode json, MlaConfig mla) {
        json.put("kv_lora_rank", mla.kvLoraRank());
        json.put("num_key_value_heads", mla.numAttentionHeads());
        if (mla.compressesQuery()) {
            json.put("q_lora_rank", mla.qLoraRank());
        } else {
            json.putNull("q_lora_rank");
        }
        json.put("qk_nope_head_dim", mla.qkNopeHeadDim());
        json.put("qk_rope_head_dim", mla.qkRopeHeadDim());
        json.put("v_head_dim", mla.vHeadDim());
    }

    private static void putExperts(ObjectNode json, MoeConfig moe) {
        json.put("first_k_dense_replace", moe.firstKDenseReplace());
        json.put("scoring_func", moe.scoringFunc().key());
        json.put("topk_method", moe.topkMethod().key());
        if (!moe.hasExperts()) {
            json.putNull("n_routed_experts");
            return;
        }
        json.put("moe_intermediate_size", moe.moeIntermediateSize());
        json.put("moe_layer_freq", 1);
        json.put("n_group", moe.nGroup());
        json.put("n_routed_experts", moe.nRoutedExperts());
        if (moe.nSharedExperts() > 0) {
            json.put("n_shared_experts", moe.nSharedExperts());
        } else {
            json.putNull("n_shared_experts");
        }
        json.put("norm_topk_prob", moe.normTopkProb());
        json.put("num_experts_per_tok", moe.numExpertsPerTok());
        json.put("routed_scaling_factor", moe.routedScalingFactor());
        json.put("topk_group", moe.topkGroup());
    }

    private static void putQuantization(ObjectNode json, Fp8Config fp8) {
        ObjectNode quantization = json.putObject("quantization_config");
        quantization.put("activation_scheme", "dynamic");
        quantization.put("fmt", "e4m3");
        quantization.put("quant_method", "fp8");
        fp8.scaleFmt().ifPresent(format -> quantization.put("scale_fmt", format));
        quantization
                .putArray("weight_block_size")
                .add(fp8.weightBlockRows())
                .add(fp8.weightBlockColumns());
    }

    private static void putRope(ObjectNode json, RopeConfig rope) {
        if (rope.ropeScaling().isEmpty()) {
            json.putNull("rope_scaling");
        } else {
            putScaling(json.putObject("rope_scaling"), rope.ropeScaling().get());
        }
        json.put("rope_theta", rope.ropeTheta());
    }

    private static void putScaling(ObjectNode json, RopeScaling scaling) {
        json.put("factor", scaling.factor());
        switch (scaling) {
            case YarnConfig yarn -> {
                json.put("beta_fast", yarn.betaFast());
                json.put("beta_slow", yarn.betaSlow());
                json.put("mscale", yarn.mscale());
                json.put("mscale_all_dim", yarn.mscaleAllDim());
                json.put("original_max_position_embeddings", yarn.originalMaxPositionEmbeddings());
                json.put("type", "yarn");
            }
            case Llama3Config llama3 -> {
                json.put("high_freq_factor", llama3.highFreqFactor());
                json.put("low_freq_factor", llama3.lowFreqFactor());
                json.put(
                        "original_max_position_embeddings", llama3.originalMaxPositionEmbeddings());
                json.put("rope_type", "llama3");
            }
            case LinearConfig _ -> json.put("type", "linear");
        }
    }
}
