package dev.minke.model.deepseek;

import dev.minke.model.autograd.Ops;
import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.MlaConfig;
import dev.minke.model.nn.Linear;
import dev.minke.model.nn.Parameters;
import dev.minke.model.nn.RmsNorm;
import dev.minke.model.nn.StoredWeight;
import dev.minke.model.nn.StoredWeights;
import dev.minke.model.nn.WeightStack;
import dev.minke.tensor.AttentionShape;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.spi.KernelSet.PackedMatrix;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Multi-head latent attention (V3 report 2.1.1), its weights and its expanded form.
///
///     q = Wqb rms(Wqa x)  or  Wq x        [c', kr] = Wkva x        c = rms(c')
///     [k, v] = Wkvb c                     out = Wo softmax(scale (q [k; rope(kr)]^T)) v
///
/// x: [T, hidden] -> [T, hidden]. Caches nothing; the absorbed form over a cache of c and rope(kr)
/// is `PagedLatent` of the inference module.
public final class LatentAttention implements Attention {
    private final AttentionShape shape;
    private final int kvLoraRank;
    private final Optional<QueryCompression> compression;
    private final Linear query;
    private final Linear kvDown;
    private final RmsNorm kvNorm;
    private final Linear kvUp;
    private final Optional<Absorbed> stored;
    private final Linear output;

    private record QueryCompression(Linear down, RmsNorm norm) {}

    LatentAttention(Parameters parameters, String prefix, MlaConfig mla, DeepSeekConfig config) {
        int d = config.hiddenSize();
        int heads = mla.numAttentionHeads();
        double eps = config.rmsNormEps();
        shape =
                new AttentionShape(
                        heads,
                        mla.qkNopeHeadDim(),
                        mla.qkRopeHeadDim(),
                        mla.vHeadDim(),
                        (float) config.softmaxScale());
        kvLoraRank = mla.kvLoraRank();
        if (mla.compressesQuery()) {
            int rank = mla.qLoraRank();
            compression =
                    Optional.of(
                            new QueryCompression(
                                    new Linear(parameters, prefix + "q_a_proj.weight", rank, d),
                                    new RmsNorm(
                                            parameters,
                                            prefix + "q_a_layernorm.weight",
                                            rank,
                                            eps)));
            query = new Linear(parameters, prefix + "q_b_proj.weight", mla.queryRows(), rank);
        } else {
            compression = Optional.empty();
            query = new Linear(parameters, prefix + "q_proj.weight", mla.queryRows(), d);
        }
        kvDown = new Linear(parameters, prefix + "kv_a_proj_with_mqa.weight", mla.kvDownRows(), d);
        kvNorm = new RmsNorm(parameters, prefix + "kv_a_layernorm.weight", kvLoraRank, eps);
        kvUp = new Linear(parameters, prefix + "kv_b_proj.weight", mla.kvUpRows(), kvLoraRank);
        stored = parameters.storedWeights().map(w -> absorbed(w, prefix, parameters));
        output = new Linear(parameters, prefix + "o_proj.weight", d, mla.outputColumns());
    }

    private Absorbed absorbed(StoredWeights weights, String prefix, Parameters parameters) {
        int heads = shape.heads();
        long keys = (long) heads * kvLoraRank;
        long values = (long) heads * shape.value();
        List<StoredWeight> key = new ArrayList<>();
        List<StoredWeight> value = new ArrayList<>();
        for (int h = 0; h < heads; h++) {
            String name = prefix + "k_b_proj.weight";
            long from = (long) h * kvLoraRank;
            key.add(weights.rows(name, keys, shape.nope(), from, from + kvLoraRank));
            name = prefix + "v_b_proj.weight";
            from = (long) h * shape.value();
            value.add(weights.rows(name, values, kvLoraRank, from, from + shape.value()));
        }
        return new Absorbed(parameters.stack(key), parameters.stack(value));
    }

    @Override
    public Var forward(Pass pass, Var x) {
        return expanded(pass, queries(pass, x), latents(pass, x));
    }

    /// Queries with their rope part rotated: [T, hidden] -> [T, H * (nope + rope)].
    public Var queries(Pass pass, Var x) {
        Tape tape = pass.tape();
        Var input = x;
        if (compression.isPresent()) {
            Var down = compression.get().down().forward(tape, x);
            input = compression.get().norm().forward(tape, down);
        }
        Var q = query.forward(tape, input);
        Ops.rope(
                tape,
                q,
                shape.heads(),
                shape.queryKey(),
                shape.nope(),
                pass.positions(),
                pass.rope());
        return q;
    }

    /// What a cache holds of every token.
    ///
    /// @param latent [T, kv_lora_rank], normalised
    /// @param keyRope [T, qk_rope_head_dim], rotated, shared by all heads
    public record Latents(Var latent, Var keyRope) {}

    /// The normalised latent and the rotated shared key of every token of `x` [T, hidden].
    public Latents latents(Pass pass, Var x) {
        Tape tape = pass.tape();
        Var down = kvDown.forward(tape, x);
        Var latent = kvNorm.forward(tape, down.columns(0, kvLoraRank));
        Var keyRope = down.columns(kvLoraRank, (long) kvLoraRank + shape.rope());
        Ops.rope(tape, keyRope, 1, shape.rope(), 0, pass.positions(), pass.rope());
        return new Latents(latent, keyRope);
    }

    /// Keys and values from the latents, attention among the rows of the pass, output projection.
    public Var expanded(Pass pass, Var q, Latents latents) {
        Tape tape = pass.tape();
        Var kv = kvUp.forward(tape, latents.latent());
        Var heads = Ops.attention(tape, shape, q, kv, latents.keyRope(), pass.sequences());
        return output.forward(tape, heads);
    }

    /// The up-projection, [H * (nope + value), kv_lora_rank]: per head first the key's rows, then
    /// the value's. The absorbed form multiplies with its two parts from the other side.
    public Linear kvUp() {
        return kvUp;
    }

    /// The up-projection's two parts, one matrix for each head, as the absorbed form multiplies
    /// with them.
    ///
    /// @param key Uk^T: H of [kv_lora_rank, nope]
    /// @param value Uv: H of [value, kv_lora_rank]
    public record Absorbed(WeightStack key, WeightStack value) {}

    /// The two parts in the type in which they are stored, or copies of what is in memory, taken
    /// when they are first used.
    ///
    /// @param arena owner of such copies
    public Absorbed absorbed(Arena arena) {
        return stored.orElseGet(() -> {
            List<StoredWeight> key = new ArrayList<>();
            List<StoredWeight> value = new ArrayList<>();
            for (int h = 0; h < shape.heads(); h++) {
                long from = (long) h * shape.keyValue();
                long middle = from + shape.nope();
                Tensor up = kvUp.weight().var().value();
                key.add(new Copied(up.range(from, middle), true));
                value.add(new Copied(up.range(middle, from + shape.keyValue()), false));
            }
            return new Absorbed(WeightStack.of(key, arena), WeightStack.of(value, arena));
        });
    }

    /// Lay stored parts out.
    void packStored(Kernels kernels) {
        stored.ifPresent(parts -> {
            parts.key().pack(kernels);
            parts.value().pack(kernels);
        });
    }

    /// Values in memory, or their transpose.
    private record Copied(Tensor values, boolean transposed) implements StoredWeight {
        @Override
        public long rows() {
            return transposed ? values.cols() : values.rows();
        }

        @Override
        public long cols() {
            return transposed ? values.rows() : values.cols();
        }

        @Override
        public long packedBytes() {
            return values.byteSize();
        }

        @Override
        public void read(long from, Tensor to, Kernels kernels) {
            for (long r = 0; r < to.rows(); r++) {
                for (long c = 0; c < to.cols(); c++) {
                    long row = from + r;
                    float x = transposed ? values.getFloat(c, row) : values.getFloat(row, c);
                    to.setFloat(r, c, x);
                }
            }
        }

        @Override
        public PackedMatrix pack(Kernels kernels, Arena arena) {
            try (Arena temporary = Arena.ofShared()) {
                Tensor copy = Tensor.zeros(temporary, rows(), cols());
                read(0, copy, kernels);
                return kernels.pack(copy, arena);
            }
        }
    }

    /// The output projection, [hidden, H * value].
    public Linear output() {
        return output;
    }

    @Override
    public AttentionShape shape() {
        return shape;
    }

    @Override
    public List<Linear> linears() {
        List<Linear> all = new ArrayList<>(List.of(query, kvDown, kvUp, output));
        compression.ifPresent(c -> all.add(c.down()));
        return all;
    }
}
