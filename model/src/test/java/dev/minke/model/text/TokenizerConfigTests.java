package dev.minke.model.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class TokenizerConfigTests {
    @TempDir Path folder;
    private Path file;

    @BeforeEach
    void saveATokenizer() throws IOException {
        BpeTokenizer.bytes().save(folder);
        file = folder.resolve("tokenizer_config.json");
    }

    @Test
    void theWrittenFileHasWhatHuggingFaceNeeds() throws IOException {
        JsonNode json = new JsonMapper().readTree(Files.readAllBytes(file));
        assertThat(json.path("tokenizer_class").stringValue()).isEqualTo("PreTrainedTokenizerFast");
        assertThat(json.path("bos_token").stringValue()).isEqualTo(AddedToken.BEGIN_OF_SENTENCE);
        assertThat(json.path("eos_token").stringValue()).isEqualTo(AddedToken.END_OF_SENTENCE);
        assertThat(json.path("pad_token").stringValue()).isEqualTo(AddedToken.PAD);
        assertThat(json.path("add_bos_token").booleanValue()).isFalse();
        assertThat(json.path("clean_up_tokenization_spaces").booleanValue()).isFalse();
    }

    @Test
    void readingUndoesSaving() throws IOException {
        var config = new TokenizerConfig("<a>", "<b>", "", true, "{{ bos_token }}");
        config.save(folder);
        assertThat(TokenizerConfig.read(file)).isEqualTo(config);
    }

    @Test
    void rolesComeFromTheFileBesideTheTokenizer() throws IOException {
        Files.writeString(
                file,
                """
                {"bos_token": null,
                 "eos_token": {"__type": "AddedToken", "content": "<｜▁pad▁｜>"},
                 "chat_template": [{"name": "tools", "template": "t"},
                                   {"name": "default", "template": "d"}]}\
                """);
        BpeTokenizer tokenizer = BpeTokenizer.read(folder);
        assertThat(tokenizer.bos()).isEmpty();
        assertThat(tokenizer.eos()).hasValue(2);
        assertThat(TokenizerConfig.read(file).chatTemplate()).isEqualTo("d");
    }

    @Test
    void theFileSaysWhetherTextsBeginWithBos() throws IOException {
        String roles = "\"bos_token\": \"" + AddedToken.BEGIN_OF_SENTENCE + "\"";
        Files.writeString(file, "{" + roles + ", \"add_bos_token\": true}");
        BpeTokenizer tokenizer = BpeTokenizer.read(folder);
        assertThat(tokenizer.addBos()).isTrue();
        assertThat(tokenizer.encode("")).isEmpty();
        tokenizer.save(folder);
        assertThat(TokenizerConfig.read(file).addBosToken()).isTrue();
        assertThat(BpeTokenizer.read(folder).addBos()).isTrue();
        Files.writeString(file, "{" + roles + ", \"add_bos_token\": false}");
        assertThat(BpeTokenizer.read(folder).addBos()).isFalse();
        BpeTokenizer.bytes().save(folder);
        Files.writeString(file, "{" + roles + "}");
        assertThat(BpeTokenizer.read(folder).addBos()).isFalse();
    }

    @Test
    void aTemplateInTokenizerJsonCountsUnlessTheFileSaysOtherwise() throws IOException {
        BpeDefinition template =
                BpeTokenizer.bytes().definition().withAddBos(true); // as a template would
        String eos = AddedToken.END_OF_SENTENCE;
        Files.writeString(file, "{\"bos_token\": null}");
        assertThat(TokenizerConfig.complete(file, template).bos())
                .isEqualTo(AddedToken.BEGIN_OF_SENTENCE);
        assertThat(TokenizerConfig.complete(file, template).addBos()).isTrue();
        Files.writeString(file, "{\"bos_token\": \"%s\", \"add_bos_token\": false}".formatted(eos));
        assertThat(TokenizerConfig.complete(file, template).bos()).isEqualTo(eos);
        assertThat(TokenizerConfig.complete(file, template).addBos()).isFalse();
        Files.writeString(file, "{\"bos_token\": \"%s\"}".formatted(eos));
        assertThatThrownBy(() -> TokenizerConfig.complete(file, template))
                .isInstanceOf(MalformedTokenizer.class)
                .hasMessageContaining("bos_token: found \"" + eos + "\"; expected \"");
    }

    @Test
    void wrongValuesAreNamed() throws IOException {
        refuse("{\"eos_token\": 5}", "eos_token: found 5; expected a text or an object");
        refuse("{\"bos_token\": \"<s>\"}", "bos_token \"<s>\" is not among the added tokens");
        refuse(
                "{\"add_bos_token\": \"no\"}",
                "add_bos_token: found \"no\"; expected true or false");
        refuse(
                "{\"add_bos_token\": true}",
                "add_bos_token is true, but there is no bos_token to add");
        refuse("{\"chat_template\": []}", "chat_template: found []");
        refuse("[1]", "found [1]; expected a JSON object");
    }

    private void refuse(String json, String message) throws IOException {
        Files.writeString(file, json);
        assertThatThrownBy(() -> BpeTokenizer.read(folder))
                .isInstanceOf(MalformedTokenizer.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContaining(message);
    }
}
