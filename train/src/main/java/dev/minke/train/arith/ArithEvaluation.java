package dev.minke.train.arith;

import dev.minke.infer.SamplingParams;
import dev.minke.infer.engine.CacheType;
import dev.minke.infer.engine.Engine;
import dev.minke.infer.engine.EngineConfig;
import dev.minke.infer.engine.Request;
import dev.minke.infer.engine.Speculation;
import dev.minke.infer.engine.Ticket;
import dev.minke.infer.engine.TokenCollector;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.text.BpeTokenizer;
import dev.minke.tensor.Kernels;
import java.util.ArrayList;
import java.util.List;

/// Exact match on word problems: greedy answers, of which the number after `####` must be right.
public final class ArithEvaluation {
    private static final int SIDE_BY_SIDE = 125;
    private static final int STEP_TOKENS = 1024;
    private static final int MAX_TOKENS = 240;

    private ArithEvaluation() {}

    /// One answered problem.
    ///
    /// @param problem the question and the expected answer
    /// @param completion what the model wrote
    /// @param right whether its number is the expected one
    public record Answer(WordProblem problem, String completion, boolean right) {}

    /// The answers in the order of the problems.
    public record Result(List<Answer> answers) {
        /// Copy the list.
        public Result {
            answers = List.copyOf(answers);
        }

        /// Problems whose number was right.
        public long right() {
            return answers.stream().filter(Answer::right).count();
        }

        /// Share of problems whose number was right.
        public double accuracy() {
            return answers.isEmpty() ? 0 : (double) right() / answers.size();
        }
    }

    /// Let `model` answer `problems`.
    public static Result run(
            DeepSeekModel model, Kernels kernels, ArithData data, List<WordProblem> problems) {
        if (problems.isEmpty()) {
            return new Result(List.of());
        }
        BpeTokenizer tokenizer = data.tokenizer();
        List<int[]> outputs = complete(model, kernels, tokenizer, prompts(data, problems));
        List<Answer> answers = new ArrayList<>();
        for (int i = 0; i < problems.size(); i++) {
            String completion = tokenizer.decode(outputs.get(i));
            WordProblem problem = problems.get(i);
            answers.add(new Answer(problem, completion, problem.solvedBy(completion)));
        }
        return new Result(answers);
    }

    private static List<int[]> prompts(ArithData data, List<WordProblem> problems) {
        return problems.stream().map(data::prompt).toList();
    }

    private static List<int[]> complete(
            DeepSeekModel model, Kernels kernels, BpeTokenizer tokenizer, List<int[]> prompts) {
        int end = tokenizer.eos().orElse(-1);
        int longest = prompts.stream().mapToInt(p -> p.length).max().orElseThrow();
        long bytes =
                Engine.cacheBytes(
                        model.config(),
                        CacheType.F32,
                        Speculation.off(),
                        SIDE_BY_SIDE,
                        longest + MAX_TOKENS);
        EngineConfig config =
                EngineConfig.of(bytes)
                        .withSpeculation(Speculation.off())
                        .withSteps(STEP_TOKENS, SIDE_BY_SIDE, prompts.size());
        List<Ticket> tickets = new ArrayList<>();
        List<TokenCollector> collectors = new ArrayList<>();
        try (Engine engine = new Engine(model, kernels, tokenizer.vocabSize(), config)) {
            for (int[] prompt : prompts) {
                TokenCollector collector = new TokenCollector(1);
                Request request = Request.of(prompt, MAX_TOKENS, SamplingParams.greedy());
                tickets.add(engine.submit(request.withStop(id -> id == end), collector));
                collectors.add(collector);
            }
            for (Ticket ticket : tickets) {
                ticket.await();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while problems were answered", e);
        }
        return collectors.stream().map(c -> c.tokens(0)).toList();
    }
}
