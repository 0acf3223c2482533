package dev.minke.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.minke.model.text.BpeTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CorpusTests {
    private static final BpeTokenizer BYTES = BpeTokenizer.bytes();

    @TempDir private Path folder;

    private static DataConfig data(double validation, String tokenizer, Path... files) {
        List<String> names = Arrays.stream(files).map(Path::toString).toList();
        return new DataConfig(DataConfig.Task.TEXT, names, tokenizer, 300, 3, validation);
    }

    private static Corpus open(double validation, Path... files) throws IOException {
        return Corpus.open(data(validation, "bytes", files));
    }

    private int[] training(Corpus corpus) throws IOException {
        corpus.encodeTraining(BYTES, folder.resolve("train"));
        return read("train");
    }

    private int[] validation(Corpus corpus) throws IOException {
        corpus.encodeValidation(BYTES, folder.resolve("validation"));
        return read("validation");
    }

    private int[] read(String name) throws IOException {
        try (TokenStream tokens = TokenStream.open(folder.resolve(name))) {
            return tokens.read(0, Math.toIntExact(tokens.size()));
        }
    }

    private Path write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    /// Begin and end tokens as brackets.
    private static String text(int[] tokens) {
        StringBuilder text = new StringBuilder();
        int from = 0;
        for (int i = 0; i <= tokens.length; i++) {
            if (i == tokens.length || BYTES.special(tokens[i])) {
                text.append(BYTES.decode(Arrays.copyOfRange(tokens, from, i)));
                if (i < tokens.length) {
                    text.append(tokens[i] == BYTES.bos().orElseThrow() ? '[' : ']');
                }
                from = i + 1;
            }
        }
        return text.toString();
    }

    /// Wherever the cut falls, also inside a character, the two parts are whole text and meet.
    @ParameterizedTest
    @ValueSource(ints = {1, 5, 10, 13, 17, 20, 25, 33, 40, 47, 50})
    void theValidationPartBeginsWhereTheTrainingPartEnds(int percent) throws IOException {
        String text = "añ鯨🐋z".repeat(7) + "é";
        Path file = write("t.txt", text);
        Corpus corpus = open(percent / 100.0, file);
        String train = text(training(corpus));
        String validation = text(validation(corpus));
        assertThat(train).startsWith("[").endsWith("]");
        assertThat(train.substring(1, train.length() - 1) + validation).isEqualTo(text);
        int bytes = validation.getBytes(StandardCharsets.UTF_8).length;
        assertThat(corpus.validationBytes()).isEqualTo(bytes);
        int size = text.getBytes(StandardCharsets.UTF_8).length;
        assertThat((double) bytes)
                .isBetween(size * percent / 100.0 - 4, size * percent / 100.0 + 1);
    }

    @Test
    void withoutAFractionEverythingIsTrainedOn() throws IOException {
        Corpus corpus = open(0, write("t.txt", "all of it"));
        assertThat(text(training(corpus))).isEqualTo("[all of it]");
        assertThat(validation(corpus)).isEmpty();
        assertThat(corpus.validationBytes()).isZero();
    }

    @Test
    void aFolderGivesItsTextFilesInOrderAndEachItsTail() throws IOException {
        write("in/b.md", "bbbbbbbbbb");
        write("in/a/deep.TXT", "aaaaaaaaaa");
        write("in/c.jsonl", "{\"text\": \"cc\"}\n{\"text\": \"dd\"}\n");
        write("in/not.bin", "xxxxx");
        write("in/empty.txt", "");
        Corpus corpus = open(0.2, folder.resolve("in"));
        assertThat(text(training(corpus))).isEqualTo("[aaaaaaaa][bbbbbbbb][cc][dd]");
        assertThat(text(validation(corpus))).isEqualTo("aabb");
    }

    @Test
    void jsonLinesAreADocumentEachAndCutBetweenLines() throws IOException {
        String lines =
                """
                {"id": 1, "text": "one\\nline"}

                {"text": "zwei ü"}\r
                {"text": "", "more": [1, 2]}
                {"text": "four"}
                """;
        Corpus corpus = open(0.3, write("t.jsonl", lines));
        assertThat(text(training(corpus))).isEqualTo("[one\nline][zwei ü][]");
        assertThat(text(validation(corpus))).isEqualTo("four");
        assertThat(text(training(open(0, folder.resolve("t.jsonl")))))
                .isEqualTo("[one\nline][zwei ü][][four]");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"text\": 5}",
                "{\"body\": \"x\"}",
                "[1]",
                "{\"text\": \"x\"",
                "5",
                "word"
            })
    void aBrokenJsonLineIsShownWithItsFile(String line) throws IOException {
        Path file = write("t.jsonl", "{\"text\": \"fine\"}\n" + line + "\n");
        Corpus corpus = open(0, file);
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> training(corpus))
                .withMessageContaining(file.toString())
                .withMessageContaining(line)
                .withMessageNotContaining("\n");
    }

    /// Several blocks, lines longer than a block, and no line end at all.
    @Test
    void filesLongerThanABlockAreReadWhole() throws IOException {
        String line = "wörter ".repeat(20_000) + "\n";
        for (String text :
                List.of(line.repeat(9), line.strip().repeat(17), "x\n".repeat(900_000))) {
            Corpus corpus = open(0.1, write("t.txt", text));
            String train = text(training(corpus));
            assertThat(train.substring(1, train.length() - 1) + text(validation(corpus)))
                    .isEqualTo(text);
        }
    }

    @Test
    void missingAndEmptyDataAreRefusedByName() throws IOException {
        Path missing = folder.resolve("missing.txt");
        assertThatExceptionOfType(NoSuchFileException.class)
                .isThrownBy(() -> open(0.1, missing))
                .withMessageContaining(missing.toString())
                .withMessageContaining("expected a text file or folder");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> open(0.1))
                .withMessage("no training data: expected --data with text files or folders");
        Path empty = write("empty.txt", "");
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> open(0.1, empty))
                .withMessage("the training data is empty: " + empty);
        Path nothing = Files.createDirectory(folder.resolve("nothing"));
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> open(0.1, nothing))
                .withMessage(
                        nothing + " holds no training data, expected .txt, .md or .jsonl files");
    }

    @Test
    void aTrainedVocabularySeesTheTrainingPartAlone() throws IOException {
        Path file = write("t.txt", "common words ".repeat(100) + "secretly ".repeat(100));
        BpeTokenizer all = Corpus.open(data(0, "bpe", file)).tokenizer();
        BpeTokenizer half = Corpus.open(data(0.45, "bpe", file)).tokenizer();
        assertThat(all.encodePlain(" common words")).hasSize(2);
        assertThat(half.encodePlain(" common words")).hasSize(2);
        assertThat(all.encodePlain(" secretly")).hasSize(1);
        assertThat(half.encodePlain(" secretly").length).isGreaterThan(4);
    }

    @Test
    void aTokenizerFileIsTakenAsItIs() throws IOException {
        Path file = write("t.txt", "common words ".repeat(100));
        BpeTokenizer trained = Corpus.open(data(0, "bpe", file)).tokenizer();
        trained.save(folder);
        String path = folder.resolve("tokenizer.json").toString();
        BpeTokenizer read = Corpus.open(data(0, path, file)).tokenizer();
        assertThat(read.encodePlain(" common words"))
                .containsExactly(trained.encodePlain(" common words"));
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(
                        () -> Corpus.open(data(0, path + ".gone", file)).tokenizer().vocabSize())
                .withMessageContaining(path + ".gone");
    }
}
