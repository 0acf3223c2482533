package dev.minke.model.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TiktokenModelTests {
    @TempDir Path folder;
    private Path file;
    private final List<byte[]> tokens = new ArrayList<>();

    @BeforeEach
    void writeAModel() throws IOException {
        BpeDefinition trained =
                BpeTrainer.train(
                                new BpeTrainer.Options(700, 3, 2, List.of()),
                                List.of(TextResources.text("corpus.txt")))
                        .definition();
        trained.tokens().forEach(token -> tokens.add(ByteAlphabet.bytes(token)));
        file = folder.resolve("tiktoken.model");
        write();
    }

    @Test
    void idsAreRanksAndMergesGoByRank() throws IOException {
        BpeTokenizer tokenizer = BpeTokenizer.read(folder);
        var random = new SplittableRandom(15);
        for (int i = 0; i < 300; i++) {
            String text = TextResources.randomText(random) + "the ship followed getWhales";
            assertThat(tokenizer.encodePlain(text)).isEqualTo(byTiktoken(text));
            assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
        }
    }

    @Test
    void specialTokensTakeThe256IdsBehindTheRanks() throws IOException {
        int size = tokens.size();
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                """
                {"bos_token": "[BOS]", "eos_token": "[EOS]", "pad_token": null,
                 "added_tokens_decoder": {
                   "%d": {"content": "[BOS]", "special": true},
                   "%d": {"content": "[EOS]"},
                   "%d": {"content": "<|tool|>", "special": false}}}\
                """
                        .formatted(size, size + 1, size + 9));
        BpeTokenizer tokenizer = BpeTokenizer.read(folder.resolve("tokenizer.json"));
        assertThat(tokenizer.vocabSize()).isEqualTo(size + 256);
        assertThat(tokenizer.bos()).hasValue(size);
        assertThat(tokenizer.eos()).hasValue(size + 1);
        assertThat(tokenizer.special(size + 1)).isTrue();
        assertThat(tokenizer.special(size + 9)).isFalse();
        int reserved = tokenizer.id("<|reserved_token_" + (size + 2) + "|>");
        assertThat(reserved).isEqualTo(size + 2);
        assertThat(tokenizer.encode("[BOS]a<|tool|>")).contains(size, size + 9).hasSize(3);
        // What it reads it can write as a tokenizer.json and as GGUF.
        tokenizer.save(folder);
        assertThat(BpeTokenizer.read(folder).definition()).isEqualTo(tokenizer.definition());
        assertThat(GgufVocabulary.of(tokenizer.definition(), size + 256).pre())
                .isEqualTo("kimi-k2");
    }

    @Test
    void tokenizerJsonComesFirst() throws IOException {
        BpeTokenizer.bytes().save(folder);
        assertThat(BpeTokenizer.read(folder).vocabSize()).isEqualTo(259);
    }

    @Test
    void wrongLinesAreNamed() throws IOException {
        refuse("IQ==", "line 3: found \"IQ==\"; expected a token in Base64, a space and its rank");
        refuse("IQ== 1", "line 3: found \"1\"; expected a rank that no line above has");
        refuse("IQ== x", "line 3: found \"x\"; expected a rank from 0 to");
        refuse("IQ== 99999", "line 3: found \"99999\"; expected a rank from 0 to");
        refuse("I! 2", "line 3: found \"I!\"; expected a token in Base64");
        Files.writeString(file, "IQ== 0\n");
        assertThatThrownBy(() -> BpeTokenizer.read(folder))
                .isInstanceOf(MalformedTokenizer.class)
                .hasMessageStartingWith(file + ": vocab has no token for byte 0x00");
        write();
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                "{\"added_tokens_decoder\": {\"3\": {\"content\": \"x\"}}}");
        assertThatThrownBy(() -> BpeTokenizer.read(folder))
                .isInstanceOf(MalformedTokenizer.class)
                .hasMessageContaining("added_tokens_decoder[\"3\"]: found {\"content\":\"x\"};");
    }

    private void write() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int rank = 0; rank < tokens.size(); rank++) {
            lines.append(Base64.getEncoder().encodeToString(tokens.get(rank)))
                    .append(' ')
                    .append(rank)
                    .append('\n');
        }
        Files.writeString(file, lines);
    }

    private void refuse(String line, String message) throws IOException {
        write();
        List<String> lines = new ArrayList<>(Files.readAllLines(file));
        lines.set(2, line);
        Files.write(file, lines);
        assertThatThrownBy(() -> BpeTokenizer.read(folder))
                .isInstanceOf(MalformedTokenizer.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContaining(message);
    }

    // tiktoken's algorithm, word for word: join the pair that spells the token of the lowest rank.
    private int[] byTiktoken(String text) {
        Map<String, Integer> ranks = new HashMap<>();
        for (int rank = 0; rank < tokens.size(); rank++) {
            ranks.put(latin(tokens.get(rank)), rank);
        }
        List<Integer> ids = new ArrayList<>();
        new SplitSequence(GgufPreTokenizer.KIMI_K2.splits())
                .split(
                        text,
                        0,
                        text.length(),
                        (start, end) -> {
                            String piece = text.substring(start, end);
                            merge(latin(piece.getBytes(StandardCharsets.UTF_8)), ranks, ids);
                        });
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }

    private static void merge(String piece, Map<String, Integer> ranks, List<Integer> ids) {
        List<String> parts = new ArrayList<>(List.of(piece.split("")));
        while (true) {
            int best = -1;
            int lowest = Integer.MAX_VALUE;
            for (int i = 0; i + 1 < parts.size(); i++) {
                int rank = ranks.getOrDefault(parts.get(i) + parts.get(i + 1), Integer.MAX_VALUE);
                if (rank < lowest) {
                    lowest = rank;
                    best = i;
                }
            }
            if (best < 0) {
                break;
            }
            parts.set(best, parts.get(best) + parts.remove(best + 1));
        }
        parts.forEach(part -> ids.add(ranks.get(part)));
    }

    private static String latin(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
