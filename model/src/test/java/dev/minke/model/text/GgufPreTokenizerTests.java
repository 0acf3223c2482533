package dev.minke.model.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufPreTokenizerTests {
    private static final String LLAMA =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}%s|"
                    + " ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+";

    @TempDir Path folder;

    @Test
    void eachCutsInItsOwnWay() {
        String text = "I'M 12345 don't\n\n你好 getUserName!!\n x";
        assertThat(pieces("gpt-2", text))
                .containsExactly(
                        "I",
                        "'",
                        "M",
                        " 12345",
                        " don",
                        "'t",
                        "\n",
                        "\n",
                        "你好",
                        " getUserName",
                        "!!",
                        "\n",
                        " x");
        assertThat(pieces("llama-bpe", text))
                .containsExactly(
                        "I",
                        "'M",
                        " ",
                        "123",
                        "45",
                        " don",
                        "'t",
                        "\n\n",
                        "你好",
                        " getUserName",
                        "!!\n",
                        " x");
        assertThat(pieces("qwen2", text))
                .containsExactly(
                        "I",
                        "'M",
                        " ",
                        "1",
                        "2",
                        "3",
                        "4",
                        "5",
                        " don",
                        "'t",
                        "\n\n",
                        "你好",
                        " getUserName",
                        "!!\n",
                        " x");
        assertThat(pieces("kimi-k2", text))
                .containsExactly(
                        "I'M", " ", "123", "45", " don't", "\n\n", "你好", " get", "User", "Name",
                        "!!\n", " x");
        assertThat(pieces("deepseek-v3", text))
                .containsExactly(
                        "I",
                        "'M",
                        " ",
                        "123",
                        "45",
                        " don",
                        "'t",
                        "\n\n",
                        "你好",
                        " getUserName",
                        "!!\n",
                        " x");
        assertThat(pieces("deepseek-llm", text))
                .containsExactly(
                        "I",
                        "'",
                        "M",
                        " ",
                        "1",
                        "2",
                        "3",
                        "4",
                        "5",
                        " don",
                        "'",
                        "t",
                        "\n",
                        "\n",
                        "你好",
                        " getUserName",
                        "!!",
                        "\n",
                        " x");
        assertThat(pieces("deepseek-coder", text))
                .containsExactly(
                        "I",
                        "'",
                        "M",
                        " ",
                        "1",
                        "2",
                        "3",
                        "4",
                        "5",
                        " don",
                        "'",
                        "t",
                        "\n",
                        "\n",
                        "你好",
                        " getUserName",
                        "!!",
                        "\n",
                        " x");
        // Letters without case are words to the coder's pattern; V2's leaves them to the others.
        assertThat(pieces("deepseek-coder", " שלום  ")).containsExactly(" שלום", "  ");
        assertThat(pieces("deepseek-llm", " שלום  ")).containsExactly(" שלום", "  ");
        assertThat(pieces("deepseek-coder", "a עב+")).containsExactly("a", " עב", "+");
        assertThat(pieces("deepseek-llm", "a עב+")).containsExactly("a", " עב", "+");
        assertThat(pieces("deepseek-llm", "ab\u00AA1+")).containsExactly("ab", "\u00AA", "1", "+");
        assertThat(pieces("deepseek-coder", "ab\u00AA1+")).containsExactly("ab\u00AA", "1", "+");
    }

    @Test
    void publishedFilesAreRecognised() throws IOException {
        assertThat(recognised("null", "false", split(LLAMA.formatted("{1,3}")), "true"))
                .isEqualTo("llama-bpe");
        assertThat(recognised("{\"type\":\"NFC\"}", "false", split(LLAMA.formatted("")), "false"))
                .isEqualTo("qwen2");
        assertThat(recognised("null", "true", "", "false")).isEqualTo("gpt-2");
        String han = "[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+";
        String digits = "{\"type\":\"Digits\",\"individual_digits\":true},";
        // The files have the characters themselves in place of \r and \n.
        assertThat(
                        recognised(
                                "{\"type\":\"Sequence\",\"normalizers\":[]}",
                                "false",
                                split("[\\r\\n]")
                                        + split("\\\\s?\\\\p{L}+")
                                        + split("\\\\s?\\\\p{P}+")
                                        + split(han)
                                        + digits,
                                "false"))
                .isEqualTo("deepseek-coder");
        String v3 =
                "[!\\\"#$%&'()*+,\\\\-./:;<=>?@\\\\[\\\\\\\\\\\\]^_`{|}~][A-Za-z]+|"
                        + "[^\\r\\n\\\\p{L}\\\\p{P}\\\\p{S}]?[\\\\p{L}\\\\p{M}]+|"
                        + " ?[\\\\p{P}\\\\p{S}]+[\\r\\n]*|\\\\s*[\\r\\n]+|\\\\s+(?!\\\\S)|\\\\s+";
        assertThat(
                        recognised(
                                "null",
                                "false",
                                split("\\\\p{N}{1,3}")
                                        + split("[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+")
                                        + split(v3),
                                "false"))
                .isEqualTo("deepseek-v3");
    }

    @Test
    void everyOneIsRecognisedByItsOwnDefinition() {
        for (GgufPreTokenizer pre : GgufPreTokenizer.values()) {
            assertThat(GgufPreTokenizer.of(definition(pre))).isEqualTo(pre);
            assertThat(GgufPreTokenizer.named(pre.ggufName())).isEqualTo(pre);
        }
        assertThat(GgufPreTokenizer.named("deepseek-r1-qwen")).isEqualTo(GgufPreTokenizer.QWEN2);
        assertThat(GgufPreTokenizer.named("llama3")).isEqualTo(GgufPreTokenizer.LLAMA_BPE);
    }

    @Test
    void anythingElseIsRefusedWithTheNamesThatWouldFit() {
        for (String name : List.of("default", "", "tekken")) {
            assertThatThrownBy(() -> GgufPreTokenizer.named(name))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "tokenizer.ggml.pre: found \"%s\"; supported: deepseek-v3, deepseek-llm,"
                                            .formatted(name)
                                    + " deepseek-coder, kimi-k2, qwen2, deepseek-r1-qwen, llama-bpe,"
                                    + " llama3, llama-v3, gpt-2");
        }
        BpeDefinition twoDigits = definition(GgufPreTokenizer.DEEPSEEK_V3);
        List<String> splits = new ArrayList<>(twoDigits.splits());
        splits.set(0, "\\p{N}{1,2}");
        assertThatThrownBy(() -> GgufPreTokenizer.of(with(twoDigits, splits, false)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(
                        "GGUF has no name for a pre-tokenizer with the patterns [\\p{N}{1,2}, ")
                .hasMessageContaining("normalizer none and ignore_merges false; it has names for ")
                .hasMessageNotContaining("\n");
        assertThatThrownBy(() -> GgufPreTokenizer.of(with(twoDigits, twoDigits.splits(), true)))
                .hasMessageContaining("ignore_merges true");
    }

    private static List<String> pieces(String name, String text) {
        List<String> pieces = new ArrayList<>();
        new SplitSequence(GgufPreTokenizer.named(name).splits())
                .split(
                        text,
                        0,
                        text.length(),
                        (start, end) -> pieces.add(text.substring(start, end)));
        return pieces;
    }

    private static String split(String regex) {
        return "{\"type\":\"Split\",\"pattern\":{\"Regex\":\""
                + regex
                + "\"},\"behavior\":\"Isolated\",\"invert\":false},";
    }

    private String recognised(
            String normalizer, String useRegex, String splits, String ignoreMerges)
            throws IOException {
        BpeTokenizer.bytes().save(folder);
        Path file = folder.resolve("tokenizer.json");
        String json = Files.readString(file);
        int from = json.indexOf("\"normalizer\"");
        int to = json.indexOf("\"post_processor\"");
        String middle =
                ("\"normalizer\":%s,\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":["
                                + "%s{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"
                                + "\"use_regex\":%s}]},")
                        .formatted(normalizer, splits, useRegex);
        String end =
                json.substring(to)
                        .replace("\"ignore_merges\" : false", "\"ignore_merges\":" + ignoreMerges);
        Files.writeString(file, json.substring(0, from) + middle + end);
        return GgufPreTokenizer.of(BpeTokenizer.read(folder).definition()).ggufName();
    }

    private static BpeDefinition definition(GgufPreTokenizer pre) {
        BpeDefinition bytes = BpeTokenizer.bytes().definition();
        return new BpeDefinition(
                bytes.tokens(),
                List.of(),
                bytes.added(),
                pre.nfc(),
                pre.splits(),
                pre.wholePieces(),
                "",
                "",
                "",
                false);
    }

    private static BpeDefinition with(
            BpeDefinition base, List<String> splits, boolean wholePieces) {
        // without merges every cut gives the same ids, and any name would do
        List<String> tokens = new ArrayList<>(base.tokens());
        tokens.add("ab");
        return new BpeDefinition(
                tokens,
                List.of(new BpeDefinition.Merge("a", "b")),
                base.added(),
                splits,
                wholePieces,
                "",
                "",
                "");
    }
}
