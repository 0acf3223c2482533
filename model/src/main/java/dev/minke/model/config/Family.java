package dev.minke.model.config;

/// The members of the family and its dense relatives, each by its pair of `architectures` and
/// `model_type`.
public enum Family {
    /// V2 and V2-Lite: softmax routing without a correction bias.
    DEEPSEEK_V2("DeepseekV2ForCausalLM", "deepseek_v2"),
    /// V3, R1, V3.1 and Moonlight: sigmoid routing with a correction bias.
    DEEPSEEK_V3("DeepseekV3ForCausalLM", "deepseek_v3"),
    /// Kimi-K2: the V3 architecture under a model type of its own.
    KIMI_K2("DeepseekV3ForCausalLM", "kimi_k2"),
    /// DeepSeek-LLM, DeepSeek-Coder and the R1 distillations on Llama 3: dense, grouped-query.
    LLAMA("LlamaForCausalLM", "llama"),
    /// The R1 distillations on Qwen 2.5: dense, grouped-query with biases.
    QWEN2("Qwen2ForCausalLM", "qwen2");

    private final String architecture;
    private final String modelType;

    Family(String architecture, String modelType) {
        this.architecture = architecture;
        this.modelType = modelType;
    }

    /// The only entry of `architectures`.
    public String architecture() {
        return architecture;
    }

    /// The value of `model_type`.
    public String modelType() {
        return modelType;
    }

    /// Whether it is a dense relative: no latent attention, no experts.
    public boolean isDense() {
        return this == LLAMA || this == QWEN2;
    }
}
