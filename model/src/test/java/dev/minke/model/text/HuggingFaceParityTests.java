package dev.minke.model.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.FieldSource;

/// Compare ids with Hugging Face's tokenizers on random texts.
///
/// `-Dminke.oracle.texts=100000` gives each tokenizer that many texts, by default there are a few
/// thousand. Scans take one in so many code points, with 600000 texts every one.
class HuggingFaceParityTests {
    static final List<String> shared = SharedVocabularies.NAMES;

    private static final int TEXTS = Integer.getInteger("minke.oracle.texts", 2000);
    private static final int STEP = Math.max(1, 600_000 / TEXTS);
    private static final int BATCH = 1000;
    // Learnt from pieces of any kind, so that a cut in another place nearly always shows in the
    // ids.
    private static final BpeDefinition ANYHOW = train();

    @TempDir Path folder;

    @ParameterizedTest
    @EnumSource
    void idsAreEqualForEveryPreTokenizer(GgufPreTokenizer pre) throws IOException {
        compare(definition(pre, ANYHOW.added()));
    }

    @ParameterizedTest
    @FieldSource("shared")
    void idsAreEqualForTheVocabulariesOfLlamaCpp(String name) throws IOException {
        compare(SharedVocabularies.read(name).definition());
    }

    @Test
    void idsAreEqualWhateverTheFlagsOfAddedTokens() throws IOException {
        List<AddedToken> added = new ArrayList<>(ANYHOW.added());
        String[] contents = {
            "<a>", "<a>b", "word", "éx", "e\u0301z", "١", "<｜b", " c", "d\n", "👍", "wo", "\u0344"
        };
        for (int i = 0; i < 3 * contents.length; i++) {
            String content = contents[i % contents.length] + "~".repeat(i / contents.length);
            int id = ANYHOW.tokens().size() + i;
            // Every combination of flags comes up.
            int bits = i * 7 + i / 16;
            added.add(
                    new AddedToken(
                            id,
                            content,
                            i % 2 == 0,
                            (bits & 1) != 0,
                            (bits & 2) != 0,
                            (bits & 4) != 0,
                            (bits & 8) != 0));
        }
        compare(definition(GgufPreTokenizer.QWEN2, added));
        compare(definition(GgufPreTokenizer.DEEPSEEK_V3, added));
    }

    @ParameterizedTest
    @EnumSource
    void piecesAreEqualAroundEveryCodePoint(GgufPreTokenizer pre) throws IOException {
        BpeDefinition bytes = BpeTokenizer.bytes().definition();
        BpeDefinition definition = with(bytes, false, pre.splits(), false, List.of());
        var splits = new SplitSequence(pre.splits());
        new BpeTokenizer(definition).save(folder);
        try (var oracle = new HuggingFaceOracle(folder.resolve("tokenizer.json"))) {
            for (int from = 0; from <= Character.MAX_CODE_POINT; from += 4096 * STEP) {
                String text = around(from);
                assertThat(pieces(splits, text))
                        .as("from U+%04X", from)
                        .isEqualTo(pieces(oracle, text));
            }
        }
    }

    @Test
    void aTemplateWeWriteBeginsTexts() throws IOException {
        BpeDefinition begins = ANYHOW.withAddBos(true);
        new BpeTokenizer(begins).save(folder);
        try (var oracle = new HuggingFaceOracle(folder.resolve("tokenizer.json"))) {
            assertThat(oracle.encodeBegun("a")).hasSize(2).startsWith(0);
            assertThat(oracle.encode(List.of("a")).getFirst()).hasSize(1);
        }
    }

    @Test
    void formCIsEqualForEveryCodePoint() throws IOException {
        BpeDefinition bytes = BpeTokenizer.bytes().definition();
        var tokenizer = new BpeTokenizer(with(bytes, true, List.of(), false, List.of()));
        tokenizer.save(folder);
        List<String> texts = new ArrayList<>();
        for (int point = 0; point <= Character.MAX_CODE_POINT; point++) {
            String c = Character.toString(point);
            String parts = Normalizer.normalize(c, Normalizer.Form.NFD);
            if (point % STEP == 0 && !isSurrogate(point) || isMark(point) || !parts.equals(c)) {
                texts.add("a\u0345" + c + "\u0334" + parts + "\u0316" + parts + c);
            }
        }
        try (var oracle = new HuggingFaceOracle(folder.resolve("tokenizer.json"))) {
            for (int from = 0; from < texts.size(); from += BATCH) {
                List<String> batch = texts.subList(from, Math.min(from + BATCH, texts.size()));
                List<int[]> expected = oracle.encode(batch);
                for (int i = 0; i < batch.size(); i++) {
                    String text = batch.get(i);
                    assertThat(tokenizer.encode(text)).as(escaped(text)).isEqualTo(expected.get(i));
                }
            }
        }
    }

    private static boolean isMark(int point) {
        int type = Character.getType(point);
        return type == Character.NON_SPACING_MARK || type == Character.COMBINING_SPACING_MARK;
    }

    private static boolean isSurrogate(int point) {
        return point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE;
    }

    private static String around(int from) {
        var text = new StringBuilder();
        for (int i = 0; i < 4096; i++) {
            int point = from + i * STEP;
            if (point <= Character.MAX_CODE_POINT && !isSurrogate(point)) {
                text.append("a").repeat(point, 2).append("1 ").appendCodePoint(point).append("! '");
                text.appendCodePoint(point).append("A").appendCodePoint(point).append("b\n");
            }
        }
        return text.toString();
    }

    // The number of the piece for each byte.
    private static long[] pieces(SplitSequence splits, String text) {
        long[] pieces = new long[EscapedUtf8.length(text, 0, text.length())];
        int[] at = {0, 0};
        splits.split(
                text,
                0,
                text.length(),
                (start, end) -> {
                    int length = EscapedUtf8.length(text, start, end);
                    Arrays.fill(pieces, at[0], at[0] + length, at[1]++);
                    at[0] += length;
                });
        return pieces;
    }

    private static long[] pieces(HuggingFaceOracle oracle, String text) {
        return oracle.pieces(text);
    }

    private void compare(BpeDefinition definition) throws IOException {
        var tokenizer = new BpeTokenizer(definition);
        tokenizer.save(folder);
        List<String> added = definition.added().stream().map(AddedToken::content).toList();
        boolean lossless = definition.added().stream().noneMatch(t -> t.lstrip() || t.rstrip());
        var random = new SplittableRandom(20);
        try (var oracle = new HuggingFaceOracle(folder.resolve("tokenizer.json"))) {
            for (int done = 0; done < TEXTS; done += BATCH) {
                List<String> texts = new ArrayList<>();
                for (int i = 0; i < BATCH; i++) {
                    texts.add(RandomTexts.next(random, added));
                }
                List<int[]> expected = oracle.encode(texts);
                for (int i = 0; i < BATCH; i++) {
                    String text = texts.get(i);
                    int[] ids = tokenizer.encode(text);
                    if (!Arrays.equals(ids, expected.get(i))) {
                        assertThat(ids).as(escaped(text)).isEqualTo(expected.get(i));
                    }
                    if (lossless) {
                        expectText(tokenizer, text);
                    }
                }
            }
        }
    }

    private static void expectText(BpeTokenizer tokenizer, String text) {
        boolean nfc = tokenizer.definition().nfc();
        String decoded = tokenizer.decode(tokenizer.encode(text));
        if (nfc) {
            // Added tokens are left as they are, so that only the whole can be compared.
            decoded = FormC.of(decoded, 0, decoded.length());
            text = FormC.of(text, 0, text.length());
        }
        if (!decoded.equals(text)) {
            assertThat(escaped(decoded)).isEqualTo(escaped(text));
        }
    }

    private static String escaped(String text) {
        var escaped = new StringBuilder();
        text.codePoints().forEach(c -> escaped.append("U+%04X ".formatted(c)));
        return escaped.toString();
    }

    private static BpeDefinition definition(GgufPreTokenizer pre, List<AddedToken> added) {
        return with(ANYHOW, pre.nfc(), pre.splits(), pre.wholePieces(), added);
    }

    private static BpeDefinition with(
            BpeDefinition base,
            boolean nfc,
            List<String> splits,
            boolean wholePieces,
            List<AddedToken> added) {
        return new BpeDefinition(
                base.tokens(), base.merges(), added, nfc, splits, wholePieces, "", "", "", false);
    }

    private static BpeDefinition train() {
        var options = new BpeTrainer.Options(6000, 3, 2, BpeTrainer.Options.DEEPSEEK_SPECIALS);
        var trainer = new BpeTrainer(options, new SplitSequence(List.of("[\\s\\S]{1,7}")));
        var random = new SplittableRandom(10);
        for (int i = 0; i < 5000; i++) {
            trainer.add(RandomTexts.next(random, List.of()));
        }
        return trainer.train().definition();
    }
}
