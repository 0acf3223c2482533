package dev.minke.infer.engine;

import dev.minke.model.autograd.Ops;
import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.model.config.MlaConfig;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.LatentAttention;
import dev.minke.model.deepseek.LatentAttention.Absorbed;
import dev.minke.model.deepseek.Pass;
import dev.minke.model.deepseek.RoutingMonitor;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/// Computes steps: chunks of several sequences through the model in one pass, logits for the rows
/// that are wanted.
final class ModelRunner implements AutoCloseable {
    /// Bytes of keys and values that one expanded sequence may take while it is computed.
    private static final long EXPANDED_BYTES = 256L << 20;

    private final DeepSeekModel model;
    private final Kernels kernels;
    private final BlockPool pool;
    private final int vocabSize;
    private final Arena arena = Arena.ofShared();
    private final List<Absorbed> absorbed = new ArrayList<>();
    private final Workspace workspace = new Workspace();
    private final Tape tape;
    private Tensor hidden;

    /// @param vocabSize ids of the tokenizer; the model's rows beyond them are padding
    ModelRunner(DeepSeekModel model, Kernels kernels, BlockPool pool, int vocabSize) {
        this.model = model;
        this.kernels = kernels;
        tape = Tape.inference(kernels, workspace);
        this.pool = pool;
        this.vocabSize = vocabSize;
        hidden = workspace.f32(0, model.config().hiddenSize());
        if (model.config().attention() instanceof MlaConfig) {
            for (int layer = 0; layer < pool.layout().layers(); layer++) {
                if (model.blocks().get(layer).attention() instanceof LatentAttention latent) {
                    absorbed.add(latent.absorbed(arena));
                }
            }
        }
    }

    /// Longest expanded context: a number of the model alone, so that the form of a position never
    /// depends on what happens to run.
    int expandedLimit() {
        long columns = 0;
        var shape = model.blocks().getFirst().attention().shape();
        columns += (long) shape.heads() * shape.keyValue();
        return (int) Math.min(Integer.MAX_VALUE, EXPANDED_BYTES / (4 * columns));
    }

    /// Compute the chunks; afterwards the cache holds all their positions.
    ///
    /// @return [wanted rows, vocab], chunk after chunk, in order of position; valid until the next
    ///   run
    Tensor run(List<Chunk> chunks) {
        workspace.reset();
        StepRows rows = StepRows.of(chunks, workspace);
        Var all = model.hidden(pass(rows), rows.tokens());
        hidden = all.value();
        if (rows.logitRows().size() == 0) {
            return workspace.f32(0, vocabSize);
        }
        return logits(Ops.gather(tape, all, rows.logitRows()).value());
    }

    private Pass pass(StepRows rows) {
        int longest = 0;
        for (Chunk chunk : rows.chunks()) {
            longest = Math.max(longest, chunk.to());
        }
        Tensor sequences = workspace.i32(2);
        sequences.setInt(0, 0);
        sequences.setInt(1, rows.count());
        return new Pass(
                tape,
                rows.positions(),
                sequences,
                model.rope(longest),
                new PagedForm(pool, absorbed, rows),
                RoutingMonitor.none());
    }

    /// Hidden states of all rows of the latest run; valid until the next one.
    Tensor hidden() {
        return hidden;
    }

    /// Compute rows of the MTP module; afterwards its layer of the cache holds them.
    ///
    /// @param rows with the tokens that follow their positions
    /// @param states [rows, hidden] of the model, or of the module for the positions before
    /// @return [rows, hidden] of the module
    Tensor mtp(StepRows rows, Tensor states) {
        Pass pass = pass(rows);
        return model.mtpHidden(pass, Var.constant(states), rows.tokens()).value();
    }

    /// Scores for hidden states [n, hidden], [n, vocab].
    Tensor logits(Tensor states) {
        return model.logits(tape, Var.constant(states)).columns(0, vocabSize);
    }

    /// Where results lie until the next run.
    Workspace workspace() {
        return workspace;
    }

    @Override
    public void close() {
        workspace.close();
        arena.close();
    }
}
