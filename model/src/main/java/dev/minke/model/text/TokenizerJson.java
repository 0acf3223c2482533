package dev.minke.model.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Read and write Hugging Face's tokenizer.json as far as byte-level BPE goes.
///
/// Whatever would change ids and is not supported is an error that names it. Settings of single
/// calls (`truncation`, `padding`) and of offsets are passed over.
final class TokenizerJson {
    static final String FILE = "tokenizer.json";

    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final Path file;

    private TokenizerJson(Path file) {
        this.file = file;
    }

    static BpeDefinition read(Path file) throws IOException {
        return new TokenizerJson(file).definition(JsonFiles.read(file));
    }

    private BpeDefinition definition(JsonNode root) throws MalformedTokenizer {
        checkNormalizer(root.path("normalizer"));
        checkPostProcessor(root.path("post_processor"));
        checkDecoder(root.path("decoder"));
        JsonNode model = root.path("model");
        checkModel(model);
        return new BpeDefinition(
                vocab(model.path("vocab")),
                merges(model.path("merges")),
                added(root.path("added_tokens")),
                splits(root.path("pre_tokenizer")),
                flag(model, "model", "ignore_merges"),
                "",
                "",
                "");
    }

    private void checkNormalizer(JsonNode node) throws MalformedTokenizer {
        boolean none = absent(node) || type(node).equals("Sequence");
        if (!none || !node.path("normalizers").isEmpty()) {
            throw unsupported("normalizer", node, "none");
        }
    }

    private void checkPostProcessor(JsonNode node) throws MalformedTokenizer {
        // ByteLevel as a post-processor only trims offsets.
        if (!absent(node) && !type(node).equals("ByteLevel")) {
            throw unsupported("post_processor", node, "none or ByteLevel");
        }
    }

    private void checkDecoder(JsonNode node) throws MalformedTokenizer {
        if (!type(node).equals("ByteLevel")) {
            throw unsupported("decoder", node, "ByteLevel");
        }
    }

    private void checkModel(JsonNode model) throws MalformedTokenizer {
        expect(model.isObject(), "model", model, "an object");
        // Old files leave the type out.
        if (model.has("type") && !type(model).equals("BPE")) {
            throw unsupported("model", model, "BPE");
        }
        for (String affix : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
            JsonNode node = model.path(affix);
            boolean none = absent(node) || node.isString() && node.stringValue().isEmpty();
            expect(none, "model." + affix, node, "null");
        }
        JsonNode dropout = model.path("dropout");
        boolean none = absent(dropout) || dropout.isNumber() && dropout.doubleValue() == 0;
        expect(none, "model.dropout", dropout, "null");
        expectOff(model, "model", "byte_fallback");
    }

    private List<String> vocab(JsonNode node) throws MalformedTokenizer {
        expect(node.isObject(), "model.vocab", node, "an object of ids by token");
        int size = 0;
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
            String place = "model.vocab[\"" + entry.getKey() + "\"]";
            expect(!entry.getKey().isEmpty(), place, entry.getValue(), "a token with letters");
            size = Math.max(size, id(entry.getValue(), place) + 1);
        }
        String[] tokens = new String[size];
        Arrays.fill(tokens, "");
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
            int id = entry.getValue().intValue();
            if (!tokens[id].isEmpty()) {
                throw new MalformedTokenizer(
                        file,
                        "model.vocab gives id %d to both \"%s\" and \"%s\""
                                .formatted(id, tokens[id], entry.getKey()));
            }
            tokens[id] = entry.getKey();
        }
        return List.of(tokens);
    }

    private List<BpeDefinition.Merge> merges(JsonNode node) throws MalformedTokenizer {
        expect(node.isArray(), "model.merges", node, "an array");
        List<BpeDefinition.Merge> merges = new ArrayList<>(node.size());
        for (JsonNode pair : node) {
            String place = "model.merges[" + merges.size() + "]";
            merges.add(pair.isString() ? spaced(pair, place) : listed(pair, place));
        }
        return merges;
    }

    private BpeDefinition.Merge spaced(JsonNode pair, String place) throws MalformedTokenizer {
        String text = pair.stringValue();
        int space = text.indexOf(' ');
        boolean one = space > 0 && space < text.length() - 1 && space == text.lastIndexOf(' ');
        expect(one, place, pair, "two tokens with one space between");
        return new BpeDefinition.Merge(text.substring(0, space), text.substring(space + 1));
    }

    private BpeDefinition.Merge listed(JsonNode pair, String place) throws MalformedTokenizer {
        boolean two = pair.isArray() && pair.size() == 2;
        expect(two, place, pair, "\"a b\" or [\"a\", \"b\"]");
        return new BpeDefinition.Merge(
                text(pair.get(0), place + "[0]"), text(pair.get(1), place + "[1]"));
    }

    private List<AddedToken> added(JsonNode node) throws MalformedTokenizer {
        List<AddedToken> added = new ArrayList<>();
        if (absent(node)) {
            return added;
        }
        expect(node.isArray(), "added_tokens", node, "an array");
        for (JsonNode token : node) {
            String place = "added_tokens[" + added.size() + "]";
            expect(token.isObject(), place, token, "an object");
            for (String option : List.of("single_word", "lstrip", "rstrip")) {
                expectOff(token, place, option);
            }
            String content = text(token.path("content"), place + ".content");
            int id = id(token.path("id"), place + ".id");
            try {
                added.add(new AddedToken(id, content, flag(token, place, "special")));
            } catch (IllegalArgumentException e) {
                throw new MalformedTokenizer(file, e);
            }
        }
        return added;
    }

    private List<String> splits(JsonNode node) throws MalformedTokenizer {
        List<String> splits = new ArrayList<>();
        JsonNode steps = node;
        String place = "pre_tokenizer";
        if (type(node).equals("Sequence")) {
            place = "pre_tokenizer.pretokenizers";
            steps = node.path("pretokenizers");
            expect(steps.isArray(), place, steps, "an array");
        } else {
            steps = NODES.arrayNode().add(node);
        }
        for (int i = 0; i < steps.size(); i++) {
            JsonNode step = steps.get(i);
            boolean last = i == steps.size() - 1;
            String at = place + "[" + i + "]";
            if (type(step).equals("ByteLevel") == last) {
                addSplit(step, at, splits);
            } else {
                throw unsupported(at, step, last ? "ByteLevel at the end" : "Split or Digits");
            }
        }
        expect(!steps.isEmpty(), place, steps, "ByteLevel at the end");
        return splits;
    }

    private void addSplit(JsonNode step, String place, List<String> splits)
            throws MalformedTokenizer {
        switch (type(step)) {
            case "Split" -> {
                JsonNode behavior = step.path("behavior");
                boolean isolated = behavior.isString() && behavior.stringValue().equals("Isolated");
                expect(isolated, place + ".behavior", behavior, "\"Isolated\"");
                expectOff(step, place, "invert");
                splits.add(pattern(step.path("pattern"), place + ".pattern"));
            }
            case "Digits" ->
                    splits.add(flag(step, place, "individual_digits") ? "\\p{N}" : "\\p{N}+");
            case "ByteLevel" -> {
                expectOff(step, place, "add_prefix_space");
                // Absent means true here, unlike everywhere else.
                if (absent(step.path("use_regex")) || flag(step, place, "use_regex")) {
                    splits.add(SplitSequence.GPT2);
                }
            }
            default -> throw unsupported(place, step, "Split, Digits or ByteLevel");
        }
    }

    private String pattern(JsonNode node, String place) throws MalformedTokenizer {
        if (node.has("String")) {
            // Escapes that Java and Oniguruma read alike.
            return text(node.path("String"), place + ".String")
                    .replaceAll("[\\\\^$.|?*+()\\[\\]{}&#~-]", "\\\\$0");
        }
        return text(node.path("Regex"), place + ".Regex");
    }

    private String text(JsonNode node, String place) throws MalformedTokenizer {
        expect(node.isString() && !node.stringValue().isEmpty(), place, node, "a text");
        return node.stringValue();
    }

    private int id(JsonNode node, String place) throws MalformedTokenizer {
        boolean fits =
                node.isIntegralNumber()
                        && node.canConvertToInt()
                        && node.intValue() >= 0
                        && node.intValue() < BpeDefinition.MOST_IDS;
        expect(fits, place, node, "an id from 0 to " + (BpeDefinition.MOST_IDS - 1));
        return node.intValue();
    }

    private boolean flag(JsonNode node, String place, String key) throws MalformedTokenizer {
        JsonNode value = node.path(key);
        expect(absent(value) || value.isBoolean(), place + "." + key, value, "true or false");
        return value.isBoolean() && value.booleanValue();
    }

    private void expectOff(JsonNode node, String place, String key) throws MalformedTokenizer {
        expect(!flag(node, place, key), place + "." + key, node.path(key), "false");
    }

    private void expect(boolean holds, String place, JsonNode found, String expected)
            throws MalformedTokenizer {
        if (!holds) {
            throw new MalformedTokenizer(
                    file,
                    "%s: found %s; expected %s"
                            .formatted(place, JsonFiles.describe(found), expected));
        }
    }

    private MalformedTokenizer unsupported(String place, JsonNode node, String expected) {
        String found = type(node).isEmpty() ? JsonFiles.describe(node) : "type " + type(node);
        return new MalformedTokenizer(
                file, "%s: found %s; supported: %s".formatted(place, found, expected));
    }

    private static String type(JsonNode node) {
        JsonNode type = node.path("type");
        return type.isString() ? type.stringValue() : "";
    }

    private static boolean absent(JsonNode node) {
        return node.isMissingNode() || node.isNull();
    }

    static JsonNode write(BpeDefinition definition) {
        ObjectNode root = NODES.objectNode().put("version", "1.0");
        root.putNull("truncation").putNull("padding");
        ArrayNode added = root.putArray("added_tokens");
        for (AddedToken token : definition.added()) {
            added.addObject()
                    .put("id", token.id())
                    .put("content", token.content())
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", token.special());
        }
        root.putNull("normalizer");
        ObjectNode preTokenizer = root.putObject("pre_tokenizer").put("type", "Sequence");
        ArrayNode steps = preTokenizer.putArray("pretokenizers");
        for (String pattern : definition.splits()) {
            ObjectNode split = steps.addObject().put("type", "Split");
            split.putObject("pattern").put("Regex", pattern);
            split.put("behavior", "Isolated").put("invert", false);
        }
        steps.add(byteLevel());
        root.putNull("post_processor").set("decoder", byteLevel());
        writeModel(root.putObject("model"), definition);
        return root;
    }

    private static ObjectNode byteLevel() {
        return NODES.objectNode()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", false);
    }

    private static void writeModel(ObjectNode model, BpeDefinition definition) {
        model.put("type", "BPE").putNull("dropout").putNull("unk_token");
        model.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
        model.put("fuse_unk", false).put("byte_fallback", false);
        model.put("ignore_merges", definition.wholePieces());
        ObjectNode vocab = model.putObject("vocab");
        for (int id = 0; id < definition.tokens().size(); id++) {
            if (!definition.tokens().get(id).isEmpty()) {
                vocab.put(definition.tokens().get(id), id);
            }
        }
        ArrayNode merges = model.putArray("merges");
        for (BpeDefinition.Merge merge : definition.merges()) {
            if (merge.left().contains(" ") || merge.right().contains(" ")) {
                merges.addArray().add(merge.left()).add(merge.right());
            } else {
                merges.add(merge.left() + " " + merge.right());
            }
        }
    }
}
