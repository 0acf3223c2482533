package dev.minke.infer.constrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.minke.infer.constrain.CharDfa.TooLarge;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class CharDfaTests {
    private static final List<String> PATTERNS =
            List.of("(?:ab)*c?", "[ab]{2,4}", "a*b*c*", "(?:a|bc){0,3}", "[^b]*", "", "abcab|c+");

    @Test
    void operationsAreThoseOfLanguages() throws TooLarge {
        for (String one : PATTERNS) {
            for (String other : PATTERNS) {
                CharDfa both = dfa(one).intersect(dfa(other));
                CharDfa difference = dfa(one).intersect(dfa(other).complement());
                CharDfa lengths = dfa(one).intersect(CharDfa.ofLength(2, 3));
                Constraint again =
                        new Constraint(
                                Grammar.of("test", Expr.alt(both.toExpr(), Expr.literal("?"))));
                for (String text : texts()) {
                    boolean inOne = Pattern.matches(one, text);
                    boolean inOther = Pattern.matches(other, text);
                    assertThat(both.matches(text)).isEqualTo(inOne && inOther);
                    assertThat(again.matches(text)).isEqualTo(inOne && inOther);
                    assertThat(difference.matches(text)).isEqualTo(inOne && !inOther);
                    assertThat(lengths.matches(text))
                            .isEqualTo(inOne && text.length() >= 2 && text.length() <= 3);
                }
            }
        }
    }

    @Test
    void lengthsAreFoundOut() throws TooLarge {
        assertThat(dfa("[ab]{2,4}").lengthWithin(2, 4)).isTrue();
        assertThat(dfa("[ab]{2,4}").lengthWithin(3, 4)).isFalse();
        assertThat(dfa("[ab]{2,4}").lengthWithin(2, 3)).isFalse();
        assertThat(dfa("[ab]{2,4}").lengthWithin(0, Expr.UNLIMITED)).isTrue();
        assertThat(dfa("ab*").lengthWithin(1, Expr.UNLIMITED)).isTrue();
        assertThat(dfa("ab*").lengthWithin(1, 1_000_000)).isFalse();
        assertThat(dfa("ab*").lengthWithin(2, Expr.UNLIMITED)).isFalse();
    }

    @Test
    void tooManyStatesAreRefused() {
        assertThatThrownBy(() -> dfa("[ab]*a[ab]{30}")).isInstanceOf(TooLarge.class);
        assertThatThrownBy(() -> CharDfa.ofLength(0, 1_000_000)).isInstanceOf(TooLarge.class);
    }

    private static CharDfa dfa(String pattern) throws TooLarge {
        return CharDfa.of(RegexParser.whole("test", pattern));
    }

    /// All texts of up to five of three letters.
    private static List<String> texts() {
        List<String> texts = new ArrayList<>(List.of(""));
        for (int from = 0; texts.getLast().length() < 5; from++) {
            for (String letter : List.of("a", "b", "c")) {
                texts.add(texts.get(from) + letter);
            }
        }
        return texts;
    }
}
