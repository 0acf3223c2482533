package dev.minke.train.arith;

/// One sentence that changes the quantity, or one question that asks for a further calculation.
///
/// @param id short name, unique within its scenario; part of the mix
/// @param text the wording with the places that [Phrase] fills in
/// @param says the sentence of the answer, empty for the one of the scenario
/// @param smallest the least number that the step takes
/// @param largest the greatest number that the step takes; equal to the least when it is a word
record Step(
        String id,
        Operation operation,
        Form form,
        String text,
        String says,
        int smallest,
        int largest) {

    /// Copy under another name.
    Step named(String name) {
        return new Step(name, operation, form, text, says, smallest, largest);
    }

    /// Tell whether the second person takes part.
    boolean mentionsOther() {
        return text.contains("{M}");
    }

    /// The equation of this step.
    ///
    /// @param first the first number of the question
    /// @param state what there is so far
    /// @param number the number of this step
    Equation equation(int first, int state, int number) {
        return switch (form) {
            case STATE_AND_NUMBER -> new Equation(state, operation, number);
            case NUMBER_AND_STATE -> new Equation(number, operation, state);
            case STATE_AND_FIRST -> new Equation(state, operation, first);
        };
    }
}
