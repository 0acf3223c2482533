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
        Candidates candidates = new Candidates(vocabSize);
        List<Sequence> sequences = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            int index = i;
            Sampler sampler = new Sampler(params);
            sampler.prompt(prompts.get(i));
            Draw draw =
                    (sequence, logits, row) -> {
                        int id = sampler.sample(logits, row, candidates);
                        if (stop.test(id)) {
                            sequence.finished = true;
                        } else {
                            sequence.tokens.add(id);
                            listener.token(index, id);
                        }
                    };
            sequences.add(new Sequence(i, prompts.get(i), draw));
        }
        return run(sequences, maxTokens);
    }

    /// Receives what each token brought.
    @FunctionalInterface
    public interface StepListener {
        /// Prompt `sequence` was continued by a step.
        void step(int sequence, Continuation.Step step);
    }

    /// Continue every prompt until its own rule ends it.
    ///
    /// @param prompts at least one token each
    /// @param continuations one for each prompt
    /// @return the new tokens of every prompt, without a token that ended it
    /// @throws IllegalArgumentException as above
    public List<int[]> generate(
            List<int[]> prompts, List<Continuation> continuations, StepListener listener) {
        if (prompts.size() != continuations.size()) {
            throw new IllegalArgumentException(
                    "%d prompts and %d continuations"
                            .formatted(prompts.size(), continuations.size()));
        }
        Candidates candidates = new Candidates(vocabSize);
        List<Sequence> sequences = new ArrayList<>();
        int maxTokens = 0;
        for (int i = 0; i < prompts.size(); i++) {
            int index = i;
            Continuation continuation = continuations.get(i);
            maxTokens = Math.max(maxTokens, continuation.rule().params().maxTokens());
            Draw draw =
                    (sequence, logits, row) -> {
                        Continuation.Step step = continuation.next(logits, row, candidates);
                        if (step.kept()) {
                            sequence.tokens.add(step.token());
                        }
                        sequence.finished = step.finish().isPresent();
                        listener.step(index, step);
                    };
            Sequence sequence = new Sequence(i, prompts.get(i), draw);
            sequence.finished = continuation.rule().finish().isPresent();
            sequences.add(sequence);
        }
        return run(sequences, maxTokens);
    }

    private List<int[]> run(List<Sequence> all, int maxTokens) {
        int longest = 0;
        for (Sequence sequence : all) {
            if (sequence.prompt.length == 0) {
                throw new IllegalArgumentException("a prompt is empty, expected one token or more");
            }
            longest = Math.max(longest, sequence.prompt.length);
        }
        int capacity = (int) Math.min(Integer.MAX_VALUE, (long) longest + maxTokens);
        Tensor rope = model.rope(capacity);
        List<Sequence> live = new ArrayList<>(all);
        live.removeIf(s -> s.finished);
        try (AttentionCache cache = new AttentionCache(model.config(), all.size(), capacity);
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
                    live.get(b).draw.next(live.get(b), logits, b);
                }
                live.removeIf(s -> s.finished);
            }
        }
        return all.stream()
                .map(s -> s.tokens.stream().mapToInt(Integer::intValue).toArray())
                .toList();
    }

    /// Draws the next token of a sequence, and says in it what comes of that.
    @FunctionalInterface
    private interface Draw {
        void next(Sequence sequence, Tensor logits, long row);
    }

    private static final class Sequence {
        private final int index;
        private final int[] prompt;
        private final Draw draw;
        private final List<Integer> tokens = new ArrayList<>();
        private boolean finished;

        Sequence(int index, int[] prompt, Draw draw) {
            this.index = index;
            this.prompt = prompt;
            this.draw = draw;
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
