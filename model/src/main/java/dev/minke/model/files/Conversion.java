package dev.minke.model.files;

import dev.minke.model.checkpoint.AtomicFiles;
import dev.minke.model.checkpoint.HuggingFaceFolder;
import dev.minke.model.checkpoint.SafetensorsWriter;
import dev.minke.model.checkpoint.StoredType;
import dev.minke.model.checkpoint.TensorSpec;
import dev.minke.model.checkpoint.gguf.GgufTensorSpec;
import dev.minke.model.checkpoint.gguf.GgufValue;
import dev.minke.model.checkpoint.gguf.GgufWriter;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.Fp8Config;
import dev.minke.model.config.HubConfig;
import dev.minke.model.config.Llama3Config;
import dev.minke.model.config.TensorInventory;
import dev.minke.model.config.TensorInventory.Kind;
import dev.minke.model.text.BpeTokenizer;
import dev.minke.tensor.BlockFormat;
import dev.minke.tensor.Kernels;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Supplier;

/// Writes a model in another format or type, streaming: memory stays at a few bands of rows.
///
/// GGUF is written in MLA form with the vocabulary and chat template inside, as llama.cpp loads it;
/// Hugging Face folders with config.json and tokenizer files, as transformers loads them.
public final class Conversion {
    private static final long SHARD_BYTES = 4_300_000_000L;

    private final ModelFiles source;
    private final Kernels kernels;
    private final Progress progress;
    private final DeepSeekConfig config;
    private long total;
    private long done;

    /// Hears how far a conversion is.
    @FunctionalInterface
    public interface Progress {
        /// `done` of `total` bytes are written; `tensor` is under way.
        void at(long done, long total, Supplier<String> tensor);
    }

    /// Convert an open model.
    ///
    /// @param withMtp whether prediction modules are kept
    public Conversion(ModelFiles source, boolean withMtp, Kernels kernels, Progress progress) {
        this.source = source;
        this.kernels = kernels;
        this.progress = progress;
        this.config = withMtp ? source.config() : source.config().withNumNextnPredictLayers(0);
    }

    /// What the source is stored as, by its embedding: the type that loses nothing.
    ///
    /// @throws IOException if there is no embedding
    public static Quantization unchanged(ModelFiles source) throws IOException {
        WeightType type = source.weight("model.embed_tokens.weight").type();
        return type.plain().isPresent()
                ? Quantization.uniform(type).orElseThrow()
                : Quantization.BF16;
    }

    // ---------------------------------------------------------------- GGUF

    /// A tensor that is about to be written.
    private record Output(GgufTensorSpec spec, WeightRows rows, WeightType type) {}

    /// Write one GGUF file, or parts of at most `maxPartBytes`.
    ///
    /// @param quantization types of the tensors; empty keeps those of a GGUF source
    /// @return the files
    /// @throws IOException in one line; nothing is left of a file that was begun
    public List<Path> toGguf(Path file, Optional<Quantization> quantization, long maxPartBytes)
            throws IOException {
        refuseExisting(file);
        source.check();
        GgufInventory inventory = GgufInventory.of(config);
        List<Output> outputs = outputs(inventory, quantization);
        SequencedMap<String, GgufValue> metadata = metadata(quantization, file);
        total = outputs.stream().mapToLong(o -> o.spec.byteSize()).sum();
        DiskSpace.check(file, total);
        List<GgufTensorSpec> specs = new ArrayList<>(outputs.stream().map(Output::spec).toList());
        Optional<float[]> divisors = divisors();
        divisors.ifPresent(d ->
                specs.add(
                        new GgufTensorSpec(
                                GgufConfig.ROPE_FREQS,
                                WeightType.F32.gguf(),
                                new long[] {d.length})));
        try (GgufWriter writer = GgufWriter.toParts(file, metadata, specs, maxPartBytes);
                RowEncoder encoder = new RowEncoder(kernels)) {
            for (Output output : outputs) {
                String name = output.spec.name();
                long[] at = {0};
                encoder.encode(
                        name,
                        output.rows,
                        output.type,
                        bytes -> {
                            writer.write(name, at[0], bytes);
                            at[0] += bytes.byteSize();
                            advance(bytes, name);
                        });
            }
            if (divisors.isPresent()) {
                writer.write(GgufConfig.ROPE_FREQS, MemorySegment.ofArray(divisors.get()));
            }
            writer.commit();
            return writer.targets();
        }
    }

    private List<Output> outputs(GgufInventory inventory, Optional<Quantization> quantization)
            throws IOException {
        Optional<QuantizationMix> mix = quantization.map(q -> new QuantizationMix(config, q));
        QuantizationMix plain = new QuantizationMix(config, Quantization.BF16);
        List<Output> outputs = new ArrayList<>();
        for (GgufInventory.Entry entry : inventory.entries()) {
            WeightRows rows = inventory.rows(entry, source);
            WeightType type =
                    mix.orElse(plain)
                            .type(entry.name(), entry.layer(), entry.shape().length, entry.cols());
            if (mix.isEmpty() && type != WeightType.F32) {
                type = kept(rows);
            }
            outputs.add(new Output(entry.spec(type), rows, type));
        }
        return outputs;
    }

    /// The type of the source where this project can write it for rows of that length.
    private static WeightType kept(WeightRows rows) {
        WeightType type = rows.type() == WeightType.FP8 ? WeightType.BF16 : rows.type();
        WeightType fitting = QuantizationMix.fitting(type, rows.cols());
        boolean copied = fitting == rows.type() && rows.bytes(0, 1).isPresent();
        boolean written = fitting.blocks().map(BlockFormat::canEncode).orElse(true);
        return copied || written ? fitting : WeightType.Q8_0;
    }

    private SequencedMap<String, GgufValue> metadata(Optional<Quantization> quantization, Path file)
            throws IOException {
        SequencedMap<String, GgufValue> metadata = new LinkedHashMap<>();
        String name = name(source.path());
        int fileType =
                (quantization.isPresent() ? quantization.get() : unchanged(source)).fileType();
        if (source instanceof GgufFiles gguf) {
            metadata.putAll(gguf.metadata().toMap());
            name = gguf.metadata().findString("general.name").orElse(name);
            if (quantization.isEmpty()) {
                fileType = (int) gguf.metadata().findInteger("general.file_type").orElse(fileType);
            }
        }
        try {
            metadata.putAll(GgufConfig.write(config, name, fileType));
            if (!(source instanceof GgufFiles)) {
                Path folder = source.path();
                metadata.putAll(
                        TextFiles.has(folder)
                                ? TextFiles.write(TextFiles.tokenizer(folder), config.vocabSize())
                                : TextFiles.none());
                metadata.putAll(TextFiles.writeTemplates(folder));
            }
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    "%s: cannot become %s: %s".formatted(source.path(), file, e.getMessage()), e);
        }
        return metadata;
    }

    private static String name(Path path) {
        Path name = path.toAbsolutePath().normalize().getFileName();
        return name == null ? "model" : name.toString();
    }

    private Optional<float[]> divisors() {
        return config.rope()
                .ropeScaling()
                .filter(Llama3Config.class::isInstance)
                .map(Llama3Config.class::cast)
                .map(llama3 ->
                        GgufConfig.divisors(
                                llama3, config.rope().ropeTheta(), config.attention().ropeDim()));
    }

    // ---------------------------------------------------------------- Hugging Face

    /// Write a Hugging Face folder.
    ///
    /// @param quantization F32, F16, BF16 or FP8
    /// @param powersOfTwo whether FP8 scales are rounded up to powers of two (`ue8m0`, as V3.1)
    /// @throws IOException in one line; no weights are left of a folder that was begun
    public void toHuggingFace(Path folder, Quantization quantization, boolean powersOfTwo)
            throws IOException {
        if (!quantization.fitsSafetensors()) {
            throw new IllegalArgumentException(
                    "Hugging Face folders have no type for %s, expected f32, f16, bf16 or fp8, or a target that ends in .gguf"
                            .formatted(quantization.label()));
        }
        refuseExisting(folder.resolve(HuggingFaceFolder.CONFIG));
        source.check();
        boolean fp8 = quantization == Quantization.FP8;
        DeepSeekConfig target =
                config.withQuantizationConfig(
                        fp8
                                ? Optional.of(
                                        new Fp8Config(
                                                128,
                                                128,
                                                powersOfTwo
                                                        ? Optional.of("ue8m0")
                                                        : Optional.empty()))
                                : Optional.empty());
        StoredType plain = fp8 ? StoredType.BF16 : StoredType.valueOf(quantization.base().name());
        List<TensorInventory.Entry> entries = TensorInventory.of(target).entries();
        List<TensorSpec> specs = new ArrayList<>();
        for (TensorInventory.Entry entry : entries) {
            specs.add(
                    new TensorSpec(entry.name(), stored(entry.kind(), plain, fp8), entry.shape()));
        }
        total = specs.stream().mapToLong(TensorSpec::byteSize).sum();
        DiskSpace.check(folder, total);
        try (SafetensorsWriter writer = SafetensorsWriter.toFolder(folder, specs, SHARD_BYTES);
                RowEncoder encoder = new RowEncoder(kernels)) {
            for (int i = 0; i < entries.size(); i++) {
                TensorInventory.Entry entry = entries.get(i);
                if (entry.kind() != Kind.BLOCK_SCALE) {
                    write(writer, encoder, entry, specs.get(i), powersOfTwo);
                }
            }
            writer.commit();
        }
        writeRest(folder, target, plain);
    }

    private static StoredType stored(Kind kind, StoredType plain, boolean fp8) {
        return switch (kind) {
            case ROUTER_BIAS, BLOCK_SCALE -> StoredType.F32;
            case LINEAR -> fp8 ? StoredType.F8_E4M3 : plain;
            case MATRIX, NORM, BIAS -> plain;
        };
    }

    private void write(
            SafetensorsWriter writer,
            RowEncoder encoder,
            TensorInventory.Entry entry,
            TensorSpec spec,
            boolean powersOfTwo)
            throws IOException {
        String name = entry.name();
        WeightRows rows = source.weight(original(name));
        RowEncoder.Sink sink =
                bytes -> {
                    writer.write(name, bytes);
                    advance(bytes, name);
                };
        if (spec.type() != StoredType.F8_E4M3) {
            encoder.encode(name, rows, WeightType.valueOf(spec.type().name()), sink);
            return;
        }
        try (Arena arena = Arena.ofShared()) {
            MemorySegment scales = encoder.encodeFp8(rows, powersOfTwo, arena, sink);
            writer.write(name + "_scale_inv", scales);
        }
    }

    /// The tensor that a copy in the MTP layer repeats, else the tensor itself.
    private String original(String name) {
        if (!TensorInventory.isCopy(config, name)) {
            return name;
        }
        return name.endsWith(".embed_tokens.weight") || config.tieWordEmbeddings()
                ? "model.embed_tokens.weight"
                : "lm_head.weight";
    }

    private void writeRest(Path folder, DeepSeekConfig target, StoredType plain)
            throws IOException {
        HubConfig hub = target.hub();
        String dtype =
                switch (plain) {
                    case F32 -> "float32";
                    case F16 -> "float16";
                    default -> "bfloat16";
                };
        DeepSeekConfig written =
                target.withHub(
                        new HubConfig(
                                hub.bosTokenId(), hub.eosTokenId(), hub.initializerRange(), dtype));
        if (source instanceof GgufFiles gguf) {
            Optional<BpeTokenizer> tokenizer = TextFiles.tokenizer(gguf.gguf());
            if (tokenizer.isPresent()) {
                tokenizer.get().save(folder);
                TextFiles.saveTemplate(folder, gguf.metadata());
            }
            AtomicFiles.writeString(folder.resolve(HuggingFaceFolder.CONFIG), written.toJson());
            return;
        }
        TextFiles.copySmallFiles(source.path(), folder);
        Path original = source.path().resolve(HuggingFaceFolder.CONFIG);
        AtomicFiles.writeString(
                folder.resolve(HuggingFaceFolder.CONFIG),
                written.toJson(Files.readString(original)));
    }

    private static void refuseExisting(Path file) throws IOException {
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new FileAlreadyExistsException(file.toString());
        }
    }

    private void advance(MemorySegment bytes, String name) {
        done += bytes.byteSize();
        progress.at(done, total, () -> name);
    }
}
