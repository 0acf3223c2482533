package dev.minke.model.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatTemplatesTests {
    @TempDir Path folder;

    private void write(String name, String text) throws IOException {
        Files.createDirectories(folder.resolve(name).getParent());
        Files.writeString(folder.resolve(name), text);
    }

    @Test
    void aStringInTheConfigurationIsTheDefault() throws IOException {
        write(
                "tokenizer_config.json",
                """
                {"bos_token": {"content": "<s>", "lstrip": false}, "eos_token": "</s>",
                 "pad_token": null, "chat_template": "{{ bos_token }}{{ x }}"}
                """);
        ChatTemplates templates = ChatTemplates.read(folder);

        assertThat(templates.names()).containsExactly(ChatTemplates.DEFAULT);
        assertThat(templates.specialTokens())
                .isEqualTo(Map.of("bos_token", "<s>", "eos_token", "</s>"));
        assertThat(templates.text("default")).isEqualTo("{{ bos_token }}{{ x }}");
        ChatTemplate template = templates.template("default");
        assertThat(template.render(Map.of("bos_token", "<s>", "x", 1))).isEqualTo("<s>1");
        assertThat(template.source())
                .isEqualTo(folder.resolve("tokenizer_config.json") + ", chat_template");
    }

    @Test
    void aListInTheConfigurationNamesSeveral() throws IOException {
        write(
                "tokenizer_config.json",
                """
                {"chat_template": [{"name": "default", "template": "a"},
                                   {"name": "tool_use", "template": "{% nope %}"}]}
                """);
        ChatTemplates templates = ChatTemplates.read(folder);

        assertThat(templates.names()).containsExactly("default", ChatTemplates.TOOL_USE);
        assertThat(templates.template("default").render(Map.of())).isEqualTo("a");
        assertThatThrownBy(() -> templates.template("tool_use"))
                .isInstanceOf(MalformedTemplate.class)
                .hasMessage(
                        "%s, chat_template[1]: line 1, column 4: unknown statement 'nope'"
                                .formatted(folder.resolve("tokenizer_config.json")));
        assertThatThrownBy(() -> templates.template("rag"))
                .isInstanceOf(MalformedTemplate.class)
                .hasMessage(folder + ": no chat template 'rag'; there is default, tool_use");
    }

    @Test
    void aFileOfItsOwnGoesBeforeTheConfiguration() throws IOException {
        write("chat_template.jinja", "own");
        write("additional_chat_templates/tool_use.jinja", "tools");
        write("tokenizer_config.json", "{\"chat_template\": \"configured\"}");
        write("chat_template.json", "{\"chat_template\": \"old\"}");
        ChatTemplates templates = ChatTemplates.read(folder);

        assertThat(templates.text("default")).isEqualTo("own");
        assertThat(templates.text("tool_use")).isEqualTo("tools");
        Files.delete(folder.resolve("chat_template.jinja"));
        assertThat(ChatTemplates.read(folder).text("default")).isEqualTo("configured");
        Files.delete(folder.resolve("tokenizer_config.json"));
        assertThat(ChatTemplates.read(folder).text("default")).isEqualTo("old");
    }

    @Test
    void aFolderWithoutTemplatesSaysSoWhenAsked() throws IOException {
        write("tokenizer_config.json", "{\"chat_template\": null}");
        ChatTemplates templates = ChatTemplates.read(folder);

        assertThat(templates.names()).isEmpty();
        assertThatThrownBy(() -> templates.template("default"))
                .hasMessage(folder + ": the model has no chat template");
    }

    @Test
    void filesThatCannotBeUsedAreNamedWithTheKey() throws IOException {
        Path config = folder.resolve("tokenizer_config.json");
        write("tokenizer_config.json", "{\"chat_template\": 5}");
        assertThatThrownBy(() -> ChatTemplates.read(folder))
                .isInstanceOf(MalformedTemplate.class)
                .hasMessageStartingWith(config + ": chat_template: expected a string");
        write("tokenizer_config.json", "{\"chat_template\": [{\"name\": \"x\"}]}");
        assertThatThrownBy(() -> ChatTemplates.read(folder))
                .hasMessageStartingWith(config + ": chat_template[0]: expected");
        write("tokenizer_config.json", "[]");
        assertThatThrownBy(() -> ChatTemplates.read(folder))
                .hasMessage(config + ": expected a JSON object");
        write("tokenizer_config.json", "{\"a\": \n [1, }");
        assertThatThrownBy(() -> ChatTemplates.read(folder))
                .isInstanceOf(MalformedTemplate.class)
                .hasMessageStartingWith(config + ": line 2, column ");
        Files.write(config, "{\"a\": \"\u00e9\"}".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> ChatTemplates.read(folder))
                .hasMessage(config + ": the file is not UTF-8");
        write("tokenizer_config.json", "[".repeat(100_000));
        assertThatThrownBy(() -> ChatTemplates.read(folder))
                .isInstanceOf(MalformedTemplate.class)
                .hasMessageContaining("nesting depth");
    }

    @Test
    void jsonKeepsItsOrderAndItsKindsOfNumbers() {
        assertThat(TemplateJson.read("t", "{\"b\": [1, 1.0, 12345678901234567890], \"a\": null}"))
                .hasToString("{b=[1, 1.0, 12345678901234567890], a=NONE}");
        assertThatThrownBy(() -> TemplateJson.read("m.json", "[1] 2"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("m.json: line 1, column ");
        assertThatThrownBy(() -> TemplateJson.read("m.json", ""))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("found nothing");
    }
}
