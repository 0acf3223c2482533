package dev.minke.infer.constrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RegexTests {
    private final Random random = new Random(3);
    private final Walks walks = new Walks(ListTokenizer.small(), 11);

    @ParameterizedTest
    @CsvSource(
            delimiter = ' ',
            quoteCharacter = '~',
            value = {
                "abc abc true",
                "abc abcd false",
                "^abc$ abc true",
                "a|b b true",
                "^a$|^b$ b true",
                "[^a] é true",
                "[^a] a false",
                ". 😀 true",
                "[😀-😂]{2} 😁😀 true",
                "\\u{1F600} 😀 true",
                "\\uD83D\\uDE00 😀 true",
                "\\x41\\u0042 AB true",
                "\\d{3}-\\w+ 123-a_Z true",
                "\\D\\W\\S a-b true",
                "\\p{Lu}\\p{L}* Ärger true",
                "\\p{Lu}\\p{L}* ärger false",
                "\\P{N} 7 false",
                "(?<year>\\d{4})(?:-\\d\\d){2} 2024-01-31 true",
                "a*?b+?c?? aabb true",
                "[a\\]-]+ ]-a true",
                "[+-]?0 -0 true",
                "a{0} a false",
                "(a|b*)*c abbac true",
            })
    void matchesWholeTexts(String pattern, String text, boolean expected) {
        assertThat(Constraints.regex(pattern).matches(text)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "(a)\\1; backreferences",
                "\\k<a>; backreferences",
                "(?=a); lookaround",
                "(?<!a); lookaround",
                "a\\b; word boundaries",
                "a++; possessive",
                "(?>a); atomic",
                "(?i)a; flags",
                "a(; '(' without ')'",
                "a); ')' without '('",
                "[a; '[' without ']'",
                "a**; nothing to repeat",
                "*a; nothing to repeat",
                "a{3,2}; expected a quantifier",
                "a{2000000}; too large",
                "a$b; at the end only",
                "a^b; at the beginning only",
                "[z-a]; ends before it begins",
                "[\\d-z]; single characters",
                "\\p{Greek}; general category",
                "\\q; escape \\q",
                "[[:alpha:]]; POSIX",
                "\\uD800; surrogate",
                "[]; no text matches",
            })
    void refusesByName(String pattern, String problem) {
        assertThatThrownBy(() -> Constraints.regex(pattern))
                .isInstanceOf(MalformedGrammar.class)
                .hasMessageContaining(problem);
    }

    @Test
    void namesLineAndColumn() {
        assertThatThrownBy(() -> Constraints.regex("é(?=b)"))
                .hasMessage("pattern, line 1, column 2: lookaround is not supported");
    }

    /// The language of java.util.regex, on random patterns and texts over a few letters.
    @Test
    void agreesWithJavaOnRandomPatterns() {
        int matches = 0;
        for (int i = 0; i < 3000; i++) {
            String pattern = pattern(4);
            var java = Pattern.compile(pattern);
            Constraint constraint;
            try {
                constraint = Constraints.regex(pattern);
            } catch (MalformedGrammar e) {
                assertThat(e).hasMessageContaining("no text matches");
                continue;
            }
            for (int j = 0; j < 15; j++) {
                String text = text(8);
                boolean expected = java.matcher(text).matches();
                assertThat(constraint.matches(text))
                        .as(pattern + " on " + text)
                        .isEqualTo(expected);
                matches += expected ? 1 : 0;
            }
            String generated = walks.text(constraint);
            assertThat(java.matcher(generated).matches()).as(pattern + " on " + generated).isTrue();
        }
        assertThat(matches).isGreaterThan(2000);
    }

    private String pattern(int depth) {
        int kind = random.nextInt(depth <= 0 ? 4 : 10);
        return switch (kind) {
            case 0, 1, 2 -> String.valueOf("abc".charAt(random.nextInt(3)));
            case 3 -> random.nextBoolean() ? "[ab]" : "[^b\\x80-\\uFFFF\\x00-`d-\\x7f]";
            case 4, 5, 6 -> pattern(depth - 1) + pattern(depth - 1);
            case 7 -> "(?:" + pattern(depth - 1) + "|" + pattern(depth - 1) + ")";
            case 8 -> "(?:" + pattern(depth - 1) + ")" + "*+?".charAt(random.nextInt(3));
            default -> {
                int min = random.nextInt(3);
                yield "(?:%s){%d,%d}".formatted(pattern(depth - 1), min, min + random.nextInt(3));
            }
        };
    }

    private String text(int most) {
        var text = new StringBuilder();
        for (int i = random.nextInt(most + 1); i > 0; i--) {
            text.append("abc".charAt(random.nextInt(3)));
        }
        return text.toString();
    }

    /// Repetitions long enough to be counted rather than copied.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "(?:ab|cde){90,120}",
                "(?:[a-c]{2,3}d){100,130}",
                "(?:a?b){150,160}",
                "(?:(?:ab){0,200}c){0,300}",
                "(?:a(?:bc){10,90}){2,80}",
                "(?:abc){100,}",
            })
    void agreesWithJavaOnLongRepetitions(String pattern) {
        var java = Pattern.compile(pattern);
        Constraint constraint = Constraints.regex(pattern);
        int matches = 0;
        for (int i = 0; i < 60; i++) {
            var text = new StringBuilder();
            String unit = pattern.contains("d)") ? "abcd" : pattern.contains("abc") ? "abc" : "ab";
            for (int j = random.nextInt(320); j > 0; j--) {
                text.append(random.nextInt(40) > 0 ? unit : String.valueOf("abcd".charAt(j % 4)));
            }
            String sample = i % 4 == 0 ? "a".repeat(random.nextInt(650)) : text.toString();
            boolean expected = java.matcher(sample).matches();
            assertThat(constraint.matches(sample)).as(sample).isEqualTo(expected);
            matches += expected ? 1 : 0;
            String generated = walks.text(constraint);
            assertThat(java.matcher(generated).matches()).as(generated).isTrue();
        }
        assertThat(matches).isBetween(0, 59);
    }

    @Test
    void countsAmbiguousRepetitions() {
        Constraint twice = Constraints.regex("(?:a|aa){200,290}");
        Constraint empty = Constraints.regex("(?:a?b?){150,160}");
        for (int n = 190; n < 600; n += 10) {
            assertThat(twice.matches("a".repeat(n))).isEqualTo(n >= 200 && n <= 580);
            assertThat(empty.matches("a".repeat(n))).isEqualTo(n <= 160);
            assertThat(empty.matches("ab".repeat(n) + "a")).isEqualTo(n < 160);
        }
        assertThat(empty.matches("")).isTrue();
        assertThat(twice.matches("")).isFalse();
    }

    @Test
    void aSearchFindsThePatternAnywhere() {
        var expr = RegexParser.search("pattern", "b+|^c$|d$");
        Constraint constraint = new Constraint(Grammar.of("pattern", expr));
        assertThat(constraint.matches("abba")).isTrue();
        assertThat(constraint.matches("c")).isTrue();
        assertThat(constraint.matches("cc")).isFalse();
        assertThat(constraint.matches("xd")).isTrue();
        assertThat(constraint.matches("dx")).isFalse();
        assertThat(constraint.matches("\n日b")).isTrue();
    }
}
