package dev.minke.train;

import dev.minke.model.config.DeepSeekConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// A whole run: the model (keys of config.json), how it learns and from what.
///
/// A run file is the JSON of such a record; it may be partial and then changes a preset (its key
/// `preset`, else `tiny`). Everything that it names must be known.
///
/// @param model architecture
/// @param train how to learn
/// @param data what from
public record RunConfig(DeepSeekConfig model, TrainConfig train, DataConfig data) {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String PRESET = "preset";

    /// Check that sequences fit into the model's context.
    ///
    /// @throws IllegalArgumentException naming both keys
    public RunConfig {
        if (train.sequenceLength() > model.maxPositionEmbeddings()) {
            throw new IllegalArgumentException(
                    "train.sequenceLength is %d, expected at most model.max_position_embeddings %d"
                            .formatted(train.sequenceLength(), model.maxPositionEmbeddings()));
        }
    }

    /// Read a run file.
    ///
    /// @throws IOException if it cannot be read or is not JSON
    /// @throws IllegalArgumentException naming file and key, what was found and what would fit
    public static RunConfig read(Path file) throws IOException {
        return Draft.read(file).finish();
    }

    /// This run with other data files.
    public RunConfig withFiles(List<String> files) {
        return new RunConfig(
                model,
                train,
                new DataConfig(
                        data.task(),
                        files,
                        data.tokenizer(),
                        data.vocabSize(),
                        data.digitsPerToken(),
                        data.validationFraction()));
    }

    /// This run with another vocabulary size of the model.
    public RunConfig withVocabSize(int vocabSize) {
        Draft draft = new Draft(toTree(), "the preset");
        ((ObjectNode) draft.tree.get("model")).put("vocab_size", vocabSize);
        return draft.finish();
    }

    /// The run file that describes this run completely.
    public String toJson() {
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(toTree()) + "\n";
    }

    private ObjectNode toTree() {
        ObjectNode tree = JSON.createObjectNode();
        tree.set("model", JSON.readTree(model.toJson()));
        tree.set("train", JSON.valueToTree(train));
        tree.set("data", JSON.valueToTree(data));
        return tree;
    }

    /// A run that is being put together from a preset, a run file and single settings.
    public static final class Draft {
        private final ObjectNode tree;
        private String source;

        private Draft(ObjectNode tree, String source) {
            this.tree = tree;
            this.source = source;
        }

        /// Begin with a preset.
        public static Draft of(RunConfig preset) {
            return new Draft(preset.toTree(), "the preset");
        }

        /// Begin with a run file and the preset that it names.
        ///
        /// @throws IllegalArgumentException for a key that the preset does not have
        public static Draft read(Path file) throws IOException {
            JsonNode content;
            try {
                content = JSON.readTree(Files.readString(file));
            } catch (JacksonException e) {
                throw new IOException(
                        "%s is not JSON: %s at line %d"
                                .formatted(
                                        file,
                                        e.getOriginalMessage(),
                                        e.getLocation() == null ? 0 : e.getLocation().getLineNr()),
                        e);
            }
            if (!(content instanceof ObjectNode object)) {
                throw new IllegalArgumentException(
                        file + " holds " + content.getNodeType() + ", expected a JSON object");
            }
            JsonNode preset = object.remove(PRESET);
            if (preset != null && !preset.isString()) {
                throw new IllegalArgumentException(
                        "%s: preset is %s, expected one of %s"
                                .formatted(file, preset, String.join(", ", Presets.names())));
            }
            Draft draft = of(Presets.named(preset == null ? "tiny" : preset.asString()));
            draft.source = file.toString();
            draft.overlay(draft.tree, object, "");
            return draft;
        }

        /// Set one key: `train.steps=100`, `model.hidden_size=64`, or without the section where the
        /// key is in one section alone.
        ///
        /// @throws IllegalArgumentException for an unknown key or a text without `=`
        public void set(String assignment) {
            int equals = assignment.indexOf('=');
            if (equals < 1) {
                throw new IllegalArgumentException("--set " + assignment + ": expected key=value");
            }
            String key = assignment.substring(0, equals).strip();
            String text = assignment.substring(equals + 1).strip();
            ObjectNode change = JSON.createObjectNode();
            ObjectNode inner = change;
            String path = qualified(key);
            String[] parts = path.split("\\.");
            for (int i = 0; i < parts.length - 1; i++) {
                inner = inner.putObject(parts[i]);
            }
            inner.set(parts[parts.length - 1], value(text));
            source = "--set " + assignment;
            overlay(tree, change, "");
        }

        /// Use these data files.
        public void files(List<String> files) {
            var array = ((ObjectNode) tree.get("data")).putArray("files");
            files.forEach(array::add);
        }

        private String qualified(String key) {
            if (key.contains(".")) {
                return key;
            }
            List<String> sections = new ArrayList<>();
            for (Map.Entry<String, JsonNode> section : tree.properties()) {
                if (section.getValue().has(key)) {
                    sections.add(section.getKey());
                }
            }
            return sections.size() == 1 ? sections.getFirst() + "." + key : key;
        }

        private static JsonNode value(String text) {
            try {
                return JSON.readTree(text);
            } catch (JacksonException e) { // not JSON: a plain word
                return JSON.getNodeFactory().stringNode(text);
            }
        }

        private void overlay(ObjectNode base, ObjectNode change, String path) {
            for (Map.Entry<String, JsonNode> entry : change.properties()) {
                String key = path + entry.getKey();
                JsonNode old = base.get(entry.getKey());
                if (old == null) {
                    List<String> known = new ArrayList<>();
                    base.properties().forEach(p -> known.add(p.getKey()));
                    throw new IllegalArgumentException(
                            "%s: unknown key '%s', expected one of %s"
                                    .formatted(source, key, String.join(", ", known)));
                }
                check(key, old, entry.getValue());
                if (old instanceof ObjectNode inner && entry.getValue() instanceof ObjectNode o) {
                    overlay(inner, o, key + ".");
                } else {
                    base.set(entry.getKey(), sameKind(old, entry.getValue()));
                }
            }
        }

        /// Keep a number's width, which says what may replace it next.
        private static JsonNode sameKind(JsonNode old, JsonNode value) {
            if (old.isDouble() && value.isNumber()) {
                return JSON.getNodeFactory().numberNode(value.asDouble());
            }
            return old.isLong() && value.isIntegralNumber()
                    ? JSON.getNodeFactory().numberNode(value.asLong())
                    : value;
        }

        /// A value is of the kind that it replaces; the model's keys are checked by their own
        /// parser.
        private void check(String key, JsonNode old, JsonNode value) {
            boolean section = !key.contains(".");
            if (!section && key.startsWith("model.")) {
                return;
            }
            boolean fits;
            String expected;
            if (section) {
                fits = value.isObject();
                expected = "an object of keys";
            } else if (key.equals("data.task")) {
                List<String> tasks =
                        Arrays.stream(DataConfig.Task.values()).map(Enum::name).toList();
                fits = value.isString() && tasks.contains(value.asString());
                expected = "one of " + String.join(", ", tasks);
            } else if (old.isIntegralNumber()) {
                fits =
                        value.isIntegralNumber()
                                && (old.isInt()
                                        ? value.canConvertToInt()
                                        : value.canConvertToLong());
                expected = "a whole number of %d bits".formatted(old.isInt() ? 32 : 64);
            } else if (old.isNumber()) {
                fits = value.isNumber();
                expected = "a number";
            } else if (old.isArray()) {
                fits = value.isArray() && value.values().stream().allMatch(JsonNode::isString);
                expected = "a list of texts";
            } else {
                fits = value.isString();
                expected = "a text";
            }
            if (!fits) {
                String found = value.isMissingNode() ? "empty" : value.toString();
                throw new IllegalArgumentException(
                        "%s: %s is %s, expected %s".formatted(source, key, found, expected));
            }
        }

        /// The complete run.
        ///
        /// @throws IllegalArgumentException naming the key whose value does not fit
        public RunConfig finish() {
            try {
                return new RunConfig(
                        DeepSeekConfig.parse(tree.get("model").toString(), source + ", model"),
                        JSON.treeToValue(tree.get("train"), TrainConfig.class),
                        JSON.treeToValue(tree.get("data"), DataConfig.class));
            } catch (JacksonException e) {
                throw new IllegalArgumentException(source + ": " + reason(e), e);
            } catch (IOException e) {
                throw new IllegalArgumentException(e.getMessage(), e);
            }
        }

        private static String reason(JacksonException e) {
            Throwable cause = e.getCause();
            if (cause instanceof IllegalArgumentException && cause.getMessage() != null) {
                return cause.getMessage();
            }
            StringBuilder path = new StringBuilder();
            e.getPath()
                    .forEach(p -> {
                        if (p.getPropertyName() != null) {
                            path.append(path.isEmpty() ? "" : ".").append(p.getPropertyName());
                        }
                    });
            String message = String.valueOf(e.getOriginalMessage());
            int line = message.indexOf('\n');
            return "key '%s': %s".formatted(path, line < 0 ? message : message.substring(0, line));
        }
    }
}
