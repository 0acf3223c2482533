package dev.minke.train.arith;

import dev.minke.infer.Generator;
import dev.minke.infer.SamplingParams;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.text.BpeTokenizer;
import dev.minke.tensor.Kernels;
import java.util.ArrayList;
import java.util.List;

/// Exact match on word problems: greedy answers, of which the number after `####` must be right.
public final class ArithEvaluation {
    private static final int SIDE_BY_SIDE = 125;
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
        BpeTokenizer tokenizer = data.tokenizer();
        int end = tokenizer.eos().orElse(-1);
        Generator generator = new Generator(model, kernels, tokenizer.vocabSize());
        List<Answer> answers = new ArrayList<>();
        for (int from = 0; from < problems.size(); from += SIDE_BY_SIDE) {
            List<WordProblem> part =
                    problems.subList(from, Math.min(problems.size(), from + SIDE_BY_SIDE));
            List<int[]> outputs =
                    generator.generate(
                            part.stream().map(data::prompt).toList(),
                            MAX_TOKENS,
                            SamplingParams.greedy(),
                            id -> id == end,
                            (_, _) -> {});
            for (int i = 0; i < part.size(); i++) {
                String completion = tokenizer.decode(outputs.get(i));
                answers.add(new Answer(part.get(i), completion, part.get(i).solvedBy(completion)));
            }
        }
        return new Result(List.copyOf(answers));
    }
}
