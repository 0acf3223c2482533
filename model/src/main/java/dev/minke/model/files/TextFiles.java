package dev.minke.model.files;

import dev.minke.model.checkpoint.AtomicFiles;
import dev.minke.model.checkpoint.MalformedCheckpoint;
import dev.minke.model.checkpoint.gguf.GgufArray;
import dev.minke.model.checkpoint.gguf.GgufCheckpoint;
import dev.minke.model.checkpoint.gguf.GgufMetadata;
import dev.minke.model.checkpoint.gguf.GgufValue;
import dev.minke.model.checkpoint.gguf.GgufValueType;
import dev.minke.model.template.ChatTemplates;
import dev.minke.model.text.BpeDefinition;
import dev.minke.model.text.BpeTokenizer;
import dev.minke.model.text.GgufVocabulary;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The tokenizer of a model, from the folder or the GGUF file that it comes in.
public final class TextFiles {
    private static final String PREFIX = "tokenizer.ggml.";

    private static final System.Logger LOG = System.getLogger(TextFiles.class.getName());

    /// Keys of a pre-tokenizer that GGUF has no name for.
    private static final String OWN = "minke.tokenizer.";

    /// Key of the chat template in GGUF.
    static final String CHAT_TEMPLATE = "tokenizer.chat_template";

    private static final long SMALL_FILE = 64L << 20;

    private TextFiles() {}

    /// Read a tokenizer: tokenizer.json or tiktoken.model of a folder, the vocabulary of a GGUF
    /// file, which need not hold weights.
    ///
    /// @throws IOException in one line naming file and place if there is none or it cannot be used
    public static BpeTokenizer tokenizer(Path path) throws IOException {
        if (!Files.isRegularFile(path) || path.toString().endsWith(".json")) {
            return BpeTokenizer.read(path);
        }
        try (GgufCheckpoint file = GgufCheckpoint.open(path)) {
            return tokenizer(file)
                    .orElseThrow(() ->
                            new MalformedCheckpoint(
                                    path, "key " + PREFIX + "model", "a vocabulary", "none"));
        }
    }

    /// The vocabulary of an open GGUF file, empty if it has none.
    static Optional<BpeTokenizer> tokenizer(GgufCheckpoint file) throws IOException {
        GgufMetadata metadata = file.metadata();
        String model = metadata.findString(PREFIX + "model").orElse("none");
        if (model.equals("none") || model.equals("no_vocab")) {
            return Optional.empty();
        }
        if (!model.equals("gpt2")) {
            throw new MalformedCheckpoint(
                    file.file(),
                    "key " + PREFIX + "model",
                    "gpt2 (byte-level BPE), none or no_vocab",
                    model);
        }
        try {
            return Optional.of(new BpeTokenizer(definition(metadata)));
        } catch (IllegalArgumentException e) {
            throw new MalformedCheckpoint(
                    file.file(),
                    "keys " + PREFIX + "*",
                    "a vocabulary that can be used",
                    String.valueOf(e.getMessage()));
        }
    }

    private static BpeDefinition definition(GgufMetadata metadata) throws IOException {
        GgufVocabulary vocabulary = vocabulary(metadata);
        BpeDefinition definition = vocabulary.definition();
        return vocabulary.pre().equals(GgufVocabulary.OWN)
                ? definition.withPreTokenizer(
                        metadata.bool(OWN + "nfc"),
                        List.copyOf(metadata.strings(OWN + "splits")),
                        metadata.bool(OWN + "ignore_merges"))
                : definition;
    }

    private static GgufVocabulary vocabulary(GgufMetadata metadata) throws IOException {
        List<String> tokens = List.copyOf(metadata.strings(PREFIX + "tokens"));
        String pre = metadata.findString(PREFIX + "pre").orElse("default");
        Optional<Boolean> addBos = metadata.findBool(PREFIX + "add_bos_token");
        return new GgufVocabulary(
                pre,
                tokens,
                types(metadata, tokens.size()),
                metadata.findStrings(PREFIX + "merges").map(List::copyOf).orElse(List.of()),
                id(metadata, "bos_token_id"),
                id(metadata, "eos_token_id"),
                id(metadata, "eot_token_id"),
                id(metadata, "padding_token_id"),
                addBos.isPresent() ? addBos.get() : GgufVocabulary.addsBosByDefault(pre));
    }

    private static int[] types(GgufMetadata metadata, int count) throws IOException {
        int[] types = new int[count];
        Arrays.fill(types, GgufVocabulary.NORMAL);
        Optional<long[]> given = metadata.findIntegers(PREFIX + "token_type");
        if (given.isPresent()) {
            if (given.get().length != count) {
                throw new IllegalArgumentException(
                        "token_type has %d entries, expected %d, one for each token"
                                .formatted(given.get().length, count));
            }
            for (int i = 0; i < count; i++) {
                types[i] = Math.toIntExact(given.get()[i]);
            }
        }
        return types;
    }

    private static int id(GgufMetadata metadata, String name) throws IOException {
        var id = metadata.findInteger(PREFIX + name);
        return id.isPresent() && id.getAsLong() >= 0 && id.getAsLong() <= Integer.MAX_VALUE
                ? (int) id.getAsLong()
                : GgufVocabulary.NONE;
    }

    /// The keys of a vocabulary, for a model with `rows` rows in its embedding.
    ///
    /// @throws IllegalArgumentException if GGUF cannot say what the tokenizer does
    static Map<String, GgufValue> write(BpeTokenizer tokenizer, int rows) {
        BpeDefinition definition = tokenizer.definition();
        Map<String, GgufValue> values = new LinkedHashMap<>();
        GgufVocabulary vocabulary;
        if (GgufVocabulary.hasName(definition)) {
            vocabulary = GgufVocabulary.of(definition, rows);
        } else {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "GGUF has no name for the way this tokenizer splits text: Minke reads the file, other programs will refuse its vocabulary");
            vocabulary = GgufVocabulary.withOwnRules(definition, rows);
            values.put(OWN + "nfc", GgufValue.bool(definition.nfc()));
            values.put(OWN + "splits", GgufValue.strings(definition.splits()));
            values.put(OWN + "ignore_merges", GgufValue.bool(definition.wholePieces()));
        }
        values.put(PREFIX + "model", GgufValue.string("gpt2"));
        values.put(PREFIX + "pre", GgufValue.string(vocabulary.pre()));
        values.put(PREFIX + "tokens", GgufValue.strings(vocabulary.tokens()));
        long[] types = Arrays.stream(vocabulary.types()).asLongStream().toArray();
        values.put(PREFIX + "token_type", GgufArray.integers(GgufValueType.INT32, types));
        values.put(PREFIX + "merges", GgufValue.strings(vocabulary.merges()));
        putId(values, "bos_token_id", vocabulary.bos());
        putId(values, "eos_token_id", vocabulary.eos());
        putId(values, "eot_token_id", vocabulary.eot());
        putId(values, "padding_token_id", vocabulary.pad());
        values.put(PREFIX + "add_bos_token", GgufValue.bool(vocabulary.addBos()));
        return values;
    }

    private static void putId(Map<String, GgufValue> values, String name, int id) {
        if (id != GgufVocabulary.NONE) {
            values.put(PREFIX + name, GgufValue.uint32(id));
        }
    }

    /// What a model without a vocabulary says.
    static Map<String, GgufValue> none() {
        return Map.of(PREFIX + "model", GgufValue.string("no_vocab"));
    }

    /// Whether a folder or GGUF file has a tokenizer.
    public static boolean has(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            return Files.isRegularFile(path.resolve("tokenizer.json"))
                    || Files.isRegularFile(path.resolve("tiktoken.model"));
        }
        try (GgufCheckpoint file = GgufCheckpoint.open(path)) {
            return file.metadata().contains(PREFIX + "tokens");
        }
    }

    /// The sources of a model's chat templates by name; `default` is the one for conversations.
    public static Map<String, String> templates(Path path) throws IOException {
        Map<String, String> templates = new LinkedHashMap<>();
        if (Files.isDirectory(path)) {
            ChatTemplates found = ChatTemplates.read(path);
            for (String name : found.names()) {
                templates.put(name, found.text(name));
            }
            return templates;
        }
        try (GgufCheckpoint file = GgufCheckpoint.open(path)) {
            for (String key : file.metadata().keys()) {
                if (key.equals(CHAT_TEMPLATE)) {
                    templates.put(ChatTemplates.DEFAULT, file.metadata().string(key));
                } else if (key.startsWith(CHAT_TEMPLATE + ".")) {
                    templates.put(
                            key.substring(CHAT_TEMPLATE.length() + 1), file.metadata().string(key));
                }
            }
        }
        return templates;
    }

    /// The chat templates of a folder as keys of GGUF, none if it has none.
    static Map<String, GgufValue> writeTemplates(Path folder) throws IOException {
        Map<String, GgufValue> values = new LinkedHashMap<>();
        templates(folder)
                .forEach((name, text) ->
                        values.put(
                                name.equals(ChatTemplates.DEFAULT)
                                        ? CHAT_TEMPLATE
                                        : CHAT_TEMPLATE + "." + name,
                                GgufValue.string(text)));
        return values;
    }

    /// Write the chat template of a GGUF file into a folder.
    static void saveTemplate(Path folder, GgufMetadata metadata) throws IOException {
        Optional<String> template = metadata.findString(CHAT_TEMPLATE);
        if (template.isPresent()) {
            AtomicFiles.writeString(folder.resolve("chat_template.jinja"), template.get());
        }
    }

    /// Copy tokenizer, templates, licence and the like: every small file that holds no weights.
    static void copySmallFiles(Path from, Path to) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(from)) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                boolean weights =
                        name.contains(".safetensors")
                                || name.endsWith(".bin")
                                || name.endsWith(".gguf")
                                || name.endsWith(".pt");
                boolean copied =
                        Files.isRegularFile(file)
                                && !weights
                                && !name.startsWith(".")
                                && !name.equals("config.json")
                                && Files.size(file) <= SMALL_FILE;
                if (copied && !Files.exists(to.resolve(name))) {
                    Files.copy(file, to.resolve(name));
                }
            }
        }
    }
}
