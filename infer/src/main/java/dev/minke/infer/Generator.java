package dev.minke.infer;

import dev.minke.model.autograd.Ops;
import dev.minke.model.autograd.Tape;
import dev.minke.model.autograd.Var;
import dev.minke.model.deepseek.AttentionForm;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.Pass;
import dev.minke.model.deepseek.RoutingMonitor;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/// Continues prompts, several side by side, each over its own slot of a cache.
///
/// Prompts run in expanded attention, new tokens over the cache, one pass for all sequences that
/// are not finished. What a sequence yields does not depend on its company.
public final class Generator {
    private final DeepSeekModel model;
    private final Kernels kernels;
    private final int vocabSize;

    /// @param model with its weights in place
    /// @param kernels what to compute on
    /// @param vocabSize ids of the tokenizer; the model's rows beyond them are padding and never
    ///   drawn
    /// @throws IllegalArgumentException if the model has fewer rows
    public Generator(DeepSeekModel model, Kernels kernels, int vocabSize) {
        if (vocabSize > model.config().vocabSize()) {
            throw new IllegalArgumentException(
                    "the tokenizer has %d ids, the model's vocab_size is %d"
                            .formatted(vocabSize, model.config().vocabSize()));
        }
        this.model = model;
        this.kernels = kernels;
        this.vocabSize = vocabSize;
    }

    /// Receives tokens as they are drawn.
    @FunctionalInterface
    public interface Listener {
        /// Token `id` was drawn for prompt `sequence`.
        void token(int sequence, int id);
    }

    /// Continue every prompt until `stop` accepts a token (which is not part of the result) or
    /// `maxTokens` are drawn.
    ///
    /// @param prompts at least one token each
    /// @param stop end-of-text tokens
    /// @return the new tokens of every prompt
    /// @throws IllegalArgumentException if a prompt is empty, holds a token outside the vocabulary,
    ///   or prompt and maxTokens exceed max_position_embeddings
    public List<int[]> generate(
            List<int[]> prompts,
            int maxTokens,
            SamplingParams params,
            IntPredicate stop,
            Listener listener) {
        int longest = 0;
        for (int[] prompt : prompts) {
            if (prompt.length == 0) {
                throw new IllegalArgumentException("a prompt is empty, expected one token or more");
            }
            longest = Math.max(longest, prompt.length);
        }
        int capacity = (int) Math.min(Integer.MAX_VALUE, (long) longest + maxTokens);
        Tensor rope = model.rope(capacity);
        List<Sequence> live = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            live.add(new Sequence(i, prompts.get(i), new Sampler(params)));
        }
        List<Sequence> all = List.copyOf(live);
        try (AttentionCache cache = new AttentionCache(model.config(), prompts.size(), capacity);
                Workspace workspace = new Workspace()) {
            boolean prompt = true;
            for (int n = 0; n < maxTokens && !live.isEmpty(); n++) {
                workspace.reset();
                Tensor logits =
                        prompt
                                ? prefill(live, cache, rope, workspace)
                                : decode(live, cache, rope, workspace);
                prompt = false;
                for (int b = 0; b < live.size(); b++) {
                    Sequence sequence = live.get(b);
                    int id = sequence.sampler.sample(logits, b);
                    if (stop.test(id)) {
                        sequence.finished = true;
                    } else {
                        sequence.tokens.add(id);
                        listener.token(sequence.index, id);
                    }
                }
                live.removeIf(s -> s.finished);
            }
        }
        return all.stream()
                .map(s -> s.tokens.stream().mapToInt(Integer::intValue).toArray())
                .toList();
    }

    private static final class Sequence {
        private final int index;
        private final int[] prompt;
        private final Sampler sampler;
        private final List<Integer> tokens = new ArrayList<>();
        private boolean finished;

        Sequence(int index, int[] prompt, Sampler sampler) {
            this.index = index;
            this.prompt = prompt;
            this.sampler = sampler;
        }
    }

    private Tensor prefill(
            List<Sequence> live, AttentionCache cache, Tensor rope, Workspace workspace) {
        int rows = live.stream().mapToInt(s -> s.prompt.length).sum();
        Tensor tokens = workspace.i32(rows);
        Tensor positions = workspace.i32(rows);
        Tensor starts = workspace.i32(live.size() + 1L);
        Tensor last = workspace.i32(live.size());
        int row = 0;
        starts.setInt(0, 0);
        for (int s = 0; s < live.size(); s++) {
            int[] prompt = live.get(s).prompt;
            for (int i = 0; i < prompt.length; i++, row++) {
                tokens.setInt(row, prompt[i]);
                positions.setInt(row, i);
            }
            starts.setInt(s + 1L, row);
            last.setInt(s, row - 1);
        }
        AttentionForm form = CachedAttention.prefill(cache, slots(live));
        return logits(tokens, positions, starts, rope, form, workspace, last);
    }

    private Tensor decode(
            List<Sequence> live, AttentionCache cache, Tensor rope, Workspace workspace) {
        int rows = live.size();
        Tensor tokens = workspace.i32(rows);
        Tensor positions = workspace.i32(rows);
        Tensor starts = workspace.i32(rows + 1L);
        Tensor last = workspace.i32(rows);
        starts.setInt(0, 0);
        for (int b = 0; b < rows; b++) {
            Sequence sequence = live.get(b);
            tokens.setInt(b, sequence.tokens.getLast());
            positions.setInt(b, sequence.prompt.length + sequence.tokens.size() - 1);
            starts.setInt(b + 1L, b + 1);
            last.setInt(b, b);
        }
        AttentionForm form = CachedAttention.decode(cache, slots(live));
        return logits(tokens, positions, starts, rope, form, workspace, last);
    }

    private Tensor logits(
            Tensor tokens,
            Tensor positions,
            Tensor starts,
            Tensor rope,
            AttentionForm form,
            Workspace workspace,
            Tensor last) {
        Tape tape = Tape.inference(kernels, workspace);
        Pass pass = new Pass(tape, positions, starts, rope, form, RoutingMonitor.none());
        Var hidden = model.hidden(pass, tokens);
        return model.logits(tape, Ops.gather(tape, hidden, last)).columns(0, vocabSize);
    }

    private static int[] slots(List<Sequence> live) {
        return live.stream().mapToInt(s -> s.index).toArray();
    }
}
