package dev.minke.train.arith;

import java.util.List;

/// One word problem with its worked answer.
///
/// @param question the question in one line
/// @param answer lines of reasoning, then `#### N` with the result, without a final line break
/// @param result the result, 0..99
/// @param mix the combination of scenario, first step, further steps and question form
/// @param numbers the operands in the order of the question, the 2 of "twice" and "half" included
public record WordProblem(
        String question, String answer, int result, String mix, List<Integer> numbers) {

    public WordProblem {
        if (result < 0 || result > 99) {
            throw new IllegalArgumentException("result: found " + result + ", must be in 0..99");
        }
        numbers = List.copyOf(numbers);
    }

    /// What a model is given: the question and a line break.
    public String prompt() {
        return question + "\n";
    }

    /// What a model must write after [#prompt]: the answer, to be followed by an end-of-text token.
    public String completion() {
        return answer;
    }

    /// The document to train on: [#prompt] and [#completion].
    public String text() {
        return prompt() + completion();
    }

    /// Tell whether a completion ends in the right number.
    public boolean solvedBy(String completion) {
        var found = ArithAnswer.extract(completion);
        return found.isPresent() && found.getAsInt() == result;
    }
}
