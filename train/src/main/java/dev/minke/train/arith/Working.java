package dev.minke.train.arith;

import static dev.minke.train.arith.Operation.ADD;

import java.util.ArrayList;
import java.util.List;

/// The way through tens and ones that a child writes for one equation.
///
///     47 + 38:  40 + 30 = 70, 7 + 8 = 15, 70 + 15 = 85
///     85 - 38:  85 = 70 + 15, 70 - 30 = 40, 15 - 8 = 7, 40 + 7 = 47
///     24 * 3:   20 * 3 = 60, 4 * 3 = 12, 60 + 12 = 72
///     72 / 3:   72 = 60 + 12, 60 / 3 = 20, 12 / 3 = 4, 20 + 4 = 24
///
/// Each small equation is a fact of the tables, or adds to a multiple of ten. Equations that are
/// such facts already are trivial and have no lines.
///
/// @param lines the small equations in order, empty when trivial
/// @param chain the same as expressions to be joined by `=`: `40 + 30 + 7 + 8 = 70 + 15`
record Working(List<String> lines, String chain) {

    private static final Working TRIVIAL = new Working(List.of(), "");

    Working {
        lines = List.copyOf(lines);
    }

    boolean trivial() {
        return lines.isEmpty();
    }

    static Working of(Equation equation) {
        int left = equation.left();
        int right = equation.right();
        return switch (equation.operation()) {
            case ADD -> plus(left, right);
            case SUBTRACT -> minus(left, right);
            case MULTIPLY -> times(left, right);
            case DIVIDE -> dividedBy(left, right);
        };
    }

    private static Working plus(int left, int right) {
        boolean singleDigits = left < 10 && right < 10;
        if (singleDigits || ones(left) == 0 || ones(right) == 0) {
            return TRIVIAL;
        }
        var onesSum = new Equation(ones(left), ADD, ones(right));
        if (left < 10 || right < 10) {
            int tens = tens(left) + tens(right);
            return joined(
                    List.of(onesSum.text()), tens + " + " + onesSum.expression(), tens, onesSum);
        }
        var tensSum = new Equation(tens(left), ADD, tens(right));
        return joined(
                List.of(tensSum.text(), onesSum.text()),
                tensSum.expression() + " + " + onesSum.expression(),
                tensSum.result(),
                onesSum);
    }

    private static Working minus(int left, int right) {
        boolean fact = left < 20 && right < 10;
        if (fact || left == right || ones(right) == 0) {
            return TRIVIAL;
        }
        var lines = new ArrayList<String>();
        boolean borrow = ones(left) < ones(right);
        int tens = borrow ? tens(left) - 10 : tens(left);
        if (borrow) {
            lines.add(left + " = " + tens + " + " + (left - tens));
        }
        var onesRest = new Equation(left - tens, Operation.SUBTRACT, ones(right));
        if (right < 10) {
            lines.add(onesRest.text());
            return joined(lines, tens + " + " + onesRest.expression(), tens, onesRest);
        }
        var tensRest = new Equation(tens, Operation.SUBTRACT, tens(right));
        lines.add(tensRest.text());
        lines.add(onesRest.text());
        var chain = tensRest.expression() + " + " + onesRest.expression();
        return joined(lines, chain, tensRest.result(), onesRest);
    }

    private static Working times(int left, int right) {
        int large = Math.max(left, right);
        if (large < 10 || ones(large) == 0) {
            return TRIVIAL;
        }
        // The operands keep the order of the question, so that each line reads like its equation.
        boolean largeFirst = left >= right;
        var operation = Operation.MULTIPLY;
        var tens =
                largeFirst
                        ? new Equation(tens(left), operation, right)
                        : new Equation(left, operation, tens(right));
        var ones =
                largeFirst
                        ? new Equation(ones(left), operation, right)
                        : new Equation(left, operation, ones(right));
        var chain = tens.expression() + " + " + ones.expression();
        return joined(List.of(tens.text(), ones.text()), chain, tens.result(), ones);
    }

    private static Working dividedBy(int left, int right) {
        int quotient = left / right;
        if (quotient < 10 || ones(quotient) == 0) {
            return TRIVIAL;
        }
        var tens = new Equation(tens(quotient) * right, Operation.DIVIDE, right);
        var ones = new Equation(ones(quotient) * right, Operation.DIVIDE, right);
        return joined(
                List.of(left + " = " + tens.left() + " + " + ones.left(), tens.text(), ones.text()),
                tens.expression() + " + " + ones.expression(),
                tens.result(),
                ones);
    }

    /// End the lines and the chain with the sum of the tens and of the ones.
    private static Working joined(List<String> lines, String parts, int tens, Equation ones) {
        var sum = new Equation(tens, ADD, ones.result());
        var all = new ArrayList<>(lines);
        all.add(sum.text());
        return new Working(all, parts + " = " + sum.expression());
    }

    private static int tens(int number) {
        return number / 10 * 10;
    }

    private static int ones(int number) {
        return number % 10;
    }
}
