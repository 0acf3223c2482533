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
    private final int mostIds;

    private TokenizerJson(Path file, JsonNode root) {
        this.file = file;
        // tables go by id: a file of few tokens cannot claim the memory of many
        long tokens = root.path("model").path("vocab").size() + root.path("added_tokens").size();
        this.mostIds = (int) Math.min(4L * tokens + (1 << 16), BpeDefinition.MOST_IDS);
    }

    static BpeDefinition read(Path file) throws IOException {
        JsonNode root = JsonFiles.read(file);
        return new TokenizerJson(file, root).definition(root);
    }

    private BpeDefinition definition(JsonNode root) throws MalformedTokenizer {
        boolean nfc = nfc(root.path("normalizer"));
        String bos = postProcessor(root.path("post_processor"));
        checkDecoder(root.path("decoder"));
        JsonNode model = root.path("model");
        checkModel(model);
        return new BpeDefinition(
                vocab(model.path("vocab")),
                merges(model.path("merges")),
                added(root.path("added_tokens")),
                nfc,
                splits(root.path("pre_tokenizer")),
                flag(model, "model", "ignore_merges"),
                bos,
                "",
                "",
                !bos.isEmpty());
    }

    private boolean nfc(JsonNode node) throws MalformedTokenizer {
        List<Step> steps = steps(node, "normalizer", "normalizers");
        for (Step step : steps) {
            if (!type(step.node()).equals("NFC")) {
                throw unsupported(step.place(), step.node(), "none or NFC");
            }
        }
        return !steps.isEmpty();
    }

    // Gives the token that is put before every text, "" for none.
    private String postProcessor(JsonNode node) throws MalformedTokenizer {
        String bos = "";
        for (Step step : steps(node, "post_processor", "processors")) {
            switch (type(step.node())) {
                case "ByteLevel" -> {} // only trims offsets
                case "TemplateProcessing" -> bos = templateBos(step.node(), step.place());
                default ->
                        throw unsupported(
                                step.place(), step.node(), "none, ByteLevel or TemplateProcessing");
            }
        }
        return bos;
    }

    private String templateBos(JsonNode node, String place) throws MalformedTokenizer {
        JsonNode single = node.path("single");
        int last = single.size() - 1;
        boolean fits =
                last >= 0
                        && last <= 1
                        && single.path(last).path("Sequence").path("id").asString("").equals("A");
        JsonNode token = single.path(0).path("SpecialToken").path("id");
        expect(
                fits && (last == 0 || token.isString()),
                place + ".single",
                single,
                "one token, or none, and then the sequence A");
        return last == 0 ? "" : text(token, place + ".single[0].SpecialToken.id");
    }

    private void checkDecoder(JsonNode node) throws MalformedTokenizer {
        List<Step> steps = steps(node, "decoder", "decoders");
        if (steps.size() != 1 || !type(steps.getFirst().node()).equals("ByteLevel")) {
            throw unsupported("decoder", node, "ByteLevel");
        }
    }

    private record Step(JsonNode node, String place) {}

    // Lays sequences, and sequences in them, out in a row.
    private List<Step> steps(JsonNode node, String place, String list) throws MalformedTokenizer {
        if (absent(node)) {
            return List.of();
        }
        if (!type(node).equals("Sequence")) {
            return List.of(new Step(node, place));
        }
        JsonNode inner = node.path(list);
        expect(inner.isArray(), place + "." + list, inner, "an array");
        List<Step> steps = new ArrayList<>();
        for (int i = 0; i < inner.size(); i++) {
            steps.addAll(steps(inner.path(i), place + "." + list + "[" + i + "]", list));
        }
        return steps;
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
            String content = text(token.path("content"), place + ".content");
            int id = id(token.path("id"), place + ".id");
            try {
                added.add(
                        new AddedToken(
                                id,
                                content,
                                flag(token, place, "special"),
                                flag(token, place, "normalized"),
                                flag(token, place, "single_word"),
                                flag(token, place, "lstrip"),
                                flag(token, place, "rstrip")));
            } catch (IllegalArgumentException e) {
                throw new MalformedTokenizer(file, e);
            }
        }
        return added;
    }

    private List<String> splits(JsonNode node) throws MalformedTokenizer {
        List<String> splits = new ArrayList<>();
        List<Step> steps = steps(node, "pre_tokenizer", "pretokenizers");
        for (int i = 0; i < steps.size(); i++) {
            Step step = steps.get(i);
            boolean last = i == steps.size() - 1;
            if (type(step.node()).equals("ByteLevel") == last) {
                addSplit(step.node(), step.place(), splits);
            } else {
                throw unsupported(
                        step.place(),
                        step.node(),
                        last ? "ByteLevel at the end" : "Split or Digits");
            }
        }
        expect(!steps.isEmpty(), "pre_tokenizer", node, "ByteLevel at the end");
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
                        && node.intValue() < mostIds;
        expect(fits, place, node, "an id from 0 to " + (mostIds - 1));
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
                    .put("single_word", token.singleWord())
                    .put("lstrip", token.lstrip())
                    .put("rstrip", token.rstrip())
                    .put("normalized", token.normalized())
                    .put("special", token.special());
        }
        if (definition.nfc()) {
            root.putObject("normalizer").put("type", "NFC");
        } else {
            root.putNull("normalizer");
        }
        ObjectNode preTokenizer = root.putObject("pre_tokenizer").put("type", "Sequence");
        ArrayNode steps = preTokenizer.putArray("pretokenizers");
        for (String pattern : definition.splits()) {
            ObjectNode split = steps.addObject().put("type", "Split");
            split.putObject("pattern").put("Regex", pattern);
            split.put("behavior", "Isolated").put("invert", false);
        }
        steps.add(byteLevel());
        if (definition.addBos()) {
            writeTemplate(root.putObject("post_processor"), definition);
        } else {
            root.putNull("post_processor");
        }
        root.set("decoder", byteLevel());
        writeModel(root.putObject("model"), definition);
        return root;
    }

    private static void writeTemplate(ObjectNode template, BpeDefinition definition) {
        String bos = definition.bos();
        template.put("type", "TemplateProcessing");
        ArrayNode single = template.putArray("single");
        ArrayNode pair = template.putArray("pair");
        addPart(single, "SpecialToken", bos, 0);
        addPart(single, "Sequence", "A", 0);
        pair.addAll(single);
        addPart(pair, "SpecialToken", bos, 1);
        addPart(pair, "Sequence", "B", 1);
        ObjectNode token = template.putObject("special_tokens").putObject(bos);
        token.put("id", bos);
        for (AddedToken added : definition.added()) {
            if (added.content().equals(bos)) {
                token.putArray("ids").add(added.id());
            }
        }
        token.putArray("tokens").add(bos);
    }

    private static void addPart(ArrayNode parts, String kind, String id, int type) {
        parts.addObject().putObject(kind).put("id", id).put("type_id", type);
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
