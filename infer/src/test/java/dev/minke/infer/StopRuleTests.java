package dev.minke.infer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class StopRuleTests {
    private static StopParams params(int max, int min, String... strings) {
        return new StopParams(max, min, false, List.of(), List.of(strings));
    }

    @Test
    void aTokenThatEndsTextsStops() {
        StopRule rule = new StopRule(new StopParams(9), PieceTokenizer.bytesOf("abc"));
        assertThat(rule.accept(1)).isEqualTo("a");
        assertThat(rule.finish()).isEmpty();
        assertThat(rule.ends(0)).isTrue();
        assertThat(rule.accept(0)).isEmpty();
        assertThat(rule.finish()).contains(FinishReason.STOP);
        assertThat(rule.count()).isOne();
        assertThatIllegalStateException()
                .isThrownBy(() -> rule.accept(1))
                .withMessage("the sequence has ended: STOP");
    }

    @Test
    void theLastTokenAllowedEndsByLength() {
        StopRule rule = new StopRule(params(2, 0, "bc"), PieceTokenizer.bytesOf("abc"));
        assertThat(rule.accept(1)).isEqualTo("a");
        assertThat(rule.accept(2)).as("held back, and released by the end").isEqualTo("b");
        assertThat(rule.finish()).contains(FinishReason.LENGTH);
        assertThat(new StopRule(new StopParams(0), PieceTokenizer.bytesOf("a")).finish())
                .contains(FinishReason.LENGTH);
    }

    @Test
    void aStopStringIsFoundOverTheBordersOfTokensAndCharacters() {
        String text = "né→🐋.";
        PieceTokenizer tokenizer = PieceTokenizer.bytesOf(text);
        for (String stop : List.of("é→", "→🐋", "🐋", "né", "n", "🐋.", ".")) {
            StopRule rule = new StopRule(params(99, 0, stop), tokenizer);
            StringBuilder out = new StringBuilder();
            for (int id = 1; id < tokenizer.vocabSize() && rule.stopString().isEmpty(); id++) {
                String piece = rule.accept(id);
                assertThat(piece).doesNotContain("\uFFFD");
                out.append(piece);
            }
            assertThat(out.toString()).isEqualTo(text.substring(0, text.indexOf(stop)));
            assertThat(rule.stopString()).contains(stop);
            assertThat(rule.finish()).contains(FinishReason.STOP);
        }
    }

    @Test
    void aTokenWithTheMiddleOfTwoCharactersIsNoProblem() {
        byte[] all = "ü→x".getBytes(StandardCharsets.UTF_8); // 2, 3 and 1 bytes
        PieceTokenizer tokenizer =
                PieceTokenizer.of(
                        new byte[0],
                        new byte[] {all[0]},
                        new byte[] {all[1], all[2]},
                        new byte[] {all[3], all[4], all[5]});
        StopRule rule = new StopRule(params(9, 0, "→"), tokenizer);
        assertThat(rule.accept(1)).isEmpty();
        assertThat(rule.accept(2)).isEqualTo("ü");
        assertThat(rule.accept(3)).isEmpty();
        assertThat(rule.finish()).contains(FinishReason.STOP);
    }

    @Test
    void anEndWithinACharacterShowsAReplacement() {
        StopRule rule = new StopRule(new StopParams(2), PieceTokenizer.bytesOf("→"));
        assertThat(rule.accept(1)).isEmpty();
        assertThat(rule.accept(2)).isEqualTo("\uFFFD");
        assertThat(rule.finish()).contains(FinishReason.LENGTH);
    }

    @Test
    void beforeTheLeastNumberOfTokensNothingStops() {
        StopRule rule =
                new StopRule(
                        new StopParams(9, 2, false, List.of(3), List.of("aa")),
                        PieceTokenizer.bytesOf("abc"));
        assertThat(rule.banned()).containsExactly(0, 3);
        assertThat(rule.accept(1) + rule.accept(1)).isEqualTo("aa");
        assertThat(rule.banned()).isEmpty();
        assertThat(rule.accept(1)).as("only what follows is looked at").isEmpty();
        assertThat(rule.finish()).isEmpty();
        assertThat(rule.accept(1)).isEmpty();
        assertThat(rule.stopString()).contains("aa");
        assertThat(rule.count()).isEqualTo(4);
    }

    @Test
    void endsOfTextAreBannedWhenTheyAreToBeIgnored() {
        StopRule rule =
                new StopRule(
                        new StopParams(9, 1, true, List.of(2), List.of()),
                        PieceTokenizer.bytesOf("abc"),
                        0,
                        1);
        assertThat(rule.banned()).containsExactly(0, 1, 2);
        assertThat(rule.accept(3)).isEqualTo("c");
        assertThat(rule.banned()).containsExactly(0, 1);
        assertThat(rule.ends(2)).isTrue();
        rule.accept(2);
        assertThat(rule.finish()).contains(FinishReason.STOP);
    }

    @Test
    void anEndFromOutsideReleasesWhatWasHeld() {
        StopRule rule = new StopRule(params(9, 0, "abc"), PieceTokenizer.bytesOf("abc"));
        assertThat(rule.accept(1) + rule.accept(2)).isEmpty();
        assertThat(rule.finish(FinishReason.CANCELLED)).isEqualTo("ab");
        assertThat(rule.finish()).contains(FinishReason.CANCELLED);
        assertThat(rule.finish(FinishReason.LENGTH)).isEmpty();
        assertThat(rule.finish()).contains(FinishReason.CANCELLED);
    }

    @Test
    void whatCannotBeIsNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new StopParams(-1))
                .withMessage("max tokens is -1, expected 0 or more");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> params(3, 4))
                .withMessage("min tokens is 4, expected 0 to max tokens, 3");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> params(3, 0, ""))
                .withMessage("a stop string is empty");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> params(3, 0, "a" + "🐋".charAt(0)))
                .withMessageContaining("holds half a character");
        PieceTokenizer tokenizer = PieceTokenizer.bytesOf("abc");
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        new StopRule(new StopParams(1, 0, false, List.of(4), List.of()), tokenizer))
                .withMessage("stop token 4, expected 0 to 3");
    }
}
