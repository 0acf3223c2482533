package dev.minke.model.hub;

import dev.minke.model.checkpoint.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// What was pulled into a folder: a file in it, so that nobody has to ask the hub.
///
/// @param reference repository and revision, without a quantisation
/// @param commit of the newest pull
/// @param endpoint where from
/// @param pulled when
/// @param files complete ones
/// @param missing those that were wanted and are not complete
record Manifest(
        ModelReference reference,
        String commit,
        String endpoint,
        Instant pulled,
        List<Entry> files,
        List<HubFile> missing) {
    /// How the names of Minke's own records begin.
    static final String OWN = ".minke";

    static final String NAME = OWN + ".json";
    private static final String VERSION_KEY = "minkeManifest";
    private static final int VERSION = 1;

    /// A complete file.
    ///
    /// @param file what it is
    /// @param modified when it was written here, in milliseconds: so its content need not be read
    ///   again to know that it is still this one
    record Entry(HubFile file, long modified) {
        String name() {
            return file.name();
        }

        boolean isStill(Path path) throws IOException {
            return FileNames.isFile(path)
                    && Files.size(path) == file.size()
                    && Files.getLastModifiedTime(path).toMillis() == modified;
        }
    }

    Manifest {
        files = List.copyOf(files);
        missing = List.copyOf(missing);
    }

    /// Read the manifest of a folder, if it has one.
    ///
    /// @throws HubException if it is damaged, naming it
    static Optional<Manifest> read(Path folder) throws IOException {
        Path file = folder.resolve(NAME);
        if (!FileNames.isFile(file)) {
            return Optional.empty();
        }
        if (Files.size(file) > HubJson.MOST_BYTES) {
            throw new HubException(
                    "%s has %d bytes, expected at most %d"
                            .formatted(file, Files.size(file), HubJson.MOST_BYTES));
        }
        JsonNode root = HubJson.read(Files.readAllBytes(file), file);
        if (HubJson.wholeNumber(root, VERSION_KEY) != VERSION) {
            throw new HubException(
                    "%s: \"%s\" is %s, expected %d"
                            .formatted(file, VERSION_KEY, root.path(VERSION_KEY), VERSION));
        }
        try {
            List<Entry> files = new ArrayList<>();
            for (JsonNode entry : root.path("files")) {
                files.add(new Entry(file(entry), HubJson.wholeNumber(entry, "modified")));
            }
            List<HubFile> missing = new ArrayList<>();
            for (JsonNode entry : root.path("missing")) {
                missing.add(file(entry));
            }
            return Optional.of(
                    new Manifest(
                            new ModelReference(
                                    string(root, "repository"),
                                    string(root, "revision"),
                                    Optional.empty()),
                            string(root, "commit"),
                            string(root, "endpoint"),
                            Instant.parse(string(root, "pulled")),
                            files,
                            missing));
        } catch (IllegalArgumentException | DateTimeException e) {
            throw new HubException(
                    "%s: %s; delete it and pull again".formatted(file, e.getMessage()), e);
        }
    }

    private static HubFile file(JsonNode entry) {
        String hash = HubJson.string(entry, "hash");
        HubFile file =
                new HubFile(
                        string(entry, "name"),
                        HubJson.wholeNumber(entry, "size"),
                        hash == null ? Optional.empty() : Optional.of(FileHash.parse(hash)));
        FileNames.checkPortable(file.name());
        return file;
    }

    private static String string(JsonNode object, String key) {
        String value = HubJson.string(object, key);
        if (value == null) {
            throw new IllegalArgumentException("no \"" + key + "\"");
        }
        return value;
    }

    void write(Path folder) throws IOException {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put(VERSION_KEY, VERSION);
        root.put("repository", reference.repository());
        root.put("revision", reference.revision());
        root.put("commit", commit);
        root.put("endpoint", endpoint);
        root.put("pulled", pulled.toString());
        List<Map<String, Object>> complete = new ArrayList<>();
        for (Entry entry : files) {
            Map<String, Object> object = json(entry.file());
            object.put("modified", entry.modified());
            complete.add(object);
        }
        root.put("files", complete);
        root.put("missing", missing.stream().map(Manifest::json).toList());
        AtomicFiles.writeString(folder.resolve(NAME), HubJson.write(root));
    }

    private static Map<String, Object> json(HubFile file) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("name", file.name());
        object.put("size", file.size());
        file.hash().ifPresent(hash -> object.put("hash", hash.toString()));
        return object;
    }

    Optional<Entry> entry(String name) {
        return files.stream().filter(e -> e.name().equals(name)).findFirst();
    }

    /// This manifest with a file that is now complete.
    Manifest with(HubFile file, Path path) throws IOException {
        List<Entry> kept = new ArrayList<>(files);
        kept.removeIf(e -> e.name().equals(file.name()));
        kept.add(new Entry(file, Files.getLastModifiedTime(path).toMillis()));
        return new Manifest(reference, commit, endpoint, pulled, kept, without(missing, file));
    }

    private static List<HubFile> without(List<HubFile> files, HubFile file) {
        return files.stream().filter(f -> !Objects.equals(f.name(), file.name())).toList();
    }
}
