package dev.minke.train.arith;

import static dev.minke.train.arith.Form.NUMBER_AND_STATE;
import static dev.minke.train.arith.Form.STATE_AND_FIRST;
import static dev.minke.train.arith.Form.STATE_AND_NUMBER;
import static dev.minke.train.arith.Operation.ADD;
import static dev.minke.train.arith.Operation.DIVIDE;
import static dev.minke.train.arith.Operation.MULTIPLY;
import static dev.minke.train.arith.Operation.SUBTRACT;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// All scenarios, the persons, and the short forms in which scenarios are written down.
final class Scenarios {

    static final List<String> WOMEN =
            List.of(
                    "Mia", "Emma", "Olivia", "Ava", "Sophie", "Lena", "Zoe", "Ella", "Anna", "Maya",
                    "Nora", "Ruby", "Clara", "Lucy", "Rosa", "Hana", "Leila", "Priya", "Amara",
                    "Julia", "Sara", "Kate", "Vera", "Tina");

    static final List<String> MEN =
            List.of(
                    "Tom", "Ben", "Leo", "Max", "Sam", "Noah", "Liam", "Jack", "Adam", "Omar",
                    "Ravi", "Ivan", "Hugo", "Luke", "Paul", "Carl", "Dan", "Eric", "Felix", "Finn",
                    "Mark", "Peter", "Kofi", "Jonah");

    static final List<Scenario> ALL =
            Stream.of(PossessionScenarios.all(), PlaceScenarios.all())
                    .flatMap(List::stream)
                    .toList();

    private Scenarios() {}

    /// Read nouns from words such as `apple`, `berry/berries`; a plural that is not given adds an
    /// s.
    static List<Noun> nouns(String words) {
        var nouns = new ArrayList<Noun>();
        for (var word : words.split(", ")) {
            int slash = word.indexOf('/');
            nouns.add(
                    slash < 0
                            ? new Noun(word, word + "s")
                            : new Noun(word.substring(0, slash), word.substring(slash + 1)));
        }
        return nouns;
    }

    static Step add(String text) {
        return step(ADD, text, 1, 97);
    }

    static Step subtract(String text) {
        return step(SUBTRACT, text, 1, 98);
    }

    /// Two numbers whose product is meant; either may be the large one.
    static Step product(String text) {
        return step(MULTIPLY, text, 2, 49);
    }

    static Step times(String text) {
        return step(MULTIPLY, text, 2, 9);
    }

    static Step twice(String text) {
        return step(MULTIPLY, text, 2, 2);
    }

    static Step half(String text) {
        return step(DIVIDE, text, 2, 2);
    }

    static Step piles(String text) {
        return step(DIVIDE, text, 2, 9);
    }

    /// A closing question that divides, with the sentence that answers it.
    static Step share(String text, String says) {
        return new Step("", DIVIDE, STATE_AND_NUMBER, text, says, 2, 9);
    }

    /// A closing question that multiplies, with the sentence that answers it.
    static Step price(String text, String says) {
        return new Step("", MULTIPLY, STATE_AND_NUMBER, text, says, 2, 9);
    }

    /// A closing question for what is missing to a larger number, with the sentence that answers
    /// it.
    static Step missing(String text, String says) {
        return new Step("", SUBTRACT, NUMBER_AND_STATE, text, says, 3, 99);
    }

    /// A closing question for two owners together, with the sentence that answers it.
    static Step total(String text, String says) {
        return new Step("", ADD, STATE_AND_FIRST, text, says, 0, 0);
    }

    /// The five ways of comparing what two persons have.
    static List<Step> comparisons(String have) {
        var other = "{M} " + have + " {a} {items}";
        var self = "{N} " + have;
        return List.of(
                add(other + ". " + self + " {n} more than {M}."),
                subtract(other + ". " + self + " {n} fewer than {M}."),
                times(other + ". " + self + " {n} times as many as {M}."),
                twice(other + " and " + self + " twice as many."),
                half(other + " and " + self + " half as many."));
    }

    /// The ways of asking for both persons together.
    static List<Step> together(String says) {
        return List.of(
                total("How many {items} do {N} and {M} have together?", says),
                total("In total, how many {items} do {N} and {M} have?", says));
    }

    private static Step step(Operation operation, String text, int smallest, int largest) {
        return new Step("", operation, STATE_AND_NUMBER, text, "", smallest, largest);
    }
}
