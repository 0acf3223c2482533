package dev.minke.model.template;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// The chat templates of a checkpoint by name, and its special tokens.
///
/// They are parsed when asked for, so that one that is not supported does not stand in the way of
/// another.
public final class ChatTemplates {
    /// The name of the template for conversations without a purpose of their own.
    public static final String DEFAULT = "default";

    /// The name that some models give to the template for tools.
    public static final String TOOL_USE = "tool_use";

    private static final String CONFIG = "tokenizer_config.json";
    private static final String JINJA = "chat_template.jinja";
    private static final String JSON = "chat_template.json";
    private static final String MORE = "additional_chat_templates";
    private static final String KEY = "chat_template";
    private static final long MOST_BYTES = 64L << 20;
    private static final int MOST_TEMPLATES = 64;

    private record Named(String source, String text) {}

    private final Path folder;
    private final Map<String, Named> named = new LinkedHashMap<>();
    private final Map<String, String> specialTokens = new LinkedHashMap<>();

    private ChatTemplates(Path folder) {
        this.folder = folder;
    }

    /// Find the templates of a Hugging Face folder; there may be none.
    ///
    /// The file chat_template.jinja goes before the key `chat_template` of tokenizer_config.json (a
    /// string, or a list of names and templates), and that before chat_template.json; more
    /// templates may be in the folder additional_chat_templates.
    ///
    /// @throws MalformedTemplate naming file and key if one of the files cannot be used
    public static ChatTemplates read(Path folder) throws IOException {
        var templates = new ChatTemplates(folder);
        templates.readJinja(folder.resolve(JINJA), DEFAULT);
        Path more = folder.resolve(MORE);
        if (Files.isDirectory(more)) {
            List<Path> files = new ArrayList<>();
            try (DirectoryStream<Path> found = Files.newDirectoryStream(more, "*.jinja")) {
                found.forEach(files::add);
            }
            Collections.sort(files);
            for (Path file : files) {
                templates.readJinja(file, file.getFileName().toString().replace(".jinja", ""));
            }
        }
        templates.readJson(folder.resolve(CONFIG));
        templates.readJson(folder.resolve(JSON));
        return templates;
    }

    /// The names of the templates.
    public Set<String> names() {
        return Collections.unmodifiableSet(named.keySet());
    }

    /// The special tokens that tokenizer_config.json names, such as `bos_token`.
    public Map<String, String> specialTokens() {
        return Collections.unmodifiableMap(specialTokens);
    }

    /// The text of a template.
    ///
    /// @throws MalformedTemplate if there is none of the name
    public String text(String name) throws MalformedTemplate {
        return find(name).text();
    }

    /// Parse a template.
    ///
    /// @throws MalformedTemplate if there is none of the name or it is not supported
    public ChatTemplate template(String name) throws MalformedTemplate {
        Named found = find(name);
        return ChatTemplate.parse(found.source(), found.text());
    }

    private Named find(String name) throws MalformedTemplate {
        Named found = named.get(name);
        if (found == null) {
            throw new MalformedTemplate(
                    folder,
                    named.isEmpty()
                            ? "the model has no chat template"
                            : "no chat template '%s'; there is %s"
                                    .formatted(
                                            Source.shown(name),
                                            String.join(", ", new TreeSet<>(named.keySet()))));
        }
        return found;
    }

    private void readJinja(Path file, String name) throws IOException {
        if (Files.exists(file)) {
            put(file, name, new Named(file.toString(), readText(file)));
        }
    }

    private void put(Path file, String name, Named template) throws MalformedTemplate {
        if (named.size() >= MOST_TEMPLATES) {
            throw new MalformedTemplate(
                    file, "there are more than %d chat templates".formatted(MOST_TEMPLATES));
        }
        named.putIfAbsent(name, template);
    }

    private static String readText(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new MalformedTemplate(file, "it is no file, expected a text");
        }
        long size = Files.size(file);
        if (size > MOST_BYTES) {
            throw new MalformedTemplate(
                    file, "the file has %d bytes; expected at most %d".formatted(size, MOST_BYTES));
        }
        try {
            ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException e) {
            throw new MalformedTemplate(file, "the file is not UTF-8");
        }
    }

    private void readJson(Path file) throws IOException {
        if (!Files.exists(file)) {
            return;
        }
        Object root;
        try {
            root = TemplateJson.read(file.toString(), readText(file));
        } catch (IllegalArgumentException e) {
            throw new MalformedTemplate(
                    file, String.valueOf(e.getMessage()).replace(file + ": ", ""));
        }
        if (!(root instanceof Map<?, ?> map)) {
            throw new MalformedTemplate(file, "expected a JSON object");
        }
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            String key = String.valueOf(entry.getKey());
            if (key.endsWith("_token")) {
                readToken(key, entry.getValue());
            }
        }
        if (map.containsKey(KEY)) {
            readKey(file, map.get(KEY));
        }
    }

    private void readToken(String key, Object value) {
        Object content = value instanceof Map<?, ?> token ? token.get("content") : value;
        if (content instanceof String text) {
            specialTokens.putIfAbsent(key, text);
        }
    }

    private void readKey(Path file, Object value) throws MalformedTemplate {
        if (value instanceof String text) {
            put(file, DEFAULT, new Named(file + ", " + KEY, text));
            return;
        }
        if (value == ChatTemplate.NONE) {
            return;
        }
        if (!(value instanceof List<?> list)) {
            throw wrong(file, KEY);
        }
        for (int i = 0; i < list.size(); i++) {
            String place = KEY + "[" + i + "]";
            if (!(list.get(i) instanceof Map<?, ?> map)
                    || !(map.get("name") instanceof String name)
                    || !(map.get("template") instanceof String text)) {
                throw wrong(file, place);
            }
            put(file, name, new Named(file + ", " + place, text));
        }
    }

    private static MalformedTemplate wrong(Path file, String place) {
        return new MalformedTemplate(
                file, place + ": expected a string, or a list of {\"name\", \"template\"}");
    }
}
