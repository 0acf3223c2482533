package dev.minke.model.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BpeTokenizerTests {
    // Ids in byte order are 3 + the rank of the letter: 'a' is the 65th visible character.
    private static final int A = 3 + 'a' - '!';
    private static final int SPACE = 223;

    @TempDir Path folder;

    @Test
    void mergesApplyByRankAndFromTheLeft() {
        BpeTokenizer tokenizer = withMerges("b c", "a b", "a a", "bc d");
        int bc = 259;
        int ab = 260;
        int aa = 261;
        int bcd = 262;
        assertThat(tokenizer.encode("abc")).containsExactly(A, bc);
        assertThat(tokenizer.encode("ab")).containsExactly(ab);
        assertThat(tokenizer.encode("aaa")).containsExactly(aa, A);
        assertThat(tokenizer.encode("aabcd")).containsExactly(aa, bcd);
        assertThat(tokenizer.encode("aab")).containsExactly(A, ab);
    }

    @Test
    void byteIdsFollowDeepSeeksOrder() {
        BpeTokenizer bytes = BpeTokenizer.bytes();
        assertThat(bytes.vocabSize()).isEqualTo(259);
        assertThat(bytes.encode("!1 ")).containsExactly(3, 19, SPACE);
        assertThat(bytes.bos()).hasValue(0);
        assertThat(bytes.eos()).hasValue(1);
        assertThat(bytes.id(AddedToken.PAD)).isEqualTo(2);
        assertThat(bytes.id("absent")).isEqualTo(-1);
        assertThat(bytes.id("a")).isEqualTo(-1);
    }

    @Test
    void longPiecesMergeAsShortOnesDo() throws IOException {
        BpeTokenizer tokenizer = TextResources.tokenizer(folder, "v3.json");
        BpeDefinition unsplit = withoutSplits(tokenizer.definition());
        var whole = new BpeTokenizer(unsplit);
        var random = new SplittableRandom(8);
        for (int i = 0; i < 200; i++) {
            String text = TextResources.randomText(random) + TextResources.randomText(random);
            assertThat(whole.encodePlain(text)).isEqualTo(slowly(unsplit, text));
        }
    }

    @Test
    void decodeUndoesEncodeForTexts() throws IOException {
        var random = new SplittableRandom(1);
        for (BpeTokenizer tokenizer : both()) {
            for (int i = 0; i < 1000; i++) {
                String text = TextResources.randomText(random);
                assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
                assertThat(tokenizer.decode(tokenizer.encodePlain(text))).isEqualTo(text);
                byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
                assertThat(tokenizer.encode(utf8)).isEqualTo(tokenizer.encode(text));
            }
        }
    }

    @Test
    void decodeUndoesEncodeForAnyBytes() throws IOException {
        var random = new SplittableRandom(2);
        for (BpeTokenizer tokenizer : both()) {
            for (int i = 0; i < 500; i++) {
                byte[] bytes = new byte[random.nextInt(200)];
                random.nextBytes(bytes);
                if (i % 2 == 0) {
                    // Broken characters amid sound text.
                    byte[] text = TextResources.randomText(random).getBytes(StandardCharsets.UTF_8);
                    System.arraycopy(text, 0, bytes, 0, Math.min(text.length, bytes.length));
                }
                assertThat(tokenizer.decodeBytes(tokenizer.encode(bytes))).isEqualTo(bytes);
            }
        }
    }

    @Test
    void loneSurrogatesBecomeQuestionMarks() throws IOException {
        for (BpeTokenizer tokenizer : both()) {
            for (String text :
                    List.of("a\uD800", "\uDC80b", "\uDFFF\uD800", "\uD83D\uD83D\uDE00")) {
                String expected =
                        new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
                assertThat(expected).contains("?");
                assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(expected);
            }
        }
    }

    @Test
    void addedTokensAreFoundInTextButNotInPlainText() {
        BpeTokenizer bytes = BpeTokenizer.bytes();
        String text = "a" + AddedToken.END_OF_SENTENCE + "a" + AddedToken.BEGIN_OF_SENTENCE;
        assertThat(bytes.encode(text)).containsExactly(A, 1, A, 0);
        assertThat(bytes.encodePlain(text)).doesNotContain(0, 1).hasSizeGreaterThan(40);
        assertThat(bytes.decode(1, A)).isEqualTo(AddedToken.END_OF_SENTENCE + "a");
        assertThat(bytes.special(1)).isTrue();
        assertThat(bytes.special(A)).isFalse();
        assertThat(bytes.special(-1)).isFalse();
    }

    @Test
    void theLongestAddedTokenWins() {
        List<AddedToken> added =
                List.of(
                        new AddedToken(300, "<t", false),
                        new AddedToken(301, "<tt>", false),
                        new AddedToken(302, "tt>", true));
        BpeDefinition base = BpeTokenizer.bytes().definition();
        var tokenizer =
                new BpeTokenizer(
                        new BpeDefinition(
                                base.tokens(), List.of(), added, List.of(), false, "", "", ""));
        assertThat(tokenizer.encode("<tt><t<tt")).containsExactly(301, 300, 300, A + 't' - 'a');
        assertThat(tokenizer.encode("ttt>")).containsExactly(A + 't' - 'a', 302);
        assertThat(tokenizer.vocabSize()).isEqualTo(303);
        assertThat(tokenizer.bos()).isEmpty();
        assertThatThrownBy(() -> tokenizer.decode(299))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("id 299 has no token; the vocabulary has ids 0 to 302");
    }

    @Test
    void idsOutsideTheVocabularyAreRefused() {
        for (int id : new int[] {-1, 259, Integer.MAX_VALUE}) {
            assertThatThrownBy(() -> BpeTokenizer.bytes().decode(id))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("id " + id + " has no token");
        }
    }

    @Test
    void wholePiecesSkipTheMerges() throws IOException {
        BpeDefinition plain = withMerges("b c", "a bc", "a b").definition();
        var whole =
                new BpeTokenizer(
                        new BpeDefinition(
                                plain.tokens(),
                                List.of(new BpeDefinition.Merge("b", "c")),
                                plain.added(),
                                List.of(),
                                true,
                                "",
                                "",
                                ""));
        assertThat(whole.encode("abc")).containsExactly(260);
        assertThat(whole.encode("abcbc")).containsExactly(A, 259, 259);
    }

    @Test
    void savedTokenizersLoadAsTheSame() throws IOException {
        var random = new SplittableRandom(4);
        for (BpeTokenizer tokenizer : both()) {
            tokenizer.save(folder);
            BpeTokenizer loaded = BpeTokenizer.read(folder);
            assertThat(loaded.definition()).isEqualTo(tokenizer.definition());
            String text = TextResources.randomText(random);
            assertThat(loaded.encode(text)).isEqualTo(tokenizer.encode(text));
            assertThat(loaded.bos()).isEqualTo(tokenizer.bos());
            byte[] first = Files.readAllBytes(folder.resolve("tokenizer.json"));
            loaded.save(folder);
            assertThat(folder.resolve("tokenizer.json")).hasBinaryContent(first);
            try (var files = Files.list(folder)) {
                assertThat(files.map(f -> f.getFileName().toString()))
                        .containsExactlyInAnyOrder("tokenizer.json", "tokenizer_config.json");
            }
        }
    }

    @Test
    void longRunsTakeLittleTime() throws IOException {
        BpeTokenizer tokenizer = TextResources.tokenizer(folder, "v3.json");
        BpeTokenizer unsplit = new BpeTokenizer(withoutSplits(tokenizer.definition()));
        long start = System.nanoTime();
        for (String unit : List.of("t", "th", " ", "\n", "1", "!", "鲸", "🐋", "<", " \n", "\0")) {
            String text = unit.repeat(200_000 / unit.length());
            assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
            assertThat(unsplit.decode(unsplit.encode(text))).isEqualTo(text);
        }
        // Quadratic merging would need hours; this bound is for slow machines.
        assertThat(System.nanoTime() - start).isLessThan(60_000_000_000L);
    }

    @Test
    void bytesThatUtf8NeverUsesMayLackTokens() {
        List<String> tokens = new ArrayList<>(BpeTokenizer.bytes().definition().tokens());
        tokens.set(tokens.indexOf("ö"), "");
        List<AddedToken> added = List.of(new AddedToken(300, "ö", false));
        var tokenizer =
                new BpeTokenizer(
                        new BpeDefinition(tokens, List.of(), added, List.of(), false, "", "", ""));
        assertThat(tokenizer.encode("aö")).containsExactly(A, 300);
        assertThat(tokenizer.decode(300)).isEqualTo("ö");
        assertThatThrownBy(() -> tokenizer.encode(new byte[] {(byte) 0xF6}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("byte 0xF6 is not UTF-8 and the vocabulary has no token for it");
    }

    @Test
    void anUnsoundDefinitionIsRefused() {
        BpeDefinition base = BpeTokenizer.bytes().definition();
        List<String> lacking = new ArrayList<>(base.tokens());
        lacking.set(lacking.indexOf("a"), "");
        List<String> twice = new ArrayList<>(base.tokens());
        twice.add("a");
        var unknown = List.of(new BpeDefinition.Merge("a", "b"));
        refuse(lacking, List.of(), List.of(), "vocab has no token for byte 0x61: \"a\"");
        refuse(twice, List.of(), List.of(), "vocab gives \"a\" the ids 67 and 259");
        refuse(
                base.tokens(),
                unknown,
                List.of(),
                "merges[0] needs a token that vocab lacks: \"ab\"");
        refuse(
                base.tokens(),
                List.of(),
                List.of(new AddedToken(9, "x", false)),
                "added_tokens gives id 9 to \"x\", which is \"'\" already");
        refuse(
                base.tokens(),
                List.of(),
                List.of(new AddedToken(300, "a", false)),
                "added_tokens gives \"a\" the id 300, but it has another already");
        refuse(
                base.tokens(),
                List.of(),
                List.of(new AddedToken(300, "xy", false), new AddedToken(300, "z", false)),
                "added_tokens gives id 300 to \"z\", which is \"xy\" already");
        assertThatThrownBy(() -> new BpeTokenizer(base.withRoles("<s>", "", "")))
                .hasMessage("bos_token \"<s>\" is not among the added tokens");
    }

    private static void refuse(
            List<String> tokens,
            List<BpeDefinition.Merge> merges,
            List<AddedToken> added,
            String message) {
        var definition = new BpeDefinition(tokens, merges, added, List.of(), false, "", "", "");
        assertThatThrownBy(() -> new BpeTokenizer(definition))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    private List<BpeTokenizer> both() throws IOException {
        return List.of(BpeTokenizer.bytes(), TextResources.tokenizer(folder, "v3.json"));
    }

    private static BpeTokenizer withMerges(String... merges) {
        BpeDefinition base = BpeTokenizer.bytes().definition();
        List<String> tokens = new ArrayList<>(base.tokens());
        List<BpeDefinition.Merge> pairs = new ArrayList<>();
        for (String merge : merges) {
            String[] parts = merge.split(" ");
            pairs.add(new BpeDefinition.Merge(parts[0], parts[1]));
            tokens.add(parts[0] + parts[1]);
        }
        return new BpeTokenizer(
                new BpeDefinition(tokens, pairs, base.added(), List.of(), false, "", "", ""));
    }

    private static BpeDefinition withoutSplits(BpeDefinition d) {
        return new BpeDefinition(
                d.tokens(), d.merges(), d.added(), List.of(), false, d.bos(), d.eos(), d.pad());
    }

    // The definition of byte pair encoding, word for word: for each merge, in order, join pairs.
    private static int[] slowly(BpeDefinition definition, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        List<String> symbols =
                new ArrayList<>(Arrays.asList(ByteAlphabet.token(utf8, utf8.length).split("")));
        for (BpeDefinition.Merge merge : definition.merges()) {
            for (int i = 0; i + 1 < symbols.size(); i++) {
                if (symbols.get(i).equals(merge.left())
                        && symbols.get(i + 1).equals(merge.right())) {
                    symbols.set(i, merge.left() + merge.right());
                    symbols.remove(i + 1);
                }
            }
        }
        return symbols.stream().mapToInt(definition.tokens()::indexOf).toArray();
    }
}
