package dev.minke.model.deepseek;

import dev.minke.model.checkpoint.AtomicFiles;
import dev.minke.model.checkpoint.HuggingFaceFolder;
import dev.minke.model.checkpoint.RotaryOrder;
import dev.minke.model.checkpoint.SafetensorsWriter;
import dev.minke.model.checkpoint.StoredType;
import dev.minke.model.checkpoint.TensorSpec;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.HubConfig;
import dev.minke.model.config.TensorInventory;
import dev.minke.model.config.TensorInventory.Kind;
import dev.minke.model.files.FileWeights;
import dev.minke.model.files.ModelFiles;
import dev.minke.model.nn.Parameter;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.DType;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Models from Hugging Face folders and GGUF files, and to Hugging Face folders.
///
/// For training weights become F32 in memory, for inference they stay as they are stored. The MTP
/// layer's copies of embedding and head, which the format stores, are written as copies and not
/// read: they are the main model's.
public final class ModelFolder {
    private static final long SHARD_BYTES = 4_300_000_000L;

    private ModelFolder() {}

    /// Load config and weights of a Hugging Face folder or GGUF file.
    ///
    /// Files whose MTP layer was left out by their converter load without one.
    ///
    /// @param parameters empty; with gradients to go on training
    /// @throws IOException naming the file and the tensor that is missing or of another shape or
    ///   type
    public static DeepSeekModel load(Path path, Parameters parameters, Kernels kernels)
            throws IOException {
        try (ModelFiles files = ModelFiles.open(path)) {
            return load(files, parameters, kernels);
        }
    }

    /// As [#load(Path, Parameters, Kernels)] from files that are open; they may be closed after.
    public static DeepSeekModel load(ModelFiles files, Parameters parameters, Kernels kernels)
            throws IOException {
        files.check();
        DeepSeekConfig config = files.config().withQuantizationConfig(Optional.empty());
        DeepSeekModel model = new DeepSeekModel(config, parameters);
        for (Parameter parameter : parameters.all()) {
            for (Parameter.Entry entry : parameter.entries()) {
                Tensor to = entry.tensor();
                Tensor rows = to.rank() == 1 ? to.reshape(1, to.size()) : to;
                files.weight(entry.name()).read(0, rows, kernels);
                if (rotated(config, entry.name())) {
                    RotaryOrder.toInterleaved(to, config.qkHeadDim());
                }
            }
        }
        return model;
    }

    /// Open a Hugging Face folder or GGUF file for inference: weights stay in their stored type and
    /// are laid out for the back end when they are first used. The files stay mapped until the
    /// model is closed.
    ///
    /// @throws IOException naming the file and the tensor that is missing or of another shape or
    ///   type
    public static DeepSeekModel open(Path path, Kernels kernels) throws IOException {
        ModelFiles files = ModelFiles.open(path);
        Parameters parameters = Parameters.stored(new FileWeights(files, kernels));
        try {
            files.check();
            return new DeepSeekModel(
                    files.config().withQuantizationConfig(Optional.empty()), parameters);
        } catch (UncheckedIOException e) {
            parameters.close();
            throw e.getCause();
        } catch (IOException | RuntimeException e) {
            parameters.close();
            throw e;
        }
    }

    /// Whether the rows of a weight are stored half-split: queries and keys of dense models.
    private static boolean rotated(DeepSeekConfig config, String name) {
        return config.family().isDense()
                && (name.contains(".self_attn.q_proj.") || name.contains(".self_attn.k_proj."));
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
