package dev.minke.model.deepseek;

import dev.minke.model.autograd.Ops;
import dev.minke.model.autograd.Ops.LossSum;
import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.nn.Embedding;
import dev.minke.model.nn.Linear;
import dev.minke.model.nn.Parameters;
import dev.minke.model.nn.RmsNorm;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Rng;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A model of the DeepSeek family (V3 report 2), or a dense relative of it:
///
///     h = Embedding[token];  h = Block_l(h) for every layer;  logits = lm_head RmsNorm(h)
///
/// and, where configured, an MTP module on top of the normalised hidden state. Written once for
/// training and inference; the attention form comes with the [Pass]. Weights are zeros until
/// [#initialize] or a checkpoint fills them. Closing frees the weights.
public final class DeepSeekModel implements AutoCloseable {
    private final DeepSeekConfig config;
    private final Parameters parameters;
    private final Embedding embedding;
    private final List<Block> blocks = new ArrayList<>();
    private final RmsNorm norm;
    private final Linear head;
    private final Optional<MtpModule> mtp;
    private Tensor rope;

    /// Build the parts; `parameters` decides whether there are gradients.
    ///
    /// @throws IllegalArgumentException for more than one MTP module
    public DeepSeekModel(DeepSeekConfig config, Parameters parameters) {
        if (config.numNextnPredictLayers() > 1) {
            throw new IllegalArgumentException(
                    "num_nextn_predict_layers is %d, expected 0 or 1"
                            .formatted(config.numNextnPredictLayers()));
        }
        this.config = config;
        this.parameters = parameters;
        int d = config.hiddenSize();
        embedding = new Embedding(parameters, "model.embed_tokens.weight", config.vocabSize(), d);
        for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
            blocks.add(new Block(parameters, layer, config));
        }
        norm = new RmsNorm(parameters, "model.norm.weight", d, config.rmsNormEps());
        head =
                config.tieWordEmbeddings()
                        ? new Linear(embedding.weight())
                        : new Linear(parameters, "lm_head.weight", config.vocabSize(), d);
        mtp =
                config.numNextnPredictLayers() == 0
                        ? Optional.empty()
                        : Optional.of(new MtpModule(parameters, config.numHiddenLayers(), config));
        rope = RopeTable.create(config, 64, parameters.arena());
    }

    /// Sizes and switches.
    public DeepSeekConfig config() {
        return config;
    }

    /// All weights.
    public Parameters parameters() {
        return parameters;
    }

    /// The main model's blocks, then the MTP module's.
    public List<Block> blocks() {
        List<Block> all = new ArrayList<>(blocks);
        mtp.ifPresent(m -> all.add(m.block()));
        return all;
    }

    /// The prediction module, if the configuration has one.
    public Optional<MtpModule> mtp() {
        return mtp;
    }

    /// Fill matrices with normal numbers of standard deviation `std`, norms with ones, biases with
    /// zeros. The V3 report uses 0.006.
    public void initialize(double std, long seed) {
        Rng rng = Rng.stream(seed, 0);
        parameters
                .trained()
                .forEach(p -> {
                    Tensor value = p.value();
                    if (p.name().endsWith(".bias")) {
                        value.clear();
                        return;
                    }
                    boolean gain = value.rank() == 1;
                    for (long r = 0; r < value.rows(); r++) {
                        for (long c = 0; c < value.cols(); c++) {
                            value.setFloat(r, c, gain ? 1 : (float) (std * rng.nextGaussian()));
                        }
                    }
                });
    }

    /// Lay weights out for products now, instead of when they are first used, see [Linear#pack].
    /// Experts that are in memory stay as they are.
    public void pack(Kernels kernels) {
        List<Linear> linears = new ArrayList<>(List.of(head));
        blocks().forEach(b -> linears.addAll(b.linears()));
        mtp.ifPresent(m -> linears.add(m.projection()));
        linears.forEach(l -> l.pack(kernels));
        for (Block block : blocks()) {
            block.moe().ifPresent(moe -> moe.pack(kernels));
            if (block.attention() instanceof LatentAttention latent) {
                latent.packStored(kernels);
            }
        }
    }

    /// Angles for at least `length` positions; grows when asked for more.
    ///
    /// @throws IllegalArgumentException beyond max_position_embeddings
    public Tensor rope(int length) {
        if (length > config.maxPositionEmbeddings()) {
            throw new IllegalArgumentException(
                    "a sequence of %d tokens is longer than max_position_embeddings %d"
                            .formatted(length, config.maxPositionEmbeddings()));
        }
        if (length > rope.rows()) {
            int size =
                    (int)
                            Math.min(
                                    config.maxPositionEmbeddings(),
                                    Math.max(length, 2 * rope.rows()));
            rope = RopeTable.create(config, size, parameters.arena());
        }
        return rope;
    }

    /// A pass in expanded form over whole sequences.
    public Pass pass(Tape tape, Tensor positions, Tensor sequences, RoutingMonitor monitor) {
        int longest = 1;
        for (int s = 0; s + 1 < sequences.size(); s++) {
            longest = Math.max(longest, sequences.getInt(s + 1L) - sequences.getInt(s));
        }
        return new Pass(
                tape, positions, sequences, rope(longest), AttentionForm.expanded(), monitor);
    }

    /// Hidden states after model.norm: `tokens` [T] -> [T, hidden].
    public Var hidden(Pass pass, Tensor tokens) {
        Tape tape = pass.tape();
        parameters.step();
        Var h = embedding.forward(tape, tokens);
        for (Block block : blocks) {
            h = tape.recording() ? block.forward(pass, h) : inPlace(pass, block, h);
        }
        return norm.forward(tape, h);
    }

    /// A block whose intermediate results are given up at once: the output takes the place of `h`.
    private static Var inPlace(Pass pass, Block block, Var h) {
        Workspace workspace = pass.tape().workspace();
        Workspace.Mark mark = workspace.mark();
        h.value().copyFrom(block.forward(pass, h).value());
        workspace.release(mark);
        return h;
    }

    /// Hidden states of the MTP module, after its own norm.
    ///
    /// @param pass positions and sequences of the module's rows
    /// @param hidden [M, hidden] of the main model, after model.norm
    /// @param nextTokens [M] the token that follows each
    /// @throws IllegalStateException if the model has no MTP module
    public Var mtpHidden(Pass pass, Var hidden, Tensor nextTokens) {
        MtpModule module =
                mtp.orElseThrow(() -> new IllegalStateException("the model has no MTP module"));
        return module.forward(pass, hidden, embedding.forward(pass.tape(), nextTokens));
    }

    /// Scores of all tokens: [T, hidden] -> [T, vocab].
    public Tensor logits(Tape tape, Var hidden) {
        return head.forward(tape, hidden).value();
    }

    /// What a batch cost.
    ///
    /// @param main next-token loss
    /// @param mtp loss of the MTP module; no targets without one
    public record Losses(LossSum main, LossSum mtp) {}

    /// How the losses of a batch enter the sum that is differentiated.
    ///
    /// @param main factor on the sum of token losses, 1 / number of targets in the optimiser's
    ///   batch
    /// @param mtp factor on the sum of the MTP module's, its weight lambda included; 0 leaves the
    ///   module out
    public record LossScales(float main, float mtp) {}

    /// Run a batch forward; where the tape records, its gradients are ready for [Tape#backward()].
    public Losses losses(Tape tape, TokenBatch batch, LossScales scales, RoutingMonitor monitor) {
        Pass pass = pass(tape, batch.positions(), batch.sequences(), monitor);
        Var hidden = hidden(pass, batch.tokens());
        LossSum main = headLoss(tape, hidden, batch.targets(), scales.main());
        if (mtp.isEmpty() || scales.mtp() == 0) {
            return new Losses(main, new LossSum(0, 0));
        }
        Pass mtpPass = pass.over(batch.mtpPositions(), batch.mtpSequences());
        Var rows = Ops.gather(tape, hidden, batch.mtpRows());
        Var mtpHidden = mtpHidden(mtpPass, rows, batch.mtpTokens());
        LossSum second = headLoss(tape, mtpHidden, batch.mtpTargets(), scales.mtp());
        return new Losses(main, second);
    }

    private LossSum headLoss(Tape tape, Var hidden, Tensor targets, float scale) {
        return head.weight().inMemory()
                ? Ops.headLoss(tape, hidden, head.weight().var(), targets, scale)
                : Ops.headLoss(tape, hidden, rows -> logits(tape, rows), targets);
    }

    @Override
    public void close() {
        parameters.close();
    }
}
