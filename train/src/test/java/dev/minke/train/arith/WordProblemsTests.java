package dev.minke.train.arith;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class WordProblemsTests {

    private static final Pattern NUMBER = Pattern.compile("\\d+");
    private static final Pattern EQUATION =
            Pattern.compile("(\\d+) ([-+*/]) (\\d+) = (\\d+) ?[a-z. ]*");
    private static final Pattern CHAIN = Pattern.compile("\\d+(?: [-+*/=] \\d+)+");

    @Test
    void theSameSeedGivesTheSameProblems() {
        var first = new WordProblems(3);
        var second = new WordProblems(3);
        for (int i = 0; i < 200; i++) {
            assertThat(second.next(Split.TRAIN)).isEqualTo(first.next(Split.TRAIN));
        }
        assertThat(new WordProblems(4).nextDistinct(Split.TRAIN, 50))
                .isNotEqualTo(new WordProblems(3).nextDistinct(Split.TRAIN, 50));
    }

    @Test
    void oneSplitDoesNotDependOnHowFarTheOtherIs() {
        var alone = new WordProblems(3);
        var mixed = new WordProblems(3);
        for (int i = 0; i < 50; i++) {
            mixed.next(Split.TRAIN);
            assertThat(mixed.next(Split.TEST)).isEqualTo(alone.next(Split.TEST));
        }
    }

    @Test
    void problemsCanBeDrawnByIndex() {
        var inOrder = new WordProblems(5);
        var byIndex = new WordProblems(5);
        var problems = Stream.generate(() -> inOrder.next(Split.TRAIN)).limit(30).toList();
        for (int i = 29; i >= 0; i--) {
            assertThat(byIndex.at(Split.TRAIN, i)).isEqualTo(problems.get(i));
        }
        assertThatThrownBy(() -> byIndex.at(Split.TEST, -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("index: found -1, must not be negative");
    }

    @Test
    void stylesDifferInTheAnswerAlone() {
        var direct = new WordProblems(6, Reasoning.DIRECT);
        var chained = new WordProblems(6, Reasoning.CHAINED);
        var decomposed = new WordProblems(6, Reasoning.DECOMPOSED);
        for (int i = 0; i < 2_000; i++) {
            var problem = direct.next(Split.TEST);
            var spelled = decomposed.next(Split.TEST);
            assertThat(chained.next(Split.TEST).question()).isEqualTo(problem.question());
            assertThat(spelled.question()).isEqualTo(problem.question());
            assertThat(spelled.answer().lines().filter(line -> !line.contains(":")))
                    .containsExactlyElementsOf(problem.answer().lines().toList());
        }
    }

    @Test
    void textIsPromptAndCompletion() {
        var problem = new WordProblems(7).next(Split.TRAIN);
        assertThat(problem.text()).isEqualTo(problem.question() + "\n" + problem.answer());
        assertThat(problem.text()).isEqualTo(problem.prompt() + problem.completion());
        assertThat(problem.solvedBy(problem.completion())).isTrue();
        assertThat(problem.solvedBy("#### " + (problem.result() + 1))).isFalse();
        assertThat(problem.solvedBy("I do not know.")).isFalse();
    }

    @Test
    void everyWrittenEquationIsRightAndEveryNumberSmall() {
        for (var reasoning : Reasoning.values()) {
            var problems = new WordProblems(8, reasoning);
            for (int i = 0; i < 20_000; i++) {
                var problem = problems.next(i % 10 == 0 ? Split.TEST : Split.TRAIN);
                var numbers = NUMBER.matcher(problem.text());
                while (numbers.find()) {
                    assertThat(numbers.group()).matches("0|[1-9][0-9]?");
                }
                var chains = CHAIN.matcher(problem.answer());
                int equations = 0;
                while (chains.find()) {
                    var sides = chains.group().split(" = ");
                    for (var side : sides) {
                        assertThat(WorkingTests.value(side))
                                .as(problem.text())
                                .isEqualTo(WorkingTests.value(sides[0]));
                    }
                    equations += sides.length - 1;
                }
                assertThat(equations).isGreaterThanOrEqualTo(2);
            }
        }
    }

    @Test
    void theResultFollowsFromTheNumbersOfTheQuestion() {
        var problems = new WordProblems(9, Reasoning.DIRECT);
        for (int i = 0; i < 20_000; i++) {
            var problem = problems.next(i % 10 == 0 ? Split.TEST : Split.TRAIN);
            var unused = new ArrayList<>(problem.numbers());
            int state = unused.removeFirst();
            int steps = 0;
            var lines = problem.answer().split("\n");
            for (int line = 0; line < lines.length - 1; line++) {
                var equation = EQUATION.matcher(lines[line]);
                assertThat(equation.find()).as(lines[line]).isTrue();
                int left = Integer.parseInt(equation.group(1));
                int right = Integer.parseInt(equation.group(3));
                int other = unused.isEmpty() ? problem.numbers().getFirst() : unused.removeFirst();
                assertThat(List.of(left, right))
                        .as(problem.text())
                        .isIn(List.of(state, other), List.of(other, state));
                state =
                        switch (equation.group(2)) {
                            case "+" -> left + right;
                            case "-" -> left - right;
                            case "*" -> left * right;
                            default -> left / right;
                        };
                steps++;
            }
            assertThat(unused).as(problem.text()).isEmpty();
            assertThat(steps).isBetween(2, 3);
            assertThat(problem.result()).isEqualTo(state).isBetween(0, 99);
            assertThat(ArithAnswer.extract(problem.completion())).hasValue(state);
        }
    }

    @Test
    void operandsStandInTheQuestionInTheirOrder() {
        var problems = new WordProblems(10);
        for (int i = 0; i < 20_000; i++) {
            var problem = problems.next(Split.TRAIN);
            var digits =
                    NUMBER.matcher(problem.question())
                            .results()
                            .map(match -> Integer.parseInt(match.group()))
                            .toList();
            int words =
                    (int)
                            Pattern.compile("\\b(?:half|twice|doubles)\\b")
                                    .matcher(problem.question())
                                    .results()
                                    .count();
            assertThat(problem.numbers())
                    .hasSize(digits.size() + words)
                    .containsSubsequence(digits);
        }
    }

    @Test
    void trainingSharesNeitherMixesNorNumbersWithTheTest() {
        var mixes = new HashSet<String>();
        var numbers = new HashSet<List<Integer>>();
        var questions = new HashSet<String>();
        var training = new WordProblems(1);
        for (int i = 0; i < 200_000; i++) {
            var problem = training.next(Split.TRAIN);
            mixes.add(problem.mix());
            numbers.add(problem.numbers());
            questions.add(problem.question());
        }
        var test = new WordProblems(2);
        var testMixes = new HashSet<String>();
        for (int i = 0; i < 5_000; i++) {
            var problem = test.next(Split.TEST);
            assertThat(mixes.contains(problem.mix())).as(problem.mix()).isFalse();
            assertThat(numbers.contains(problem.numbers())).as(problem.text()).isFalse();
            testMixes.add(problem.mix());
        }
        assertThat(mixes).hasSizeGreaterThan(10_000);
        assertThat(numbers).hasSizeGreaterThan(50_000);
        assertThat(questions).hasSizeGreaterThan(198_000);
        assertThat(testMixes).hasSizeGreaterThan(1_000);
    }

    @Test
    void scenariosOperationsAndLengthsAreBalanced() {
        var scenarios = new TreeMap<String, Integer>();
        var operations = new TreeMap<String, Integer>();
        int threeSteps = 0;
        var problems = new WordProblems(14, Reasoning.DIRECT);
        for (int i = 0; i < 12_000; i++) {
            var problem = problems.next(Split.TRAIN);
            scenarios.merge(problem.mix().split("/")[0], 1, Integer::sum);
            var equations = EQUATION.matcher(problem.answer()).results().toList();
            equations.forEach(match -> operations.merge(match.group(2), 1, Integer::sum));
            threeSteps += equations.size() == 3 ? 1 : 0;
        }
        assertThat(scenarios).hasSize(12);
        assertThat(scenarios.values()).allMatch(count -> count > 800);
        int all = operations.values().stream().mapToInt(Integer::intValue).sum();
        assertThat(operations).containsOnlyKeys("+", "-", "*", "/");
        assertThat(operations.values()).allMatch(count -> count > all / 8);
        assertThat(threeSteps).isBetween(1_800, 3_000);
    }

    @Test
    void thereAreManyNamesAndThings() {
        assertThat(new HashSet<>(Scenarios.WOMEN))
                .hasSize(24)
                .doesNotContainAnyElementsOf(Scenarios.MEN);
        assertThat(new HashSet<>(Scenarios.MEN)).hasSize(24);
        assertThat(Scenarios.ALL.stream().flatMap(s -> s.nouns().stream()).distinct())
                .hasSizeGreaterThanOrEqualTo(90);
    }

    @Test
    void distinctProblemsHaveDistinctQuestions() {
        var problems = new WordProblems(15).nextDistinct(Split.TEST, 500);
        assertThat(problems).hasSize(500);
        assertThat(problems).extracting(WordProblem::question).doesNotHaveDuplicates();
        assertThatThrownBy(() -> new WordProblems(15).nextDistinct(Split.TEST, -1))
                .hasMessage("count: found -1, must not be negative");
    }

    @Test
    void aWordProblemRefusesResultsThatNoProblemHas() {
        assertThatThrownBy(() -> new WordProblem("Q?", "#### 100", 100, "m", List.of(50, 50)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("result: found 100, must be in 0..99");
    }
}
