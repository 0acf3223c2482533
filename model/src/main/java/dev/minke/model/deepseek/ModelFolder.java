package dev.minke.model.deepseek;

import dev.minke.model.checkpoint.AtomicFiles;
import dev.minke.model.checkpoint.HuggingFaceFolder;
import dev.minke.model.checkpoint.MalformedCheckpoint;
import dev.minke.model.checkpoint.RotaryOrder;
import dev.minke.model.checkpoint.SafetensorsWriter;
import dev.minke.model.checkpoint.StoredType;
import dev.minke.model.checkpoint.TensorInfo;
import dev.minke.model.checkpoint.TensorSpec;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.HubConfig;
import dev.minke.model.config.TensorInventory;
import dev.minke.model.config.TensorInventory.Kind;
import dev.minke.model.nn.Parameter;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.DType;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Models to and from Hugging Face folders: config.json and safetensors, sharded or not.
///
/// Weights become F32 in memory. The MTP layer's copies of embedding and head, which the format
/// stores, are written as copies and not read: they are the main model's.
public final class ModelFolder {
    private static final ValueLayout.OfShort HALF =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final long SHARD_BYTES = 4_300_000_000L;

    private ModelFolder() {}

    /// Load config and weights of `folder`.
    ///
    /// A folder whose MTP layer was left out by its converter loads without one.
    ///
    /// @param parameters empty; with gradients to go on training
    /// @throws MalformedCheckpoint naming the tensor that is missing or of another shape or type
    public static DeepSeekModel load(Path folder, Parameters parameters, Kernels kernels)
            throws IOException {
        try (HuggingFaceFolder files = HuggingFaceFolder.open(folder)) {
            DeepSeekConfig config = withoutAbsentMtp(files.config(), files);
            if (config.quantizationConfig().isPresent()) {
                throw new MalformedCheckpoint(
                        folder.resolve(HuggingFaceFolder.CONFIG),
                        "quantization_config",
                        "none: weights in F32, BF16 or F16",
                        "quant_method fp8");
            }
            files.check(TensorInventory.of(config));
            DeepSeekModel model = new DeepSeekModel(config, parameters);
            for (Parameter parameter : parameters.all()) {
                for (Parameter.Entry entry : parameter.entries()) {
                    read(files, entry, kernels);
                    if (rotated(config, entry.name())) {
                        RotaryOrder.toInterleaved(entry.tensor(), config.qkHeadDim());
                    }
                }
            }
            return model;
        }
    }

    /// Whether the rows of a weight are stored half-split: queries and keys of dense models.
    private static boolean rotated(DeepSeekConfig config, String name) {
        return config.family().isDense()
                && (name.contains(".self_attn.q_proj.") || name.contains(".self_attn.k_proj."));
    }

    private static DeepSeekConfig withoutAbsentMtp(DeepSeekConfig config, HuggingFaceFolder files) {
        String layer = "model.layers." + config.numHiddenLayers() + ".";
        boolean present = files.names().stream().anyMatch(name -> name.startsWith(layer));
        return present ? config : config.withNumNextnPredictLayers(0);
    }

    private static void read(HuggingFaceFolder files, Parameter.Entry entry, Kernels kernels)
            throws IOException {
        TensorInfo info = files.info(entry.name());
        MemorySegment data = files.data(entry.name());
        Tensor to = entry.tensor();
        switch (info.type()) {
            case F32 -> to.copyFrom(Tensor.of(data, 0, DType.F32, to.shape()));
            case BF16 -> kernels.convert(Tensor.of(data, 0, DType.BF16, to.shape()), to);
            case F16 -> readHalf(data, to);
            default ->
                    throw new MalformedCheckpoint(
                            info.file(),
                            "tensor " + entry.name(),
                            "type F32, BF16 or F16",
                            info.type().name());
        }
    }

    private static void readHalf(MemorySegment data, Tensor to) {
        long cols = to.cols();
        for (long i = 0; i < to.size(); i++) {
            to.setFloat(i / cols, i % cols, Float.float16ToFloat(data.get(HALF, 2 * i)));
        }
    }

    /// Write config.json and weights into `folder`, which holds no weights yet.
    ///
    /// @param type of matrices and norms: F32 or BF16; router biases are F32 always
    /// @throws IOException in one line naming the file; no half-written weights are left
    public static void save(DeepSeekModel model, Path folder, StoredType type, Kernels kernels)
            throws IOException {
        if (type != StoredType.F32 && type != StoredType.BF16) {
            throw new IllegalArgumentException("cannot save as " + type + ", expected F32 or BF16");
        }
        DeepSeekConfig config = withTorchDtype(model.config(), type);
        Map<String, Tensor> tensors = tensors(model);
        List<TensorSpec> specs = new ArrayList<>();
        for (TensorInventory.Entry entry : TensorInventory.of(config).entries()) {
            StoredType stored = entry.kind() == Kind.ROUTER_BIAS ? StoredType.F32 : type;
            specs.add(new TensorSpec(entry.name(), stored, entry.shape()));
        }
        try (SafetensorsWriter writer = SafetensorsWriter.toFolder(folder, specs, SHARD_BYTES)) {
            for (TensorSpec spec : specs) {
                Tensor tensor =
                        Optional.ofNullable(tensors.get(spec.name()))
                                .orElseThrow(() -> new IllegalStateException(spec.name()));
                if (rotated(config, spec.name())) {
                    try (Arena arena = Arena.ofShared()) {
                        Tensor rows = Tensor.zeros(arena, tensor.shape());
                        rows.copyFrom(tensor);
                        RotaryOrder.toHalfSplit(rows, config.qkHeadDim());
                        write(writer, spec, rows, kernels);
                    }
                } else {
                    write(writer, spec, tensor, kernels);
                }
            }
            writer.commit();
        }
        AtomicFiles.writeString(folder.resolve(HuggingFaceFolder.CONFIG), config.toJson());
    }

    private static Map<String, Tensor> tensors(DeepSeekModel model) {
        Map<String, Tensor> tensors = new HashMap<>();
        for (Parameter parameter : model.parameters().all()) {
            for (Parameter.Entry entry : parameter.entries()) {
                tensors.put(entry.name(), entry.tensor());
            }
        }
        String mtp = "model.layers." + model.config().numHiddenLayers() + ".";
        tensors.computeIfAbsent(
                mtp + "embed_tokens.weight", k -> tensors.get("model.embed_tokens.weight"));
        tensors.computeIfAbsent(
                mtp + "shared_head.head.weight",
                k ->
                        tensors.getOrDefault(
                                "lm_head.weight", tensors.get("model.embed_tokens.weight")));
        return tensors;
    }

    private static void write(
            SafetensorsWriter writer, TensorSpec spec, Tensor tensor, Kernels kernels)
            throws IOException {
        if (spec.type() == StoredType.F32) {
            writer.write(spec.name(), tensor.segment().asSlice(tensor.offset(), tensor.byteSize()));
            return;
        }
        try (Arena arena = Arena.ofShared()) {
            Tensor narrow = Tensor.zeros(arena, DType.BF16, tensor.shape());
            kernels.convert(tensor, narrow);
            writer.write(spec.name(), narrow.segment().asSlice(0, narrow.byteSize()));
        }
    }

    private static DeepSeekConfig withTorchDtype(DeepSeekConfig config, StoredType type) {
        HubConfig hub = config.hub();
        String dtype = type == StoredType.F32 ? "float32" : "bfloat16";
        return config.withHub(
                new HubConfig(hub.bosTokenId(), hub.eosTokenId(), hub.initializerRange(), dtype));
    }
}
