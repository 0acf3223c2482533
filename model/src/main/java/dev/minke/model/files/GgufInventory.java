package dev.minke.model.files;

import dev.minke.model.checkpoint.gguf.GgufTensorSpec;
import dev.minke.model.checkpoint.gguf.TensorNames;
import dev.minke.model.checkpoint.gguf.TensorNames.LatentForm;
import dev.minke.model.checkpoint.gguf.TensorNames.Part;
import dev.minke.model.checkpoint.gguf.TensorNames.Place;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.MlaConfig;
import dev.minke.model.config.TensorInventory;
import dev.minke.model.config.TensorInventory.Kind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Every tensor that a model has in GGUF, in MLA form, and where its rows come from.
public final class GgufInventory {
    private final DeepSeekConfig config;
    private final TensorNames names;
    private final List<Entry> entries;

    /// One tensor.
    ///
    /// @param name in GGUF
    /// @param shape row-major
    /// @param layer block it belongs to, -1 for none
    /// @param sources tensors in Hugging Face's names that it consists of; several for experts
    /// @param part how the first of them relates to it
    record Entry(String name, long[] shape, int layer, List<String> sources, Part part) {
        long rows() {
            long rows = 1;
            for (int i = 0; i + 1 < shape.length; i++) {
                rows *= shape[i];
            }
            return rows;
        }

        long cols() {
            return shape[shape.length - 1];
        }

        GgufTensorSpec spec(WeightType type) {
            return new GgufTensorSpec(name, type.gguf(), shape);
        }
    }

    private GgufInventory(DeepSeekConfig config) {
        this.config = config;
        this.names =
                TensorNames.of(GgufConfig.architecture(config.family()), LatentForm.SPLIT)
                        .orElseThrow();
        this.entries = entries(config, names);
    }

    /// The tensors of a model.
    public static GgufInventory of(DeepSeekConfig config) {
        return new GgufInventory(config);
    }

    List<Entry> entries() {
        return entries;
    }

    /// Bytes of all weights under a quantisation.
    ///
    /// @throws IllegalArgumentException for one that GGUF cannot hold
    public long bytes(Quantization quantization) {
        QuantizationMix mix = new QuantizationMix(config, quantization);
        long sum = 0;
        for (Entry entry : entries) {
            WeightType type = mix.type(entry.name, entry.layer, entry.shape.length, entry.cols());
            sum += type.bytes(entry.rows(), entry.cols());
        }
        return sum;
    }

    private static List<Entry> entries(DeepSeekConfig config, TensorNames names) {
        Map<String, Entry> entries = new LinkedHashMap<>();
        for (TensorInventory.Entry tensor : TensorInventory.of(config).entries()) {
            if (tensor.kind() == Kind.BLOCK_SCALE
                    || TensorInventory.isCopy(config, tensor.name())) {
                continue;
            }
            for (Place place : names.toGguf(tensor.name())) {
                Entry first = entries.get(place.tensor());
                if (first == null) {
                    List<String> sources = new ArrayList<>(List.of(tensor.name()));
                    long[] shape = shape(config, tensor, place.part());
                    entries.put(
                            place.tensor(),
                            new Entry(
                                    place.tensor(),
                                    shape,
                                    layer(place.tensor()),
                                    sources,
                                    place.part()));
                } else {
                    first.sources.add(tensor.name());
                }
            }
        }
        return List.copyOf(entries.values());
    }

    private static long[] shape(DeepSeekConfig config, TensorInventory.Entry tensor, Part part) {
        long[] shape = tensor.shape();
        return switch (part) {
            case Part.Whole _ -> shape;
            case Part.Expert _ -> new long[] {config.moe().nRoutedExperts(), shape[0], shape[1]};
            case Part.Keys _ -> {
                MlaConfig mla = config.mla();
                yield new long[] {mla.numAttentionHeads(), mla.kvLoraRank(), mla.qkNopeHeadDim()};
            }
            case Part.Values _ -> {
                MlaConfig mla = config.mla();
                yield new long[] {mla.numAttentionHeads(), mla.vHeadDim(), mla.kvLoraRank()};
            }
        };
    }

    private static int layer(String name) {
        return name.startsWith("blk.")
                ? Integer.parseInt(name.substring(4, name.indexOf('.', 4)))
                : -1;
    }

    /// The rows of a tensor, from a model in either format.
    WeightRows rows(Entry entry, ModelFiles source) throws IOException {
        WeightRows first = source.weight(entry.sources.getFirst());
        return switch (entry.part) {
            case Part.Whole _ ->
                    names.reordersHeads(entry.sources.getFirst())
                            ? new DerivedRows.Rotary(first, config.qkHeadDim(), true)
                            : first;
            case Part.Expert _ -> {
                List<WeightRows> experts = new ArrayList<>();
                for (String name : entry.sources) {
                    experts.add(source.weight(name));
                }
                yield new DerivedRows.Stack(experts);
            }
            case Part.Keys _ -> {
                MlaConfig mla = config.mla();
                yield new DerivedRows.KeyUp(
                        first, mla.numAttentionHeads(), mla.qkNopeHeadDim(), mla.vHeadDim());
            }
            case Part.Values _ -> {
                MlaConfig mla = config.mla();
                yield new DerivedRows.ValueUp(
                        first, mla.numAttentionHeads(), mla.qkNopeHeadDim(), mla.vHeadDim());
            }
        };
    }
}
