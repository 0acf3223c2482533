package dev.minke.infer.constrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.minke.model.text.BpeTokenizer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class VocabularyTests {

    @Test
    void everyTextIsOnThePathOfItsBytes() {
        var tokenizer = ListTokenizer.small("<special>");
        Vocabulary vocabulary = Vocabulary.of(tokenizer);
        byte[] path = new byte[vocabulary.longest() + 1];
        int tokens = 0;
        for (int n = 1; n < vocabulary.nodes(); n++) {
            path[vocabulary.depth[n]] = vocabulary.label[n];
            assertThat(vocabulary.skip[n]).isGreaterThan(n);
            for (int t = vocabulary.firstToken[n]; t < vocabulary.firstToken[n + 1]; t++) {
                byte[] text = tokenizer.bytes(vocabulary.tokens[t]);
                assertThat(text).hasSize(vocabulary.depth[n]);
                assertThat(Arrays.copyOfRange(path, 1, text.length + 1)).isEqualTo(text);
                tokens++;
            }
        }
        assertThat(tokens).isEqualTo(tokenizer.vocabSize() - 2);
        assertThat(vocabulary.hasText(1)).isFalse();
        assertThat(vocabulary.hasText(-1)).isFalse();
    }

    @Test
    void equalTextsAreAllFound() {
        byte[] text = "same".getBytes(StandardCharsets.UTF_8);
        var tokenizer = new ListTokenizer(List.of("<end>"), List.of(text, text, new byte[0]));
        Constraint.Matcher matcher = Constraints.regex("same").matcher(Vocabulary.of(tokenizer));
        assertThat(matcher.mask()).containsExactly(0b0110);
    }

    @Test
    void aTextMayHaveSeveralEnds() {
        Vocabulary vocabulary = Vocabulary.of(ListTokenizer.small("<other>"), 0, 1);
        Constraint.Matcher matcher = Constraints.regex("a?").matcher(vocabulary);
        assertThat(Walks.allowed(matcher.mask(), 0)).isTrue();
        assertThat(Walks.allowed(matcher.mask(), 1)).isTrue();
        matcher.accept(1);
        assertThat(matcher.done()).isTrue();
        assertThatThrownBy(() -> Vocabulary.of(ListTokenizer.small(), 5000))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("end id 5000");
    }

    @Test
    void readsATokenizerOfBytes() {
        Vocabulary vocabulary = Vocabulary.of(BpeTokenizer.bytes());
        assertThat(vocabulary.longest()).isEqualTo(1);
        assertThat(vocabulary.nodes()).isEqualTo(257);
        assertThat(vocabulary.maskLength()).isEqualTo((vocabulary.size() + 63) / 64);
    }

    /// 129,280 tokens: built and walked within generous limits of memory.
    @Test
    void aLargeVocabularyIsAffordable() {
        var tokenizer = ListTokenizer.large(129_280);
        Vocabulary vocabulary = Vocabulary.of(tokenizer);
        assertThat(vocabulary.nodes()).isLessThan(1_000_000);
        Constraint.Matcher matcher = Constraints.json().matcher(vocabulary);
        for (int id : new int[] {'{', '"'}) {
            matcher.accept(id + 1); // bytes come after <end>
        }
        int allowed = 0;
        for (long word : matcher.mask()) {
            allowed += Long.bitCount(word);
        }
        assertThat(allowed).isBetween(100_000, 129_280);
    }
}
