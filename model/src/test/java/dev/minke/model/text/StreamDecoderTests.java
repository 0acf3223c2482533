package dev.minke.model.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class StreamDecoderTests {
    private final BpeTokenizer bytes = BpeTokenizer.bytes();

    @Test
    void charactersComeWholeOrNotAtAll() {
        StreamDecoder stream = bytes.stream();
        int[] whale = bytes.encode("🐋é");
        assertThat(whale).hasSize(6);
        assertThat(stream.accept(whale[0])).isEmpty();
        assertThat(stream.accept(whale[1])).isEmpty();
        assertThat(stream.accept(whale[2])).isEmpty();
        assertThat(stream.accept(whale[3])).isEqualTo("🐋");
        assertThat(stream.accept(whale[4])).isEmpty();
        assertThat(stream.accept(whale[5])).isEqualTo("é");
        assertThat(stream.flush()).isEmpty();
    }

    @Test
    void flushGivesBrokenBytesAsReplacementsAndStartsAfresh() {
        StreamDecoder stream = bytes.stream();
        int[] whale = bytes.encode("🐋");
        assertThat(stream.accept(whale[0])).isEmpty();
        assertThat(stream.flush()).isEqualTo("\uFFFD");
        assertThat(stream.accept(bytes.encode("a")[0])).isEqualTo("a");
        assertThat(stream.flush()).isEmpty();
    }

    @Test
    void aBrokenCharacterDoesNotHoldBackWhatFollows() {
        StreamDecoder stream = bytes.stream();
        int[] whale = bytes.encode("🐋");
        assertThat(stream.accept(whale[0])).isEmpty();
        assertThat(stream.accept(bytes.encode("a")[0])).isEqualTo("\uFFFDa");
    }

    @Test
    void piecesJoinedEqualTheWholeDecoding() {
        var random = new SplittableRandom(6);
        StreamDecoder stream = bytes.stream();
        for (int i = 0; i < 500; i++) {
            byte[] data = new byte[random.nextInt(60)];
            random.nextBytes(data);
            int[] ids = i % 2 == 0 ? bytes.encode(data) : encodeText(random);
            StringBuilder joined = new StringBuilder();
            for (int id : ids) {
                String piece = stream.accept(id);
                if (!piece.isEmpty()) {
                    assertThat(Character.isHighSurrogate(piece.charAt(piece.length() - 1)))
                            .isFalse();
                    assertThat(Character.isLowSurrogate(piece.charAt(0))).isFalse();
                }
                joined.append(piece);
            }
            joined.append(stream.flush());
            assertThat(joined.toString()).isEqualTo(bytes.decode(ids));
        }
    }

    @Test
    void randomIdsOfALearntVocabularyNeverGiveHalfACharacter() {
        var random = new SplittableRandom(11);
        List<String> texts =
                Stream.generate(() -> TextResources.randomText(random)).limit(500).toList();
        BpeTokenizer tokenizer = BpeTrainer.train(BpeTrainer.Options.deepSeekV3(2000), texts);
        StreamDecoder stream = tokenizer.stream();
        for (int i = 0; i < 2000; i++) {
            int[] ids = random.ints(random.nextInt(40), 0, tokenizer.vocabSize()).toArray();
            StringBuilder joined = new StringBuilder();
            for (int id : ids) {
                String piece = stream.accept(id);
                assertThat(wellFormed(piece)).isTrue();
                joined.append(piece);
            }
            joined.append(stream.flush());
            assertThat(joined.toString()).isEqualTo(tokenizer.decode(ids));
        }
    }

    private static boolean wellFormed(String text) {
        return text.equals(EscapedUtf8.withoutLoneSurrogates(text));
    }

    @Test
    void anUnknownIdIsRefused() {
        assertThatThrownBy(() -> bytes.stream().accept(259))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("id 259");
    }

    private int[] encodeText(SplittableRandom random) {
        return bytes.encode(TextResources.randomText(random));
    }
}
