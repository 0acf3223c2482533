package dev.minke.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.model.text.AddedToken;
import dev.minke.model.text.BpeTrainer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class TemplateTests {
    private static final String TEMPLATE =
            "{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
                    + "{% if tools %}{{ tools|tojson }}{% endif %}{{ thinking }}{{ mood }}"
                    + "{% if add_generation_prompt %}<assistant>{% endif %}";

    @TempDir Path folder;

    @BeforeEach
    void saveATemplate() throws IOException {
        BpeTrainer.train(BpeTrainer.Options.deepSeekV3(261), List.of("hi there hi there"))
                .save(folder);
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"bos_token\": \"<s>\"}");
        Files.writeString(folder.resolve("chat_template.jinja"), TEMPLATE);
    }

    private String file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text).toString();
    }

    @Test
    void turnsKeepTheOrderInWhichTheyAreGiven() {
        assertThat(run("--user", "a", "--system", "b", "--user", "c", "--assistant", "d").out())
                .isEqualTo("<s><user>a<system>b<user>c<assistant>d<assistant>\n");
        assertThat(run("--user", "a", "--no-generation-prompt").out()).isEqualTo("<s><user>a\n");
    }

    @Test
    void messagesComeAsAListOrWithEverythingElse() throws IOException {
        String list = file("list.json", "[{\"role\": \"user\", \"content\": null}]");
        assertThat(run("--messages", list).out()).isEqualTo("<s><user>None<assistant>\n");
        String object =
                file(
                        "object.json",
                        """
                        {"messages": [{"role": "user", "content": "é"}], "tools": [{"a": 1.0}],
                         "thinking": [1], "add_generation_prompt": false}
                        """);
        assertThat(run("--messages", object).out()).isEqualTo("<s><user>é[{\"a\": 1.0}][1]\n");
        String tools = file("tools.json", "[{\"b\": 2}]");
        assertThat(run("--messages", object, "--tools", tools, "--set", "thinking=false").out())
                .isEqualTo("<s><user>é[{\"b\": 2}]False\n");
    }

    @Test
    void messagesAreReadFromStandardInput() {
        InputStream before = System.in;
        try {
            String json = "[{\"role\": \"user\", \"content\": \"é\"}]";
            System.setIn(new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)));
            assertThat(run("--messages", "-").out()).isEqualTo("<s><user>é<assistant>\n");
        } finally {
            System.setIn(before);
        }
    }

    @Test
    void variablesAreJsonOrElseText() {
        assertThat(run("--user", "a", "--set", "thinking=true", "--set", "mood=so so").out())
                .isEqualTo("<s><user>aTrueso so<assistant>\n");
        assertThat(run("--user", "a", "--set", "thinking={\"a\":1}", "--set", "mood=\"5\"").out())
                .isEqualTo("<s><user>a{'a': 1}5<assistant>\n");
    }

    @Test
    void theTemplateItselfIsShown() {
        assertThat(run("--show").out()).isEqualTo(TEMPLATE + "\n");
    }

    @Test
    void toolsChooseTheTemplateForThem() throws IOException {
        Files.createDirectories(folder.resolve("additional_chat_templates"));
        file("additional_chat_templates/tool_use.jinja", "tools: {{ tools|length }}");
        String tools = file("tools.json", "[{\"b\": 2}]");

        assertThat(run("--user", "a", "--tools", tools).out()).isEqualTo("tools: 1\n");
        assertThat(run("--user", "a", "--tools", tools, "--name", "default").out())
                .startsWith("<s><user>a");
        assertThat(run("--show", "--name", "tool_use").out()).contains("tools|length");
        assertThat(run("--user", "a", "--name", "rag").problem())
                .isEqualTo(folder + ": no chat template 'rag'; there is default, tool_use");
    }

    @Test
    void idsAreThoseOfTheText() throws IOException {
        file("chat_template.jinja", "{{ bos_token }}{{ messages[0].content }}");
        Files.delete(folder.resolve("tokenizer_config.json"));
        assertThat(run("--user", "hi").out()).isEqualTo(AddedToken.BEGIN_OF_SENTENCE + "hi\n");
        assertThat(run("--user", "hi", "--ids").out()).isEqualTo("0,260\n");
    }

    @Test
    void wrongInputIsRefusedInOneLine() throws IOException {
        assertThat(run().problem()).contains("expected --messages or at least one of");
        assertThat(run("--show", "--user", "a").problem()).contains("--show takes neither");
        assertThat(run("--messages", "x", "--user", "a").problem()).contains("expected --messages");
        String numbers = file("numbers.json", "[1]");
        assertThat(run("--messages", numbers).problem())
                .isEqualTo(numbers + ": messages: expected a list of JSON objects");
        String broken = file("broken.json", "[\n{\"role\": }]");
        assertThat(run("--messages", broken).problem()).startsWith(broken + ": line 2, column ");
        String none = file("none.json", "{}");
        assertThat(run("--messages", none).problem())
                .isEqualTo(none + ": expected messages, found none");
        file("chat_template.jinja", "\n{{ raise_exception('not today') }}");
        assertThat(run("--user", "a").problem())
                .isEqualTo(
                        folder.resolve("chat_template.jinja")
                                + ": line 2, column 19: the template refuses: not today");
        Files.delete(folder.resolve("chat_template.jinja"));
        assertThat(run("--user", "a").problem())
                .isEqualTo(folder + ": the model has no chat template");
    }

    private record Outcome(String out, String problem) {}

    private Outcome run(String... options) {
        List<String> args = new ArrayList<>(List.of(folder.toString()));
        args.addAll(List.of(options));
        var captured = new CapturedConsole(false);
        var problem = new StringBuilder();
        new CommandLine(new Template(captured.console))
                .setParameterExceptionHandler((e, _) -> {
                    problem.append(e.getMessage());
                    return 2;
                })
                .setExecutionExceptionHandler((e, _, _) -> {
                    problem.append(e.getMessage());
                    return 1;
                })
                .execute(args.toArray(String[]::new));
        return new Outcome(captured.out(), problem.toString());
    }
}
