package dev.minke.model.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Compare with tables that Hugging Face's tokenizers wrote (see make_golden.py).
class TokenizerParityTests {
    @TempDir Path folder;

    @Test
    void deepSeekSplitsGiveTheIdsOfHuggingFace() throws IOException {
        expectGoldenIds("v3");
    }

    @Test
    void byteLevelsOwnPatternGivesTheIdsOfHuggingFace() throws IOException {
        expectGoldenIds("gpt2");
    }

    @Test
    void trainingGivesTheMergesOfHuggingFace() throws IOException {
        BpeDefinition golden = TextResources.tokenizer(folder, "v3.json").definition();
        BpeDefinition trained =
                BpeTrainer.train(
                                BpeTrainer.Options.deepSeekV3(420),
                                List.of(TextResources.text("corpus.txt")))
                        .definition();
        assertThat(trained.merges()).isEqualTo(golden.merges());
        assertThat(trained).isEqualTo(golden);
    }

    private void expectGoldenIds(String name) throws IOException {
        BpeTokenizer tokenizer = TextResources.tokenizer(folder, name + ".json");
        JsonNode cases = TextResources.json(name + "-cases.json");
        assertThat(cases.size()).isGreaterThan(100);
        for (JsonNode row : cases) {
            String text = row.get(0).stringValue();
            int[] expected = new int[row.get(1).size()];
            for (int i = 0; i < expected.length; i++) {
                expected[i] = row.get(1).get(i).intValue();
            }
            assertThat(tokenizer.encode(text)).as(text).isEqualTo(expected);
            assertThat(tokenizer.decode(expected)).isEqualTo(text);
        }
    }
}
