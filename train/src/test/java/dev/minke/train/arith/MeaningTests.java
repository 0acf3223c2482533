package dev.minke.train.arith;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Reads some questions by hand-written patterns and computes what they mean, without the
/// generator.
class MeaningTests {

    /// N: a name, P: a pronoun, I: a noun, #: a number, Q: a question without numbers.
    private static final List<Meaning> MEANINGS =
            List.of(
                    meaning(
                            "N has # I. N gives P # more. P gives # I to N. Q",
                            n -> n[0] + n[1] - n[2]),
                    meaning(
                            "N has # I. P gives half of the I to N. P buys # more I. Q",
                            n -> n[0] / 2 + n[1]),
                    meaning(
                            "N has # I. N has # more than N. [HI][^.]* N and N have.*",
                            n -> 2 * n[0] + n[1]),
                    meaning(
                            "N has # I. N has # fewer than N. [HI][^.]* N and N have.*",
                            n -> 2 * n[0] - n[1]),
                    meaning(
                            "N has # I and N has half as many. [HI][^.]* N and N have.*",
                            n -> n[0] + n[0] / 2),
                    meaning(
                            "N has # I and N has twice as many. P sells # of them. Q",
                            n -> 2 * n[0] - n[1]),
                    meaning(
                            "N buys # bags with # I in each bag. P packs them into boxes of #. Q",
                            n -> n[0] * n[1] / n[2]),
                    meaning(
                            "There were # I on a I and # got off. The I has # seats, one for each."
                                    + " Q",
                            n -> n[2] - (n[0] - n[1])),
                    meaning(
                            "A library has # I. N borrows # I. A year later it has # times as many."
                                    + " Q",
                            n -> (n[0] - n[1]) * n[2]),
                    meaning(
                            "N's farm has # I. N's farm has # times as many. How many I do the two"
                                    + " .*",
                            n -> n[0] * n[1] + n[0]),
                    meaning(
                            "There are # I of water in a I. Rain adds # I. A horse drinks # I. Q",
                            n -> n[0] + n[1] - n[2]),
                    meaning(
                            "N plants # tall I and # small I. The I stand in # equal rows. Q",
                            n -> (n[0] + n[1]) / n[2]),
                    meaning(
                            "N has saved # I. P buys a I for # I. A bike costs # I. Q",
                            n -> n[2] - (n[0] - n[1])),
                    meaning(
                            "N bakes # I. P bakes all night and doubles the number. The dog eats #"
                                    + " I. Q",
                            n -> 2 * n[0] - n[1]),
                    meaning(
                            "N collects # I. P finds # more. Each I is worth # cents. Q",
                            n -> (n[0] + n[1]) * n[2]));

    @Test
    void questionsMeanWhatTheirAnswersSay() {
        var problems = new WordProblems(13, Reasoning.DIRECT);
        var found = new int[MEANINGS.size()];
        for (int i = 0; i < 120_000; i++) {
            var problem = problems.next(i % 4 == 0 ? Split.TEST : Split.TRAIN);
            for (int m = 0; m < found.length; m++) {
                var match = MEANINGS.get(m).pattern().matcher(problem.question());
                if (match.matches()) {
                    var numbers = new ArrayList<Integer>();
                    for (int group = 1; group <= match.groupCount(); group++) {
                        numbers.add(Integer.parseInt(match.group(group)));
                    }
                    int meant =
                            MEANINGS.get(m)
                                    .result()
                                    .applyAsInt(numbers.stream().mapToInt(n -> n).toArray());
                    assertThat(problem.result()).as(problem.question()).isEqualTo(meant);
                    found[m]++;
                }
            }
        }
        assertThat(IntStream.range(0, found.length).filter(m -> found[m] == 0))
                .as("wordings never found")
                .isEmpty();
    }

    private record Meaning(Pattern pattern, ToIntFunction<int[]> result) {}

    private static Meaning meaning(String wording, ToIntFunction<int[]> result) {
        return new Meaning(
                Pattern.compile(
                        wording.replaceAll("\\bN\\b", "[A-Z][a-z]+")
                                .replaceAll("\\bP\\b", "(?:He|She|him|her)")
                                .replaceAll("\\bI\\b(?!])", "[a-z ]+")
                                .replaceAll("\\bQ\\b", "(?!.* and )[^0-9.]*")
                                .replace("#", "(\\d+)")),
                result);
    }
}
