package dev.minke.model.plan;

import dev.minke.model.config.DeepSeekConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Everything about a model that follows from its configuration.
///
/// @param config the model
/// @param options context, machine and training
/// @param parts parameters by part
/// @param cache bytes of a token in the cache, the model's own attention first
/// @param weights bytes of the weights by format
/// @param trainingMemory states of a training run by precision
/// @param cost GPU hours and price of training
public record ModelPlan(
        DeepSeekConfig config,
        PlanOptions options,
        List<PartSize> parts,
        List<CacheScheme> cache,
        List<WeightSize> weights,
        List<TrainingMemory> trainingMemory,
        TrainingCost cost) {

    /// Copy the lists.
    public ModelPlan {
        parts = List.copyOf(parts);
        cache = List.copyOf(cache);
        weights = List.copyOf(weights);
        trainingMemory = List.copyOf(trainingMemory);
    }

    /// Plan with the formats of [WeightFormat#all].
    ///
    /// @throws IllegalArgumentException if the context is longer than the model's, or a number does
    ///   not fit into 63 bits
    public static ModelPlan of(DeepSeekConfig config, PlanOptions options) {
        return of(config, options, WeightFormat.all());
    }

    /// Plan with formats of the caller's choice.
    ///
    /// @throws IllegalArgumentException if the context is longer than the model's, or a number does
    ///   not fit into 63 bits
    public static ModelPlan of(
            DeepSeekConfig config, PlanOptions options, List<WeightFormat> formats) {
        int longest = config.maxPositionEmbeddings();
        if (options.context().orElse(1) > longest) {
            throw new IllegalArgumentException(
                    "context is %d, expected at most the model's max_position_embeddings %d"
                            .formatted(options.context().orElse(1), longest));
        }
        try {
            ModelPlan plan =
                    new ModelPlan(
                            config,
                            options,
                            PartSize.of(config),
                            CacheScheme.of(config),
                            WeightSize.of(config, formats),
                            TrainingMemory.of(config),
                            TrainingCost.of(config, options.cost()));
            plan.checkSums();
            return plan;
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(
                    "model, context and sequences make more than 2^63 bytes or operations,"
                            + " expected fewer",
                    e);
        }
    }

    /// Form every number once that is exact or throws.
    private void checkSums() {
        Math.addExact(
                config.trainingFlopsPerToken(workContext()),
                config.trainingFlopsPerToken(cacheContext()));
        cache.forEach(this::cacheBytes);
        weights.forEach(this::runningBytes);
    }

    /// Tokens of a sequence over which the work of a token is averaged.
    public int workContext() {
        return options.workContext(config);
    }

    /// Tokens of a cached sequence.
    public int cacheContext() {
        return options.cacheContext(config);
    }

    /// Bytes of the caches of all sequences.
    public long cacheBytes(CacheScheme scheme) {
        long tokens = Math.multiplyExact((long) cacheContext(), options.sequences());
        return Math.multiplyExact(tokens, scheme.bytesPerToken());
    }

    /// Bytes for generation: the main model's weights and the caches of its own attention.
    public long runningBytes(WeightSize size) {
        return Math.addExact(size.main(), cacheBytes(cache.getFirst()));
    }

    /// Whether that is no more than the machine has.
    public boolean fits(WeightSize size) {
        return runningBytes(size) <= options.machineMemory();
    }

    /// The tables that `minke plan` prints, at most 100 columns wide.
    public List<String> toLines() {
        return new PlanText(this).lines();
    }

    /// The object that `minke plan --json` prints: numbers in units, bytes and FLOP.
    public Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("modelType", config.family().modelType());
        map.put("parameters", config.parameterCount());
        map.put("activeParameters", config.activeParameterCount());
        map.put("mtpParameters", config.mtpParameterCount());
        map.put("parts", parts.stream().map(ModelPlan::toMap).toList());
        map.put("context", workContext());
        map.put("forwardFlopsPerToken", config.forwardFlopsPerToken(workContext()));
        map.put("mtpFlopsPerToken", config.mtpFlopsPerToken(workContext()));
        map.put("trainingFlopsPerToken", config.trainingFlopsPerToken(workContext()));
        map.put("cacheContext", cacheContext());
        map.put("sequences", options.sequences());
        map.put("cache", cache.stream().map(this::toMap).toList());
        map.put("machineMemory", options.machineMemory());
        map.put("weights", weights.stream().map(this::toMap).toList());
        map.put("trainingMemory", trainingMemory.stream().map(ModelPlan::toMap).toList());
        map.put("cost", toMap(cost));
        return map;
    }

    private static Map<String, Object> toMap(PartSize size) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("part", size.part().label());
        map.put("parameters", size.total());
        map.put("active", size.active());
        return map;
    }

    private Map<String, Object> toMap(CacheScheme scheme) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("scheme", scheme.name());
        map.put("elementsPerToken", scheme.elementsPerToken());
        map.put("bytesPerToken", scheme.bytesPerToken());
        map.put("bytes", cacheBytes(scheme));
        return map;
    }

    private Map<String, Object> toMap(WeightSize size) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("format", size.format());
        map.put("bitsPerWeight", size.bitsPerWeight());
        map.put("fileBytes", size.file());
        map.put("mainBytes", size.main());
        map.put("runningBytes", runningBytes(size));
        map.put("fits", fits(size));
        return map;
    }

    private static Map<String, Object> toMap(TrainingMemory memory) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("precision", memory.name());
        map.put("weights", memory.weights());
        map.put("gradients", memory.gradients());
        map.put("moments", memory.moments());
        map.put("total", memory.total());
        return map;
    }

    private static Map<String, Object> toMap(TrainingCost cost) {
        TrainingCost.Assumptions with = cost.assumptions();
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("tokens", with.tokens());
        map.put("gpuTflops", with.gpuTflops());
        map.put("utilisation", with.utilisation());
        map.put("utilisationDerived", with.derived());
        map.put("gpus", with.gpus());
        map.put("pricePerGpuHour", with.pricePerGpuHour());
        map.put("phases", cost.phases().stream().map(p -> toMap(p, cost)).toList());
        map.put("gpuHours", cost.gpuHours());
        map.put("gpuHoursPerTrillionTokens", cost.gpuHoursPerTrillionTokens());
        map.put("days", cost.days(cost.gpuHours()));
        map.put("price", cost.price());
        return map;
    }

    private static Map<String, Object> toMap(TrainingCost.Phase phase, TrainingCost cost) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("phase", phase.name());
        map.put("tokens", phase.tokens());
        map.put("flops", phase.flops());
        map.put("utilisation", phase.utilisation());
        map.put("gpuHours", phase.gpuHours());
        map.put("days", cost.days(phase.gpuHours()));
        map.put("price", phase.price());
        return map;
    }
}
