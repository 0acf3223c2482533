package dev.minke.model.text;

import java.io.IOException;
import java.nio.file.Path;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// What tokenizer_config.json adds to a tokenizer: the roles of tokens and the chat template.
///
/// "" stands for a value that is not there. Other keys are passed over when reading.
public record TokenizerConfig(
        String bosToken,
        String eosToken,
        String padToken,
        boolean addBosToken,
        String chatTemplate) {
    static final String FILE = "tokenizer_config.json";

    /// Describe a tokenizer without a chat template.
    static TokenizerConfig of(BpeDefinition definition) {
        return new TokenizerConfig(
                definition.bos(), definition.eos(), definition.pad(), definition.addBos(), "");
    }

    /// Give a definition the roles that a file beside it names.
    ///
    /// What the file leaves open about the beginning of texts stays as the definition has it: a
    /// template in tokenizer.json may put `bos` there.
    static BpeDefinition complete(Path file, BpeDefinition definition) throws IOException {
        JsonNode root = JsonFiles.read(file);
        TokenizerConfig config = of(file, root);
        boolean said = root.path("add_bos_token").isBoolean();
        String bos = config.bosToken();
        if (definition.addBos() && !said) {
            if (!bos.isEmpty() && !bos.equals(definition.bos())) {
                throw new MalformedTokenizer(
                        file,
                        ("bos_token: found \"%s\"; expected \"%s\","
                                        + " with which tokenizer.json begins texts")
                                .formatted(bos, definition.bos()));
            }
            bos = definition.bos();
        }
        return definition
                .withRoles(bos, config.eosToken(), config.padToken())
                .withAddBos(said ? config.addBosToken() : definition.addBos());
    }

    /// Read the file; throws MalformedTokenizer naming the key that does not fit.
    public static TokenizerConfig read(Path file) throws IOException {
        return of(file, JsonFiles.read(file));
    }

    private static TokenizerConfig of(Path file, JsonNode root) throws MalformedTokenizer {
        JsonNode addBos = root.path("add_bos_token");
        if (!addBos.isBoolean() && !addBos.isMissingNode() && !addBos.isNull()) {
            throw wrong(file, "add_bos_token", addBos, "true or false");
        }
        return new TokenizerConfig(
                token(file, root, "bos_token"),
                token(file, root, "eos_token"),
                token(file, root, "pad_token"),
                addBos.isBoolean() && addBos.booleanValue(),
                template(file, root.path("chat_template")));
    }

    /// Write the file into an existing folder, in the least form Hugging Face loads.
    public void save(Path folder) throws IOException {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("tokenizer_class", "PreTrainedTokenizerFast");
        put(root, "bos_token", bosToken);
        put(root, "eos_token", eosToken);
        put(root, "pad_token", padToken);
        root.put("add_bos_token", addBosToken).put("clean_up_tokenization_spaces", false);
        put(root, "chat_template", chatTemplate);
        JsonFiles.write(folder.resolve(FILE), root);
    }

    private static void put(ObjectNode root, String key, String value) {
        if (!value.isEmpty()) {
            root.put(key, value);
        }
    }

    private static String token(Path file, JsonNode root, String key) throws MalformedTokenizer {
        JsonNode node = root.path(key);
        JsonNode text = node.isObject() ? node.path("content") : node;
        if (node.isMissingNode() || node.isNull()) {
            return "";
        }
        if (!text.isString()) {
            throw wrong(file, key, node, "a text or an object with \"content\"");
        }
        return text.stringValue();
    }

    private static String template(Path file, JsonNode node) throws MalformedTokenizer {
        if (node.isMissingNode() || node.isNull()) {
            return "";
        }
        if (node.isString()) {
            return node.stringValue();
        }
        // Some models list several templates by name.
        for (JsonNode named : node) {
            JsonNode template = named.path("template");
            if (template.isString() && named.path("name").asString("").equals("default")) {
                return template.stringValue();
            }
        }
        throw wrong(file, "chat_template", node, "a text or a list with a \"default\" template");
    }

    private static MalformedTokenizer wrong(
            Path file, String key, JsonNode found, String expected) {
        return new MalformedTokenizer(
                file,
                "%s: found %s; expected %s".formatted(key, JsonFiles.describe(found), expected));
    }
}
