package dev.minke.model.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SplitSequenceTests {
    private final SplitSequence v3 = SplitSequence.deepSeekV3(3);

    @Test
    void theTextOfTheLlamaCppVectorSplitsAsItsIdsSay() {
        assertThat(pieces(v3, "Hello! 毕老师！1 + 1 = 2 ĠÑĤÐ²ÑĬÑĢ"))
                .containsExactly(
                        "Hello", "!", " ", "毕老师", "！", "1", " +", " ", "1", " =", " ", "2", " ĠÑĤÐ",
                        "²", "ÑĬÑĢ");
    }

    @Test
    void digitsGroupFromTheLeft() {
        assertThat(pieces(v3, "1234567")).containsExactly("123", "456", "7");
        assertThat(pieces(SplitSequence.deepSeekV3(2), "12345")).containsExactly("12", "34", "5");
        assertThat(pieces(SplitSequence.deepSeekV3(1), "12345"))
                .containsExactly("1", "2", "3", "4", "5");
    }

    @Test
    void spacesBeforeAnIsolatedPieceStayTogether() {
        // One alternation would leave the last space over, since a non-space follows it.
        assertThat(pieces(v3, "a  1")).containsExactly("a", "  ", "1");
        assertThat(pieces(v3, "a  你")).containsExactly("a", "  ", "你");
        assertThat(pieces(v3, "a  b")).containsExactly("a", " ", " b");
        assertThat(pieces(v3, "a  ")).containsExactly("a", "  ");
    }

    @Test
    void lineEndsCloseRunsOfSpacesAndPunctuation() {
        assertThat(pieces(v3, "x  \n\n  y")).containsExactly("x", "  \n\n", " ", " y");
        assertThat(pieces(v3, "end.\r\n\r\nnext")).containsExactly("end", ".\r\n\r\n", "next");
        assertThat(pieces(v3, ".md")).containsExactly(".md");
    }

    @Test
    void whiteSpaceIsUnicode() {
        assertThat(pieces(v3, "\u00a0\u3000\u2003")).containsExactly("\u00a0\u3000\u2003");
        assertThat(pieces(v3, "a\u3000\u3000b")).containsExactly("a", "\u3000", "\u3000b");
    }

    @Test
    void charactersOfNoPatternStayAsPieces() {
        assertThat(pieces(v3, "\u0000\u0000!")).containsExactly("\u0000\u0000", "!");
    }

    @Test
    void dollarMatchesAtLineEndsAsInOniguruma() {
        var splits = new SplitSequence(List.of("b$"));
        assertThat(pieces(splits, "ab\nab")).containsExactly("a", "b", "\na", "b");
    }

    @Test
    void trailingSpaceIsFoundWithoutTryingEachStart() {
        var splits = new SplitSequence(List.of("\\s+$"));
        String spaces = " ".repeat(200_000);
        assertThat(pieces(splits, spaces + "1")).containsExactly(spaces + "1");
        assertThat(pieces(splits, "1" + spaces)).containsExactly("1", spaces);
        assertThat(pieces(splits, " a \n  \nb  ")).containsExactly(" a", " \n  ", "\nb", "  ");
    }

    @Test
    void scannersCutAsTheExpressionsTheyStandFor() {
        var random = new SplittableRandom(12);
        List<String> patterns =
                List.of(
                        "[\\r\\n]",
                        "\\p{N}",
                        "\\p{N}+",
                        "\\p{N}{1,3}",
                        "\\s?\\p{P}+",
                        "\\s?[\\s!]+",
                        "\\s?[a-z\u3000]+",
                        "[^a-z ]+",
                        "[\uD835\uDC00-\uD835\uDFFF]+",
                        "\\p{Han}{1,2}",
                        "\\s+$");
        for (String pattern : patterns) {
            assertThat(RunSplit.fits(pattern)).isEqualTo(!pattern.endsWith("$"));
            var expression = new RegexSplit(OnigurumaPattern.compile(pattern));
            var scanner = new SplitSequence(List.of(pattern));
            for (int i = 0; i < 300; i++) {
                String text =
                        RandomTexts.next(
                                random, List.of("12345", "  \n \n\n ", "a 1\u3000\u3000!"));
                assertThat(pieces(scanner, text)).isEqualTo(pieces(expression, text));
            }
        }
        assertThat(RunSplit.fits("\\s?\\p{N}{1,3}")).isFalse();
        assertThat(RunSplit.fits("[a-z&&[^b]]+")).isFalse();
        assertThat(RunSplit.fits("a+")).isFalse();
    }

    @Test
    void patternsOfOnigurumaAreRead() {
        assertThat(pieces(new SplitSequence(List.of("\\p{Han}+x?")), "a漢々x"))
                .containsExactly("a", "漢々x");
        assertThat(pieces(new SplitSequence(List.of("\\p{^L}!?")), "a1b"))
                .containsExactly("a", "1", "b");
        assertThat(pieces(new SplitSequence(List.of("\\P{^L}+!?")), "1ab"))
                .containsExactly("1", "ab");
        assertThat(pieces(new SplitSequence(List.of("(?i:'s)")), "'S'ſ's'z"))
                .containsExactly("'S", "'ſ", "'s", "'z");
        for (String pattern : List.of("\\h+", "[[:digit:]]+", "a\\Kb", "\\Qa\\E")) {
            assertThatThrownBy(() -> new SplitSequence(List.of(pattern)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("which is not supported");
        }
    }

    @Test
    void piecesCoverTheRangeInOrder() {
        var random = new SplittableRandom(3);
        var gpt2 = new SplitSequence(List.of(SplitSequence.GPT2));
        for (int i = 0; i < 500; i++) {
            String text = TextResources.randomText(random);
            assertThat(String.join("", pieces(v3, text))).isEqualTo(text);
            assertThat(pieces(v3, text)).doesNotContain("");
            assertThat(String.join("", pieces(gpt2, text))).isEqualTo(text);
        }
    }

    @Test
    void aRangeIsSplitAsIfNothingStoodAround() {
        List<String> pieces = new ArrayList<>();
        String text = "ab  cd";
        v3.split(text, 0, 4, (start, end) -> pieces.add(text.substring(start, end)));
        assertThat(pieces).containsExactly("ab", "  ");
    }

    @Test
    void emptyMatchesCutNothing() {
        assertThat(pieces(new SplitSequence(List.of("x*")), "axxb"))
                .containsExactly("a", "xx", "b");
    }

    @Test
    void aBrokenPatternIsNamed() {
        assertThatThrownBy(() -> new SplitSequence(List.of("a", "[b")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"[b\" is not a regular expression");
    }

    @Test
    void aPatternThatBacktracksForEverIsStopped() {
        // The reference back to a group turns off the memory by which Java avoids this.
        var endless = new SplitSequence(List.of("(a|aa)+(?=b)\\1"));
        assertThatThrownBy(() -> pieces(endless, "a".repeat(60)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("backtracks without end");
        var deep = new SplitSequence(List.of("(a|aa)+b"));
        assertThatThrownBy(() -> pieces(deep, "a".repeat(1_000_000)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("nests too deeply");
    }

    private static List<String> pieces(PreTokenizer splits, String text) {
        List<String> pieces = new ArrayList<>();
        splits.split(
                text, 0, text.length(), (start, end) -> pieces.add(text.substring(start, end)));
        return pieces;
    }
}
