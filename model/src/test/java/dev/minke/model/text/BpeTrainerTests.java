package dev.minke.model.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BpeTrainerTests {
    @TempDir Path folder;

    @Test
    void mergesFollowTheCounts() {
        // At first ab occurs 5 times and bc 4; once ab is merged, bc and ab+c are left 2 times
        // each.
        List<String> words = List.of("ab", "ab", "ab", "abc", "abc", "bc", "bc");
        assertThat(spelt(BpeTrainer.train(options(262, 2), words)))
                .containsExactly("a b", "b c", "ab c");
        assertThat(spelt(BpeTrainer.train(options(300, 3), words))).containsExactly("a b");
    }

    @Test
    void equalCountsMergeTheSmallerIdsFirst() {
        BpeTokenizer tokenizer = BpeTrainer.train(options(261, 1), List.of("cd", "ab", "xy"));
        assertThat(spelt(tokenizer)).containsExactly("a b", "c d");
    }

    @Test
    void overlappingPairsAreNotCountedTwiceAfterAMerge() {
        BpeTokenizer tokenizer = BpeTrainer.train(options(300, 2), List.of("aaaa", "aaaa"));
        assertThat(spelt(tokenizer)).containsExactly("a a", "aa aa");
        assertThat(tokenizer.encode("aaaa")).containsExactly(260);
    }

    @Test
    void specialTokensComeFirstAndNeverArise() {
        var options = new BpeTrainer.Options(300, 3, 1, List.of("ab", "<end>"));
        BpeTokenizer tokenizer = BpeTrainer.train(options, List.of("abc".repeat(3)));
        assertThat(tokenizer.id("ab")).isEqualTo(0);
        assertThat(tokenizer.id("<end>")).isEqualTo(1);
        assertThat(spelt(tokenizer)).doesNotContain("a b");
        assertThat(tokenizer.bos()).isEmpty();
        assertThat(tokenizer.encodePlain("ab")).doesNotContain(0);
    }

    @Test
    void theOrderOfTheTextsDoesNotMatter() throws IOException {
        List<String> lines = new ArrayList<>(TextResources.text("corpus.txt").lines().toList());
        var options = BpeTrainer.Options.deepSeekV3(450);
        BpeTokenizer first = BpeTrainer.train(options, lines);
        Collections.shuffle(lines, new Random(1));
        assertThat(BpeTrainer.train(options, lines).definition()).isEqualTo(first.definition());
        assertThat(first.vocabSize()).isEqualTo(450);
    }

    @Test
    void aSmallCorpusGivesFewerTokens() {
        BpeTokenizer tokenizer =
                BpeTrainer.train(BpeTrainer.Options.deepSeekV3(4096), List.of("x"));
        assertThat(tokenizer.vocabSize()).isEqualTo(259);
        assertThat(tokenizer.definition()).isNotEqualTo(BpeTokenizer.bytes().definition());
        assertThat(tokenizer.definition().tokens())
                .isEqualTo(BpeTokenizer.bytes().definition().tokens());
    }

    @Test
    void digitsPerTokenIsLearnt() {
        var options = new BpeTrainer.Options(400, 1, 2, BpeTrainer.Options.DEEPSEEK_SPECIALS);
        BpeTokenizer tokenizer = BpeTrainer.train(options, List.of("2024 2024 2024"));
        assertThat(tokenizer.encode("2024")).hasSize(4);
        BpeTokenizer three =
                BpeTrainer.train(BpeTrainer.Options.deepSeekV3(400), List.of("2024 2024 2024"));
        assertThat(three.encode("2024")).hasSize(2);
    }

    @Test
    void filesGiveTheSameAsTheirText() throws IOException {
        String text = TextResources.text("corpus.txt").repeat(150);
        assertThat(text.getBytes(StandardCharsets.UTF_8).length).isGreaterThan(2 << 20);
        Path file = Files.writeString(folder.resolve("corpus.txt"), text);
        var options = BpeTrainer.Options.deepSeekV3(450);
        var trainer = new BpeTrainer(options);
        trainer.add(file);
        assertThat(trainer.train().definition())
                .isEqualTo(BpeTrainer.train(options, List.of(text)).definition());
    }

    @Test
    void filesWithoutLinesAndWithoutUtf8AreTakenToo() throws IOException {
        byte[] bytes = new byte[3 << 19];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i % 2 == 0 ? 0xFE : 0xFF);
        }
        Path file = Files.write(folder.resolve("bytes.bin"), bytes);
        var trainer = new BpeTrainer(BpeTrainer.Options.deepSeekV3(270));
        trainer.add(file);
        BpeTokenizer tokenizer = trainer.train();
        assertThat(tokenizer.vocabSize()).isEqualTo(269);
        assertThat(tokenizer.encode(bytes).length).isLessThan(bytes.length / 512);
        assertThat(tokenizer.decodeBytes(tokenizer.encode(bytes))).isEqualTo(bytes);
    }

    @Test
    void optionsAreChecked() {
        assertThatThrownBy(() -> options(258, 1))
                .hasMessage(
                        "vocabSize is 258; expected 259 (the bytes and the special tokens) to"
                                + " 4194304");
        assertThatThrownBy(() -> options(300, 0))
                .hasMessage("minFrequency is 0; expected at least 1");
        assertThatThrownBy(() -> new BpeTrainer.Options(300, 4, 1, List.of()))
                .hasMessage("digitsPerToken is 4; expected 1, 2 or 3");
    }

    private static BpeTrainer.Options options(int vocabSize, int minFrequency) {
        return new BpeTrainer.Options(
                vocabSize, 3, minFrequency, BpeTrainer.Options.DEEPSEEK_SPECIALS);
    }

    private static List<String> spelt(BpeTokenizer tokenizer) {
        return tokenizer.definition().merges().stream()
                .map(merge -> merge.left() + " " + merge.right())
                .toList();
    }
}
