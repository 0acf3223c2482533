package dev.minke.train.arith;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SentenceTests {

    private static final List<WordProblem> PROBLEMS =
            Stream.of(Reasoning.values())
                    .flatMap(reasoning -> {
                        var problems = new WordProblems(11, reasoning);
                        return Stream.generate(() -> problems.next(Split.TRAIN)).limit(20_000);
                    })
                    .toList();

    @Test
    void sentencesStartWithACapitalOrANumberAndEndProperly() {
        for (var problem : PROBLEMS) {
            assertThat(problem.question()).matches("[A-Z][^?]*[a-z]\\?");
            for (var sentence : problem.question().split("(?<=[.?]) ")) {
                assertThat(sentence).matches("[A-Z][A-Za-z0-9', ]*[.?]");
            }
            var lines = problem.answer().split("\n");
            for (int i = 0; i < lines.length - 1; i++) {
                assertThat(lines[i]).matches("[A-Z0-9][A-Za-z0-9=+*/:, -]*\\.");
            }
            assertThat(lines[lines.length - 1]).isEqualTo("#### " + problem.result());
        }
    }

    @Test
    void spacesStandAloneAndArticlesFit() {
        for (var problem : PROBLEMS) {
            assertThat(problem.text())
                    .doesNotContain("  ", " \n", " .", " ?", "{", "}", "|")
                    .doesNotContainPattern("\\b[Aa] [aeiou]")
                    .doesNotContainPattern("\\b[Aa]n [^aeiouh]");
        }
    }

    @Test
    void nounsAgreeWithTheirNumbers() {
        var nouns =
                Stream.concat(
                                Scenarios.ALL.stream().flatMap(s -> s.nouns().stream()),
                                Scenarios.nouns(
                                        "box/boxes, bag, jar, cup, ticket, group, team, dollar,"
                                                + " cent, pencil, seat, chair, friend")
                                        .stream())
                        .filter(noun -> !noun.one().equals(noun.many()))
                        .distinct()
                        .toList();
        var one = Pattern.compile("\\b1 (?:more )?(?:" + words(nouns, Noun::many) + ")\\b");
        var many =
                Pattern.compile("\\b(?!1 )\\d+ (?:more )?(?:" + words(nouns, Noun::one) + ")\\b");
        int singulars = 0;
        for (var problem : PROBLEMS) {
            assertThat(problem.text()).doesNotContainPattern(one).doesNotContainPattern(many);
            singulars += problem.text().contains(" 1 ") ? 1 : 0;
        }
        assertThat(singulars).isPositive();
    }

    @Test
    void everySentenceOccursInTrainingInSeveralMixes() {
        var unseen = new TreeMap<String, List<Sentence>>();
        for (var scenario : Scenarios.ALL) {
            unseen.put(scenario.name(), sentences(scenario));
        }
        var problems = new WordProblems(12);
        for (int i = 0; i < 100_000 && !unseen.isEmpty(); i++) {
            var problem = problems.next(Split.TRAIN);
            var name = problem.mix().substring(0, problem.mix().indexOf('/'));
            var missing = unseen.get(name);
            if (missing != null) {
                missing.removeIf(sentence -> sentence.seenOftenWith(problem));
                if (missing.isEmpty()) {
                    unseen.remove(name);
                }
            }
        }
        assertThat(unseen).isEmpty();
    }

    private static String words(List<Noun> nouns, Function<Noun, String> form) {
        return nouns.stream().map(form).collect(Collectors.joining("|"));
    }

    private static List<Sentence> sentences(Scenario scenario) {
        return Stream.of(
                        scenario.starts().stream(),
                        scenario.questions().stream(),
                        Stream.of(
                                        scenario.openings(),
                                        scenario.comparisons(),
                                        scenario.events(),
                                        scenario.closers(),
                                        scenario.totals())
                                .flatMap(List::stream)
                                .map(Step::text))
                .flatMap(texts -> texts)
                .map(text -> new Sentence(text, pattern(text, scenario), new HashSet<>()))
                .collect(Collectors.toCollection(ArrayList::new));
    }

    private record Sentence(String text, Pattern pattern, HashSet<String> mixes) {
        boolean seenOftenWith(WordProblem problem) {
            if (pattern.matcher(problem.question()).find()) {
                mixes.add(problem.mix());
            }
            return mixes.size() >= 5;
        }
    }

    private static Pattern pattern(String text, Scenario scenario) {
        var one = words(scenario.nouns(), Noun::one);
        var many = words(scenario.nouns(), Noun::many);
        var places = String.join("|", scenario.places());
        var regex = new StringBuilder("(?:^| )");
        var marks = Pattern.compile("\\{([^}]*)}").matcher(text);
        int from = 0;
        while (marks.find()) {
            regex.append(Pattern.quote(text.substring(from, marks.start())));
            var mark = marks.group(1);
            regex.append("(?:")
                    .append(
                            switch (mark) {
                                case "N", "M" -> "[A-Z][a-z]+";
                                case "He", "he", "him", "His", "his" -> "[A-Za-z]+";
                                case "place" -> places;
                                case "item" -> one;
                                case "items" -> many;
                                case "a", "n" -> "\\d+";
                                default ->
                                        mark.endsWith(":items")
                                                ? one + "|" + many
                                                : mark.substring(mark.indexOf(':') + 1);
                            })
                    .append(")");
            from = marks.end();
        }
        return Pattern.compile(
                regex.append(Pattern.quote(text.substring(from))).append("(?: |$)").toString());
    }
}
