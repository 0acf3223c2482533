package dev.minke.model.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class GgufVocabularyTests {
    private static final int NONE = GgufVocabulary.NONE;

    // The 256 bytes, then "ab", and what a test adds.
    private final List<String> tokens = new ArrayList<>(ByteAlphabet.inOrder());
    private final List<Integer> types = new ArrayList<>();
    private final List<String> merges = new ArrayList<>(List.of("a b"));

    GgufVocabularyTests() {
        tokens.add("ab");
        tokens.forEach(_ -> types.add(GgufVocabulary.NORMAL));
    }

    @Test
    void tokensThatAreNotNormalAreFoundInText() {
        int control = add("<｜end｜>", GgufVocabulary.CONTROL);
        int user = add("<think>", GgufVocabulary.USER_DEFINED);
        int unknown = add("<unk>", GgufVocabulary.UNKNOWN);
        BpeTokenizer tokenizer = new BpeTokenizer(vocabulary(control, control, true).definition());
        assertThat(tokenizer.encode("ab<｜end｜><think><unk>"))
                .containsExactly(256, control, user, unknown);
        assertThat(tokenizer.special(control)).isTrue();
        assertThat(tokenizer.special(user)).isFalse();
        assertThat(tokenizer.special(unknown)).isTrue();
        assertThat(tokenizer.decode(control, user)).isEqualTo("<｜end｜><think>");
        assertThat(tokenizer.bos()).hasValue(control);
        assertThat(tokenizer.eos()).hasValue(control);
        assertThat(tokenizer.addBos()).isTrue();
        assertThat(tokenizer.encodePlain("<think>")).doesNotContain(user);
    }

    @Test
    void unusedIdsHaveNoToken() {
        int hole = add("[unused]", GgufVocabulary.UNUSED);
        int user = add("word", GgufVocabulary.USER_DEFINED);
        add("[PAD259]", GgufVocabulary.UNUSED);
        add("", GgufVocabulary.NORMAL);
        BpeTokenizer tokenizer = new BpeTokenizer(vocabulary(NONE, NONE, false).definition());
        assertThat(tokenizer.vocabSize()).isEqualTo(user + 1);
        assertThat(tokenizer.encode("word")).containsExactly(user);
        assertThatThrownBy(() -> tokenizer.decode(hole))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void anAddedTokenMayBePartOfMerges() {
        int abc = add("abc", GgufVocabulary.USER_DEFINED);
        merges.add("ab c");
        BpeTokenizer tokenizer = new BpeTokenizer(vocabulary(NONE, NONE, false).definition());
        assertThat(tokenizer.encodePlain("abc")).containsExactly(abc);
        assertThat(tokenizer.encode("xabcx")).contains(abc);
    }

    @Test
    void rolesMakeControlTokensButPaddingDoesNot() {
        int eos = add("<eos>", GgufVocabulary.NORMAL);
        var vocabulary =
                new GgufVocabulary("gpt-2", tokens, ints(), merges, NONE, eos, NONE, 0, false);
        BpeTokenizer tokenizer = new BpeTokenizer(vocabulary.definition());
        assertThat(tokenizer.encode("<eos>")).containsExactly(eos);
        assertThat(tokenizer.special(eos)).isTrue();
        assertThat(vocabulary.definition().pad()).isEmpty();
        assertThat(tokenizer.special(0)).isFalse();
    }

    @Test
    void definitionsSurviveTheWayToGgufAndBack() {
        BpeDefinition trained =
                BpeTrainer.train(
                                BpeTrainer.Options.deepSeekV3(300),
                                List.of("the whale and the whale 12 ".repeat(5)))
                        .definition()
                        .withAddBos(true);
        int size = trained.tokens().size();
        GgufVocabulary gguf = GgufVocabulary.of(trained, size + 3);
        assertThat(gguf.pre()).isEqualTo("deepseek-v3");
        assertThat(gguf.tokens()).hasSize(size + 3).endsWith("[PAD" + (size + 2) + "]");
        assertThat(gguf.types())
                .startsWith(GgufVocabulary.CONTROL, GgufVocabulary.CONTROL, GgufVocabulary.CONTROL)
                .endsWith(GgufVocabulary.NORMAL, 5, 5, 5);
        assertThat(gguf.bos()).isZero();
        assertThat(gguf.pad()).isEqualTo(2);
        BpeDefinition.Merge first = trained.merges().getFirst();
        assertThat(gguf.merges().getFirst()).isEqualTo(first.left() + " " + first.right());
        BpeDefinition back = gguf.definition();
        BpeTokenizer tokenizer = new BpeTokenizer(back);
        String text = "the whale " + AddedToken.PAD + " 123";
        assertThat(tokenizer.encode(text)).isEqualTo(new BpeTokenizer(trained).encode(text));
        assertThat(tokenizer.addBos()).isTrue();
        GgufVocabulary again = GgufVocabulary.of(back, size + 3);
        assertThat(again.tokens()).isEqualTo(gguf.tokens());
        assertThat(again.types()).isEqualTo(gguf.types());
    }

    @Test
    void whatGgufCannotSayIsRefused() {
        BpeDefinition bytes =
                new BpeDefinition(
                        BpeTokenizer.bytes().definition().tokens(),
                        List.of(),
                        List.of(new AddedToken(300, "<a>", true, false, false, true, false)),
                        GgufPreTokenizer.GPT2.splits(),
                        false,
                        "",
                        "",
                        "");
        assertThatThrownBy(() -> GgufVocabulary.of(bytes, 301))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("added token \"<a>\" has single_word, lstrip or rstrip");
        assertThatThrownBy(() -> GgufVocabulary.of(bytes, 300))
                .hasMessage(
                        "the vocabulary has 301 ids and the embedding 300 rows;"
                                + " expected at least as many rows");
    }

    @Test
    void withoutMergesAnyPreTokenizerWillDo() {
        GgufVocabulary bytes = GgufVocabulary.of(BpeTokenizer.bytes().definition(), 300);
        assertThat(bytes.pre()).isEqualTo("deepseek-v3");
        String text = "12 345,\n naïve 毕";
        assertThat(new BpeTokenizer(bytes.definition()).encode(text))
                .isEqualTo(BpeTokenizer.bytes().encode(text));
    }

    @Test
    void cutsWithoutANameAreKeptByTheCallerAndRefusedByOthers() {
        List<String> tokens = new ArrayList<>(BpeTokenizer.bytes().definition().tokens());
        tokens.add("12");
        BpeDefinition oneDigit =
                new BpeDefinition(
                        tokens,
                        List.of(new BpeDefinition.Merge("1", "2")),
                        List.of(),
                        SplitSequence.deepSeekV3(1).patterns(),
                        false,
                        "",
                        "",
                        "");
        assertThat(GgufVocabulary.hasName(oneDigit)).isFalse();
        GgufVocabulary vocabulary = GgufVocabulary.withOwnRules(oneDigit, 300);
        assertThat(vocabulary.pre()).isEqualTo(GgufVocabulary.OWN);
        BpeDefinition back =
                vocabulary
                        .definition()
                        .withPreTokenizer(
                                oneDigit.nfc(), oneDigit.splits(), oneDigit.wholePieces());
        assertThat(new BpeTokenizer(back).encode("a12"))
                .isEqualTo(new BpeTokenizer(oneDigit).encode("a12"))
                .hasSize(3);
    }

    @Test
    void wrongValuesAreRefusedByKey() {
        types.set(3, 9);
        refuse("tokenizer.ggml.token_type[3]: found 9; expected 1 to 6");
        types.set(3, GgufVocabulary.BYTE);
        assertThat(vocabulary(NONE, NONE, false).definition().tokens()).hasSize(257);
        add("<0x0A>", GgufVocabulary.BYTE);
        refuse("tokenizer.ggml.tokens[257]: found the byte token \"<0x0A>\"");
        types.removeLast();
        refuse("tokenizer.ggml.token_type has 257 entries; expected 258, one for each token");
        types.add(GgufVocabulary.NORMAL);
        for (String merge : List.of("ab", " b", "a ", "a b c")) {
            merges.set(0, merge);
            refuse("tokenizer.ggml.merges[0]: found \"" + merge + "\"; expected two tokens");
        }
        merges.set(0, "a b");
        assertThatThrownBy(() -> vocabulary(258, NONE, false))
                .hasMessage("tokenizer.ggml.bos_token_id: found 258; expected an id below 258");
        assertThatThrownBy(() -> vocabulary(NONE, -2, false))
                .hasMessageContaining("tokenizer.ggml.eos_token_id: found -2");
    }

    @Test
    void llamasTextsBeginWithBosUnlessTheFileSaysOtherwise() {
        assertThat(GgufVocabulary.addsBosByDefault("llama-bpe")).isTrue();
        assertThat(GgufVocabulary.addsBosByDefault("deepseek-v3")).isFalse();
        assertThatThrownBy(() -> GgufVocabulary.addsBosByDefault("default"))
                .hasMessageContaining("tokenizer.ggml.pre");
    }

    private int add(String token, int type) {
        tokens.add(token);
        types.add(type);
        return tokens.size() - 1;
    }

    private int[] ints() {
        return types.stream().mapToInt(Integer::intValue).toArray();
    }

    private GgufVocabulary vocabulary(int bos, int eos, boolean addBos) {
        return new GgufVocabulary("gpt-2", tokens, ints(), merges, bos, eos, NONE, NONE, addBos);
    }

    private void refuse(String message) {
        assertThatThrownBy(() -> vocabulary(NONE, NONE, false).definition())
                .as(Arrays.toString(ints()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}
