package dev.minke.infer.constrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GbnfTests {
    private static final String CHESS =
            """
            # a game, as in the guide
            root ::= (
                # the number, then the moves
                "1. " move " " move "\\n"
                ([1-9] [0-9]? ". " move " " move "\\n")+
            )
            move ::= (pawn | nonpawn | castle) [+#]?
            nonpawn ::= [NBKQR] [a-h]? [1-8]? "x"? [a-h] [1-8]
            pawn ::= ([a-h] "x")? [a-h] [1-8] ("=" [NBKQR])?
            castle ::= "O-O" "-O"?
            """;

    private static final String ARITHMETIC =
            """
            root  ::= (expr "=" ws term "\\n")+
            expr  ::= term ([-+*/] term)*
            term  ::= ident | num | "(" ws expr ")" ws
            ident ::= [a-z] [a-z0-9_]* ws
            num   ::= [0-9]+ ws
            ws    ::= [ \\t\\n]*
            """;

    @Test
    void readsTheExamplesOfTheGuide() {
        Constraint chess = Constraints.gbnf(CHESS);
        assertThat(chess.matches("1. e4 e5\n2. Nf3 Nc6\n3. O-O Bxf3+\n")).isTrue();
        assertThat(chess.matches("1. e4 e5\n")).isFalse();
        assertThat(chess.matches("1. e9 e5\n2. a1 a2\n")).isFalse();
        Constraint arithmetic = Constraints.gbnf(ARITHMETIC);
        assertThat(arithmetic.matches("(a +(b_1*2)) =c\n")).isTrue();
        assertThat(arithmetic.matches("((a)=c\n")).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "root ::= \"a\" | \"b\";b;true",
                "root ::= | \"b\";;true",
                "root ::= \"\";;true",
                "root ::= \"ab\"{2};abab;true",
                "root ::= \"ab\"{2,};ababab;true",
                "root ::= \"ab\"{,2};ababab;false",
                "root ::= [^x]+;日§本;true",
                "root ::= .;§;true",
                "root ::= [\\x41-\\u0043\\U0001F600-];😀;true",
                "root ::= [\\x41-\\u0043\\U0001F600-];-;true",
                "root ::= \"\\x41\\t\\\"\";A\t\";true",
                "root ::= \"é\"*;éé;true",
                "root::=a-b_C§a-b_C ::= \"x\";x;true",
                "root ::= (\"a\" |§ \"b\")§;b;true",
                "root ::= \"a\" |§ \"b\";b;true",
                "root ::= \"(\" root \")\" | \"\";((()));true",
                "root ::= \"(\" root \")\" | \"\";((());false",
                "root ::= a a§a ::= b?§b ::= \"x\" b | \"y\";xxyy;true",
                "root ::= a a§a ::= b?§b ::= \"x\" b | \"y\";yyy;false",
            })
    void readsTheWholeFormat(String grammar, String text, boolean expected) {
        String sample = text == null ? "" : text.replace('§', '\n');
        assertThat(Constraints.gbnf(grammar.replace('§', '\n')).matches(sample))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "a ::= \"x\"; there is no rule 'root'",
                "root ::= b; line 1, column 10: rule 'b' is used but not defined",
                "root ::= \"a\"§root ::= \"b\"; line 2, column 1: rule 'root' is defined twice",
                "root ::= root \"a\" | \"b\"; rule 'root' begins with itself",
                "root ::= a§a ::= b? c§b ::= \"x\"§c ::= a \"y\"; (a -> c -> a)",
                "root ::= (\"a\"? root)? \"b\"; begins with itself",
                "root ::= \"a\" root; no text matches it",
                "root ::= [] ; no text matches it",
                "root ::= \"a; has no closing '\"'",
                "root ::= (\"a\"; '(' without ')'",
                "root ::= [a; '[' without ']'",
                "root ::= [z-a]; ends before it begins",
                "root ::= \"a\"{3,2}; expected a repetition",
                "root ::= \"a\"{9999999}; too large",
                "root ::= \"\\q\"; escape \\q",
                "root ::= \"\\uD800\"; not a character",
                "root ::= !<[5]>; negated tokens",
                "root ::= <think>; not one token",
                "root ::= <[5>; expected ']>'",
                "root = \"a\"; expected '::='",
                "root ::= \"a\" ::= ; expected a text",
                "root ::= \"a\")  ; expected the end of the line",
                "root ::= \"a\"*****; quantifiers in a row",
            })
    void refusesByName(String grammar, String problem) {
        assertThatThrownBy(() -> Constraints.gbnf(grammar.replace('§', '\n')))
                .isInstanceOf(MalformedGrammar.class)
                .hasMessageContaining(problem);
    }

    @Test
    void takesTokensByIdAndByText() {
        var tokenizer = ListTokenizer.small("<think>", "</think>");
        Vocabulary vocabulary = Vocabulary.of(tokenizer);
        String grammar = "root ::= <think> .* <[2]> [0-9]+";
        Constraint.Matcher matcher = Constraints.gbnf(grammar, tokenizer).matcher(vocabulary);
        assertThat(matcher.allows(1)).isTrue();
        assertThat(new Walks(tokenizer, 1).any(matcher.mask())).isEqualTo(1);
        matcher.accept(1);
        for (int id : tokenizer.encode("any {text} 日本")) {
            matcher.accept(id);
        }
        assertThat(Walks.allowed(matcher.mask(), 1)).isFalse();
        assertThat(Walks.allowed(matcher.mask(), 2)).isTrue();
        assertThat(matcher.mayEnd()).isFalse();
        matcher.accept(2);
        assertThat(matcher.allows(tokenizer.encode("x")[0])).isFalse();
        matcher.accept(tokenizer.encode("7")[0]);
        assertThat(matcher.mayEnd()).isTrue();
    }

    /// A token that the grammar names and that is no special one is never read as text.
    @Test
    void aNamedTokenIsNotText() {
        var tokenizer = ListTokenizer.small();
        int comma = tokenizer.encode(", ")[0];
        Constraint constraint = Constraints.gbnf("root ::= [a-z, ]* <[%d]> [0-9]".formatted(comma));
        Constraint.Matcher matcher = constraint.matcher(Vocabulary.of(tokenizer));
        for (int id : tokenizer.encode("abc")) {
            matcher.accept(id);
        }
        matcher.accept(comma);
        assertThat(matcher.allows(tokenizer.encode("x")[0])).isFalse();
        matcher.accept(tokenizer.encode("7")[0]);
        assertThat(matcher.mustEnd()).isTrue();
    }

    @Test
    void refusesTokensTheVocabularyLacks() {
        Constraint constraint = Constraints.gbnf("root ::= <[100000]>");
        Vocabulary vocabulary = Vocabulary.of(ListTokenizer.small());
        assertThatThrownBy(() -> constraint.matcher(vocabulary))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("token 100000");
    }

    /// Nested, ambiguous and right-recursive grammars against what they mean.
    @Test
    void followsAmbiguousGrammars() {
        Constraint two = Constraints.gbnf("root ::= \"a\" root \"c\" | \"a\" root \"b\" | \"\"");
        Constraint palindrome =
                Constraints.gbnf("root ::= \"a\" root \"a\" | \"b\" root \"b\" | [ab]?");
        Constraint list = Constraints.gbnf("root ::= item \",\" root | item\nitem ::= [a-c]+");
        for (int n = 0; n < 1 << 14; n++) {
            String bits = Integer.toBinaryString(n | 1 << 14).substring(1);
            String text =
                    bits.substring(bits.length() - n % 13).replace('0', 'a').replace('1', 'b');
            String reverse = new StringBuilder(text).reverse().toString();
            assertThat(palindrome.matches(text)).as(text).isEqualTo(text.equals(reverse));
            int half = text.length() / 2;
            String left = text.substring(0, half);
            boolean halves = text.length() % 2 == 0 && left.equals("a".repeat(half));
            boolean expected = halves && text.substring(half).equals("b".repeat(half));
            assertThat(two.matches(text)).as(text).isEqualTo(expected);
        }
        assertThat(list.matches("a,b,".repeat(5000) + "c")).isTrue();
        assertThat(two.matches("a".repeat(200) + "bc".repeat(100))).isTrue();
        assertThat(two.matches("a".repeat(200) + "bc".repeat(100) + "b")).isFalse();
    }

    @Test
    void generatesWhatItAccepts() {
        var walks = new Walks(ListTokenizer.small(), 5);
        for (String grammar : List.of(CHESS, ARITHMETIC)) {
            Constraint constraint = Constraints.gbnf(grammar);
            for (int i = 0; i < 100; i++) {
                String text = walks.text(constraint);
                assertThat(constraint.matches(text)).as(text).isTrue();
            }
        }
    }
}
