package dev.minke.train.arith;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class WorkingTests {

    private static final Pattern SMALL = Pattern.compile("(\\d+) ([-+*/]) (\\d+) = (\\d+)");
    private static final Pattern SPLIT = Pattern.compile("(\\d+) = (\\d+) \\+ (\\d+)");

    @Test
    void writesWhatAChildWrites() {
        assertThat(lines(47, Operation.ADD, 38))
                .containsExactly("40 + 30 = 70", "7 + 8 = 15", "70 + 15 = 85");
        assertThat(lines(4, Operation.ADD, 47)).containsExactly("4 + 7 = 11", "40 + 11 = 51");
        assertThat(lines(85, Operation.SUBTRACT, 38))
                .containsExactly("85 = 70 + 15", "70 - 30 = 40", "15 - 8 = 7", "40 + 7 = 47");
        assertThat(lines(52, Operation.SUBTRACT, 8))
                .containsExactly("52 = 40 + 12", "12 - 8 = 4", "40 + 4 = 44");
        assertThat(lines(3, Operation.MULTIPLY, 24))
                .containsExactly("3 * 20 = 60", "3 * 4 = 12", "60 + 12 = 72");
        assertThat(lines(72, Operation.DIVIDE, 3))
                .containsExactly("72 = 60 + 12", "60 / 3 = 20", "12 / 3 = 4", "20 + 4 = 24");
    }

    @Test
    void writesTheSameAsOneChain() {
        assertThat(new Equation(47, Operation.ADD, 38).chain())
                .isEqualTo("47 + 38 = 40 + 30 + 7 + 8 = 70 + 15 = 85");
        assertThat(new Equation(85, Operation.SUBTRACT, 38).chain())
                .isEqualTo("85 - 38 = 70 - 30 + 15 - 8 = 40 + 7 = 47");
        assertThat(new Equation(7, Operation.MULTIPLY, 8).chain()).isEqualTo("7 * 8 = 56");
    }

    @Test
    void leavesFactsOfTheTablesAlone() {
        assertThat(lines(7, Operation.ADD, 8)).isEmpty();
        assertThat(lines(47, Operation.ADD, 30)).isEmpty();
        assertThat(lines(15, Operation.SUBTRACT, 8)).isEmpty();
        assertThat(lines(85, Operation.SUBTRACT, 40)).isEmpty();
        assertThat(lines(7, Operation.MULTIPLY, 8)).isEmpty();
        assertThat(lines(56, Operation.DIVIDE, 8)).isEmpty();
        assertThat(lines(80, Operation.DIVIDE, 4)).isEmpty();
    }

    @Test
    void everyEquationThatAProblemCanContainIsWorkedOutRightly() {
        for (var equation : allEquations()) {
            for (var line : Working.of(equation).lines()) {
                var small = SMALL.matcher(line);
                var split = SPLIT.matcher(line);
                if (small.matches()) {
                    assertThat(value(small.group(1) + " " + small.group(2) + " " + small.group(3)))
                            .as(line)
                            .isEqualTo(Integer.parseInt(small.group(4)));
                } else {
                    assertThat(split.matches()).as(line).isTrue();
                    assertThat(value(split.group(2) + " + " + split.group(3)))
                            .isEqualTo(Integer.parseInt(split.group(1)));
                }
            }
            assertThat(equation.chain().split(" = "))
                    .as(equation.chain())
                    .allSatisfy(part -> assertThat(value(part)).isEqualTo(equation.result()));
        }
    }

    @Test
    void noSmallEquationHidesACarry() {
        for (var equation : allEquations()) {
            for (var line : Working.of(equation).lines()) {
                var small = SMALL.matcher(line);
                if (small.matches()) {
                    int left = Integer.parseInt(small.group(1));
                    int right = Integer.parseInt(small.group(3));
                    boolean onesStay = left % 10 == 0 || right % 10 == 0;
                    boolean fact =
                            small.group(2).equals("/")
                                    ? left / right < 10
                                    : left < 20 && right < 10;
                    assertThat(onesStay || fact).as(line).isTrue();
                }
            }
        }
    }

    private static List<String> lines(int left, Operation operation, int right) {
        return Working.of(new Equation(left, operation, right)).lines();
    }

    private static List<Equation> allEquations() {
        var equations = new ArrayList<Equation>();
        for (var operation : Operation.values()) {
            for (int left = 0; left <= 99; left++) {
                for (int right = 0; right <= 99; right++) {
                    // Products and quotients of problems have a factor of at least two.
                    boolean used =
                            operation == Operation.MULTIPLY && left > 1 && right > 1
                                    || operation == Operation.DIVIDE && right > 1 && right < 10
                                    || operation == Operation.ADD
                                    || operation == Operation.SUBTRACT;
                    if (used && operation.fits(left, right)) {
                        equations.add(new Equation(left, operation, right));
                    }
                }
            }
        }
        return equations;
    }

    /// Compute an expression, products before sums.
    static int value(String expression) {
        int sum = 0;
        int product = 0;
        var operation = "+";
        for (var word : expression.split(" ")) {
            if (!Character.isDigit(word.charAt(0))) {
                operation = word;
                continue;
            }
            int number = Integer.parseInt(word);
            switch (operation) {
                case "+", "-" -> {
                    sum += product;
                    product = operation.equals("+") ? number : -number;
                }
                case "*" -> product *= number;
                default -> {
                    assertThat(product % number).as(expression).isZero();
                    product /= number;
                }
            }
        }
        return sum + product;
    }
}
