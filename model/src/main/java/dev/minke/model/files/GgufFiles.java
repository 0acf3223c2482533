package dev.minke.model.files;

import dev.minke.model.checkpoint.MalformedCheckpoint;
import dev.minke.model.checkpoint.gguf.GgufCheckpoint;
import dev.minke.model.checkpoint.gguf.GgufFile;
import dev.minke.model.checkpoint.gguf.GgufMetadata;
import dev.minke.model.checkpoint.gguf.GgufTensor;
import dev.minke.model.checkpoint.gguf.TensorNames;
import dev.minke.model.checkpoint.gguf.TensorNames.LatentForm;
import dev.minke.model.checkpoint.gguf.TensorNames.Part;
import dev.minke.model.checkpoint.gguf.TensorNames.Place;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.MlaConfig;
import dev.minke.model.config.TensorInventory;
import dev.minke.model.config.TensorInventory.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/// A model in GGUF, architecture `deepseek2` (legacy and MLA form), `llama` or `qwen2` (spec 2.5).
public final class GgufFiles implements ModelFiles {
    private final GgufCheckpoint gguf;
    private final DeepSeekConfig config;
    private final TensorNames names;
    private final TensorInventory inventory;

    private GgufFiles(GgufCheckpoint gguf, DeepSeekConfig config) {
        this.gguf = gguf;
        this.config = config;
        boolean joint = gguf.contains("blk.0.attn_kv_b.weight");
        this.names =
                TensorNames.of(
                                GgufConfig.architecture(config.family()),
                                joint ? LatentForm.JOINT : LatentForm.SPLIT)
                        .orElseThrow();
        this.inventory = TensorInventory.of(config);
    }

    /// Open a file or, from any of its parts, a split model.
    ///
    /// @throws IOException in one line naming the file and what does not fit
    public static GgufFiles open(Path path) throws IOException {
        GgufCheckpoint gguf = GgufCheckpoint.open(path);
        try {
            DeepSeekConfig config = GgufConfig.read(gguf);
            String module = "blk." + config.numHiddenLayers() + ".nextn.eh_proj.weight";
            if (!gguf.contains(module)) {
                config = config.withNumNextnPredictLayers(0);
            }
            checkCount(gguf, config);
            return new GgufFiles(gguf, config);
        } catch (IOException | RuntimeException e) {
            gguf.close();
            throw e;
        }
    }

    private static void checkCount(GgufCheckpoint gguf, DeepSeekConfig config)
            throws MalformedCheckpoint {
        int stored = gguf.tensors().size();
        long count = TensorInventory.count(config, true);
        if (count - stored > HuggingFaceFiles.MAX_MISSING) {
            throw new MalformedCheckpoint(
                    gguf.file(),
                    "key block_count",
                    "a model of the %d tensors that are there".formatted(stored),
                    "one of " + count);
        }
    }

    @Override
    public Path path() {
        return gguf.file();
    }

    @Override
    public String format() {
        return gguf.parts().size() == 1
                ? "GGUF"
                : "GGUF in %d parts".formatted(gguf.parts().size());
    }

    /// The file itself.
    public GgufCheckpoint gguf() {
        return gguf;
    }

    /// All keys, the vocabulary's included.
    public GgufMetadata metadata() {
        return gguf.metadata();
    }

    @Override
    public DeepSeekConfig config() {
        return config;
    }

    @Override
    public WeightRows weight(String name) throws IOException {
        List<Place> places = names.toGguf(name);
        if (places.isEmpty()) {
            throw new MalformedCheckpoint(
                    gguf.file(), "tensor " + name, "a tensor of the architecture", "none");
        }
        WeightRows rows = rows(places.getFirst().tensor());
        if (places.size() == 2) {
            MlaConfig mla = config.mla();
            return new DerivedRows.KvUp(
                    rows,
                    rows(places.get(1).tensor()),
                    mla.numAttentionHeads(),
                    mla.qkNopeHeadDim(),
                    mla.vHeadDim());
        }
        if (places.getFirst().part() instanceof Part.Expert(int index)) {
            int experts = config.moe().nRoutedExperts();
            if (index >= experts || rows.rows() % experts != 0) {
                throw new MalformedCheckpoint(
                        gguf.file(),
                        "tensor " + places.getFirst().tensor(),
                        "rows of %d experts, number %d among them".formatted(experts, index),
                        rows.rows() + " rows");
            }
            long each = rows.rows() / experts;
            return new DerivedRows.Slice(rows, index * each, each);
        }
        return names.reordersHeads(name)
                ? new DerivedRows.Rotary(rows, config.qkHeadDim(), false)
                : rows;
    }

    private WeightRows rows(String name) throws IOException {
        return rows(gguf, gguf.tensor(name));
    }

    static WeightRows rows(GgufCheckpoint file, GgufTensor tensor) throws IOException {
        WeightType type =
                WeightType.of(tensor.type())
                        .orElseThrow(() ->
                                new MalformedCheckpoint(
                                        tensor.file(),
                                        "tensor " + tensor.name(),
                                        "one of " + Arrays.toString(WeightType.values()),
                                        "type " + tensor.type().name()));
        return StoredRows.of(
                type,
                tensor.rows(),
                tensor.columns(),
                file.data(tensor.name()),
                tensor.file(),
                tensor.offset());
    }

    @Override
    public void check() throws IOException {
        for (TensorInventory.Entry entry : inventory.entries()) {
            if (entry.kind() == Kind.BLOCK_SCALE || TensorInventory.isCopy(config, entry.name())) {
                continue;
            }
            for (Place place : names.toGguf(entry.name())) {
                check(entry, place);
            }
        }
    }

    private void check(TensorInventory.Entry entry, Place place) throws IOException {
        GgufTensor tensor = gguf.tensor(place.tensor());
        long[] shape = entry.shape();
        long[] expected =
                switch (place.part()) {
                    case Part.Whole _ -> shape;
                    case Part.Expert _ ->
                            new long[] {config.moe().nRoutedExperts(), shape[0], shape[1]};
                    case Part.Keys _ ->
                            new long[] {
                                config.mla().numAttentionHeads(),
                                config.mla().kvLoraRank(),
                                config.mla().qkNopeHeadDim()
                            };
                    case Part.Values _ ->
                            new long[] {
                                config.mla().numAttentionHeads(),
                                config.mla().vHeadDim(),
                                config.mla().kvLoraRank()
                            };
                };
        if (!Arrays.equals(withoutLeadingOnes(tensor.shape()), withoutLeadingOnes(expected))) {
            throw new MalformedCheckpoint(
                    tensor.file(),
                    "tensor " + tensor.name(),
                    "shape %s by the metadata".formatted(Arrays.toString(expected)),
                    Arrays.toString(tensor.shape()));
        }
        rows(gguf, tensor);
    }

    /// Files drop leading dimensions of 1, or keep them.
    private static long[] withoutLeadingOnes(long[] shape) {
        int first = 0;
        while (first + 1 < shape.length && shape[first] == 1) {
            first++;
        }
        return Arrays.copyOfRange(shape, first, shape.length);
    }

    @Override
    public long bytes() {
        long sum = 0;
        for (GgufFile part : gguf.parts()) {
            try {
                sum += Files.size(part.file());
            } catch (IOException e) {
                return sum; // open all the same; a size for people
            }
        }
        return sum;
    }

    @Override
    public void close() {
        gguf.close();
    }
}
