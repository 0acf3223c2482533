package dev.minke.infer.constrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Grammars made to hurt end in a clear error or work, soon either way, on a small stack.
@Timeout(120)
class HostileTests {
    private final Walks walks = new Walks(ListTokenizer.small(), 1);

    @Test
    void deepNestingIsRefused() {
        refused(() -> Constraints.regex("(".repeat(50_000) + "a" + ")".repeat(50_000)));
        refused(() -> Constraints.gbnf("root ::= " + "(".repeat(50_000) + "\"a\""));
        refused(() -> Constraints.gbnf("root ::= \"a\"" + "*".repeat(50_000)));
        refused(() ->
                Constraints.jsonSchema("{\"items\":".repeat(50_000) + "{}" + "}".repeat(50_000)));
        refused(() -> Constraints.jsonSchema("[".repeat(50_000)));
        refused(() -> Constraints.jsonSchema("{\"allOf\":[".repeat(90) + "3" + "]}".repeat(90)));
    }

    @Test
    void nestedOptionsStaySmall() {
        String open = "(\"a\"? ".repeat(90);
        Constraint constraint = Constraints.gbnf("root ::= " + open + ")?".repeat(90));
        assertThat(constraint.matches("a".repeat(90))).isTrue();
        assertThat(constraint.matches("a".repeat(91))).isFalse();
        assertThat(constraint.matches("")).isTrue();
        Constraint stars = Constraints.regex("(?:".repeat(90) + "a*b*" + ")*".repeat(90));
        assertThat(stars.matches("abba".repeat(100))).isTrue();
        assertThat(stars.matches("abc")).isFalse();
        Constraint plus = Constraints.regex("(?:".repeat(30) + "a" + ")+".repeat(30));
        assertThat(plus.matches("a".repeat(200))).isTrue();
    }

    @Test
    void repeatedRepetitionsStaySmall() {
        Constraint counted = Constraints.regex("(?:(?:(?:a{1000}){1000}){1000}){1000}b?");
        Constraint.Matcher matcher = counted.matcher(walks.vocabulary());
        for (int i = 0; i < 5000; i++) {
            assertThat(walks.any(matcher.mask())).isEqualTo(walks.idOfByte('a'));
            matcher.accept(walks.idOfByte('a'));
        }
        assertThat(Constraints.regex("(?:a{0,9}){0,99999}").matches("a".repeat(3000))).isTrue();
    }

    @Test
    void exponentialAlternationsStaySmall() {
        var grammar = new StringBuilder("root ::= r0 \"!\"\n");
        for (int i = 0; i < 60; i++) {
            grammar.append(
                    "r%d ::= r%d \"x\" | r%d \"y\" | r%d\n".formatted(i, i + 1, i + 1, i + 1));
        }
        grammar.append("r60 ::= \"a\" | \"a\" \"a\"\n");
        Constraint constraint = Constraints.gbnf(grammar.toString());
        assertThat(constraint.matches("aa" + "xy".repeat(30) + "!")).isTrue();
        assertThat(constraint.matches("a" + "xy".repeat(31) + "!")).isFalse();
        var twice = new StringBuilder("root ::= r0 r0\n");
        for (int i = 0; i < 60; i++) {
            twice.append("r%d ::= r%d r%d\n".formatted(i, i + 1, i + 1));
        }
        twice.append("r60 ::= \"a\"?\n");
        Constraint doubled = Constraints.gbnf(twice.toString());
        assertThat(doubled.matches("a".repeat(300))).isTrue();
        assertThat(doubled.matches("ab")).isFalse();
    }

    /// 2^n stacks at once, and masks under them.
    @Test
    void ambiguousStacksAreShared() {
        Constraint constraint =
                Constraints.gbnf(
                        "root ::= \"a\" root \"c\" | \"a\" root \"b\" | \"a\" root | \"\"");
        Constraint.Matcher matcher = constraint.matcher(walks.vocabulary());
        for (int i = 0; i < 240; i++) {
            matcher.mask();
            matcher.accept(walks.idOfByte('a'));
        }
        for (int i = 0; i < 100; i++) {
            assertThat(Walks.allowed(matcher.mask(), walks.idOfByte("bc".charAt(i % 2)))).isTrue();
            matcher.accept(walks.idOfByte("bc".charAt(i % 2)));
        }
        assertThat(matcher.mayEnd()).isTrue();
    }

    @Test
    void tooAmbiguousIsAnErrorInUse() {
        Constraint constraint = Constraints.regex("(?:a|aa|aaa){5000,1000000}(?:a{3,}b){9000}");
        Constraint.Matcher matcher = constraint.matcher(walks.vocabulary());
        Constraint.Matcher other = Constraints.json().matcher(walks.vocabulary());
        assertThatThrownBy(
                        () -> {
                            while (true) {
                                matcher.accept(walks.idOfByte('a'));
                            }
                        })
                .isInstanceOf(GrammarOverflow.class)
                .hasMessageContaining("too ambiguous");
        other.accept(walks.idOfByte('{'));
        assertThat(Walks.allowed(other.mask(), walks.idOfByte('}'))).isTrue();
    }

    @Test
    void nestingEndsBeforeItIsTooDeep() {
        Constraint.Matcher matcher = Constraints.json().matcher(walks.vocabulary());
        int depth = 0;
        while (true) {
            matcher.accept(walks.idOfByte('{'));
            depth++;
            if (!Walks.allowed(matcher.mask(), walks.idOfByte('"'))) {
                break;
            }
            for (int c : "\"k\":".toCharArray()) {
                matcher.accept(walks.idOfByte(c));
            }
        }
        assertThat(depth).isBetween(100, 257);
        while (!matcher.mayEnd()) { // and it can still be closed
            matcher.accept(walks.idOfByte('}'));
        }
        assertThat(matcher.mustEnd()).isTrue();
    }

    @Test
    void hugeGrammarsAreRefusedOrWork() {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < 5000; i++) {
            names.add("\"value-%d\"".formatted(i * 7919));
        }
        Constraint large = Constraints.jsonSchema("{\"enum\": [" + String.join(",", names) + "]}");
        assertThat(large.matches("\"value-7919\"")).isTrue();
        String chain = "root ::= r0\n";
        var rules = new StringBuilder(chain);
        for (int i = 0; i < 10_000; i++) {
            rules.append("r%d ::= \"a\" r%d \"b\"\n".formatted(i, i + 1));
        }
        rules.append("r10000 ::= \"x\"\n");
        refused(() -> Constraints.gbnf(rules.toString()));
        refused(() -> Constraints.gbnf(("root ::= \"" + "a".repeat(300_000) + "\"")));
        refused(() -> Constraints.regex("[a-f]{9}|".repeat(20_000)));
        refused(() -> Constraints.jsonSchema(properties(25_000, "true")));
    }

    @Test
    void manyOptionalPropertiesWork() {
        Constraint constraint = Constraints.jsonSchema(properties(2000, "{\"type\": \"null\"}"));
        assertThat(constraint.matches("{\"p3\": null, \"p1999\": null}")).isTrue();
        assertThat(constraint.matches("{\"p1999\": null, \"p3\": null}")).isFalse();
        Constraint.Matcher matcher = constraint.matcher(walks.vocabulary());
        for (int i = 0; i < 40 && !matcher.done(); i++) {
            matcher.accept(walks.any(matcher.mask()));
        }
    }

    @Test
    void explodingSchemasAreRefused() {
        var groups = new StringBuilder("{\"allOf\": [");
        for (int i = 0; i < 40; i++) {
            groups.append(i == 0 ? "" : ",");
            groups.append(
                    "{\"anyOf\": [{\"required\": [\"a%d\"]}, {\"required\": [\"b%d\"]}]}"
                            .formatted(i, i));
        }
        refused(() -> Constraints.jsonSchema(groups + "]}"));
        var exclusive = new StringBuilder("{\"oneOf\": [");
        for (int i = 0; i < 120; i++) {
            exclusive.append(i == 0 ? "" : ",");
            exclusive.append(
                    "{\"pattern\": \"^(a|b)*a(a|b){%d}$\", \"type\": \"string\"}".formatted(i));
        }
        refused(() -> Constraints.jsonSchema(exclusive + "]}"));
        refused(() ->
                Constraints.jsonSchema(
                        "{\"type\": \"string\", \"minLength\": 5, \"pattern\":"
                                + " \"(a|b|ab){5000,9000}(?:\\\\p{L}|\\\\p{N}){1,999}$\"}"));
        refused(() -> Constraints.jsonSchema("{\"minimum\": 1e999999999}"));
    }

    private static String properties(int count, String schema) {
        var text = new StringBuilder("{\"properties\": {");
        for (int i = 0; i < count; i++) {
            text.append(i == 0 ? "" : ",").append("\"p%d\": %s".formatted(i, schema));
        }
        return text + "}}";
    }

    private static void refused(Supplier<Constraint> maker) {
        assertThatThrownBy(maker::get).isInstanceOf(MalformedGrammar.class);
    }
}
