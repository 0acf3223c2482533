package dev.minke.model.deepseek;

import dev.minke.model.autograd.Tape;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.deepseek.TokenBatch.Sequence;
import dev.minke.model.nn.Parameter;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Rng;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Named;

/// Models of a few thousand random weights that have every part of the large ones.
public final class SmallModels {
    private static final String JSON =
            """
            {"architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3",
             "vocab_size": 40, "hidden_size": 16, "intermediate_size": 24,
             "moe_intermediate_size": 8, "num_hidden_layers": 3, "num_attention_heads": 2,
             "num_key_value_heads": 2, "q_lora_rank": 12, "kv_lora_rank": 10,
             "qk_nope_head_dim": 6, "qk_rope_head_dim": 4, "v_head_dim": 5,
             "n_routed_experts": 8, "num_experts_per_tok": 2, "n_shared_experts": 1,
             "n_group": 4, "topk_group": 2, "routed_scaling_factor": 2.5,
             "first_k_dense_replace": 1, "max_position_embeddings": 128,
             "num_nextn_predict_layers": 1, "scoring_func": "sigmoid",
             "topk_method": "noaux_tc", "norm_topk_prob": true}
            """;

    private static final String DENSE =
            """
            {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2",
             "vocab_size": 40, "hidden_size": 24, "intermediate_size": 20,
             "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
             "max_position_embeddings": 128, "rope_theta": 1000000.0,
             "tie_word_embeddings": true, "use_sliding_window": false}
            """;

    private SmallModels() {}

    /// A dense relative as the small Qwen2: grouped queries, biases, the embedding as the head.
    public static DeepSeekConfig qwen2() {
        return parse(DENSE);
    }

    /// A dense relative as Llama 3.1: no biases, wide heads, stretched frequencies.
    public static DeepSeekConfig llama() {
        return parse(
                DENSE.replace("Qwen2", "Llama")
                        .replace("qwen2", "llama")
                        .replace("true", "false")
                        .replace(
                                "\"rope_theta\"",
                                """
                                "head_dim": 10, "rope_scaling": {"rope_type": "llama3",
                                "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                                "original_max_position_embeddings": 64}, "rope_theta"\
                                """));
    }

    /// As V3: query compression, groups, correction bias, a shared expert, MTP.
    public static DeepSeekConfig v3() {
        return parse(JSON);
    }

    /// As V2-Lite: plain queries, softmax, two shared experts, no MTP.
    public static DeepSeekConfig v2() {
        return parse(
                JSON.replace("V3", "V2")
                        .replace("_v3", "_v2")
                        .replace("\"q_lora_rank\": 12", "\"q_lora_rank\": null")
                        .replace("\"n_shared_experts\": 1", "\"n_shared_experts\": 2")
                        .replace(
                                "\"n_group\": 4, \"topk_group\": 2",
                                "\"n_group\": 1, \"topk_group\": 1")
                        .replace("sigmoid", "softmax")
                        .replace("noaux_tc", "greedy")
                        .replace("true", "false")
                        .replace(
                                "\"num_nextn_predict_layers\": 1",
                                "\"num_nextn_predict_layers\": 0"));
    }

    /// As [#v3] without shared experts.
    public static DeepSeekConfig withoutSharedExperts() {
        return parse(JSON.replace("\"n_shared_experts\": 1", "\"n_shared_experts\": 0"));
    }

    /// All of these, named for test reports.
    public static List<Named<DeepSeekConfig>> variants() {
        return List.of(
                Named.of("v3", v3()),
                Named.of("v2", v2()),
                Named.of("without shared experts", withoutSharedExperts()),
                Named.of("qwen2", qwen2()),
                Named.of("llama", llama()));
    }

    private static DeepSeekConfig parse(String json) {
        try {
            return DeepSeekConfig.parse(json, "SmallModels");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A model whose weights, gains and router biases are all random.
    public static DeepSeekModel random(DeepSeekConfig config, Parameters parameters, long seed) {
        DeepSeekModel model = new DeepSeekModel(config, parameters);
        model.initialize(0.25, seed);
        Rng rng = new Rng(seed);
        for (Parameter parameter : parameters.all()) {
            Tensor value = parameter.value();
            if (value.rank() == 1) {
                for (long c = 0; c < value.cols(); c++) {
                    value.setFloat(0, c, (float) (value.getFloat(0, c) + 0.1 * rng.nextGaussian()));
                }
            }
        }
        return model;
    }

    /// `count` random tokens below `bound`.
    public static int[] tokens(int count, int bound, long seed) {
        Rng rng = new Rng(seed);
        int[] tokens = new int[count];
        for (int i = 0; i < count; i++) {
            tokens[i] = rng.nextInt(bound);
        }
        return tokens;
    }

    /// The logits of whole sequences side by side, [sum of lengths, vocab].
    public static float[] logits(DeepSeekModel model, Kernels kernels, int[]... sequences) {
        try (Workspace workspace = new Workspace()) {
            Tape tape = Tape.inference(kernels, workspace);
            List<Sequence> all = Arrays.stream(sequences).map(Sequence::whole).toList();
            TokenBatch batch = TokenBatch.of(all, workspace);
            Pass pass =
                    model.pass(tape, batch.positions(), batch.sequences(), RoutingMonitor.none());
            return model.logits(tape, model.hidden(pass, batch.tokens())).toFloats();
        }
    }
}
