package dev.minke.train.arith;

import java.util.ArrayList;
import java.util.List;

/// The wording of one situation in which a single quantity is given, changes and is asked for.
///
/// @param says the answer's sentence after an ordinary step
/// @param starts sentences that give the first number
/// @param openings sentences that give two numbers and their operation
/// @param comparisons openings that compare with a second owner, who keeps the first number
/// @param events sentences that change the quantity
/// @param questions questions for the quantity as it is
/// @param closers sentences and questions that need one more calculation
/// @param totals questions for both owners together, only after a comparison
record Scenario(
        String name,
        List<Noun> nouns,
        List<String> places,
        String says,
        List<String> starts,
        List<Step> openings,
        List<Step> comparisons,
        List<Step> events,
        List<String> questions,
        List<Step> closers,
        List<Step> totals) {

    Scenario {
        nouns = List.copyOf(nouns);
        places = List.copyOf(places);
        starts = List.copyOf(starts);
        openings = named("o", openings);
        comparisons = named("c", comparisons);
        events = named("e", events);
        questions = List.copyOf(questions);
        closers = named("x", closers);
        totals = named("t", totals);
        if (comparisons.isEmpty() != totals.isEmpty()) {
            throw new IllegalArgumentException(
                    "scenario " + name + ": comparisons and totals need each other");
        }
    }

    private static List<Step> named(String prefix, List<Step> steps) {
        var named = new ArrayList<Step>();
        for (var step : steps) {
            named.add(step.named(prefix + named.size()));
        }
        return List.copyOf(named);
    }
}
