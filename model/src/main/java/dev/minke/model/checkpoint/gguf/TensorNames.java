package dev.minke.model.checkpoint.gguf;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Names of tensors in GGUF and in Hugging Face's checkpoints, per architecture, both ways.
///
/// The tables are those of llama.cpp's converter. Most tensors are the same on both sides. Routed
/// experts are one tensor `[experts, out, in]` in GGUF and one tensor each in Hugging Face's; and
/// `kv_b_proj` is one tensor in the older form of `deepseek2` and two in the newer, see
/// [LatentForm]. Where names differ in what they hold, [Part] says how. Immutable.
public final class TensorNames {
    /// How a file of architecture `deepseek2` has `kv_b_proj`.
    public enum LatentForm {
        /// As `attn_kv_b`, like Hugging Face: per head the rows of keys, then those of values.
        JOINT,
        /// As `attn_k_b` and `attn_v_b`, for attention in latent space.
        SPLIT
    }

    /// How a tensor of one side relates to that of the other.
    public sealed interface Part {
        /// They hold the same elements in the same shape.
        record Whole() implements Part {}

        /// Hugging Face's tensor is one slice of the stacked one.
        ///
        /// @param index the slowest index in GGUF
        record Expert(int index) implements Part {}

        /// GGUF's tensor `[heads, rank, nope]` is the first `nope` rows of each head of `kv_b_proj`
        /// `[heads * (nope + v), rank]`, transposed.
        record Keys() implements Part {}

        /// GGUF's tensor `[heads, v, rank]` is the last `v` rows of each head of `kv_b_proj`
        /// `[heads * (nope + v), rank]`.
        record Values() implements Part {}
    }

    /// Where the elements of a tensor are on the other side.
    ///
    /// @param tensor the name there
    /// @param part how the two relate
    public record Place(String tensor, Part part) {
        /// The expert, if the two are a stacked tensor and a slice of it.
        public OptionalInt expert() {
            return part instanceof Part.Expert(int index)
                    ? OptionalInt.of(index)
                    : OptionalInt.empty();
        }
    }

    /// The values of `general.architecture` that there is a table for.
    public static final String DEEPSEEK2 = "deepseek2";

    /// See [#DEEPSEEK2].
    public static final String LLAMA = "llama";

    /// See [#DEEPSEEK2].
    public static final String QWEN2 = "qwen2";

    /// Factors of rotary frequencies, which llama files have and Hugging Face computes.
    public static final String ROPE_FREQS = "rope_freqs.weight";

    private static final Part WHOLE = new Part.Whole();
    private static final String KV_B = "self_attn.kv_b_proj.weight";
    private static final String KEYS = "attn_k_b.weight";
    private static final String VALUES = "attn_v_b.weight";

    private static final Pattern HUB_LAYER = Pattern.compile("model\\.layers\\.(\\d{1,6})\\.(.+)");
    private static final Pattern HUB_EXPERT =
            Pattern.compile("mlp\\.experts\\.(\\d{1,6})\\.(gate|up|down)_proj\\.weight");
    private static final Pattern LAYER = Pattern.compile("blk\\.(\\d{1,6})\\.(.+)");
    private static final Pattern EXPERTS = Pattern.compile("ffn_(gate|up|down)_exps\\.weight");

    private static final Map<String, String> OUTER =
            Map.of(
                    "model.embed_tokens.weight", "token_embd.weight",
                    "model.norm.weight", "output_norm.weight",
                    "lm_head.weight", "output.weight");

    private final String architecture;
    private final boolean experts;
    private final boolean split;
    private final Map<String, String> outer;
    private final Map<String, String> inLayer;
    private final Map<String, String> hubOuter;
    private final Map<String, String> hubInLayer;

    private TensorNames(
            String architecture, boolean experts, boolean split, Map<String, String> inLayer) {
        this.architecture = architecture;
        this.experts = experts;
        this.split = split;
        this.outer = OUTER;
        this.inLayer = Collections.unmodifiableMap(inLayer);
        this.hubOuter = inverse(outer);
        this.hubInLayer = inverse(inLayer);
    }

    private static Map<String, String> inverse(Map<String, String> table) {
        Map<String, String> inverse = new HashMap<>();
        table.forEach((key, value) -> inverse.put(value, key));
        return Collections.unmodifiableMap(inverse);
    }

    /// The table of `architecture`, if there is one.
    ///
    /// @param form what kv_b_proj becomes; read are both forms whatever it says, and it means
    ///   nothing to other architectures than `deepseek2`
    public static Optional<TensorNames> of(String architecture, LatentForm form) {
        return switch (architecture) {
            case DEEPSEEK2 -> Optional.of(deepseek2(form));
            case LLAMA -> Optional.of(llama());
            case QWEN2 -> Optional.of(qwen2());
            default -> Optional.empty();
        };
    }

    /// DeepSeek-V2, V3, R1, Moonlight, Kimi-K2.
    ///
    /// @param form what kv_b_proj becomes; read are both forms whatever it says
    public static TensorNames deepseek2(LatentForm form) {
        Map<String, String> table = new LinkedHashMap<>();
        norms(table);
        weight(table, "self_attn.q_proj", "attn_q");
        weight(table, "self_attn.q_a_proj", "attn_q_a");
        weight(table, "self_attn.q_a_layernorm", "attn_q_a_norm");
        weight(table, "self_attn.q_b_proj", "attn_q_b");
        weight(table, "self_attn.kv_a_proj_with_mqa", "attn_kv_a_mqa");
        weight(table, "self_attn.kv_a_layernorm", "attn_kv_a_norm");
        weight(table, "self_attn.kv_b_proj", "attn_kv_b");
        weight(table, "self_attn.o_proj", "attn_output");
        weight(table, "mlp.gate", "ffn_gate_inp");
        table.put("mlp.gate.e_score_correction_bias", "exp_probs_b.bias");
        for (String name : List.of("gate", "up", "down")) {
            weight(table, "mlp." + name + "_proj", "ffn_" + name);
            weight(table, "mlp.shared_experts." + name + "_proj", "ffn_" + name + "_shexp");
        }
        // the prediction modules, whose layers follow the main ones
        weight(table, "eh_proj", "nextn.eh_proj");
        weight(table, "embed_tokens", "nextn.embed_tokens");
        weight(table, "enorm", "nextn.enorm");
        weight(table, "hnorm", "nextn.hnorm");
        weight(table, "shared_head.head", "nextn.shared_head_head");
        weight(table, "shared_head.norm", "nextn.shared_head_norm");
        return new TensorNames(DEEPSEEK2, true, form == LatentForm.SPLIT, table);
    }

    /// Llama 2 and 3, with or without biases.
    public static TensorNames llama() {
        return new TensorNames(LLAMA, false, false, dense());
    }

    /// Qwen 2 and 2.5.
    public static TensorNames qwen2() {
        return new TensorNames(QWEN2, false, false, dense());
    }

    private static Map<String, String> dense() {
        Map<String, String> table = new LinkedHashMap<>();
        norms(table);
        Map<String, String> linear = new LinkedHashMap<>();
        linear.put("self_attn.q_proj", "attn_q");
        linear.put("self_attn.k_proj", "attn_k");
        linear.put("self_attn.v_proj", "attn_v");
        linear.put("self_attn.o_proj", "attn_output");
        linear.put("mlp.gate_proj", "ffn_gate");
        linear.put("mlp.up_proj", "ffn_up");
        linear.put("mlp.down_proj", "ffn_down");
        linear.forEach((hub, gguf) -> {
            weight(table, hub, gguf);
            table.put(hub + ".bias", gguf + ".bias");
        });
        return table;
    }

    private static void norms(Map<String, String> table) {
        weight(table, "input_layernorm", "attn_norm");
        weight(table, "post_attention_layernorm", "ffn_norm");
    }

    private static void weight(Map<String, String> table, String hub, String gguf) {
        table.put(hub + ".weight", gguf + ".weight");
    }

    /// The value of `general.architecture`.
    public String architecture() {
        return architecture;
    }

    /// Where a tensor of Hugging Face's goes in GGUF.
    ///
    /// @param hubName such as `model.layers.3.mlp.experts.7.up_proj.weight`
    /// @return one place; two for a `kv_b_proj` that is split; none for a tensor that GGUF does not
    ///   have, such as `weight_scale_inv` or `inv_freq`
    public List<Place> toGguf(String hubName) {
        String whole = outer.get(hubName);
        if (whole != null) {
            return List.of(new Place(whole, WHOLE));
        }
        Matcher layer = HUB_LAYER.matcher(hubName);
        if (!layer.matches() || !plain(layer.group(1))) {
            return List.of();
        }
        String prefix = "blk." + layer.group(1) + ".";
        String rest = layer.group(2);
        if (split && rest.equals(KV_B)) {
            return List.of(
                    new Place(prefix + KEYS, new Part.Keys()),
                    new Place(prefix + VALUES, new Part.Values()));
        }
        Matcher expert = HUB_EXPERT.matcher(rest);
        if (experts && expert.matches() && plain(expert.group(1))) {
            return List.of(
                    new Place(
                            prefix + "ffn_" + expert.group(2) + "_exps.weight",
                            new Part.Expert(Integer.parseInt(expert.group(1)))));
        }
        String inside = inLayer.get(rest);
        return inside == null ? List.of() : List.of(new Place(prefix + inside, WHOLE));
    }

    /// Where a tensor of GGUF goes in Hugging Face's checkpoint.
    ///
    /// @param ggufName such as `blk.3.ffn_up_exps.weight`
    /// @param expertCount how many experts are stacked, the slowest dimension of that tensor
    /// @return one place; one per expert for stacked experts; none for a tensor that Hugging Face
    ///   does not have, such as [#ROPE_FREQS]
    public List<Place> toHub(String ggufName, int expertCount) {
        String whole = hubOuter.get(ggufName);
        if (whole != null) {
            return List.of(new Place(whole, WHOLE));
        }
        Matcher layer = LAYER.matcher(ggufName);
        if (!layer.matches() || !plain(layer.group(1))) {
            return List.of();
        }
        String prefix = "model.layers." + layer.group(1) + ".";
        String rest = layer.group(2);
        String inside = hubInLayer.get(rest);
        if (inside != null) {
            return List.of(new Place(prefix + inside, WHOLE));
        }
        return experts ? toHubParts(prefix, rest, expertCount) : List.of();
    }

    private static List<Place> toHubParts(String prefix, String rest, int expertCount) {
        if (rest.equals(KEYS)) {
            return List.of(new Place(prefix + KV_B, new Part.Keys()));
        }
        if (rest.equals(VALUES)) {
            return List.of(new Place(prefix + KV_B, new Part.Values()));
        }
        Matcher stacked = EXPERTS.matcher(rest);
        if (!stacked.matches()) {
            return List.of();
        }
        List<Place> places = new ArrayList<>();
        for (int e = 0; e < expertCount; e++) {
            places.add(
                    new Place(
                            "%smlp.experts.%d.%s_proj.weight"
                                    .formatted(prefix, e, stacked.group(1)),
                            new Part.Expert(e)));
        }
        return List.copyOf(places);
    }

    /// Whether GGUF has the rows of this tensor in another order within each head.
    ///
    /// Hugging Face's Llama rotates element `i` of a head with `i + d/2`, GGUF's with its
    /// neighbour: row `2 i + j` of a head in GGUF is row `j d/2 + i` of Hugging Face's, `j` being 0
    /// or 1 and `d` the head's size. This concerns queries and keys of `llama` alone, weights and
    /// biases.
    ///
    /// @param hubName Hugging Face's name
    public boolean reordersHeads(String hubName) {
        Matcher layer = HUB_LAYER.matcher(hubName);
        return architecture.equals(LLAMA)
                && layer.matches()
                && inLayer.containsKey(layer.group(2))
                && (layer.group(2).startsWith("self_attn.q_proj.")
                        || layer.group(2).startsWith("self_attn.k_proj."));
    }

    /// Whether a number is written as numbers are, so that names map back to themselves.
    private static boolean plain(String number) {
        return number.length() == 1 || number.charAt(0) != '0';
    }
}
