package dev.minke.train.arith;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Draw plans: two steps mostly, three sometimes, with sentences that go together.
final class Planner {

    private static final int THREE_STEPS_PERCENT = 20;
    private static final int COMPARISON_PERCENT = 20;
    private static final int OPENING_PERCENT = 35;
    private static final int TOTAL_PERCENT = 60;
    private static final int CLOSER_PERCENT = 40;

    private Planner() {}

    static Plan draw(Random random) {
        var scenario = pick(random, Scenarios.ALL);
        int count = chance(random, THREE_STEPS_PERCENT) ? 3 : 2;
        boolean compares = !scenario.comparisons().isEmpty() && chance(random, COMPARISON_PERCENT);
        boolean opens = compares || chance(random, OPENING_PERCENT);
        boolean totals = compares && chance(random, TOTAL_PERCENT);
        boolean closes = totals || chance(random, CLOSER_PERCENT);

        var steps = new ArrayList<Step>();
        if (opens) {
            steps.add(pick(random, compares ? scenario.comparisons() : scenario.openings()));
        }
        int events = count - (opens ? 1 : 0) - (closes ? 1 : 0);
        steps.addAll(events(random, scenario, events, totals));
        if (closes) {
            steps.add(pick(random, totals ? scenario.totals() : scenario.closers()));
        }
        int question = random.nextInt(scenario.questions().size());
        return new Plan(
                scenario,
                opens ? "" : pick(random, scenario.starts()),
                steps,
                closes ? "" : scenario.questions().get(question),
                closes ? "" : "q" + question);
    }

    /// Draw different events. Where the second owner's number is needed once more, it must not have
    /// been changed by an event.
    private static List<Step> events(
            Random random, Scenario scenario, int count, boolean otherStays) {
        var events = new ArrayList<Step>();
        while (events.size() < count) {
            var event = pick(random, scenario.events());
            if (!events.contains(event) && !(otherStays && event.mentionsOther())) {
                events.add(event);
            }
        }
        return events;
    }

    static <T> T pick(Random random, List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    private static boolean chance(Random random, int percent) {
        return random.nextInt(100) < percent;
    }
}
