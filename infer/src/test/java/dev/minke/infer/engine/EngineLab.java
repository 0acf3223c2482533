package dev.minke.infer.engine;

import dev.minke.infer.FinishReason;
import dev.minke.infer.SamplingParams;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.tensor.Kernels;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/// An engine that is stepped by hand, its invariants checked after every step.
final class EngineLab implements AutoCloseable {
    static final int VOCAB = 40;
    static final SamplingParams GREEDY = SamplingParams.greedy();

    final EngineCore core;

    EngineLab(DeepSeekModel model, Kernels kernels, EngineConfig config) {
        this(model, kernels, VOCAB, config);
    }

    EngineLab(DeepSeekModel model, Kernels kernels, int vocabSize, EngineConfig config) {
        core = new EngineCore(model, kernels, vocabSize, config);
    }

    /// Eight sequences, steps of 96 tokens, spans of 64, a priority for 50 steps of waiting.
    static EngineConfig config(DeepSeekModel model, int blocks) {
        long bytes = blocks * CacheLayout.of(model.config(), CacheType.F32).blockBytes();
        return new EngineConfig(
                bytes,
                CacheType.F32,
                96,
                8,
                100,
                64,
                PrefixReuse.EXACT,
                100,
                50,
                Speculation.off(),
                PrefixDisk.none());
    }

    static EngineConfig withReuse(EngineConfig c, PrefixReuse reuse) {
        return new EngineConfig(
                c.cacheBytes(),
                c.cacheType(),
                c.stepTokens(),
                c.maxSequences(),
                c.maxQueue(),
                c.expandedSpan(),
                reuse,
                c.reservePercent(),
                c.ageingSteps(),
                c.speculation(),
                c.prefixDisk());
    }

    static EngineConfig withReserve(EngineConfig c, int percent) {
        return new EngineConfig(
                c.cacheBytes(),
                c.cacheType(),
                c.stepTokens(),
                c.maxSequences(),
                c.maxQueue(),
                c.expandedSpan(),
                c.prefixReuse(),
                percent,
                c.ageingSteps(),
                c.speculation(),
                c.prefixDisk());
    }

    static EngineConfig withSteps(EngineConfig c, int tokens, int sequences, int queue) {
        return new EngineConfig(
                c.cacheBytes(),
                c.cacheType(),
                tokens,
                sequences,
                queue,
                c.expandedSpan(),
                c.prefixReuse(),
                c.reservePercent(),
                c.ageingSteps(),
                c.speculation(),
                c.prefixDisk());
    }

    /// The same with `speculation`, and as many blocks.
    static EngineConfig withSpeculation(
            DeepSeekModel model, EngineConfig c, Speculation speculation) {
        CacheLayout plain = CacheLayout.of(model.config(), c.cacheType());
        boolean mtp = speculation.resolved(model.mtp().isPresent()).usesMtp();
        CacheLayout layout = mtp ? plain.withMtp() : plain;
        return new EngineConfig(
                c.cacheBytes() / plain.blockBytes() * layout.blockBytes(),
                c.cacheType(),
                c.stepTokens(),
                c.maxSequences(),
                c.maxQueue(),
                c.expandedSpan(),
                c.prefixReuse(),
                c.reservePercent(),
                c.ageingSteps(),
                speculation,
                c.prefixDisk());
    }

    /// As [SmallModels#v3] with room for 1024 tokens, without MTP.
    static DeepSeekConfig longV3() {
        return longV3(0);
    }

    /// The same with so many MTP modules.
    static DeepSeekConfig longV3(int modules) {
        try {
            return DeepSeekConfig.parse(
                    """
                    {"architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3",
                     "vocab_size": 40, "hidden_size": 16, "intermediate_size": 24,
                     "moe_intermediate_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2,
                     "num_key_value_heads": 2, "q_lora_rank": 12, "kv_lora_rank": 10,
                     "qk_nope_head_dim": 6, "qk_rope_head_dim": 4, "v_head_dim": 5,
                     "n_routed_experts": 8, "num_experts_per_tok": 2, "n_shared_experts": 1,
                     "n_group": 4, "topk_group": 2, "routed_scaling_factor": 2.5,
                     "first_k_dense_replace": 1, "max_position_embeddings": 1024,
                     "num_nextn_predict_layers": %d, "scoring_func": "sigmoid",
                     "topk_method": "noaux_tc", "norm_topk_prob": true}
                    """
                            .formatted(modules),
                    "EngineLab");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// At random, and different for every `seed`.
    static SamplingParams drawn(long seed) {
        return new SamplingParams(1.2, 0, 1, seed);
    }

    static Request greedy(int[] prompt, int maxTokens) {
        return Request.of(prompt, maxTokens, GREEDY);
    }

    Heard submit(Request request) {
        Heard heard = new Heard(request.choices());
        heard.ticket = core.submit(request, heard, () -> {});
        return heard;
    }

    boolean step() {
        boolean worked = core.step();
        core.scheduler().checkInvariants();
        return worked;
    }

    /// Step until nothing is left.
    ///
    /// @return steps
    int finish() {
        int steps = 0;
        while (step()) {
            steps++;
        }
        return steps;
    }

    /// The text of one request that runs alone.
    int[] text(Request request) {
        Heard heard = submit(request);
        finish();
        return heard.tokens(0);
    }

    @Override
    public void close() {
        core.close();
    }

    /// What a listener heard.
    static class Heard implements EngineListener {
        final List<List<Integer>> tokens = new ArrayList<>();
        final List<List<FinishReason>> ends = new ArrayList<>();
        final List<Throwable> failures = new ArrayList<>();
        Ticket ticket = new Ticket(0, () -> {});
        int limit = Integer.MAX_VALUE;

        Heard(int choices) {
            for (int i = 0; i < choices; i++) {
                tokens.add(new ArrayList<>());
                ends.add(new ArrayList<>());
            }
        }

        @Override
        public boolean token(int choice, int id) {
            if (!ends.get(choice).isEmpty() || !failures.isEmpty()) {
                throw new AssertionError("a token after the end");
            }
            tokens.get(choice).add(id);
            return tokens.get(choice).size() < limit;
        }

        @Override
        public void finished(int choice, FinishReason reason) {
            ends.get(choice).add(reason);
        }

        @Override
        public void failed(Throwable cause) {
            failures.add(cause);
        }

        int[] tokens(int choice) {
            return tokens.get(choice).stream().mapToInt(Integer::intValue).toArray();
        }

        /// Whether every choice heard exactly one end.
        boolean endedOnce() {
            return failures.isEmpty()
                    ? ends.stream().allMatch(e -> e.size() == 1)
                    : failures.size() == 1 && ends.stream().allMatch(e -> e.size() <= 1);
        }
    }
}
