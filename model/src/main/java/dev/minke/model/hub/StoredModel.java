package dev.minke.model.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// A model in the store.
///
/// @param name what other commands take as MODEL
/// @param folder with all of its files
/// @param path what to open: the folder, or the (first) GGUF file
/// @param format of the weights
/// @param quantisation what file names or config.json say of the weights, such as `Q4_K_M` or `fp8`
/// @param bytes of its files, complete or not
/// @param missing files that are not complete
/// @param commit of the hub's repository
/// @param endpoint where it came from
/// @param pulled when
public record StoredModel(
        String name,
        Path folder,
        Path path,
        Format format,
        Optional<String> quantisation,
        long bytes,
        int missing,
        String commit,
        String endpoint,
        Instant pulled) {
    private static final long MOST_CONFIG_BYTES = 1 << 20;

    /// Of the weights.
    public enum Format {
        /// A folder in Hugging Face's layout.
        SAFETENSORS,
        /// One file, or the parts of one.
        GGUF,
        /// Neither.
        OTHER;

        /// The name as it is printed.
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// Whether all of it is on disk and verified.
    public boolean complete() {
        return missing == 0;
    }

    static Format formatOf(List<HubFile> files) {
        if (files.stream().anyMatch(StoredModel::isSafetensors)) {
            return Format.SAFETENSORS;
        }
        return files.stream().anyMatch(GgufModel::isModel) ? Format.GGUF : Format.OTHER;
    }

    private static boolean isSafetensors(HubFile file) {
        return file.atRoot() && file.name().endsWith(".safetensors");
    }

    /// The models of a folder: the safetensors, and each in GGUF.
    static List<StoredModel> of(Path folder, Manifest manifest) {
        List<HubFile> all = new ArrayList<>();
        manifest.files().forEach(entry -> all.add(entry.file()));
        all.addAll(manifest.missing());
        List<GgufModel> ggufs = GgufModel.among(all);
        List<HubFile> shared = new ArrayList<>(all);
        ggufs.forEach(model -> shared.removeAll(model.parts()));
        List<StoredModel> models = new ArrayList<>();
        Format format = formatOf(shared);
        String base = manifest.reference().toString();
        if (format == Format.SAFETENSORS || ggufs.isEmpty()) {
            models.add(model(base, folder, folder, format, declared(folder), shared, manifest));
        }
        for (GgufModel gguf : ggufs) {
            List<HubFile> files = new ArrayList<>(shared);
            files.removeIf(StoredModel::isSafetensors);
            files.addAll(gguf.parts());
            boolean alone =
                    ggufs.stream().filter(g -> g.label().equalsIgnoreCase(gguf.label())).count()
                            == 1;
            models.add(
                    model(
                            base + ":" + (alone ? gguf.label() : gguf.stem()),
                            folder,
                            folder.resolve(gguf.parts().getFirst().name()),
                            Format.GGUF,
                            gguf.quantisation(),
                            files,
                            manifest));
        }
        return models;
    }

    private static StoredModel model(
            String name,
            Path folder,
            Path path,
            Format format,
            Optional<String> quantisation,
            List<HubFile> files,
            Manifest manifest) {
        int missing = 0;
        for (HubFile file : files) {
            boolean there =
                    manifest.entry(file.name()).isPresent()
                            && FileNames.isFile(folder.resolve(file.name()));
            missing += there ? 0 : 1;
        }
        return new StoredModel(
                name,
                folder,
                path,
                format,
                quantisation,
                HubFile.bytes(files),
                missing,
                manifest.commit(),
                manifest.endpoint(),
                manifest.pulled());
    }

    /// What config.json says the weights are; nothing if it says nothing that can be read.
    private static Optional<String> declared(Path folder) {
        Path file = folder.resolve("config.json");
        try {
            if (!FileNames.isFile(file) || Files.size(file) > MOST_CONFIG_BYTES) {
                return Optional.empty();
            }
            JsonNode config = HubJson.read(Files.readAllBytes(file), file);
            String method = HubJson.string(config.path("quantization_config"), "quant_method");
            if (method != null) {
                return Optional.of(method);
            }
            String type = HubJson.string(config, "torch_dtype");
            return Optional.ofNullable(type == null ? HubJson.string(config, "dtype") : type)
                    .map(t -> t.replace("bfloat", "bf").replace("float", "f"));
        } catch (IOException _) {
            return Optional.empty(); // a listing says what it can
        }
    }

    /// The files that belong to this model and to no other one of the folder.
    List<HubFile> ownFiles(Manifest manifest, boolean only) {
        List<HubFile> all = new ArrayList<>();
        manifest.files().forEach(entry -> all.add(entry.file()));
        all.addAll(manifest.missing());
        if (only) {
            return all;
        }
        if (format == Format.GGUF) {
            return GgufModel.among(all).stream()
                    .filter(gguf -> folder.resolve(gguf.parts().getFirst().name()).equals(path))
                    .findFirst()
                    .map(GgufModel::parts)
                    .orElse(List.of());
        }
        return all.stream()
                .filter(f -> isSafetensors(f) || f.name().endsWith(".safetensors.index.json"))
                .toList();
    }
}
