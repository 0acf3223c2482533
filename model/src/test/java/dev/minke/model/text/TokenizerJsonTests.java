package dev.minke.model.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerJsonTests {
    @TempDir Path folder;
    private Path file;
    private String sound;

    @BeforeEach
    void writeASoundFile() throws IOException {
        BpeTrainer.train(BpeTrainer.Options.deepSeekV3(270), List.of("the whale ".repeat(3)))
                .save(folder);
        file = folder.resolve("tokenizer.json");
        sound = Files.readString(file);
        Files.delete(folder.resolve("tokenizer_config.json"));
    }

    @Test
    void bothSpellingsOfMergesAreRead() throws IOException {
        BpeDefinition spaced = BpeTokenizer.read(file).definition();
        assertThat(sound).contains("\"h e\"");
        Files.writeString(file, sound.replace("\"h e\"", "[\"h\", \"e\"]"));
        assertThat(BpeTokenizer.read(folder).definition()).isEqualTo(spaced);
    }

    @Test
    void byteLevelAloneMeansGpt2sPattern() throws IOException {
        assertThat(splits("{\"type\": \"ByteLevel\"}")).containsExactly(SplitSequence.GPT2);
        assertThat(splits("{\"type\": \"ByteLevel\", \"use_regex\": false}")).isEmpty();
    }

    @Test
    void digitsAndLiteralSplitsBecomePatterns() throws IOException {
        String splits =
                """
                {"type": "Sequence", "pretokenizers": [
                    {"type": "Digits", "individual_digits": true},
                    {"type": "Digits"},
                    {"type": "Split", "pattern": {"String": "a.b\\\\"}, "behavior": "Isolated"},
                    {"type": "ByteLevel", "use_regex": false}]}\
                """;
        assertThat(splits(splits)).containsExactly("\\p{N}", "\\p{N}+", "a\\.b\\\\");
    }

    @Test
    void anEmptySequenceOfNormalizersIsNone() throws IOException {
        replace(
                "\"normalizer\" : null",
                "\"normalizer\": {\"type\":\"Sequence\",\"normalizers\":[]}");
        assertThat(BpeTokenizer.read(file).encode("the")).hasSize(1);
    }

    @Test
    void whatWouldChangeIdsIsRefusedByName() throws IOException {
        refuse(
                "\"normalizer\" : null",
                "\"normalizer\": {\"type\":\"NFKC\"}",
                "normalizer: found type NFKC; supported: none or NFC");
        refuse(
                "\"normalizer\" : null",
                "\"normalizer\": {\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Strip\"}]}",
                "normalizer.normalizers[0]: found type Strip");
        refuse(
                "\"normalizer\" : null",
                "\"normalizer\": {\"type\":\"Sequence\"}",
                "normalizer.normalizers: found nothing; expected an array");
        refuse(
                "\"post_processor\" : null",
                "\"post_processor\": {\"type\":\"BertProcessing\"}",
                "post_processor: found type BertProcessing;"
                        + " supported: none, ByteLevel or TemplateProcessing");
        refuse(
                "\"post_processor\" : null",
                "\"post_processor\": " + template("B", "A", "E"),
                "post_processor.single: found [");
        refuse(
                "\"post_processor\" : null",
                "\"post_processor\": " + template("A", "E"),
                "expected one token, or none, and then the sequence A");
        refuse("\"decoder\" : {", "\"decoder\": null, \"x\": {", "decoder: found null");
        refuse(
                "\"type\" : \"Split\"",
                "\"type\" : \"Metaspace\"",
                "pretokenizers[0]: found type Metaspace");
        refuse(
                "\"type\" : \"BPE\"",
                "\"type\": \"Unigram\"",
                "model: found type Unigram; supported: BPE");
        refuse(
                "\"behavior\" : \"Isolated\"",
                "\"behavior\": \"Removed\"",
                "behavior: found \"Removed\"");
        refuse("\"invert\" : false", "\"invert\": true", "invert: found true; expected false");
        refuse(
                "\"add_prefix_space\" : false",
                "\"add_prefix_space\": true",
                "add_prefix_space: found true");
        refuse(
                "\"byte_fallback\" : false",
                "\"byte_fallback\": true",
                "model.byte_fallback: found true");
        refuse("\"dropout\" : null", "\"dropout\": 0.1", "model.dropout: found 0.1; expected null");
        refuse(
                "\"end_of_word_suffix\" : null",
                "\"end_of_word_suffix\": \"w\"",
                "end_of_word_suffix");
        refuse("\"lstrip\" : false", "\"lstrip\": 1", "added_tokens[0].lstrip: found 1");
        refuse(
                "\"\\\\p{N}{1,3}\"",
                "\"[[:alpha:]]\"",
                "\"[[:alpha:]]\" has [:alpha:], which is not supported");
    }

    @Test
    void formCIsAppliedBetweenAddedTokens() throws IOException {
        replace("\"normalizer\" : null", "\"normalizer\": " + sequence("{\"type\":\"NFC\"}"));
        BpeTokenizer tokenizer = BpeTokenizer.read(file);
        assertThat(tokenizer.definition().nfc()).isTrue();
        assertThat(tokenizer.decode(tokenizer.encode("e\u0301"))).isEqualTo("\u00E9");
        assertThat(tokenizer.decode(tokenizer.encodePlain("e\u0301"))).isEqualTo("\u00E9");
        String split = "e" + AddedToken.PAD + "\u0301";
        assertThat(tokenizer.decode(tokenizer.encode(split))).isEqualTo(split);
        tokenizer.save(folder);
        assertThat(BpeTokenizer.read(folder).definition()).isEqualTo(tokenizer.definition());
    }

    @Test
    void aTemplateThatBeginsTextsIsKnownButNotApplied() throws IOException {
        String bos = AddedToken.BEGIN_OF_SENTENCE;
        String steps = "[{\"type\": \"ByteLevel\"}, " + template(bos, "A") + "]";
        replace(
                "\"post_processor\" : null",
                "\"post_processor\": {\"type\": \"Sequence\", \"processors\": " + steps + "}");
        BpeTokenizer tokenizer = BpeTokenizer.read(file);
        assertThat(tokenizer.addBos()).isTrue();
        assertThat(tokenizer.bos()).hasValue(0);
        assertThat(tokenizer.encode("the")).hasSize(1);
        tokenizer.save(folder);
        assertThat(BpeTokenizer.read(folder).definition()).isEqualTo(tokenizer.definition());
    }

    @Test
    void sequencesOfOneCountAsTheirStep() throws IOException {
        String decoder = sound.substring(sound.indexOf("\"decoder\""), sound.indexOf("\"model\""));
        replace(
                decoder,
                "\"decoder\": {\"type\":\"Sequence\",\"decoders\":[{\"type\":\"ByteLevel\"}]},");
        assertThat(BpeTokenizer.read(file).encode("the")).hasSize(1);
        String inner = "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Digits\"}]}";
        assertThat(
                        splits(
                                "{\"type\":\"Sequence\",\"pretokenizers\":["
                                        + inner
                                        + ",{\"type\":\"ByteLevel\",\"use_regex\":false}]}"))
                .containsExactly("\\p{N}+");
    }

    @Test
    void flagsOfAddedTokensSurvive() throws IOException {
        String flags = "\"single_word\" : false,\n    \"lstrip\" : false";
        String some = "\"single_word\": true,\"lstrip\" : true";
        int at = sound.indexOf("\"single_word\"");
        String given = sound.substring(at, sound.indexOf("\"rstrip\"", at));
        assertThat(given.replaceAll("\\s+", "")).isEqualTo(flags.replaceAll("\\s+", "") + ",");
        replace(given, some + ",");
        BpeTokenizer tokenizer = BpeTokenizer.read(file);
        AddedToken token = tokenizer.definition().added().getFirst();
        assertThat(token.singleWord()).isTrue();
        assertThat(token.lstrip()).isTrue();
        assertThat(token.rstrip()).isFalse();
        tokenizer.save(folder);
        assertThat(BpeTokenizer.read(folder).definition()).isEqualTo(tokenizer.definition());
        String bos = token.content();
        assertThat(tokenizer.encode("the \n" + bos + " the")).hasSize(3).contains(0);
        assertThat(tokenizer.encode("the" + bos)).doesNotContain(0);
    }

    private static String sequence(String normalizer) {
        return "{\"type\":\"Sequence\",\"normalizers\":[" + normalizer + "]}";
    }

    // "A" stands for the text, anything else for a token.
    private static String template(String... parts) {
        StringBuilder single = new StringBuilder();
        for (String part : parts) {
            String kind = part.equals("A") ? "Sequence" : "SpecialToken";
            single.append(single.isEmpty() ? "" : ",")
                    .append("{\"%s\":{\"id\":\"%s\",\"type_id\":0}}".formatted(kind, part));
        }
        return "{\"type\":\"TemplateProcessing\",\"single\":[" + single + "],\"pair\":[]}";
    }

    @Test
    void wrongTypesAreRefusedByPlace() throws IOException {
        refuse("\"A\" : 35", "\"A\": \"35\"", "model.vocab[\"A\"]: found \"35\"; expected an id");
        refuse("\"A\" : 35", "\"A\": 35.5", "model.vocab[\"A\"]: found 35.5");
        refuse("\"A\" : 35", "\"A\": -1", "model.vocab[\"A\"]: found -1");
        refuse("\"A\" : 35", "\"A\": 99999999999999", "model.vocab[\"A\"]: found 99999999999999");
        refuse("\"A\" : 35", "\"A\": 4194304", "expected an id from 0 to ");
        refuse("\"A\" : 35", "\"A\": 36", "gives id 36 to both \"A\" and \"B\"");
        refuse("\"A\" : 35", "\"A\": 35, \"A\": 35", "Duplicate");
        refuse("\"A\" : 35", "\"\": 35", "expected a token with letters");
        refuse("\"A\" : 35,", "", "vocab has no token for byte 0x41");
        refuse("\"h e\"", "17", "model.merges[1]: found 17; expected \"a b\" or [\"a\", \"b\"]");
        refuse("\"h e\"", "\"he\"", "model.merges[1]: found \"he\"; expected two tokens");
        refuse("\"h e\"", "[\"h\"]", "model.merges[1]: found [\"h\"]");
        refuse("\"h e\"", "[\"h\", 1]", "model.merges[1][1]: found 1; expected a text");
        refuse("\"h e\"", "\"h q\"", "merges[1] needs a token that vocab lacks: \"hq\"");
        refuse("\"h e\"", "\"h e\", \"h e\"", "merges[2] repeats merges[1]");
        refuse("\"\\\\p{N}{1,3}\"", "\"[\"", "\"[\" is not a regular expression");
        refuse("\"special\" : true", "\"special\": 1", "added_tokens[0].special: found 1");
        refuse(
                "\"content\" : \"<｜▁pad▁｜>\"",
                "\"content\": \"q\"",
                "added_tokens gives id 2 to \"q\"");
        refuse("\"added_tokens\" : [", "\"added_tokens\": {}, \"x\": [", "added_tokens: found {}");
    }

    @Test
    void whatIsNoObjectIsRefused() throws IOException {
        for (String text : List.of("", "[]", "null", "nonsense", "{} {}", "[".repeat(100_000))) {
            Files.writeString(file, text);
            assertThatThrownBy(() -> BpeTokenizer.read(file))
                    .isInstanceOf(MalformedTokenizer.class)
                    .hasMessageStartingWith(file.toString() + ": ")
                    .extracting(Throwable::getMessage)
                    .asString()
                    .doesNotContain("\n");
        }
    }

    @Test
    void everyTruncationIsMalformed() throws IOException {
        byte[] bytes = sound.stripTrailing().getBytes(StandardCharsets.UTF_8);
        for (int length = 0; length < bytes.length; length += 37) {
            Files.write(file, Arrays.copyOf(bytes, length));
            assertThatThrownBy(() -> BpeTokenizer.read(file))
                    .isInstanceOf(MalformedTokenizer.class);
        }
    }

    @Test
    void mutationsAreMalformedOrHarmless() throws IOException {
        byte[] bytes = sound.getBytes(StandardCharsets.UTF_8);
        var random = new SplittableRandom(9);
        int malformed = 0;
        for (int i = 0; i < 500; i++) {
            byte[] mutated = bytes.clone();
            for (int n = random.nextInt(1, 4); n > 0; n--) {
                mutated[random.nextInt(mutated.length)] = (byte) random.nextInt(256);
            }
            Files.write(file, mutated);
            try {
                BpeTokenizer tokenizer = BpeTokenizer.read(file);
                assertThat(tokenizer.decode(tokenizer.encode("whale 12"))).isEqualTo("whale 12");
            } catch (MalformedTokenizer e) {
                malformed++;
            }
        }
        assertThat(malformed).isBetween(200, 499);
    }

    @Test
    void aMissingFileIsNamed() {
        assertThatThrownBy(() -> BpeTokenizer.read(folder.resolve("absent.json")))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("absent.json");
    }

    private List<String> splits(String preTokenizer) throws IOException {
        int from = sound.indexOf("\"pre_tokenizer\"");
        int to = sound.indexOf("\"post_processor\"");
        String json = "\"pre_tokenizer\": " + preTokenizer + ",";
        Files.writeString(file, sound.substring(0, from) + json + sound.substring(to));
        return BpeTokenizer.read(file).definition().splits();
    }

    private void replace(String from, String to) throws IOException {
        int at = sound.indexOf(from);
        assertThat(at).as(from).isNotNegative();
        Files.writeString(file, sound.substring(0, at) + to + sound.substring(at + from.length()));
    }

    private void refuse(String from, String to, String message) throws IOException {
        replace(from, to);
        assertThatThrownBy(() -> BpeTokenizer.read(file))
                .isInstanceOf(MalformedTokenizer.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContaining(message);
    }
}
