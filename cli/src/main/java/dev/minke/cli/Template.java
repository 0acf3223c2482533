package dev.minke.cli;

import dev.minke.model.files.TextFiles;
import dev.minke.model.template.ChatInput;
import dev.minke.model.template.ChatTemplate;
import dev.minke.model.template.ChatTemplates;
import dev.minke.model.template.TemplateJson;
import dev.minke.model.text.BpeTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Shows what a model's chat template makes of a conversation.
@Command(
        name = "template",
        description = "Show the text that a model's chat template makes of a conversation.",
        mixinStandardHelpOptions = true)
final class Template implements Callable<Integer> {
    private static final String MESSAGES = "messages";
    private static final String TOOLS = "tools";
    private static final String PROMPT = "add_generation_prompt";

    private final Console console;

    @Spec private CommandSpec spec;
    @Mixin private ModelArgument model = new ModelArgument();

    @Option(
            names = "--messages",
            paramLabel = "FILE",
            description =
                    "JSON: a list of messages, or an object with messages, tools and further"
                            + " variables; - reads standard input.")
    private Optional<String> messages = Optional.empty();

    /// One message of text; a group keeps the order in which they are given.
    static final class Turn {
        @Option(names = "--system", paramLabel = "TEXT", description = "Add a system message.")
        private @Nullable String system;

        @Option(names = "--user", paramLabel = "TEXT", description = "Add a message of the user.")
        private @Nullable String user;

        @Option(
                names = "--assistant",
                paramLabel = "TEXT",
                description = "Add a message of the assistant.")
        private @Nullable String assistant;

        Map<String, Object> message() {
            if (system != null) {
                return ChatInput.message("system", system);
            }
            return user != null
                    ? ChatInput.message("user", user)
                    : ChatInput.message("assistant", String.valueOf(assistant));
        }
    }

    @ArgGroup(multiplicity = "0..*")
    private List<Turn> turns = new ArrayList<>();

    @Option(
            names = "--tools",
            paramLabel = "FILE",
            description = "JSON: a list of the tools that are offered.")
    private Optional<Path> tools = Optional.empty();

    @Option(
            names = "--no-generation-prompt",
            description = "End behind the last message, not where the assistant begins.")
    private boolean noGenerationPrompt;

    @Option(
            names = "--set",
            paramLabel = "NAME=VALUE",
            description = "Set a variable to JSON, or else to text, such as thinking=true.")
    private Map<String, String> variables = new LinkedHashMap<>();

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description =
                    "Which template, if there are several; without it tool_use if there are tools"
                            + " and it exists, else default.")
    private Optional<String> name = Optional.empty();

    @Option(names = "--show", description = "Print the template itself.")
    private boolean show;

    @Option(names = "--ids", description = "Print the token ids of the text.")
    private boolean ids;

    Template(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (show && (ids || messages.isPresent() || !turns.isEmpty())) {
            throw usage("--show takes neither messages nor --ids");
        }
        if (!show && messages.isPresent() == !turns.isEmpty()) {
            throw usage("expected --messages or at least one of --system, --user, --assistant");
        }
        Path path = model.path();
        if (show) {
            console.result(template(path, name.orElse(ChatTemplates.DEFAULT)).text());
            return 0;
        }
        ChatInput input = input();
        ChatTemplate template = template(path, nameFor(path, input));
        String text = template.render(input.withSpecialTokens(specialTokens(path, template)));
        if (ids) {
            console.result(
                    Arrays.stream(model.tokenizer().encode(text))
                            .mapToObj(Integer::toString)
                            .collect(Collectors.joining(",")));
        } else {
            console.result(text);
        }
        return 0;
    }

    private ParameterException usage(String problem) {
        return new ParameterException(spec.commandLine(), problem);
    }

    private String nameFor(Path path, ChatInput input) throws IOException {
        boolean forTools =
                name.isEmpty()
                        && !input.tools().isEmpty()
                        && TextFiles.templates(path).containsKey(ChatTemplates.TOOL_USE);
        return forTools ? ChatTemplates.TOOL_USE : name.orElse(ChatTemplates.DEFAULT);
    }

    private static ChatTemplate template(Path path, String name) throws IOException {
        if (Files.isDirectory(path)) {
            return ChatTemplates.read(path).template(name); // knows the file within the folder
        }
        Map<String, String> texts = TextFiles.templates(path);
        String text = texts.get(name);
        if (text == null) {
            throw new IllegalArgumentException(
                    texts.isEmpty()
                            ? path + ": the model has no chat template"
                            : "--name: %s has no chat template '%s'; there is %s"
                                    .formatted(path, name, String.join(", ", texts.keySet())));
        }
        return ChatTemplate.parse(path + ", chat template", text);
    }

    /// The special tokens that the model's files name, and those that only its vocabulary knows.
    private Map<String, String> specialTokens(Path path, ChatTemplate template) throws IOException {
        Map<String, String> tokens = new LinkedHashMap<>();
        if (Files.isDirectory(path)) {
            tokens.putAll(ChatTemplates.read(path).specialTokens());
        }
        boolean bos = wants(template, tokens, "bos_token");
        boolean eos = wants(template, tokens, "eos_token");
        if ((bos || eos) && TextFiles.has(path)) {
            BpeTokenizer tokenizer = model.tokenizer();
            put(tokens, "bos_token", tokenizer, tokenizer.bos());
            put(tokens, "eos_token", tokenizer, tokenizer.eos());
        }
        return tokens;
    }

    private static boolean wants(ChatTemplate template, Map<String, String> known, String token) {
        return !known.containsKey(token) && template.text().contains(token);
    }

    private static void put(
            Map<String, String> tokens, String name, BpeTokenizer tokenizer, OptionalInt id) {
        if (id.isPresent()) {
            tokens.putIfAbsent(name, tokenizer.decode(id.getAsInt()));
        }
    }

    private ChatInput input() throws IOException {
        Map<String, Object> given = new LinkedHashMap<>();
        String source = "the command line";
        if (messages.isPresent()) {
            source = messages.get().equals("-") ? "standard input" : messages.get();
            Object json = TemplateJson.read(source, read(messages.get()));
            if (json instanceof Map<?, ?> object) {
                object.forEach((key, value) -> given.put(String.valueOf(key), value));
            } else {
                given.put(MESSAGES, json);
            }
        } else {
            given.put(MESSAGES, turns.stream().map(Turn::message).toList());
        }
        if (tools.isPresent()) {
            String file = tools.get().toString();
            given.put(TOOLS, objects(file, TOOLS, TemplateJson.read(file, read(file))));
        }
        variables.forEach((key, value) -> given.put(key, value(value)));
        if (!given.containsKey(MESSAGES)) {
            throw new IllegalArgumentException(source + ": expected messages, found none");
        }
        List<Map<String, ?>> conversation = objects(source, MESSAGES, given.remove(MESSAGES));
        Object offered = given.remove(TOOLS);
        boolean prompt = !noGenerationPrompt && !Boolean.FALSE.equals(given.remove(PROMPT));
        ChatInput input = ChatInput.of(conversation).withGenerationPrompt(prompt);
        if (offered != null && !offered.equals(ChatTemplate.NONE)) {
            input = input.withTools(objects(source, TOOLS, offered));
        }
        for (Map.Entry<String, Object> variable : given.entrySet()) {
            input = input.withVariable(variable.getKey(), variable.getValue());
        }
        return input;
    }

    private static String read(String file) throws IOException {
        byte[] bytes =
                file.equals("-") ? System.in.readAllBytes() : Files.readAllBytes(Path.of(file));
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static Object value(String text) {
        try {
            return TemplateJson.read("--set", text);
        } catch (IllegalArgumentException e) {
            return text; // a word need not be quoted
        }
    }

    private static List<Map<String, ?>> objects(String source, String key, Object value) {
        List<Map<String, ?>> objects = new ArrayList<>();
        if (value instanceof List<?> list) {
            for (Object item : list) {
                if (item instanceof Map<?, ?> map) {
                    Map<String, Object> object = new LinkedHashMap<>();
                    map.forEach((name, part) -> object.put(String.valueOf(name), part));
                    objects.add(object);
                }
            }
            if (objects.size() == list.size()) {
                return objects;
            }
        }
        throw new IllegalArgumentException(
                "%s: %s: expected a list of JSON objects".formatted(source, key));
    }
}
