package dev.minke.model.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/// llama.cpp's own test texts and ids for the vocabularies it ships.
class GgufVectorsTests {
    static final List<String> names = SharedVocabularies.NAMES;

    @TempDir Path folder;

    @ParameterizedTest
    @FieldSource("names")
    void everyTextHasTheExpectedIds(String name) throws IOException {
        BpeTokenizer tokenizer = new BpeTokenizer(SharedVocabularies.read(name).definition());
        String end = "\n__ggml_vocab_test__\n";
        String[] texts =
                Files.readString(SharedVocabularies.file(name + ".gguf.inp")).split(end, -1);
        List<String> ids = Files.readAllLines(SharedVocabularies.file(name + ".gguf.out"));
        // The last text has an end, too.
        assertThat(ids).hasSizeGreaterThan(40).hasSize(texts.length - 1);
        for (int i = 0; i < ids.size(); i++) {
            int[] expected =
                    Arrays.stream(ids.get(i).strip().split(" "))
                            .filter(id -> !id.isEmpty())
                            .mapToInt(Integer::parseInt)
                            .toArray();
            assertThat(tokenizer.encode(texts[i])).as(texts[i]).isEqualTo(expected);
            assertThat(tokenizer.encodePlain(texts[i])).isEqualTo(expected);
            assertThat(tokenizer.decode(expected)).isEqualTo(texts[i]);
        }
    }

    @ParameterizedTest
    @FieldSource("names")
    void theVocabularySurvivesTokenizerJsonAndTheWayBack(String name) throws IOException {
        GgufVocabulary gguf = SharedVocabularies.read(name);
        BpeTokenizer tokenizer = new BpeTokenizer(gguf.definition());
        tokenizer.save(folder);
        BpeTokenizer loaded = BpeTokenizer.read(folder);
        assertThat(loaded.definition()).isEqualTo(tokenizer.definition());
        GgufVocabulary back = GgufVocabulary.of(loaded.definition(), gguf.tokens().size());
        assertThat(back.pre()).isEqualTo(gguf.pre());
        assertThat(back.tokens()).isEqualTo(gguf.tokens());
        assertThat(back.types()).isEqualTo(gguf.types());
        assertThat(back.merges()).isEqualTo(gguf.merges());
        assertThat(back.bos()).isEqualTo(gguf.bos());
        assertThat(back.eos()).isEqualTo(gguf.eos());
        assertThat(back.addBos()).isEqualTo(gguf.addBos());
    }
}
