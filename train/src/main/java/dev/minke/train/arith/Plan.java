package dev.minke.train.arith;

import java.util.ArrayList;
import java.util.List;

/// What one problem tells: its sentences in order, before names and numbers are chosen.
///
/// @param start the sentence with the first number, empty when the first step is an opening
/// @param question the final question, empty when the last step asks for itself
/// @param questionId short name of the question, empty likewise
record Plan(Scenario scenario, String start, List<Step> steps, String question, String questionId) {

    Plan {
        steps = List.copyOf(steps);
    }

    /// The combination of scenario, steps and question form; the plain start is no part of it.
    ///
    /// Leaving the start out makes the split stricter: a reserved combination is reserved with all
    /// its starts.
    String mix() {
        var parts = new ArrayList<String>();
        parts.add(scenario.name());
        for (var step : steps) {
            parts.add(step.id());
        }
        if (!questionId.isEmpty()) {
            parts.add(questionId);
        }
        return String.join("/", parts);
    }
}
