package dev.minke.cli;

import dev.minke.model.checkpoint.gguf.GgufCheckpoint;
import dev.minke.model.checkpoint.gguf.GgufValue;
import dev.minke.model.config.AttentionConfig;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.GqaConfig;
import dev.minke.model.config.MlaConfig;
import dev.minke.model.files.ModelFiles;
import dev.minke.model.files.StoredTensors;
import dev.minke.model.files.StoredTensors.Entry;
import dev.minke.model.files.TextFiles;
import dev.minke.model.text.BpeTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Says what is in a checkpoint, whether or not it can be run.
@Command(
        name = "inspect",
        description =
                "Say what is in a checkpoint: sizes, tensors, types, tokenizer, template, memory.",
        mixinStandardHelpOptions = true)
final class Inspect implements Callable<Integer> {
    private static final int SHOWN_VALUE = 80;

    private final Console console;

    @Mixin private ModelArgument model = new ModelArgument();

    @Option(
            names = "--context",
            paramLabel = "N",
            defaultValue = "4096",
            description = "Tokens to estimate memory for (default: ${DEFAULT-VALUE}).")
    private int context;

    @Option(names = "--tensors", description = "Print every tensor on a line of its own.")
    private boolean everyTensor;

    @Option(names = "--metadata", description = "Print the keys of a GGUF file.")
    private boolean metadata;

    @Option(names = "--json", description = "Print one JSON object on standard output.")
    private boolean json;

    Inspect(Console console) {
        this.console = console;
    }

    /// Bytes and numbers of one type.
    private static final class Share {
        private long tensors;
        private long elements;
        private long bytes;
    }

    @Override
    public Integer call() throws IOException {
        if (context < 1) {
            throw new IllegalArgumentException(
                    "--context is %d, expected 1 or more".formatted(context));
        }
        Path path = model.path();
        List<Entry> entries = StoredTensors.of(path);
        Map<String, Share> mix = mix(entries);
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("model", path.toString());
        try (ModelFiles files = ModelFiles.open(path)) {
            architecture(files, object);
            files.check();
            line("runs here", "yes, every tensor is there in its shape and can be decoded");
            object.put("runs", true);
        } catch (IOException e) {
            line("runs here", "no: " + e.getMessage());
            object.put("runs", false);
            object.put("reason", String.valueOf(e.getMessage()));
        }
        types(mix, object);
        text(path, object);
        if (json) {
            object.put("tensors", tensorMaps(entries));
            console.json(object);
            return 0;
        }
        if (metadata) {
            metadata(path);
        }
        tensors(entries);
        return 0;
    }

    private void line(String key, String value) {
        if (!json) {
            console.result("%-14s %s".formatted(key, value));
        }
    }

    private void architecture(ModelFiles files, Map<String, Object> object) {
        DeepSeekConfig config = files.config();
        AttentionConfig attention = config.attention();
        line("model", files.path().toString());
        line("format", "%s, %s".formatted(files.format(), size(files.bytes())));
        line(
                "architecture",
                config.family().modelType() + " (" + config.family().architecture() + ")");
        line(
                "parameters",
                "%,d, %,d active for a token%s"
                        .formatted(
                                config.parameterCount(),
                                config.activeParameterCount(),
                                config.numNextnPredictLayers() == 0
                                        ? ""
                                        : ", and %,d of multi-token prediction"
                                                .formatted(config.mtpParameterCount())));
        line(
                "sizes",
                "%d layers of width %d, vocabulary of %d%s, context of %d"
                        .formatted(
                                config.numHiddenLayers(),
                                config.hiddenSize(),
                                config.vocabSize(),
                                config.tieWordEmbeddings() ? " (head tied)" : "",
                                config.maxPositionEmbeddings()));
        line("attention", attention(attention));
        line("feed-forward", feedForward(config));
        line("positions", positions(config));
        long weights = files.bytes();
        long loaded = 4 * (config.parameterCount() + config.mtpParameterCount());
        long cache = 4 * config.cacheElementsPerToken() * context;
        line(
                "memory",
                "%s of weights on disk, %s loaded as F32, %s of cache at %,d tokens"
                        .formatted(size(weights), size(loaded), size(cache), context));
        object.put("format", files.format());
        object.put("architecture", config.family().modelType());
        object.put("parameters", config.parameterCount());
        object.put("activeParameters", config.activeParameterCount());
        object.put("mtpParameters", config.mtpParameterCount());
        object.put("layers", config.numHiddenLayers());
        object.put("hiddenSize", config.hiddenSize());
        object.put("vocabSize", config.vocabSize());
        object.put("context", config.maxPositionEmbeddings());
        object.put("weightBytes", weights);
        object.put("loadedBytes", loaded);
        object.put("cacheBytes", cache);
        object.put("cacheTokens", context);
    }

    private static String attention(AttentionConfig attention) {
        return switch (attention) {
            case MlaConfig mla ->
                    "latent (MLA): %d heads of %d + %d rotated, values of %d; latent of %d%s"
                            .formatted(
                                    mla.numAttentionHeads(),
                                    mla.qkNopeHeadDim(),
                                    mla.qkRopeHeadDim(),
                                    mla.vHeadDim(),
                                    mla.kvLoraRank(),
                                    mla.compressesQuery()
                                            ? ", queries through " + mla.qLoraRank()
                                            : "");
            case GqaConfig gqa ->
                    "grouped-query: %d heads of %d on %d%s"
                            .formatted(
                                    gqa.numAttentionHeads(),
                                    gqa.headDim(),
                                    gqa.numKeyValueHeads(),
                                    gqa.qkvBias() ? ", with biases" : "");
        };
    }

    private static String feedForward(DeepSeekConfig config) {
        var moe = config.moe();
        if (!moe.hasExperts()) {
            return "dense, " + config.intermediateSize() + " wide";
        }
        return "%d experts of width %d, %d per token%s, %d shared; %s scores%s; %d dense layers of width %d first"
                .formatted(
                        moe.nRoutedExperts(),
                        moe.moeIntermediateSize(),
                        moe.numExpertsPerTok(),
                        moe.nGroup() > 1
                                ? " from %d of %d groups".formatted(moe.topkGroup(), moe.nGroup())
                                : "",
                        moe.nSharedExperts(),
                        moe.scoringFunc().key(),
                        moe.topkMethod().hasCorrectionBias() ? " with a correction bias" : "",
                        moe.firstKDenseReplace(),
                        config.intermediateSize());
    }

    private static String positions(DeepSeekConfig config) {
        return "rotary, base %s%s"
                .formatted(
                        plain(config.rope().ropeTheta()),
                        config.rope()
                                .ropeScaling()
                                .map(s ->
                                        ", context stretched %s times (%s)"
                                                .formatted(
                                                        plain(s.factor()),
                                                        s.getClass()
                                                                .getSimpleName()
                                                                .replace("Config", "")))
                                .orElse(""));
    }

    private static String plain(double value) {
        return value == Math.rint(value) ? "%d".formatted((long) value) : value + "";
    }

    private static Map<String, Share> mix(List<Entry> entries) {
        Map<String, Share> mix = new TreeMap<>();
        for (Entry entry : entries) {
            Share share = mix.computeIfAbsent(entry.type(), _ -> new Share());
            share.tensors++;
            share.elements += entry.elements();
            share.bytes += entry.bytes();
        }
        return mix;
    }

    private void types(Map<String, Share> mix, Map<String, Object> object) {
        long elements = 0;
        long bytes = 0;
        Map<String, Object> types = new LinkedHashMap<>();
        for (Share share : mix.values()) {
            elements += share.elements;
            bytes += share.bytes;
        }
        double bits = 8.0 * bytes / Math.max(1, elements);
        line("stored", "%,d numbers, %.2f bits each".formatted(elements, bits));
        for (var entry : mix.entrySet()) {
            Share share = entry.getValue();
            line(
                    "  " + entry.getKey(),
                    "%,d tensors, %s, %.1f %% of the numbers"
                            .formatted(
                                    share.tensors,
                                    size(share.bytes),
                                    100.0 * share.elements / Math.max(1, elements)));
            types.put(
                    entry.getKey(),
                    Map.of(
                            "tensors", share.tensors,
                            "elements", share.elements,
                            "bytes", share.bytes));
        }
        object.put("elements", elements);
        object.put("bitsPerWeight", bits);
        object.put("types", types);
    }

    private void text(Path path, Map<String, Object> object) {
        try {
            Optional<BpeTokenizer> found =
                    TextFiles.has(path) ? Optional.of(TextFiles.tokenizer(path)) : Optional.empty();
            if (found.isEmpty()) {
                line("tokenizer", "none");
            } else {
                BpeTokenizer tokenizer = found.get();
                long added = tokenizer.definition().added().size();
                line(
                        "tokenizer",
                        "byte-level BPE, %,d ids, %,d merges, %,d added tokens, begin %s, end %s"
                                .formatted(
                                        tokenizer.vocabSize(),
                                        tokenizer.definition().merges().size(),
                                        added,
                                        show(tokenizer.definition().bos()),
                                        show(tokenizer.definition().eos())));
                object.put("tokenizerIds", tokenizer.vocabSize());
            }
            Map<String, String> templates = TextFiles.templates(path);
            line(
                    "chat template",
                    templates.isEmpty()
                            ? "none"
                            : String.join(
                                    ", ",
                                    templates.entrySet().stream()
                                            .map(t ->
                                                    "%s (%,d characters)"
                                                            .formatted(
                                                                    t.getKey(),
                                                                    t.getValue().length()))
                                            .toList()));
            object.put("chatTemplates", new ArrayList<>(templates.keySet()));
        } catch (IOException e) {
            line("tokenizer", "cannot be used: " + e.getMessage());
            object.put("tokenizerError", String.valueOf(e.getMessage()));
        }
    }

    private static String show(String token) {
        return token.isEmpty() ? "none" : token;
    }

    private void metadata(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            throw new IllegalArgumentException("--metadata: expected a GGUF file, found a folder");
        }
        console.result("");
        try (GgufCheckpoint file = GgufCheckpoint.open(path)) {
            for (var entry : file.metadata().toMap().entrySet()) {
                console.result("%-46s %s".formatted(entry.getKey(), show(entry.getValue())));
            }
        }
    }

    private static String show(GgufValue value) {
        String text = Failures.line(value.toString());
        return text.length() <= SHOWN_VALUE ? text : text.substring(0, SHOWN_VALUE) + "...";
    }

    private void tensors(List<Entry> entries) {
        console.result("");
        if (everyTensor) {
            for (Entry entry : entries) {
                console.result(
                        "%-62s %-8s %-20s %s"
                                .formatted(
                                        entry.name(),
                                        entry.type(),
                                        Arrays.toString(entry.shape()),
                                        size(entry.bytes())));
            }
            return;
        }
        for (TensorTable.Row row : TensorTable.of(entries)) {
            console.result(
                    "%6d x %-62s %-8s %-20s %s"
                            .formatted(
                                    row.count(),
                                    row.name(),
                                    row.type(),
                                    row.shape(),
                                    size(row.bytes())));
        }
    }

    private static List<Map<String, Object>> tensorMaps(List<Entry> entries) {
        List<Map<String, Object>> maps = new ArrayList<>();
        for (Entry entry : entries) {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("name", entry.name());
            map.put("type", entry.type());
            map.put("shape", entry.shape());
            map.put("bytes", entry.bytes());
            maps.add(map);
        }
        return maps;
    }

    private static String size(long bytes) {
        return bytes < 100_000
                ? "%d B".formatted(bytes)
                : bytes < 100_000_000
                        ? "%.1f MB".formatted(bytes * 1e-6)
                        : "%,.2f GB".formatted(bytes * 1e-9);
    }
}
