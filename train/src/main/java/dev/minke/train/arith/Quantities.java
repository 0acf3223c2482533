package dev.minke.train.arith;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/// The numbers of one problem and the equations that they give.
///
/// @param numbers the first number, then the number of each step that has one
/// @param equations one per step
record Quantities(List<Integer> numbers, List<Equation> equations) {

    private static final int ATTEMPTS = 5_000;

    Quantities {
        numbers = List.copyOf(numbers);
        equations = List.copyOf(equations);
    }

    int first() {
        return numbers.getFirst();
    }

    int result() {
        return equations.getLast().result();
    }

    /// The number of a step, 0 where the step takes none.
    int number(int step) {
        return step + 1 < numbers.size() ? numbers.get(step + 1) : 0;
    }

    /// Draw numbers uniformly among those that keep everything in 0..99 and are on the wanted side
    /// of the split; nothing when the steps allow too few of them.
    static Optional<Quantities> draw(Random random, List<Step> steps, boolean reserved) {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            var drawn = attempt(random, steps);
            if (drawn.isPresent() && Holdout.reservesNumbers(drawn.get().numbers()) == reserved) {
                return drawn;
            }
        }
        return Optional.empty();
    }

    private static Optional<Quantities> attempt(Random random, List<Step> steps) {
        int largest = steps.getFirst().operation() == Operation.MULTIPLY ? 49 : 99;
        int first = between(random, 2, largest);
        var numbers = new ArrayList<Integer>();
        var equations = new ArrayList<Equation>();
        numbers.add(first);
        int state = first;
        for (var step : steps) {
            int number = between(random, step.smallest(), step.largest());
            var equation = step.equation(first, state, number);
            if (!equation.operation().fits(equation.left(), equation.right())) {
                return Optional.empty();
            }
            state = equation.result();
            boolean last = equations.size() == steps.size() - 1;
            // One or none of something cannot well be shared, sold "each" or doubled.
            if (state < (last ? 0 : 2) || (step.form() == Form.NUMBER_AND_STATE && state == 0)) {
                return Optional.empty();
            }
            equations.add(equation);
            if (step.form() != Form.STATE_AND_FIRST) {
                numbers.add(number);
            }
        }
        return Optional.of(new Quantities(numbers, equations));
    }

    private static int between(Random random, int smallest, int largest) {
        return smallest + random.nextInt(largest - smallest + 1);
    }
}
