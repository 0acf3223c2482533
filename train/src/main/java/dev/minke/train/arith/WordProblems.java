package dev.minke.train.arith;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;

/// Generate word problems with two or three steps, the same ones for the same seed.
///
/// About 15 % of the combinations of sentences (mixes) and 10 % of the number tuples are reserved
/// by a fixed hash. A test problem has a reserved mix and a reserved tuple, a training problem
/// neither, whatever the seeds: nothing of a test problem can be remembered, while each single
/// sentence and each single equation may be learnt. Every number in a question or an answer is in
/// 0..99.
///
/// Problem `i` of a split depends on seed, split and `i` alone, so a run can stop and go on
/// anywhere.
public final class WordProblems {

    private final long seed;
    private final Reasoning reasoning;
    private final long[] position = new long[Split.values().length];

    /// Generate answers that spell out their tens and ones ([Reasoning#DECOMPOSED]).
    public WordProblems(long seed) {
        this(seed, Reasoning.DECOMPOSED);
    }

    /// Generate answers in the given style; the questions do not depend on it.
    public WordProblems(long seed, Reasoning reasoning) {
        this.seed = seed;
        this.reasoning = reasoning;
    }

    /// Generate the next problem of a split; the two splits advance separately.
    public WordProblem next(Split split) {
        return at(split, position[split.ordinal()]++);
    }

    /// Generate problem number `index` of a split without advancing; safe for any thread.
    public WordProblem at(Split split, long index) {
        if (index < 0) {
            throw new IllegalArgumentException("index: found " + index + ", must not be negative");
        }
        long key = Holdout.mixed(Holdout.mixed(seed) ^ split.ordinal());
        var random = new Random(Holdout.mixed(key ^ index));
        boolean reserved = split == Split.TEST;
        while (true) {
            var plan = Planner.draw(random);
            if (Holdout.reservesMix(plan.mix()) == reserved) {
                var quantities = Quantities.draw(random, plan.steps(), reserved);
                if (quantities.isPresent()) {
                    return tell(plan, quantities.get(), cast(random, plan.scenario()));
                }
            }
        }
    }

    /// Generate the next problems of a split, leaving out questions that came before in this list.
    public List<WordProblem> nextDistinct(Split split, int count) {
        if (count < 0) {
            throw new IllegalArgumentException("count: found " + count + ", must not be negative");
        }
        var problems = new ArrayList<WordProblem>();
        var questions = new HashSet<String>();
        while (problems.size() < count) {
            var problem = next(split);
            if (questions.add(problem.question())) {
                problems.add(problem);
            }
        }
        return List.copyOf(problems);
    }

    private static Cast cast(Random random, Scenario scenario) {
        boolean female = random.nextBoolean();
        var woman = Planner.pick(random, Scenarios.WOMEN);
        var man = Planner.pick(random, Scenarios.MEN);
        var places = scenario.places();
        return new Cast(
                female ? woman : man,
                female ? man : woman,
                female,
                Planner.pick(random, scenario.nouns()),
                places.isEmpty() ? "" : Planner.pick(random, places));
    }

    private WordProblem tell(Plan plan, Quantities quantities, Cast cast) {
        var question = new ArrayList<String>();
        var answer = new ArrayList<String>();
        if (!plan.start().isEmpty()) {
            question.add(Phrase.fill(plan.start(), cast, slots(quantities, 0)));
        }
        for (int i = 0; i < plan.steps().size(); i++) {
            var step = plan.steps().get(i);
            var slots = slots(quantities, i);
            question.add(Phrase.fill(step.text(), cast, slots));
            var equation = quantities.equations().get(i);
            var working = Working.of(equation);
            if (reasoning == Reasoning.DECOMPOSED && !working.trivial()) {
                answer.add(equation.expression() + ": " + String.join(", ", working.lines()) + ".");
            }
            var says = step.says().isEmpty() ? plan.scenario().says() : step.says();
            answer.add(Phrase.fill(says, cast, slots));
        }
        if (!plan.question().isEmpty()) {
            question.add(Phrase.fill(plan.question(), cast, slots(quantities, 0)));
        }
        answer.add("#### " + quantities.result());
        return new WordProblem(
                String.join(" ", question),
                String.join("\n", answer),
                quantities.result(),
                plan.mix(),
                quantities.numbers());
    }

    private Phrase.Slots slots(Quantities quantities, int step) {
        var equation = quantities.equations().get(step);
        var text = reasoning == Reasoning.CHAINED ? equation.chain() : equation.text();
        return new Phrase.Slots(
                quantities.first(), quantities.number(step), equation.result(), text);
    }
}
